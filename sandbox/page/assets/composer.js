import { el } from './dom.js';

/** A place to write. `say(text)` settles when it was taken. Gives back functions to steer it. */
export function createComposer(box, { id, label, inThread, say, offers }) {
  const menu = el('ul', {
    class: 'offers',
    id: `${id}-offers`,
    role: 'listbox',
    'aria-label': 'Commands',
    hidden: true,
  });
  const text = el('textarea', {
    id: `${id}-text`,
    rows: '1',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-label': label,
    'aria-controls': `${id}-offers`,
    'aria-expanded': 'false',
    role: 'combobox',
    'aria-autocomplete': 'list',
  });
  const note = el('p', { class: 'composer-note', role: 'status' });
  const button = el('button', { type: 'submit', class: 'button primary send', text: 'Send' });
  const chips = el('div', { class: 'chips', role: 'group', 'aria-label': 'Suggestions' });
  const form = el(
    'form',
    { class: 'composer-form' },
    menu,
    el('div', { class: 'composer-box' }, text, button),
  );
  box.replaceChildren(chips, form, note);

  let shown = [];
  let at = -1;
  let past = [];
  let pastAt = 0;
  let suggested = '';

  const grow = () => {
    text.style.height = 'auto';
    text.style.height = `${Math.min(160, text.scrollHeight)}px`;
  };
  const closeMenu = () => {
    shown = [];
    at = -1;
    menu.hidden = true;
    text.setAttribute('aria-expanded', 'false');
    text.removeAttribute('aria-activedescendant');
  };
  const fill = (value, caretAtEnd = true) => {
    text.value = value;
    if (caretAtEnd) text.setSelectionRange(value.length, value.length);
    grow();
    text.focus();
  };
  const select = (index) => {
    at = index;
    for (const [n, node] of [...menu.children].entries())
      node.setAttribute('aria-selected', String(n === at));
    const chosen = menu.children[at];
    if (chosen === undefined) return;
    text.setAttribute('aria-activedescendant', chosen.id);
    chosen.scrollIntoView({ block: 'nearest' });
  };
  const openMenu = () => {
    const typed = text.value;
    const command = /^\/(\S*)\s?(.*)$/.exec(typed);
    if (command === null || inThread) {
      closeMenu();
      note.textContent =
        inThread && typed.startsWith('/')
          ? 'Slash commands do not work in threads. Write @steward in front instead: “@steward builder list”.'
          : '';
      return;
    }
    note.textContent = '';
    const rest = '/koji'.startsWith(`/${command[1]}`) ? command[2].toLowerCase() : null;
    if (rest === null) {
      closeMenu();
      return;
    }
    shown = offers()
      .filter((offer) => offer.line.toLowerCase().startsWith(rest) && offer.line.toLowerCase() !== rest)
      .slice(0, 8);
    menu.replaceChildren(
      ...shown.map((offer, index) =>
        el(
          'li',
          {
            id: `${id}-offer-${index}`,
            role: 'option',
            'aria-selected': 'false',
            onmousedown: (event) => {
              event.preventDefault();
              fill(`/koji ${offer.line}`);
              closeMenu();
            },
          },
          el('code', { text: `/koji ${offer.line}` }),
          el('span', { class: 'quiet', text: offer.summary }),
        ),
      ),
    );
    menu.hidden = shown.length === 0;
    text.setAttribute('aria-expanded', String(shown.length > 0));
    at = -1;
  };
  const send = async () => {
    const value = text.value.trim();
    if (value === '' || (inThread && value.startsWith('/'))) return;
    past = [...past.filter((one) => one !== value), value].slice(-30);
    pastAt = past.length;
    fill('');
    closeMenu();
    await say(value);
  };

  text.addEventListener('input', () => {
    grow();
    openMenu();
  });
  text.addEventListener('blur', closeMenu);
  text.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (shown.length > 0 && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      select((at + (event.key === 'ArrowDown' ? 1 : shown.length - (at < 0 ? 0 : 1))) % shown.length);
    } else if (shown.length > 0 && (event.key === 'Tab' || (event.key === 'Enter' && at >= 0))) {
      event.preventDefault();
      fill(`/koji ${shown[Math.max(0, at)].line}`);
      closeMenu();
    } else if (event.key === 'Escape' && shown.length > 0) {
      event.stopPropagation();
      closeMenu();
    } else if (event.key === 'ArrowUp' && text.value === '' && past.length > 0) {
      event.preventDefault();
      pastAt = Math.max(0, pastAt - 1);
      fill(past[pastAt] ?? '');
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send();
  });

  return {
    place(placeholder, note_) {
      text.placeholder = placeholder;
      if (note_ !== undefined) note.textContent = note_;
    },
    suggest(lines) {
      if (lines.join('\n') === suggested) return;
      suggested = lines.join('\n');
      chips.replaceChildren(
        ...lines.map((line) =>
          el('button', {
            type: 'button',
            class: 'chip',
            title: 'Send this',
            onclick: () => void say(line),
            text: line,
          }),
        ),
      );
    },
    focus: () => text.focus(),
  };
}
