import { setImmediate as breathe } from 'node:timers/promises';
import { readLog } from './log-text.ts';
import { holdsPrivateKey } from './private-key.ts';
import { visible } from './visible.ts';

/** Looked at in one go. No private key is longer than two of these. */
const PIECE_BYTES = 16 * 1024;

/**
 * A log as it may be given away: whole lines, nothing in it that cannot be seen, no login in an address, and no private
 * key. Around what looks like one the lines before and after are taken out too: it may have begun earlier, and end later.
 */
export async function presentable(log: Uint8Array): Promise<string> {
  const pieces: { readonly text: string; readonly isKey: boolean }[] = [];
  for (let at = 0; at < log.length; ) {
    const piece = log.subarray(at, at + PIECE_BYTES);
    const { text, bytes } = readLog(piece, at + piece.length === log.length ? 'ended' : 'full');
    const plain = text.replace(COLOURS, '');
    pieces.push({ text: withoutLogins(visible(plain)), isKey: holdsPrivateKey(plain) });
    at += bytes;
    // Others want to be served meanwhile.
    await breathe();
  }
  const taken = (index: number): boolean => [index - 1, index, index + 1].some((near) => pieces[near]?.isKey);
  const given: string[] = [];
  for (const [index, { text }] of pieces.entries()) {
    if (!taken(index)) given.push(text);
    else if (!taken(index - 1)) given.push(TAKEN_OUT);
  }
  return given.join('');
}

/** User and password of each address; a token stands there alone. Not by one expression, which would take the square of a line. */
function withoutLogins(text: string): string {
  const [before = '', ...behind] = text.split('://');
  return [before, ...behind.map(withoutLogin)].join('://');
}

/** Up to the last @: a password may hold one, and a slash, but what follows on a port is a path. */
function withoutLogin(behind: string): string {
  const [address = ''] = /^[^\s"<>]*/u.exec(behind) ?? [];
  const [place = ''] = address.split('/', 1);
  const named = place.indexOf(':');
  const hasPort = named >= 0 && /^\d{1,5}$/u.test(place.slice(named + 1));
  const at = (named >= 0 && !hasPort ? address : place).lastIndexOf('@');
  return at < 0 ? behind : `***${behind.slice(at)}`;
}

/** What makes a terminal draw in colours, and says nothing else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with one.
const COLOURS = /\u001b\[[\d;]*m/g;

const TAKEN_OUT =
  '[here lines were taken out: they hold what looks like a private key. Treat it as burnt; the log on the host has it.]\n';
