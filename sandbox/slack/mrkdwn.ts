/** A piece of formatted text, for whoever draws it. Text is plain: entities are already characters. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bold' | 'italic' | 'strike' | 'quote'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'code' | 'fence'; readonly text: string }
  | { readonly kind: 'link'; readonly url: string; readonly text: string }
  | { readonly kind: 'mention'; readonly text: string; readonly id: string }
  | { readonly kind: 'emoji'; readonly name: string }
  | { readonly kind: 'break' };

/** How ids become names. */
export interface Names {
  readonly user: (id: string) => string | undefined;
  readonly channel: (id: string) => string | undefined;
  readonly group: (id: string) => string | undefined;
}

/** Reads the service's own markup. What is not closed or not known stays as it was typed. */
export function readMrkdwn(source: string, names: Names): Piece[] {
  return source.split(/(```[\s\S]*?```)/).flatMap((part, index): Piece[] => {
    if (index % 2 === 1)
      return [{ kind: 'fence', text: unescaped(links(part.slice(3, -3), names)).replace(/^\n|\n$/g, '') }];
    // A fence is a block of its own: the line breaks around it are not text.
    return readLines(
      part.replace(index > 0 ? /^\n/ : /^$/, '').replace(/\n$/, index % 2 === 0 ? '' : '\n'),
      names,
    );
  });
}

/** The plain text of some pieces. */
export function plainText(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => {
      if (piece.kind === 'break') return '\n';
      if (piece.kind === 'emoji') return `:${piece.name}:`;
      if (piece.kind === 'quote') return `> ${plainText(piece.pieces)}\n`;
      if (piece.kind === 'fence') return `\n${piece.text}\n`;
      return 'pieces' in piece ? plainText(piece.pieces) : piece.text;
    })
    .join('');
}

function readLines(source: string, names: Names): Piece[] {
  if (source === '') return [];
  const pieces: Piece[] = [];
  const lines = source.split('\n');
  for (const [index, line] of lines.entries()) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted !== null) {
      pieces.push({ kind: 'quote', pieces: readInline(quoted[1] ?? '', names) });
      continue;
    }
    pieces.push(...readInline(line, names));
    if (index < lines.length - 1) pieces.push({ kind: 'break' });
  }
  return pieces;
}

/** In order of strength: code, `<…>`, emoji, bold, italic, strike. Marks count only at the edges of words. */
const INLINE =
  /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+-]+):|(?<![\p{L}\p{N}*])\*(?!\s)([^*\n]+?)(?<!\s)\*(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_])_(?!\s)([^_\n]+?)(?<!\s)_(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}~])~(?!\s)([^~\n]+?)(?<!\s)~(?![\p{L}\p{N}~])/gu;

function readInline(source: string, names: Names): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of source.matchAll(INLINE)) {
    const [whole, code, angle, emoji, bold, italic, strike] = match;
    if (match.index > from) pieces.push({ kind: 'text', text: unescaped(source.slice(from, match.index)) });
    from = match.index + whole.length;
    if (code !== undefined) pieces.push({ kind: 'code', text: unescaped(links(code, names)) });
    else if (angle !== undefined) pieces.push(readAngle(angle, names));
    else if (emoji !== undefined) pieces.push({ kind: 'emoji', name: emoji });
    else if (bold !== undefined) pieces.push({ kind: 'bold', pieces: readInline(bold, names) });
    else if (italic !== undefined) pieces.push({ kind: 'italic', pieces: readInline(italic, names) });
    else if (strike !== undefined) pieces.push({ kind: 'strike', pieces: readInline(strike, names) });
  }
  if (from < source.length) pieces.push({ kind: 'text', text: unescaped(source.slice(from)) });
  return pieces;
}

function readAngle(inside: string, names: Names): Piece {
  const [target = '', label] = inside.split('|', 2);
  const shown = label === undefined ? undefined : unescaped(label);
  const user = /^@([UW][A-Z0-9]+)$/.exec(target)?.[1];
  if (user !== undefined) return { kind: 'mention', id: user, text: `@${names.user(user) ?? shown ?? user}` };
  const channel = /^#([CG][A-Z0-9]+)$/.exec(target)?.[1];
  if (channel !== undefined)
    return { kind: 'mention', id: channel, text: `#${names.channel(channel) ?? shown ?? channel}` };
  const group = /^!subteam\^([A-Z0-9]+)$/.exec(target)?.[1];
  if (group !== undefined)
    return { kind: 'mention', id: group, text: `@${names.group(group) ?? shown ?? group}` };
  const all = /^!(here|channel|everyone)$/.exec(target)?.[1];
  if (all !== undefined) return { kind: 'mention', id: all, text: `@${all}` };
  if (/^!date\^/.test(target)) return { kind: 'text', text: shown ?? '' };
  if (/^(?:https?:\/\/|mailto:)/i.test(target)) {
    const url = unescaped(target);
    return { kind: 'link', url, text: shown ?? url.replace(/^mailto:/, '') };
  }
  return { kind: 'text', text: unescaped(`<${inside}>`) };
}

/** Inside code only the angle brackets of mentions and links are read. */
function links(code: string, names: Names): string {
  return code.replace(/<([^<>\n]+)>/g, (whole, inside: string) => {
    const piece = readAngle(inside, names);
    return piece.kind === 'link' || piece.kind === 'mention' ? piece.text : whole;
  });
}

function unescaped(text: string): string {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
