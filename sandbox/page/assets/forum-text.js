import { el, safeUrl } from './dom.js';
import { fence } from './draw.js';
import { emoji, withIcons } from './icons.js';

/** What stands in a post. `names`: who can be mentioned, in small letters, and `me`. */
export function postPieces(list, names) {
  const draw = (pieces) => postPieces(pieces, names);
  return list.flatMap((piece) => {
    switch (piece.kind) {
      case 'text':
        return withIcons(piece.text);
      case 'bold':
        return [el('strong', {}, ...draw(piece.pieces))];
      case 'italic':
        return [el('em', {}, ...draw(piece.pieces))];
      case 'strike':
        return [el('s', {}, ...draw(piece.pieces))];
      case 'code':
        return [el('code', { text: piece.text })];
      case 'link':
        return [link(piece, draw)];
      case 'mention':
        return [mention(piece.name, names)];
      case 'emoji':
        return [emoji(piece.name)];
      case 'break':
        return [el('br')];
      case 'paragraph':
        return [el('p', {}, ...draw(piece.pieces))];
      case 'heading':
        // Under the topic's own headings.
        return [el(`h${Math.min(6, piece.level + 2)}`, {}, ...draw(piece.pieces))];
      case 'fence':
        return [fence(piece.text, piece.language === 'diff')];
      case 'list':
        return [drawList(piece, draw)];
      case 'table':
        return [table(piece, draw)];
      case 'quote':
        return [
          el(
            'blockquote',
            {},
            piece.from === null ? null : el('p', { class: 'quoted', text: `${piece.from}:` }),
            ...draw(piece.pieces),
          ),
        ];
      case 'details':
        return [
          el(
            'details',
            {},
            el('summary', { 'data-focus': 'summary' }, ...draw(piece.summary)),
            el('div', { class: 'folded' }, ...draw(piece.pieces)),
          ),
        ];
      case 'rule':
        return [el('hr')];
      default:
        return [];
    }
  });
}

/** Addresses within the forum are opened by the page itself. */
function link({ url, pieces }, draw) {
  const href = safeUrl(url) ?? (/^\/t\/[\w/-]+$/.test(url) ? url : null);
  if (href === null) return el('span', {}, ...draw(pieces));
  return el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, ...draw(pieces));
}

function mention(name, { known, me }) {
  const small = name.toLowerCase();
  if (!known.has(small)) return `@${name}`;
  return el('span', { class: small === me ? 'mention for-me' : 'mention', text: `@${name}` });
}

function drawList({ start, items }, draw) {
  return el(
    start === null ? 'ul' : 'ol',
    { start: start === null || start === 1 ? undefined : start },
    ...items.map(({ checked, pieces }) =>
      checked === null
        ? el('li', {}, ...draw(pieces))
        : el(
            'li',
            { class: checked ? 'check done' : 'check' },
            el('span', { class: 'box', role: 'img', 'aria-label': checked ? 'done' : 'to do' }),
            el('div', {}, ...draw(pieces)),
          ),
    ),
  );
}

function table({ head, rows }, draw) {
  const row = (tag, cells, more) => el('tr', {}, ...cells.map((cell) => el(tag, more, ...draw(cell))));
  return el(
    'div',
    { class: 'b-table', tabindex: '0', role: 'region', 'aria-label': 'Table' },
    el(
      'table',
      {},
      el('thead', {}, row('th', head, { scope: 'col' })),
      el('tbody', {}, ...rows.map((cells) => row('td', cells, {}))),
    ),
  );
}
