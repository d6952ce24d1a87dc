import { type Inline, readInline } from './inline.ts';

/** A block of a post, for whoever draws it, or something within one. */
export type Piece =
  | Inline
  | { readonly kind: 'paragraph'; readonly pieces: readonly Inline[] }
  | { readonly kind: 'heading'; readonly level: number; readonly pieces: readonly Inline[] }
  | { readonly kind: 'fence'; readonly language: string; readonly text: string }
  | { readonly kind: 'list'; readonly start: number | null; readonly items: readonly ListItem[] }
  | {
      readonly kind: 'table';
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  /** `from`: whose words they are, when somebody quoted a post. */
  | { readonly kind: 'quote'; readonly from: string | null; readonly pieces: readonly Piece[] }
  | { readonly kind: 'details'; readonly summary: readonly Inline[]; readonly pieces: readonly Piece[] }
  | { readonly kind: 'rule' };

export interface ListItem {
  /** Null: not one to check. */
  readonly checked: boolean | null;
  readonly pieces: readonly Piece[];
}

interface Read {
  readonly piece: Piece | null;
  /** The line after it. */
  readonly next: number;
}
/** Looks for a block that starts at a line. */
type Reader = (lines: readonly string[], at: number, depth: number) => Read | null;

/** Deeper than this, things are text. */
const DEEPEST = 8;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)[^`]*$/;
const BULLET = /^( {0,3})(?:[-*+]|(\d{1,9})[.)])( +|$)(.*)$/;
const DIVIDER = /^ {0,3}\|?(?: *:?-+:? *\|)* *:?-+:? *\|? *$/;

const readFence: Reader = (lines, at) => {
  const [, marks = '', language = ''] = FENCE.exec(lines[at] ?? '') ?? [];
  if (marks === '') return null;
  const closes = (line: string) => line.trim().startsWith(marks) && /^(`+|~+)$/.test(line.trim());
  const end = findLine(lines, at + 1, closes);
  return { piece: { kind: 'fence', language, text: lines.slice(at + 1, end).join('\n') }, next: end + 1 };
};

/** A comment that is never closed hides all that follows. */
const readComment: Reader = (lines, at) => {
  if (!/^ {0,3}<!--/.test(lines[at] ?? '')) return null;
  const end = findLine(lines, at, (line) => line.includes('-->'));
  const rest = (lines[end] ?? '').replace(/^.*?-->/, '').trim();
  return { piece: rest === '' ? null : { kind: 'paragraph', pieces: readInline(rest) }, next: end + 1 };
};

/** `[quote="maria, post:1, topic:2"]` and `[details="more"]`, each with its own end on a line. */
const readTagged: Reader = (lines, at, depth) => {
  const [, tag = '', title = ''] = /^\[(quote|details)(?:="?([^"\]]*)"?)?\]\s*$/.exec(lines[at] ?? '') ?? [];
  if (tag === '') return null;
  let open = 0;
  const end = findLine(lines, at, (line) => {
    if (line.startsWith(`[${tag}]`) || line.startsWith(`[${tag}=`)) open += 1;
    else if (line.trim() === `[/${tag}]`) open -= 1;
    return open === 0;
  });
  if (end === lines.length) return null;
  const pieces = readBlocks(lines.slice(at + 1, end), depth + 1);
  const from = title.split(',')[0]?.trim() ?? '';
  return {
    piece:
      tag === 'quote'
        ? { kind: 'quote', from: from === '' ? null : from, pieces }
        : { kind: 'details', summary: readInline(title === '' ? 'Summary' : title), pieces },
    next: end + 1,
  };
};

const readHeading: Reader = (lines, at) => {
  const [, marks, text = ''] =
    /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/.exec(lines[at] ?? '') ?? [];
  if (marks === undefined) return null;
  return { piece: { kind: 'heading', level: marks.length, pieces: readInline(text) }, next: at + 1 };
};

const readRule: Reader = (lines, at) =>
  /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/.test(lines[at] ?? '')
    ? { piece: { kind: 'rule' }, next: at + 1 }
    : null;

const readQuote: Reader = (lines, at, depth) => {
  const end = findLine(lines, at, (line) => !/^ {0,3}>/.test(line));
  if (end === at) return null;
  const inside = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ''));
  return { piece: { kind: 'quote', from: null, pieces: readBlocks(inside, depth + 1) }, next: end };
};

const readList: Reader = (lines, at, depth) => {
  const first = BULLET.exec(lines[at] ?? '');
  if (first === null) return null;
  const ordered = first[2] !== undefined;
  const items: ListItem[] = [];
  let next = at;
  for (;;) {
    const [, indent = '', number, gap = '', text = ''] = BULLET.exec(lines[next] ?? '') ?? [];
    if (gap === '' && text === '' && !BULLET.test(lines[next] ?? '')) break;
    if ((number !== undefined) !== ordered) break;
    const width = indent.length + (number === undefined ? 1 : number.length + 1) + Math.max(1, gap.length);
    // What is indented under the bullet is the item's own.
    const end = findLine(
      lines,
      next + 1,
      (line, index) =>
        !(
          line.startsWith(' '.repeat(Math.min(width, 2))) ||
          (line === '' && /^ {2,}\S/.test(lines[index + 1] ?? ''))
        ),
    );
    const own = lines.slice(next + 1, end).map((line) => line.replace(new RegExp(`^ {0,${width}}`), ''));
    const [, box, rest] = /^\[([ xX])\]\s+(.*)$/.exec(text) ?? [];
    items.push({
      checked: box === undefined ? null : box !== ' ',
      pieces: tight(readBlocks([rest ?? text, ...own], depth + 1)),
    });
    next = end;
    if (lines[next] === '' && BULLET.test(lines[next + 1] ?? '')) next += 1;
  }
  return { piece: { kind: 'list', start: ordered ? Number(first[2]) : null, items }, next };
};

const readTable: Reader = (lines, at) => {
  const head = lines[at] ?? '';
  const divider = lines[at + 1] ?? '';
  if (!head.includes('|') || !divider.includes('|') || !DIVIDER.test(divider)) return null;
  const width = cells(head).length;
  if (cells(divider).length !== width) return null;
  const end = findLine(lines, at + 2, (line) => !line.includes('|'));
  const row = (line: string) => {
    const found = cells(line);
    return Array.from({ length: width }, (_, index) => readInline(found[index] ?? ''));
  };
  return { piece: { kind: 'table', head: row(head), rows: lines.slice(at + 2, end).map(row) }, next: end };
};

const READERS: readonly Reader[] = [
  readFence,
  readComment,
  readTagged,
  readHeading,
  readRule,
  readQuote,
  readList,
  readTable,
];

/** Reads what somebody typed. Nothing in it is ever HTML. */
export function readMarkdown(raw: string): Piece[] {
  return readBlocks(raw.replace(/\r\n?/g, '\n').replace(/\t/g, '    ').split('\n'), 0);
}

function readBlocks(lines: readonly string[], depth: number): Piece[] {
  const pieces: Piece[] = [];
  let words: string[] = [];
  const endParagraph = () => {
    const text = words.map((line) => line.trim()).join('\n');
    if (text !== '') pieces.push({ kind: 'paragraph', pieces: readInline(text) });
    words = [];
  };
  for (let at = 0; at < lines.length; ) {
    const found = depth > DEEPEST ? null : firstOf(lines, at, depth);
    if (found !== null) {
      endParagraph();
      if (found.piece !== null) pieces.push(found.piece);
      at = found.next;
      continue;
    }
    const line = lines[at] ?? '';
    if (line.trim() === '') endParagraph();
    else words.push(line);
    at += 1;
  }
  endParagraph();
  return pieces;
}

function firstOf(lines: readonly string[], at: number, depth: number): Read | null {
  for (const read of READERS) {
    const found = read(lines, at, depth);
    if (found !== null) return found;
  }
  return null;
}

/** The first line from `from` on that `test` likes, or the end. */
function findLine(
  lines: readonly string[],
  from: number,
  test: (line: string, index: number) => boolean,
): number {
  for (let index = from; index < lines.length; index += 1) if (test(lines[index] ?? '', index)) return index;
  return lines.length;
}

/** A lone paragraph in a list is only its words. */
function tight(pieces: readonly Piece[]): readonly Piece[] {
  const [first, ...rest] = pieces;
  return first?.kind === 'paragraph' ? [...first.pieces, ...rest] : pieces;
}

/** The cells of a table's row. An escaped bar, or one in code, is no border. */
function cells(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  const found = inner.match(/(?:\\.|`[^`]*`|[^|])*(?:\||$)/g) ?? [];
  return found
    .slice(0, inner === '' ? 1 : undefined)
    .map((cell) => cell.replace(/\|$/, '').replace(/\\\|/g, '|').trim())
    .slice(0, -1);
}
