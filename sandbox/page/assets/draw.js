import { el, safeUrl } from './dom.js';
import { emoji, icon, iconIn, withIcons } from './icons.js';

/** Formatted text. */
export function pieces(list) {
  return list.flatMap((piece) => {
    switch (piece.kind) {
      case 'text':
        return withIcons(piece.text);
      case 'bold':
        return [el('strong', {}, ...pieces(piece.pieces))];
      case 'italic':
        return [el('em', {}, ...pieces(piece.pieces))];
      case 'strike':
        return [el('s', {}, ...pieces(piece.pieces))];
      case 'quote':
        return [el('blockquote', {}, ...pieces(piece.pieces))];
      case 'code':
        return [el('code', { text: piece.text })];
      case 'fence':
        return [fence(piece.text)];
      case 'link': {
        const href = safeUrl(piece.url);
        return href === null
          ? [piece.text]
          : [el('a', { href, target: '_blank', rel: 'noopener noreferrer', text: piece.text })];
      }
      case 'mention':
        return [el('span', { class: 'mention', 'data-id': piece.id, text: piece.text })];
      case 'emoji':
        return [emoji(piece.name)];
      case 'break':
        return [el('br')];
      default:
        return [];
    }
  });
}

/** Code, with added and removed lines in colour. */
export function fence(text, isDiff = /^[+-]/m.test(text) && /^(?:[+\- ].*\n?)+$/.test(text)) {
  const lines = text.split('\n');
  const code = el('code');
  for (const [index, line] of lines.entries()) {
    const tone = isDiff && line.startsWith('+') ? 'added' : isDiff && line.startsWith('-') ? 'removed' : null;
    code.append(
      tone === null ? line : el('span', { class: tone, text: line }),
      index < lines.length - 1 ? '\n' : '',
    );
  }
  return el('pre', { tabindex: '0' }, code);
}

/** Blocks of a message, a modal or a Home. `press(control, pick)` is called for buttons and picks. */
export function blocks(list, press) {
  const nodes = list.map((block) => drawBlock(block, press));
  // The exact call and the small print after it belong to the step above them.
  for (const [index, block] of list.entries()) {
    const before = list[index - 1];
    const above = nodes[index - 1];
    const isCall = block.kind === 'text' && block.pieces.length === 1 && block.pieces[0].kind === 'fence';
    const follows =
      (isCall && above?.querySelector('.b-marked') != null) ||
      (isCall && above?.classList.contains('under')) ||
      (block.kind === 'context' && before?.kind === 'text' && above?.classList.contains('under'));
    if (follows) nodes[index]?.classList.add('under');
  }
  return nodes.filter((node) => node !== null);
}

function drawBlock(block, press) {
  switch (block.kind) {
    case 'header':
      return el('h3', { class: 'b-header' }, ...withIcons(block.text));
    case 'divider':
      return el('hr');
    case 'text': {
      const side =
        block.side === undefined ? null : el('div', { class: 'b-side' }, control(block.side, press));
      return el('div', { class: side === null ? 'b-text' : 'b-text has-side' }, marked(block.pieces), side);
    }
    case 'fields':
      return el('dl', { class: 'b-fields' }, ...block.fields.map(field));
    case 'context':
      return el('div', { class: 'b-context' }, ...block.parts.map((part) => el('span', {}, ...pieces(part))));
    case 'alert':
      return el('div', { class: `b-alert level-${block.level}`, role: 'note' }, ...pieces(block.pieces));
    case 'actions':
      return el('div', { class: 'b-actions' }, ...block.controls.map((one) => control(one, press)));
    case 'list':
      return el(
        block.ordered ? 'ol' : 'ul',
        { class: `b-list indent-${Math.min(4, block.indent)}` },
        ...block.items.map((item) => el('li', {}, ...pieces(item))),
      );
    case 'table':
      return table(block);
    case 'plan':
      return plan(block, press);
    default:
      return null;
  }
}

/** A section that begins with a mark hangs its lines beside it. */
function marked(list) {
  const [first, ...rest] = list;
  const found = first?.kind === 'text' ? iconIn(first.text) : null;
  if (found === null) return el('div', { class: 'b-body' }, ...pieces(list));
  return el(
    'div',
    { class: 'b-body b-marked' },
    icon(found.name),
    el('div', {}, ...pieces([{ kind: 'text', text: first.text.slice(found.length) }, ...rest])),
  );
}

/** `*Label*` and what follows; the label is the first bold piece. */
function field(list) {
  const [label, ...rest] = list;
  if (label?.kind !== 'bold') return el('div', {}, el('dd', {}, ...pieces(list)));
  const value = rest[0]?.kind === 'break' ? rest.slice(1) : rest;
  return el('div', {}, el('dt', {}, ...pieces(label.pieces)), el('dd', {}, ...pieces(value)));
}

function table({ rows, align }) {
  const [head = [], ...body] = rows;
  const cell = (tag, more) => (list, column) => {
    const node = el(tag, { ...more, class: `align-${align[column] ?? 'left'}` }, ...pieces(list));
    node.classList.toggle('short', node.textContent.length <= 32);
    return node;
  };
  return el(
    'div',
    { class: 'b-table', tabindex: '0', role: 'region', 'aria-label': 'Table' },
    el(
      'table',
      {},
      el('thead', {}, el('tr', {}, ...head.map(cell('th', { scope: 'col' })))),
      el('tbody', {}, ...body.map((row) => el('tr', {}, ...row.map(cell('td', {}))))),
    ),
  );
}

const TASK = { pending: 'ring', in_progress: 'busy', complete: 'done', error: 'fail' };

function plan({ title, tasks }, press) {
  return el(
    'div',
    { class: 'b-plan' },
    title === '' ? null : el('div', { class: 'b-plan-title' }, ...withIcons(title)),
    el(
      'ol',
      {},
      ...tasks.map((task) =>
        el(
          'li',
          { class: `task-${task.status}` },
          icon(TASK[task.status]),
          el(
            'div',
            {},
            el('div', { class: 'task-title' }, ...withIcons(task.title)),
            ...blocks(task.details, press),
          ),
        ),
      ),
    ),
  );
}

function control(one, press) {
  if (one.type === 'button') {
    const href = safeUrl(one.url);
    return el(
      'button',
      {
        type: 'button',
        class: `button ${one.style}`,
        'data-focus': one.id,
        onclick: () => {
          if (href !== null) window.open(href, '_blank', 'noopener');
          press(one);
        },
      },
      ...withIcons(one.text),
    );
  }
  const select = el(
    'select',
    {
      'aria-label': one.placeholder || one.text || 'Choose',
      'data-focus': one.id,
      onchange: () => press(one, select.value),
    },
    one.chosen.length === 0
      ? el('option', { value: '', text: one.placeholder || (one.type === 'overflow' ? '…' : 'Choose') })
      : null,
    ...one.options.map((option) =>
      el('option', { value: option.value, text: option.text, selected: one.chosen.includes(option.value) }),
    ),
  );
  return select;
}
