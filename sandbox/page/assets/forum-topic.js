import { agoOf } from './ago.js';
import { el, keep } from './dom.js';
import { postPieces } from './forum-text.js';
import { face, topicSigns } from './forum-topics.js';
import { icon } from './icons.js';

const ACTIONS = {
  'closed.enabled': 'closed this topic',
  'closed.disabled': 'opened this topic again',
  'archived.enabled': 'archived this topic',
  'archived.disabled': 'took this topic out of the archive',
};
const ROLES = { bot: 'bot', admin: 'forum admin', moderator: 'moderator', 'koji-admins': 'koji-admins' };

/** A topic with its posts. Gives the list that holds them. */
export function drawTopic(box, topic, { userOf, names, editing, edit, save, remove }) {
  let list = box.querySelector('ol.posts');
  if (list === null || list.dataset.topic !== String(topic.id)) {
    list = el('ol', {
      class: 'posts',
      'aria-live': 'polite',
      'aria-relevant': 'additions',
      'data-topic': topic.id,
    });
    box.replaceChildren(el('div', { class: 'topic-head' }), list);
  }
  const { posts, offers: _offers, ...head } = topic;
  keep(
    box.querySelector('.topic-head'),
    [head],
    () => 'head',
    () => drawHead(head, userOf),
  );
  const entries = posts.map((post) =>
    post.id === editing ? { id: post.id, isEdited: true } : { post, user: userOf(post.by) },
  );
  const isFirst = list.children.length === 0;
  const changed = keep(
    list,
    entries,
    (entry) => (entry.isEdited ? `edit-${entry.id}` : entry.post.id),
    (entry, before) => {
      if (entry.isEdited) {
        const post = posts.find((one) => one.id === entry.id);
        return drawEditor(post, { save, stop: () => edit(null) });
      }
      const node = drawPost(entry.post, entry.user, { names, edit, remove });
      node.classList.add(before !== undefined ? 'changed' : isFirst ? 'there' : 'fresh');
      keepOpen(before, node);
      return node;
    },
  );
  return { list, changed, isFirst };
}

function drawHead(topic, userOf) {
  const others = [...topic.with.map((id) => userOf(id).username), ...topic.groups];
  return el(
    'div',
    {},
    el('h2', { class: 'topic-name' }, ...topicSigns(topic), topic.title),
    topic.isMessage
      ? el('p', { class: 'quiet', text: `A private message between you and ${others.join(', ')}` })
      : null,
    topic.slowModeSeconds > 0
      ? el('p', { class: 'topic-note', text: `Slow mode: one post every ${topic.slowModeSeconds} seconds.` })
      : null,
    topic.earlier > 0
      ? el('p', { class: 'topic-note', text: `${topic.earlier} earlier posts are not shown here.` })
      : null,
  );
}

function drawPost(post, user, { names, edit, remove }) {
  if (post.action !== null)
    return el(
      'li',
      { class: 'post post-action', 'data-post': post.id },
      icon('lock'),
      el(
        'p',
        {},
        el('strong', { text: user.username }),
        ` ${ACTIONS[post.action] ?? post.action} · `,
        agoOf(post.at),
      ),
    );
  return el(
    'li',
    { class: post.isDeleted ? 'post post-deleted' : 'post', 'data-post': post.id },
    face(user),
    el(
      'article',
      { class: 'post-main', 'aria-label': `Post ${post.number} by ${user.username}` },
      el(
        'header',
        { class: 'post-head' },
        el('strong', { text: user.username }),
        user.name === user.username ? null : el('span', { class: 'quiet post-name', text: user.name }),
        user.role === null ? null : el('span', { class: `role role-${user.role}`, text: ROLES[user.role] }),
        el(
          'span',
          { class: 'post-facts quiet' },
          post.viaEmail ? el('span', { class: 'fact', text: 'by e-mail' }) : null,
          post.version > 1
            ? el('span', {
                class: 'fact edited',
                title: `Version ${post.version}, of ${new Date(post.editedAt).toLocaleString()}`,
                text: `edited · v${post.version}`,
              })
            : null,
          agoOf(post.at),
          el('span', { class: 'post-number', text: `#${post.number}` }),
        ),
      ),
      el('div', { class: 'post-body' }, ...postPieces(post.pieces, names)),
      post.raw === null
        ? null
        : el(
            'div',
            { class: 'post-actions' },
            small('Edit', `edit-${post.id}`, () => edit(post.id)),
            post.mayDelete ? small('Delete', `delete-${post.id}`, () => remove(post)) : null,
          ),
    ),
  );
}

const small = (text, focus, onclick) =>
  el('button', { type: 'button', class: 'post-button', 'data-focus': focus, onclick, text });

/** Stays as it is, with what was typed, while the posts around it change. */
function drawEditor(post, { save, stop }) {
  const text = el('textarea', {
    rows: '6',
    'aria-label': `Edit post ${post.number}`,
    'data-focus': 'editor',
  });
  text.value = post.raw;
  const error = el('p', { class: 'error', role: 'alert' });
  const send = async () => {
    error.textContent = (await save(post.id, text.value.trim())) ?? '';
  };
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    stop();
  });
  return el(
    'li',
    { class: 'post post-editor', 'data-post': post.id },
    el(
      'form',
      {
        onsubmit: (event) => {
          event.preventDefault();
          void send();
        },
      },
      el('div', { class: 'field' }, text),
      error,
      el(
        'div',
        { class: 'write-row' },
        el('button', { type: 'submit', class: 'button primary', text: 'Save' }),
        el('button', { type: 'button', class: 'button', onclick: stop, text: 'Cancel' }),
      ),
    ),
  );
}

/** What somebody has unfolded stays so when the post is edited. */
function keepOpen(before, node) {
  const old = before?.querySelectorAll('details') ?? [];
  for (const [index, fold] of node.querySelectorAll('details').entries())
    fold.open = old[index]?.open ?? false;
}
