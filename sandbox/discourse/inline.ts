/** A piece of text within a line or a paragraph. Text is plain: entities are already characters. */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bold' | 'italic' | 'strike'; readonly pieces: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly url: string; readonly pieces: readonly Inline[] }
  | { readonly kind: 'mention'; readonly name: string }
  | { readonly kind: 'emoji'; readonly name: string }
  | { readonly kind: 'break' };

/** Stand around the number of something that was read before all else: code, and what is escaped. */
const HELD = /\ue000(\d+)\ue001/;
const HOLDERS = /[\ue000\ue001]/g;

/** In order of strength: comments, links, addresses, mentions, emoji, and marks. */
const INLINE = new RegExp(
  [
    /<!--(?<comment>.{0,8000}?)-->/,
    /!?\[(?<label>(?:[^\]\\[]|\\.)*)\]\((?<target>[^()\s\ue000]*)(?:\s+"[^"]*")?\)/,
    /<(?<angle>(?:https?:\/\/|mailto:)[^<>\s]+)>/,
    /(?<![\w/])(?<bare>https?:\/\/[^\s<>"`\ue000]*[^\s<>"`\ue000\ue001.,;:!?'*_~)\]])/,
    /(?<![\w/@.])@(?<mention>[A-Za-z0-9_](?:[\w.-]{0,58}[A-Za-z0-9_])?)/,
    /(?<![\w:]):(?<emoji>[a-z][a-z0-9_+-]*):(?!\w)/,
    /\*\*(?!\s)(?<bold>(?:[^*\n]|\*(?!\*))+?)(?<!\s)\*\*/,
    /(?<!\w)__(?!\s)(?<under>[^_\n]+?)(?<!\s)__(?!\w)/,
    /(?<![\w*])\*(?![\s*])(?<italic>[^*\n]+?)(?<!\s)\*(?![\w*])/,
    /(?<!\w)_(?!\s)(?<slant>[^_\n]+?)(?<!\s)_(?!\w)/,
    /~~(?!\s)(?<strike>[^~\n]+?)(?<!\s)~~/,
    /(?<line> *\n)/,
  ]
    .map((one) => one.source)
    .join('|'),
  'gs',
);

/** Reads text. What is not closed or not known stays as it was typed; HTML is text. */
export function readInline(source: string): Inline[] {
  const held: Inline[] = [];
  return readHeld(hold(source.replace(HOLDERS, ''), held), held);
}

/** Takes code and what is escaped out of the text: nothing inside of them means anything. */
function hold(source: string, held: Inline[]): string {
  if (!/[\\`]/.test(source)) return source;
  const closes = closings(source);
  let kept = '';
  let from = 0;
  for (const { 0: text, index } of source.matchAll(/\\[!-/:-@[-`{-~]|`+/g)) {
    if (index < from) continue;
    const isTick = text.startsWith('`');
    const close = isTick ? closes(text.length, index) : undefined;
    if (isTick && close === undefined) continue;
    const inner = close === undefined ? text.slice(1) : source.slice(index + text.length, close);
    const code = inner.replace(/\n/g, ' ').replace(/^ (.+) $/, '$1');
    held.push(close === undefined ? { kind: 'text', text: inner } : { kind: 'code', text: code });
    kept += `${source.slice(from, index)}\ue000${held.length - 1}\ue001`;
    from = (close ?? index) + text.length;
  }
  return kept + source.slice(from);
}

/** Says where the next run of as many backticks begins. Asked from left to right. Within code a backslash is one. */
function closings(source: string): (length: number, after: number) => number | undefined {
  const runs = new Map<number, number[]>();
  for (const { 0: text, index } of source.matchAll(/`+/g)) {
    const starts = runs.get(text.length) ?? [];
    starts.push(index);
    runs.set(text.length, starts);
  }
  const at = new Map<number, number>();
  return (length, after) => {
    const starts = runs.get(length) ?? [];
    let next = at.get(length) ?? 0;
    while ((starts[next] ?? Number.POSITIVE_INFINITY) <= after) next++;
    at.set(length, next);
    return starts[next];
  };
}

function readHeld(source: string, held: readonly Inline[]): Inline[] {
  const pieces: Inline[] = [];
  const say = (text: string): void => {
    for (const [at, part] of text.split(HELD).entries()) {
      const piece = at % 2 === 1 ? held[Number(part)] : undefined;
      if (piece === undefined) add(part);
      else if (piece.kind === 'text') add(piece.text);
      else pieces.push(piece);
    }
  };
  const add = (text: string): void => {
    const before = pieces.at(-1);
    if (text === '') return;
    if (before?.kind === 'text') pieces[pieces.length - 1] = { kind: 'text', text: before.text + text };
    else pieces.push({ kind: 'text', text });
  };
  let from = 0;
  for (const match of source.matchAll(INLINE)) {
    say(entities(source.slice(from, match.index)));
    from = match.index + match[0].length;
    const piece = readMatch(match.groups ?? {}, held);
    if (piece === null) say(entities(match[0]));
    else if (typeof piece === 'string') say(piece);
    else pieces.push(piece);
  }
  say(entities(source.slice(from)));
  return pieces;
}

/** A piece, or plain text, or null for what has to stay as it is. */
function readMatch(
  found: Readonly<Record<string, string | undefined>>,
  held: readonly Inline[],
): Inline | string | null {
  const { comment, label, target, mention, emoji, strike, line } = found;
  const bold = found.bold ?? found.under;
  const italic = found.italic ?? found.slant;
  const address = found.angle ?? found.bare;
  if (comment !== undefined) return '';
  if (label !== undefined && target !== undefined)
    return isSafe(target) ? { kind: 'link', url: entities(target), pieces: readHeld(label, held) } : null;
  if (address !== undefined)
    return { kind: 'link', url: address, pieces: [{ kind: 'text', text: address.replace(/^mailto:/, '') }] };
  if (mention !== undefined) return { kind: 'mention', name: mention };
  if (emoji !== undefined) return { kind: 'emoji', name: emoji };
  if (bold !== undefined) return { kind: 'bold', pieces: readHeld(bold, held) };
  if (italic !== undefined) return { kind: 'italic', pieces: readHeld(italic, held) };
  if (strike !== undefined) return { kind: 'strike', pieces: readHeld(strike, held) };
  return line === undefined ? null : { kind: 'break' };
}

/** Only web and mail addresses, and those within the forum. */
function isSafe(target: string): boolean {
  return /^(?:https?:\/\/|mailto:|\/(?!\/)|#)/i.test(target);
}

function entities(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', nbsp: '\u00a0' };
  return text.replace(/&(lt|gt|amp|quot|nbsp|#(\d{1,7}));/g, (whole, name: string, code?: string) => {
    if (code === undefined) return named[name] ?? whole;
    const point = Number(code);
    return point > 31 && point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  });
}
