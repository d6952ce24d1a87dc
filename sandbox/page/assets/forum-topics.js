import { agoOf } from './ago.js';
import { el, keep } from './dom.js';
import { icon } from './icons.js';
import { avatar } from './messages.js';

/** A list of topics, as forums have it. `open(id)` is called for the one that is chosen. */
export function drawTopics(box, topics, { userOf, open, empty, label }) {
  let table = box.querySelector('table.topics');
  if (topics.length === 0) {
    box.replaceChildren(el('p', { class: 'forum-empty', text: empty }));
    return;
  }
  if (table === null || table.dataset.label !== label) {
    table = el(
      'table',
      { class: 'topics', 'aria-label': label, 'data-label': label },
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col', text: 'Topic' }),
          el(
            'th',
            { scope: 'col', class: 'faces' },
            el('span', { class: 'visually-hidden', text: 'People' }),
          ),
          el('th', { scope: 'col', class: 'number', text: 'Replies' }),
          el('th', { scope: 'col', class: 'number', text: 'Activity' }),
        ),
      ),
      el('tbody'),
    );
    box.replaceChildren(table);
  }
  keep(
    table.tBodies[0],
    topics.map((topic) => ({ topic, people: topic.faces.map(userOf) })),
    ({ topic }) => topic.id,
    ({ topic, people }, before) => drawLine(topic, people, before !== undefined, { userOf, open }),
  );
}

function drawLine(topic, people, wasThere, { userOf, open }) {
  const names = people.map((one) => one.username);
  const classes = ['topic-line', (topic.isNew || topic.unread > 0) && 'unread', wasThere && 'changed'];
  return el(
    'tr',
    {
      class: classes.filter(Boolean).join(' '),
      'data-topic': topic.id,
      // The whole line is a target for the mouse; the keyboard has the button.
      onclick: () => open(topic.id),
    },
    el(
      'td',
      { class: 'topic-cell' },
      el(
        'div',
        { class: 'topic-title' },
        ...topicSigns(topic),
        el('button', {
          type: 'button',
          class: 'topic-link',
          'data-focus': `topic-${topic.id}`,
          onclick: (event) => {
            event.stopPropagation();
            open(topic.id);
          },
          text: topic.title,
        }),
        topic.isNew ? el('span', { class: 'news', text: 'new' }) : null,
        topic.unread > 0
          ? el('span', {
              class: 'news',
              'aria-label': `${topic.unread} new ${topic.unread === 1 ? 'post' : 'posts'}`,
              text: String(topic.unread),
            })
          : null,
      ),
      el(
        'div',
        { class: 'topic-by quiet' },
        topic.replies === 0
          ? `${userOf(topic.by).username} opened it`
          : `${userOf(topic.lastBy).username} spoke last`,
        el(
          'span',
          { class: 'topic-more' },
          ` · ${topic.replies} ${topic.replies === 1 ? 'reply' : 'replies'} · `,
          agoOf(topic.at),
        ),
      ),
    ),
    el(
      'td',
      { class: 'faces' },
      el(
        'div',
        { class: 'face-row', role: 'img', 'aria-label': names.join(', '), title: names.join(', ') },
        ...people.map((one) => face(one, 'small')),
      ),
    ),
    el('td', { class: 'number' }, String(topic.replies)),
    el('td', { class: 'number' }, agoOf(topic.at)),
  );
}

/** Pinned; closed or archived. */
export function topicSigns({ pinned, closed, archived }) {
  return [pinned ? icon('pin') : null, closed || archived ? icon('lock') : null].filter(Boolean);
}

/** A member's picture; round here, so that nobody takes the forum for the chat. */
export function face(user, size = '') {
  return avatar({ id: user.face, realName: user.name }, `round ${size}`);
}
