import { createHash } from 'node:crypto';
import { PEM_BLOCK } from './pem.ts';

/** An argument that carries bytes and no words: longer than any digest, and nothing but base64. */
const BYTES = /"([A-Za-z0-9+/]{120,}={0,2})"/gu;

/**
 * The same call for a small screen. Bytes that nobody can read (a request for a certificate) stand by their length and
 * SHA-256, so that they are still these and no others, and can be compared. Everything else stands as it is.
 */
export function callInShort(call: string): string {
  return call.replace(BYTES, (_, base64: string) => {
    const bytes = Buffer.from(base64, 'base64');
    return `"${base64.slice(0, 8)}…" (${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')})`;
  });
}

/** What was pasted, from its BEGIN to its END or to the end of the line; and one word of bytes. */
const PASTED = new RegExp(`${PEM_BLOCK}|(?<==)[A-Za-z0-9+/]{60,}={0,2}`, 'gu');

/** A line that somebody said, as it is shown: `cert issue csr=…`. Who says it again is asked for what is missing. */
export function lineInShort(line: string): string {
  return line.replace(PASTED, '…');
}
