import { createHash } from 'node:crypto';
import { PEM_BLOCK } from './pem.ts';

/** An argument that carries bytes and no words: longer than any digest, and nothing but base64. */
const BYTES = /"([A-Za-z0-9+/]{120,}={0,2})"/gu;

/** An argument that is a SHA-256. */
const DIGEST = /"([0-9a-f]{64})"/gu;
/** Digits of one that are shown: nobody makes another thing with the same ones, and a phone has room for them. */
const DIGITS = 16;

/**
 * The same call for a small screen. Bytes that nobody can read (a request for a certificate) stand by their length and
 * the beginning of their SHA-256, so that they are still these and no others, and can be compared; so do arguments that
 * are one. Everything else stands as it is. The terminal and the forum show the call whole.
 */
export function callInShort(call: string): string {
  return call
    .replace(DIGEST, (_, digest: string) => `"${digest.slice(0, DIGITS)}…"`)
    .replace(BYTES, (_, base64: string) => {
      const bytes = Buffer.from(base64, 'base64');
      const digest = createHash('sha256').update(bytes).digest('hex');
      return `"${base64.slice(0, 8)}…" (${bytes.length} bytes, sha256 ${digest.slice(0, DIGITS)}…)`;
    });
}

/** What was pasted, from its BEGIN to its END or to the end of the line; and one word of bytes. */
const PASTED = new RegExp(`${PEM_BLOCK}|(?<==)[A-Za-z0-9+/]{60,}={0,2}`, 'gu');

/** A line that somebody said, as it is shown: `cert issue csr=…`. Who says it again is asked for what is missing. */
export function lineInShort(line: string): string {
  return line.replace(PASTED, '…');
}
