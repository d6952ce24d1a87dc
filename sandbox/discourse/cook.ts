import { type Piece, readMarkdown } from './markdown.ts';

/** The HTML of a post, as the forum's `cooked`. Every character of it that somebody typed is escaped. */
export function cook(raw: string): string {
  return html(readMarkdown(raw));
}

function html(pieces: readonly Piece[]): string {
  return pieces.map(one).join('');
}

function one(piece: Piece): string {
  switch (piece.kind) {
    case 'text':
      return escaped(piece.text);
    case 'bold':
      return `<strong>${html(piece.pieces)}</strong>`;
    case 'italic':
      return `<em>${html(piece.pieces)}</em>`;
    case 'strike':
      return `<s>${html(piece.pieces)}</s>`;
    case 'code':
      return `<code>${escaped(piece.text)}</code>`;
    case 'link':
      return `<a href="${escaped(piece.url)}" rel="noopener nofollow ugc">${html(piece.pieces)}</a>`;
    case 'mention': {
      const name = escaped(piece.name);
      return `<a class="mention" href="/u/${name.toLowerCase()}">@${name}</a>`;
    }
    case 'emoji':
      return `:${escaped(piece.name)}:`;
    case 'break':
      return '<br>\n';
    case 'paragraph':
      return `<p>${html(piece.pieces)}</p>\n`;
    case 'heading':
      return `<h${piece.level}>${html(piece.pieces)}</h${piece.level}>\n`;
    case 'fence':
      return `<pre><code class="lang-${escaped(piece.language === '' ? 'auto' : piece.language)}">${escaped(piece.text)}\n</code></pre>\n`;
    case 'list': {
      const tag = piece.start === null ? 'ul' : 'ol';
      const start = piece.start === null || piece.start === 1 ? '' : ` start="${piece.start}"`;
      const items = piece.items.map(
        ({ checked, pieces }) => `<li>${checked === null ? '' : box(checked)}${html(pieces)}</li>\n`,
      );
      return `<${tag}${start}>\n${items.join('')}</${tag}>\n`;
    }
    case 'table': {
      const row = (tag: string, cells: readonly (readonly Piece[])[]) =>
        `<tr>\n${cells.map((cell) => `<${tag}>${html(cell)}</${tag}>\n`).join('')}</tr>\n`;
      const rows = piece.rows.map((cells) => row('td', cells)).join('');
      return `<div class="md-table">\n<table>\n<thead>\n${row('th', piece.head)}</thead>\n<tbody>\n${rows}</tbody>\n</table>\n</div>`;
    }
    case 'quote': {
      const inside = `<blockquote>\n${html(piece.pieces)}</blockquote>\n`;
      if (piece.from === null) return inside;
      const name = escaped(piece.from);
      return `<aside class="quote no-group" data-username="${name}">\n<div class="title">${name}:</div>\n${inside}</aside>\n`;
    }
    case 'details':
      return `<details>\n<summary>${html(piece.summary)}</summary>\n${html(piece.pieces)}</details>\n`;
    case 'rule':
      return '<hr>\n';
  }
}

const box = (checked: boolean) =>
  `<span class="chcklst-box ${checked ? 'checked' : 'fa'} fa-square-o"></span> `;

function escaped(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}
