import { el } from './dom.js';

/** Drafts by place and person, so that looking elsewhere loses no words. */
const drafts = new Map();

/** The reply box of a topic. `post(raw)` gives what was wrong, or null. */
export function createReplyBox(key, { post, label }) {
  const text = el('textarea', { id: 'forum-reply', rows: '2', 'aria-label': label, placeholder: label });
  text.value = drafts.get(key) ?? '';
  const error = el('p', { class: 'error', role: 'alert' });
  const chips = el('div', { class: 'chips', role: 'group', 'aria-label': 'Suggestions' });
  const button = el('button', {
    type: 'submit',
    class: 'button primary send',
    title: 'Ctrl+Enter',
    text: 'Reply',
  });
  let offered = '';
  const send = async (raw) => {
    if (raw === '' || button.disabled) return;
    button.disabled = true;
    const wrong = await post(raw);
    button.disabled = false;
    error.textContent = wrong ?? '';
    if (wrong !== null || raw !== text.value.trim()) return;
    text.value = '';
    drafts.delete(key);
    grow(text, 2);
  };
  text.addEventListener('input', () => {
    drafts.set(key, text.value);
    grow(text, 2);
  });
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void send(text.value.trim());
  });
  const form = el(
    'form',
    {
      class: 'reply-form',
      onsubmit: (event) => {
        event.preventDefault();
        void send(text.value.trim());
      },
    },
    chips,
    el('div', { class: 'composer-box' }, text, button),
    error,
  );
  return {
    node: form,
    offer(offers) {
      const now = offers.map((one) => one.raw).join('\n');
      if (now === offered) return;
      offered = now;
      chips.replaceChildren(
        ...offers.map(({ line, raw }) =>
          el('button', {
            type: 'button',
            class: 'chip',
            title:
              raw === line
                ? 'Post this'
                : 'Post this, with a word of thanks: the forum takes no shorter post',
            onclick: () => void send(raw),
            text: line,
          }),
        ),
      );
    },
  };
}

/** The form for a new topic. `post(title, raw)` gives what was wrong, or null. `template`: what it may begin with. */
export function createTopicForm(key, { post, cancel, template, bot }) {
  const draft = drafts.get(key) ?? { title: '', raw: '' };
  const title = el('input', { id: 'topic-title', type: 'text', autocomplete: 'off', maxlength: '255' });
  const text = el('textarea', { id: 'topic-text', rows: '9' });
  title.value = draft.title;
  text.value = draft.raw;
  const error = el('p', { class: 'error', role: 'alert' });
  const store = () => drafts.set(key, { title: title.value, raw: text.value });
  const send = el('button', { type: 'submit', class: 'button primary', text: 'Create topic' });
  const form = el(
    'form',
    {
      class: 'topic-form',
      novalidate: true,
      oninput: store,
      onsubmit: async (event) => {
        event.preventDefault();
        send.disabled = true;
        const wrong = await post(title.value.trim(), text.value.trim());
        send.disabled = false;
        error.textContent = wrong ?? '';
        if (wrong === null) drafts.delete(key);
      },
    },
    el('h2', { class: 'topic-name', text: 'New topic' }),
    el(
      'div',
      { class: 'field' },
      el('label', { for: 'topic-title', text: 'Title' }),
      title,
      el('p', { class: 'hint', text: 'At least 15 characters: what is it about, in one sentence?' }),
    ),
    el(
      'div',
      { class: 'field' },
      el('label', { for: 'topic-text', text: 'What do you need?' }),
      text,
      el('p', {
        class: 'hint',
        text: `Your own words will do; @${bot} says what it understood. Markdown works.`,
      }),
    ),
    error,
    el(
      'div',
      { class: 'write-row' },
      send,
      el('button', { type: 'button', class: 'button', onclick: cancel, text: 'Cancel' }),
      template === null
        ? null
        : el('button', {
            type: 'button',
            class: 'button template',
            onclick: () => {
              text.value = text.value.trim() === '' ? template : `${text.value.trimEnd()}\n\n${template}`;
              store();
              text.focus();
              text.setSelectionRange(0, 0);
            },
            text: 'Use the template',
          }),
    ),
  );
  return { node: form, focus: () => title.focus() };
}

function grow(text, rows) {
  text.rows = rows;
  while (text.rows < 10 && text.scrollHeight > text.clientHeight) text.rows += 1;
}
