import { el, keep } from './dom.js';
import { blocks, pieces } from './draw.js';
import { emoji, icon } from './icons.js';

/** Messages closer than this, by the same person, share a name (seconds). */
const TOGETHER = 300;
const CLOCK = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat([], { weekday: 'long', day: 'numeric', month: 'long' });

const BOT = { id: 'U0STEWARD', name: 'steward', realName: 'Koji Steward' };

/** Draws a place or a thread into `list`. True when something changed. */
export function drawMessages(list, messages, { people, press, openThread, inThread }) {
  const entries = messages.map((message, index) => {
    const before = messages[index - 1];
    const newDay = before === undefined || day(before) !== day(message);
    const follows =
      !newDay &&
      before.user === message.user &&
      before.whisper === message.whisper &&
      Number(message.ts) - Number(before.ts) < TOGETHER &&
      message.blocks.length === 0 &&
      before.blocks.length === 0 &&
      (before.replies.length === 0 || inThread);
    // What a thread says is drawn in the thread; here only how many there are, and who.
    const { replies, ...own } = message;
    const thread = replies.length === 0 || inThread ? null : threadLine(replies);
    return { own, thread, follows, newDay: newDay && !inThread };
  });
  return keep(
    list,
    entries,
    ({ own }) => `${own.ts}${own.whisper ?? ''}`,
    ({ own, thread, follows, newDay }, before) =>
      drawMessage(own, thread, follows, newDay, before !== undefined, {
        people,
        press,
        openThread,
        inThread,
      }),
  );
}

const day = ({ ts }) => new Date(Number(ts) * 1000).toDateString();

function threadLine(replies) {
  const heard = replies.filter((reply) => reply.whisper === null);
  return {
    count: replies.length,
    users: [...new Set(replies.map((reply) => reply.user))].slice(0, 4),
    last: (heard.at(-1) ?? replies.at(-1)).ts,
    forMe: replies.some((reply) => reply.forMe),
  };
}

function drawMessage(message, thread, follows, newDay, wasThere, { people, press, openThread, inThread }) {
  const author =
    message.user === BOT.id
      ? BOT
      : (people.find((one) => one.id === message.user) ?? {
          ...BOT,
          name: message.user,
          realName: message.user,
        });
  const at = new Date(Number(message.ts) * 1000);
  const classes = [
    'message',
    follows && 'follows',
    message.whisper !== null && 'whisper',
    message.forMe && 'for-me',
    message.blocks.some((block) => block.kind === 'header') && 'card-message',
    wasThere ? 'changed' : 'fresh',
  ].filter(Boolean);
  const time = el('time', { datetime: at.toISOString(), title: at.toLocaleString(), text: CLOCK.format(at) });
  const body = el(
    'div',
    { class: message.blocks.length > 0 ? 'body has-blocks' : 'body' },
    ...(message.blocks.length > 0
      ? blocks(message.blocks, (control, pick) => press(message, control, pick))
      : message.pieces.length > 0
        ? [el('p', {}, ...pieces(message.pieces))]
        : []),
    ...message.files.map(fileLink),
  );
  return el(
    'li',
    { class: classes.join(' '), 'data-ts': message.ts },
    newDay ? el('div', { class: 'day' }, el('span', { text: dayName(at) })) : null,
    el(
      'div',
      { class: 'message-row' },
      follows ? el('span', { class: 'gutter' }, time.cloneNode(true)) : avatar(author),
      el(
        'div',
        { class: 'message-main' },
        message.whisper === null ? null : el('div', { class: 'whisper-note', text: 'Only visible to you' }),
        follows
          ? null
          : el(
              'div',
              { class: 'byline' },
              el('span', {
                class: 'author',
                text: message.whisper === 'service' ? 'Chat service' : author.realName,
              }),
              author === BOT ? el('span', { class: 'badge', text: 'app' }) : null,
              time,
              message.edited ? el('span', { class: 'quiet', text: '(edited)' }) : null,
            ),
        body,
        message.reactions.length === 0
          ? null
          : el(
              'div',
              { class: 'reactions' },
              ...message.reactions.map((one) => el('span', {}, emoji(one.name), ` ${one.count}`)),
            ),
        thread === null ? null : threadButton(thread, people, () => openThread(message.ts)),
      ),
      inThread || message.whisper !== null
        ? null
        : el('button', {
            type: 'button',
            class: 'reply',
            'data-focus': `reply-${message.ts}`,
            onclick: () => openThread(message.ts),
            text: 'Reply',
          }),
    ),
  );
}

function dayName(at) {
  return at.toDateString() === new Date().toDateString() ? 'Today' : DAY.format(at);
}

function threadButton(thread, people, open) {
  const last = new Date(Number(thread.last) * 1000);
  return el(
    'button',
    {
      type: 'button',
      class: thread.forMe ? 'thread-button for-me' : 'thread-button',
      'data-focus': 'thread',
      onclick: open,
    },
    ...thread.users.map((id) =>
      avatar(id === BOT.id ? BOT : (people.find((one) => one.id === id) ?? BOT), 'small'),
    ),
    el('strong', { text: thread.count === 1 ? '1 reply' : `${thread.count} replies` }),
    el('span', { class: 'quiet', text: `last at ${CLOCK.format(last)}` }),
  );
}

function fileLink({ id, name, title, size }) {
  return el(
    'a',
    { class: 'file', href: `files/${id}`, target: '_blank', rel: 'noopener' },
    icon('file'),
    el(
      'span',
      { class: 'file-text' },
      el('strong', { text: title }),
      el('span', { class: 'quiet', text: `${name} · ${sizeText(size)}` }),
    ),
  );
}

function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Initials on the person's colour; the bot has its mark. */
export function avatar(person, size = '') {
  if (person.id === BOT.id)
    return el(
      'span',
      { class: `avatar avatar-bot ${size}`, 'aria-hidden': 'true' },
      el('img', { src: 'logo.svg', alt: '' }),
    );
  const initials = person.realName
    .split(' ')
    .map((word) => word[0] ?? '')
    .join('')
    .slice(0, 2);
  return el('span', {
    class: `avatar avatar-${person.id.toLowerCase()} ${size}`,
    'aria-hidden': 'true',
    text: initials,
  });
}
