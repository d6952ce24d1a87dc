import { createChat, nameOf } from './chat.js';
import { toast } from './dom.js';
import { createForum } from './forum.js';
import { groupsOf } from './groups.js';
import { askToConfirm, createModal } from './modal.js';
import { drawPeople, drawPlaces, drawWorld } from './side.js';

const $ = (id) => document.getElementById(id);
const KEY = 'steward-demo';

/** What the server said last, part by part. */
let parts = {};
let live = null;
/** Where this window looks. `side`: which of the two is seen where there is room for one; `forum.view`: null at first. */
const at = {
  me: 'U0MARIA',
  place: 'C0KOJI',
  thread: null,
  side: 'chat',
  forum: { view: null, topic: null, from: 'topics', isHidden: false },
  ...remembered(),
};
let extras = { commands: [], suggestions: [], template: null, forum: false };
/** Wide enough for the chat and the forum beside each other. */
const beside = matchMedia('(width >= 1500px)');
/** So narrow that a thread lies over its channel. */
const narrow = matchMedia('(width < 900px)');

function remembered() {
  try {
    const { me, place } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
    return { ...(me && { me }), ...(place && { place }) };
  } catch {
    return {};
  }
}

/** What the server answers; what was wrong is shown for a moment, unless `aloud` is false. */
async function ask(order, { aloud = true } = {}) {
  const answer = await send(order);
  if (answer.error && aloud) toast(answer.error);
  return answer;
}

async function send(order) {
  try {
    const answer = await fetch('/do', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ as: at.me, ...order }),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: 'The demo does not answer. Is it still running?' };
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

function draw() {
  const { people, places, modal } = parts;
  if ([people, places, modal, parts.home, parts.world].includes(undefined)) return;
  if (at.place !== 'home' && !places.some((place) => place.id === at.place)) {
    at.place = 'C0KOJI';
    at.thread = null;
  }
  at.forum.view ??= beside.matches ? 'latest' : 'topics';
  if (at.forum.view === 'latest') Object.assign(at.forum, latest());
  sessionStorage.setItem(KEY, JSON.stringify({ me: at.me, place: at.place }));
  const isBeside = extras.forum && beside.matches && !at.forum.isHidden;
  const shows = {
    chat: isBeside || at.side === 'chat',
    forum: extras.forum && (isBeside || at.side === 'forum'),
  };
  $('frame').classList.toggle('beside', isBeside);
  drawPeople($('people'), people, at.me, become);
  drawPlaces($('places'), groupsOf(parts), current(shows), open);
  drawWorld($('world'), parts.world);
  drawModal(modal);
  const waiting = places.reduce((sum, one) => sum + one.pings, 0);
  document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${titleOf(shows)} – Koji Steward demo`;
  chat.draw(parts, { isShown: shows.chat, isAloneWithThread: isBeside || narrow.matches });
  if (extras.forum) forum.draw(parts, { isShown: shows.forum, isBeside });
}

/** The topic that moved last; what is pinned is no news. */
function latest() {
  const first = parts['forum topics']?.find((topic) => !topic.pinned);
  return first === undefined ? { view: 'topics' } : { view: 'topic', topic: first.id, from: 'topics' };
}

function titleOf(shows) {
  if (!shows.chat) return parts.forum.category;
  return at.place === 'home' ? 'Home' : nameOf(parts.places.find((one) => one.id === at.place));
}

function current(shows) {
  const { view, from } = at.forum;
  const inMessages = view === 'messages' || (view === 'topic' && from === 'messages');
  return [
    ...(shows.chat ? [at.place] : []),
    ...(shows.forum ? [inMessages ? 'forum-messages' : 'forum-topics'] : []),
  ];
}

async function pressWith(control, order, pick) {
  if (control.confirm !== null && !(await askToConfirm($('confirm'), control))) return;
  document.body.classList.add('pressing');
  const { ok, error } = await ask({ ...order, button: control.id, ...(pick !== undefined && { pick }) });
  document.body.classList.remove('pressing');
  if (ok === false && !error) toast('Steward did not answer in time.');
}

function become(person) {
  at.me = person;
  at.thread = null;
  connect();
}

function open(place) {
  closeSide();
  if (place === 'forum-topics' || place === 'forum-messages') {
    goInForum({ view: place === 'forum-topics' ? 'topics' : 'messages' });
    if (matchMedia('(hover: hover)').matches) $('forum-scroll').focus({ preventScroll: true });
    return;
  }
  at.place = place;
  at.thread = null;
  at.side = 'chat';
  if (place === 'home') void ask({ what: 'home' });
  draw();
  if (place !== 'home' && matchMedia('(hover: hover)').matches) chat.focus();
}

/** Shows something of the forum: an empty `where` draws what is there again. */
function goInForum(where) {
  Object.assign(at.forum, where, { isHidden: false });
  if (where.view !== undefined) at.side = 'forum';
  draw();
}

function hideForum() {
  at.forum.isHidden = true;
  at.side = 'chat';
  draw();
  chat.focus();
}

function openThread(ts) {
  at.thread = ts;
  draw();
  $('thread').querySelector('textarea')?.focus({ preventScroll: true });
}

function closeThread() {
  at.thread = null;
  draw();
  chat.focus();
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
const chat = createChat({ at, ask, press: pressWith, extras: () => extras, openThread });
const forum = createForum(
  {
    pane: $('forum'),
    head: $('forum-head'),
    scroll: $('forum-scroll'),
    body: $('forum-body'),
    foot: $('forum-foot'),
    confirm: $('confirm'),
  },
  {
    at,
    // The forum says what was wrong beside what was typed.
    ask: (order, how = { aloud: false }) => ask(order, how),
    go: goInForum,
    hide: hideForum,
    template: () => extras.template,
  },
);

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
for (const width of [beside, narrow]) width.addEventListener('change', drawSoon);
document.addEventListener('click', (event) => {
  // A permalink of the pretend chat or of the pretend forum opens here.
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  const message = /\/archives\/([CD]\w+)\/p(\d+)(\d{6})(?:\?thread_ts=([\d.]+))?/.exec(link?.href ?? '');
  const topic = Number(/\/t\/(?:[^/]*\/)?(\d+)(?:\/\d+)?$/.exec(link?.href ?? '')?.[1]);
  if (message !== null) {
    event.preventDefault();
    open(message[1]);
    openThread(message[4] ?? `${message[2]}.${message[3]}`);
  } else if (parts[`topic ${topic}`] != null) {
    event.preventDefault();
    goInForum({ view: 'topic', topic, from: parts[`topic ${topic}`].isMessage ? 'messages' : 'topics' });
  }
});

extras = await (await fetch('/extras')).json();
if (extras.forum) $('pretended').textContent = 'A pretend chat, a pretend forum';
connect();
