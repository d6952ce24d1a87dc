import { createComposer } from './composer.js';
import { el, keep } from './dom.js';
import { blocks } from './draw.js';
import { drawMessages } from './messages.js';

const $ = (id) => document.getElementById(id);
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

export const nameOf = (place) => (place.kind === 'im' ? 'Steward' : `#${place.name}`);

/** The chat's pane and its threads. `press(control, order, pick)` is for buttons; `openThread` and `closeThread` move. */
export function createChat({ at, ask, press, extras, openThread }) {
  let parts = {};
  let drawnPlace = '';

  function draw(now, { isShown, isAloneWithThread }) {
    parts = now;
    const { people, places } = parts;
    const place = places.find((one) => one.id === at.place);
    const home = at.place === 'home';
    $('chat').hidden = !isShown;
    $('place-name').textContent = home ? 'Home' : nameOf(place);
    $('place-topic').textContent = home
      ? 'What Steward keeps for you'
      : place.kind === 'im'
        ? 'Just you and Steward'
        : `${place.topic} · ${place.members} members${place.shared ? ' · shared with another workspace' : ''}`;
    $('composer').hidden = home;
    if (home) drawHome();
    else
      drawPlace(
        place,
        people,
        people.find((one) => one.id === at.me),
        isShown,
      );
    drawThread(home || !isShown ? undefined : parts[`place ${at.place}`], isAloneWithThread);
  }

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
                press(control, { what: 'press-view', view: home.id }, pick),
              )),
        ),
    );
  }

  function drawPlace(place, people, me, isShown) {
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
      place.kind === 'im' ? 'Write to Steward, e.g. “builder list”' : 'Write, or type / for commands',
      place.hasBot ? undefined : 'Steward is not in this channel: it cannot write here by itself.',
    );
    // In a direct message people write to Steward; in a channel they use the command.
    const bare = extras().suggestions.map((line) => line.replace(/^\/koji /, ''));
    composer.suggest(
      place.kind === 'im' ? bare : bare.map((line) => (/^[/@]/.test(line) ? line : `/koji ${line}`)),
    );
    if (isShown) markRead(place, messages);
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

  function drawThread(messages, isAlone) {
    const first = at.thread === null ? undefined : messages?.find((one) => one.ts === at.thread);
    const open = first !== undefined;
    $('thread').hidden = !open;
    $('frame').classList.toggle('with-thread', open);
    // What lies under it is out of reach of the keyboard as well.
    $('chat').inert = open && isAlone;
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
    return (message, control, pick) => press(control, { what: 'press', channel, ts: message.ts }, pick);
  }

  const composer = createComposer($('composer'), {
    id: 'composer',
    label: 'Message',
    inThread: false,
    say: (text) => ask({ what: 'say', channel: at.place, text }),
    offers: () => extras().commands,
  });
  const threadComposer = createComposer($('thread-composer'), {
    id: 'thread-composer',
    label: 'Reply',
    inThread: true,
    say: (text) => ask({ what: 'say', channel: at.place, text, thread: at.thread }),
    offers: () => [],
  });
  threadComposer.place('Reply, e.g. “@steward show r1”');

  return { draw, focus: () => composer.focus() };
}
