import { createComposer } from './composer.js';
import { el, keep, toast } from './dom.js';
import { blocks } from './draw.js';
import { drawMessages } from './messages.js';
import { askToConfirm, createModal } from './modal.js';
import { drawPeople, drawPlaces, drawWorld } from './side.js';

const $ = (id) => document.getElementById(id);
const KEY = 'steward-demo';

/** What the server said last, part by part, and where this window looks. */
let parts = {};
let live = null;
const at = { me: 'U0MARIA', place: 'C0KOJI', thread: null, ...remembered() };
let extras = { commands: [], suggestions: [] };

function remembered() {
  try {
    const { me, place } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
    return { ...(me && { me }), ...(place && { place }) };
  } catch {
    return {};
  }
}

async function ask(order) {
  try {
    const answer = await fetch('/do', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ as: at.me, ...order }),
    });
    const body = await answer.json();
    if (body.error) toast(body.error);
    return body;
  } catch {
    toast('The demo does not answer. Is it still running?');
    return { ok: false };
  }
}

function connect() {
  live?.close();
  parts = {};
  live = new EventSource(`/live?as=${encodeURIComponent(at.me)}`);
  live.onopen = () => document.body.classList.remove('offline');
  live.onerror = () => document.body.classList.add('offline');
  live.onmessage = (event) => {
    const { part, value } = JSON.parse(event.data);
    parts[part] = value;
    drawSoon();
  };
}

let drawing = 0;
function drawSoon() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(draw);
}

const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

function draw() {
  const { people, places, modal } = parts;
  if (people === undefined || places === undefined || modal === undefined || parts.home === undefined) return;
  if (at.place !== 'home' && !places.some((place) => place.id === at.place)) {
    at.place = 'C0KOJI';
    at.thread = null;
  }
  sessionStorage.setItem(KEY, JSON.stringify({ me: at.me, place: at.place }));
  const place = places.find((one) => one.id === at.place);
  const me = people.find((one) => one.id === at.me);
  drawPeople($('people'), people, at.me, become);
  drawPlaces($('places'), places, at.place, open);
  drawWorld($('world'), parts.world ?? []);
  drawModal(modal);
  const waiting = places.reduce((sum, one) => sum + one.pings, 0);
  document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${place === undefined ? 'Home' : nameOf(place)} – Koji Steward demo`;

  const home = at.place === 'home';
  $('place-name').textContent = home ? 'Home' : nameOf(place);
  $('place-topic').textContent = home
    ? 'What Steward keeps for you'
    : place.kind === 'im'
      ? 'Just you and Steward'
      : `${place.topic} · ${place.members} members${place.shared ? ' · shared with another workspace' : ''}`;
  $('composer').hidden = home;
  if (home) drawHome();
  else drawPlace(place, people, me);
  drawThread(home ? undefined : parts[`place ${at.place}`]);
}

const nameOf = (place) => (place.kind === 'im' ? 'Steward' : `#${place.name}`);

function drawHome() {
  const { home } = parts;
  if (drawnPlace !== 'home') $('scroll').scrollTop = 0;
  drawnPlace = 'home';
  keep(
    $('messages'),
    [home],
    () => 'home',
    () =>
      el(
        'li',
        { class: 'home has-blocks' },
        ...(home === null
          ? [el('p', { class: 'quiet', text: 'Steward has put nothing here yet.' })]
          : blocks(home.blocks, (control, pick) =>
              pressWith(control, { what: 'press-view', view: home.id }, pick),
            )),
      ),
  );
}

let drawnPlace = '';

function drawPlace(place, people, me) {
  const list = $('messages');
  const scroll = $('scroll');
  const stay = drawnPlace === `${at.me} ${at.place}`;
  const follow = !stay || atEnd(scroll);
  if (!stay) list.replaceChildren();
  const messages = parts[`place ${at.place}`] ?? [];
  const first = !stay;
  const changed = drawMessages(list, messages, {
    people,
    press: pressIn(at.place),
    openThread,
    inThread: false,
  });
  if (first) for (const node of list.children) node.classList.remove('fresh');
  drawnPlace = `${at.me} ${at.place}`;
  list.classList.toggle('empty', messages.length === 0);
  if (messages.length === 0)
    list.replaceChildren(
      el(
        'li',
        { class: 'hello' },
        el('strong', { text: 'Nothing here yet.' }),
        ` You are ${me.realName}. Try one of the lines below.`,
      ),
    );
  if (follow && (changed || first)) scroll.scrollTop = scroll.scrollHeight;
  composer.place(
    place.kind === 'im'
      ? 'Write to Steward, e.g. “builder list”'
      : `Write to ${nameOf(place)}, or type / for commands`,
    place.hasBot ? undefined : 'Steward is not in this channel: it cannot write here by itself.',
  );
  // In a direct message people write to Steward; in a channel they use the command.
  const bare = extras.suggestions.map((line) => line.replace(/^\/koji /, ''));
  composer.suggest(
    place.kind === 'im' ? bare : bare.map((line) => (/^[/@]/.test(line) ? line : `/koji ${line}`)),
  );
  markRead(place, messages);
}

function markRead(place, messages) {
  if (!(place.unread || place.pings > 0) || document.hidden) return;
  const newest = messages
    .flatMap((one) => [one, ...one.replies])
    .filter((one) => one.whisper === null)
    .at(-1);
  const last = messages
    .flatMap((one) => [one.ts, ...one.replies.map((reply) => reply.ts)])
    .sort((a, b) => Number(a) - Number(b))
    .at(-1);
  if (newest !== undefined && last !== undefined) void ask({ what: 'read', channel: place.id, ts: last });
}

function drawThread(messages) {
  const first = at.thread === null ? undefined : messages?.find((one) => one.ts === at.thread);
  const open = first !== undefined;
  $('thread').hidden = !open;
  $('frame').classList.toggle('with-thread', open);
  if (!open) return;
  const list = $('thread-messages');
  const scroll = $('thread-scroll');
  const stay = list.dataset.thread === `${at.me} ${at.thread}`;
  const follow = !stay || atEnd(scroll);
  if (!stay) list.replaceChildren();
  list.dataset.thread = `${at.me} ${at.thread}`;
  const { replies } = first;
  const changed = drawMessages(list, [{ ...first, replies: [] }, ...replies], {
    people: parts.people,
    press: pressIn(at.place),
    openThread,
    inThread: true,
  });
  if (!stay) for (const node of list.children) node.classList.remove('fresh');
  $('thread-title').textContent =
    replies.length === 0
      ? 'Thread'
      : `Thread · ${replies.length === 1 ? '1 reply' : `${replies.length} replies`}`;
  if (follow && changed) scroll.scrollTop = stay ? scroll.scrollHeight : 0;
}

function pressIn(channel) {
  return (message, control, pick) => pressWith(control, { what: 'press', channel, ts: message.ts }, pick);
}

async function pressWith(control, order, pick) {
  if (control.confirm !== null && !(await askToConfirm($('confirm'), control))) return;
  document.body.classList.add('pressing');
  const { ok } = await ask({ ...order, button: control.id, ...(pick !== undefined && { pick }) });
  document.body.classList.remove('pressing');
  if (ok === false) toast('Steward did not answer in time.');
}

function become(person) {
  at.me = person;
  at.thread = null;
  connect();
}

function open(place) {
  at.place = place;
  at.thread = null;
  closeSide();
  if (place === 'home') void ask({ what: 'home' });
  draw();
  if (place !== 'home' && matchMedia('(hover: hover)').matches) composer.focus();
}

function openThread(ts) {
  at.thread = ts;
  draw();
  $('thread').querySelector('textarea')?.focus({ preventScroll: true });
}

function closeThread() {
  at.thread = null;
  draw();
  composer.focus();
}

function closeSide() {
  $('frame').classList.remove('side-open');
  $('menu').setAttribute('aria-expanded', 'false');
}

const drawModal = createModal($('modal'), {
  submit: (view, values) => ask({ what: 'submit', view, values }),
  close: (view) => ask({ what: 'close', view }),
  press: (view, control, pick) => pressWith(control, { what: 'press-view', view }, pick),
});
const composer = createComposer($('composer'), {
  id: 'composer',
  label: 'Message',
  inThread: false,
  say: (text) => ask({ what: 'say', channel: at.place, text }),
  offers: () => extras.commands,
});
const threadComposer = createComposer($('thread-composer'), {
  id: 'thread-composer',
  label: 'Reply',
  inThread: true,
  say: (text) => ask({ what: 'say', channel: at.place, text, thread: at.thread }),
  offers: () => [],
});
threadComposer.place('Reply, e.g. “@steward show r1”');

$('thread-close').addEventListener('click', closeThread);
$('menu').addEventListener('click', () => {
  const opened = $('frame').classList.toggle('side-open');
  $('menu').setAttribute('aria-expanded', String(opened));
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || document.querySelector('dialog[open]') !== null) return;
  if (at.thread !== null) closeThread();
  closeSide();
});
document.addEventListener('visibilitychange', drawSoon);
document.addEventListener('click', (event) => {
  // A permalink of the pretend service opens here.
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  const found = /\/archives\/([CD]\w+)\/p(\d+)(\d{6})(?:\?thread_ts=([\d.]+))?/.exec(link?.href ?? '');
  if (found === null) return;
  event.preventDefault();
  open(found[1]);
  openThread(found[4] ?? `${found[2]}.${found[3]}`);
});

extras = await (await fetch('/extras')).json();
connect();
