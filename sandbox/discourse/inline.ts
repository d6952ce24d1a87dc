/** A piece of text within a line or a paragraph. Text is plain: entities are already characters. */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bold' | 'italic' | 'strike'; readonly pieces: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly url: string; readonly pieces: readonly Inline[] }
  | { readonly kind: 'mention'; readonly name: string }
  | { readonly kind: 'emoji'; readonly name: string }
  | { readonly kind: 'break' };

/** In order of strength: what is escaped, code, comments, links, addresses, mentions, emoji, and marks. */
const INLINE = new RegExp(
  [
    /\\(?<escaped>[!-/:-@[-`{-~])/,
    /(?<ticks>`+)(?<code>[^`]|[^`].{0,2000}?[^`])\k<ticks>(?!`)/,
    /<!--(?<comment>.{0,8000}?)-->/,
    /!?\[(?<label>(?:[^\]\\[]|\\.)*)\]\((?<target>[^()\s]*)(?:\s+"[^"]*")?\)/,
    /<(?<angle>(?:https?:\/\/|mailto:)[^<>\s]+)>/,
    /(?<![\w/])(?<bare>https?:\/\/[^\s<>"`]*[^\s<>"`.,;:!?'*_~)\]])/,
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
  const pieces: Inline[] = [];
  const say = (text: string) => {
    const before = pieces.at(-1);
    if (text === '') return;
    if (before?.kind === 'text') pieces[pieces.length - 1] = { kind: 'text', text: before.text + text };
    else pieces.push({ kind: 'text', text });
  };
  let from = 0;
  for (const match of source.matchAll(INLINE)) {
    say(entities(source.slice(from, match.index)));
    from = match.index + match[0].length;
    const piece = readMatch(match.groups ?? {});
    if (piece === null) say(entities(match[0]));
    else if (typeof piece === 'string') say(piece);
    else pieces.push(piece);
  }
  say(entities(source.slice(from)));
  return pieces;
}

/** A piece, or plain text, or null for what has to stay as it is. */
function readMatch(found: Readonly<Record<string, string | undefined>>): Inline | string | null {
  const { escaped, code, comment, label, target, mention, emoji, strike, line } = found;
  const bold = found.bold ?? found.under;
  const italic = found.italic ?? found.slant;
  const address = found.angle ?? found.bare;
  if (escaped !== undefined) return escaped;
  if (code !== undefined) return { kind: 'code', text: code.replace(/\n/g, ' ').replace(/^ (.+) $/, '$1') };
  if (comment !== undefined) return '';
  if (label !== undefined && target !== undefined)
    return isSafe(target) ? { kind: 'link', url: entities(target), pieces: readInline(label) } : null;
  if (address !== undefined)
    return { kind: 'link', url: address, pieces: [{ kind: 'text', text: address.replace(/^mailto:/, '') }] };
  if (mention !== undefined) return { kind: 'mention', name: mention };
  if (emoji !== undefined) return { kind: 'emoji', name: emoji };
  if (bold !== undefined) return { kind: 'bold', pieces: readInline(bold) };
  if (italic !== undefined) return { kind: 'italic', pieces: readInline(italic) };
  if (strike !== undefined) return { kind: 'strike', pieces: readInline(strike) };
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
