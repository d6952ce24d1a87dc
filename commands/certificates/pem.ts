import { PEM_DASHES } from '../../src/core/pem.ts';
import { inside, NotDer, readDer, TAG } from './der.ts';

/** What stands in a text between BEGIN and END. */
export interface Block {
  /** `CERTIFICATE REQUEST`, `CERTIFICATE`, `PUBLIC KEY`. */
  readonly label: string;
  readonly der: Buffer;
}

/** The blocks of a text, and what had to be mended to read them; or what stands in the way. */
export type Unwrapped =
  | { readonly kind: 'blocks'; readonly blocks: readonly Block[]; readonly repaired: readonly string[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'damaged'; readonly why: string };

const MARK = new RegExp(
  `${PEM_DASHES}\\s*(BEGIN|END)\\s+((?:[A-Z0-9]+\\s+){0,4}?[A-Z0-9]+)\\s*${PEM_DASHES}`,
  'gu',
);
const EXACT = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/;
/** What gets between the letters of base64 on the way: white space, quoting, marks that cannot be seen. */
const BETWEEN = /[\s>|"'`\u00a0\u00ad\u200b-\u200f\u2018-\u201f\u2060\ufeff]+/gu;
const CLEAN_BODY = /^(?:[A-Za-z0-9+/=]{1,76}\n)+$/;

/** Finds the PEM blocks of a text as people paste it. A bare body of base64 counts as one block. */
export function unwrap(text: string): Unwrapped {
  const repaired = new Set<string>();
  const marks = [...text.matchAll(MARK)];
  if (marks.length === 0) return bare(text);
  if (text.includes('\r')) repaired.add('the line ends');
  if (marks.some(([mark]) => !EXACT.test(mark.trim()))) repaired.add('the dashes of BEGIN and END');
  const blocks: Block[] = [];
  for (const [at, mark] of marks.entries()) {
    if (mark[1] !== 'BEGIN') continue;
    const next = marks[at + 1];
    if (next?.[1] !== 'END')
      return { kind: 'damaged', why: 'its end is missing, from the last lines to the one with END' };
    const body = text.slice(mark.index + mark[0].length, next.index).replaceAll('\r', '');
    if (!CLEAN_BODY.test(body.replace(/^\n/, ''))) repaired.add('the line breaks');
    const read = bytesOf(body);
    if (typeof read === 'string') return { kind: 'damaged', why: read };
    blocks.push({ label: (mark[2] ?? '').replace(/\s+/g, ' '), der: read });
  }
  if (blocks.length === 0) return { kind: 'damaged', why: 'its beginning is missing, with the line BEGIN' };
  return { kind: 'blocks', blocks, repaired: [...repaired] };
}

function bare(text: string): Unwrapped {
  const body = text.replace(BETWEEN, '');
  if (!/^MI[A-Za-z0-9+/]{100,}={0,2}$/.test(body)) return { kind: 'none' };
  const read = bytesOf(body);
  if (typeof read === 'string') return { kind: 'damaged', why: read };
  return { kind: 'blocks', blocks: [{ label: '', der: read }], repaired: ['the BEGIN and END lines'] };
}

/** The bytes of base64; or why there are none. */
function bytesOf(body: string): Buffer | string {
  // Headers of old keys and mail (`Proc-Type: …`) stand before an empty line.
  const joined = body.replace(/^\s*(?:[A-Za-z-]+:[^\n]*\n)+\s*\n/, '').replace(BETWEEN, '');
  const odd = /[^A-Za-z0-9+/=]/u.exec(joined)?.[0];
  if (odd !== undefined) return `there is ${named(odd)} in the middle of it, which does not belong there`;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(joined) || joined.replace(/=+$/, '').length % 4 === 1)
    return 'some of its letters are missing';
  return Buffer.from(joined, 'base64');
}

/** A character, so that people can find it: `“…” (U+2026)`. */
export function named(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? `“${character}” (${code})` : `the character ${code}`;
}

/** What these bytes are by their shape, whatever the line above them says. */
export function kindOf(der: Buffer): 'request' | 'certificate' | 'public-key' | 'private-key' | 'other' {
  try {
    const [first, second] = inside(readDer(der), TAG.sequence, 'sequence');
    if (first?.tag === TAG.integer) return 'private-key';
    const [one, two, three] = inside(first, TAG.sequence, 'sequence');
    if (one?.tag === TAG.oid && second?.tag === TAG.bits) return 'public-key';
    if (one?.tag === TAG.zero) return 'certificate';
    if (one?.tag !== TAG.integer || two?.tag !== TAG.sequence) return 'other';
    // A certificate of version 1 has its serial here, and then an algorithm, which begins with an identifier.
    const [inner] = inside(two, TAG.sequence, 'sequence');
    return inner?.tag === TAG.oid ? 'certificate' : three?.tag === TAG.sequence ? 'request' : 'other';
  } catch (error) {
    if (error instanceof NotDer) return 'other';
    throw error;
  }
}
