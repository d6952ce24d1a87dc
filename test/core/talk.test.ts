import { describe, expect, it } from 'vitest';
import { callInShort, lineInShort } from '../../src/core/in-short.ts';
import { saidOf } from '../../src/core/talk.ts';

describe('what somebody says to a request in words of their own', () => {
  it.each([
    ['yes', ['approve r9']],
    ['OK, go ahead', ['approve r9']],
    ['👍', ['approve r9']],
    ['yes, r12 please', ['approve r12']],
    ['no way', ['deny r9 because=…', 'cancel r9']],
    ['stop!', ['cancel r9']],
    ['what now?', ['show r9', 'history r9']],
    ['how long will it take', ['show r9', 'history r9']],
    ['all done', ['done r9 …', 'check r9']],
    ['yesterday was better', []],
    ['build me a kernel', []],
  ])('%j: the lines that it seems to mean', (text, lines) => {
    expect(saidOf(text, 'r9')).toEqual(lines);
  });

  it('means nothing where no request is near, but for how it is going', () => {
    expect(saidOf('yes', undefined)).toEqual([]);
    expect(saidOf('any news?', undefined)).toEqual(['requests mine']);
  });
});

describe('in short', () => {
  const bytes = Buffer.alloc(300, 'x');

  it('bytes stand by their length and the beginning of their SHA-256, and so does a SHA-256', () => {
    const call = `ca: koji-ca.sh "sign" "${'ab'.repeat(32)}" "${bytes.toString('base64')}"`;
    const short = callInShort(call);
    expect(short).toMatch(
      /^ca: koji-ca\.sh "sign" "(?:ab){8}…" "eHh4eHh4…" \(300 bytes, sha256 [0-9a-f]{16}…\)$/,
    );
    const other = Buffer.from(bytes).fill('y', 299);
    expect(callInShort(call.replace(bytes.toString('base64'), other.toString('base64')))).not.toBe(short);
  });

  it('what was pasted into a line is not repeated, whole or cut off', () => {
    const pem = `-----BEGIN CERTIFICATE REQUEST----- ${bytes.toString('base64')}`;
    expect(lineInShort(`cert issue csr=${pem} -----END CERTIFICATE REQUEST-----`)).toBe('cert issue csr=…');
    expect(lineInShort(`cert issue csr=${pem}`)).toBe('cert issue csr=…');
    // Phones make one dash of several.
    const typed = `${pem} -----END CERTIFICATE REQUEST-----`.replaceAll('-----', '—–—');
    expect(lineInShort(`cert issue for=toni csr=${typed}`)).toBe('cert issue for=toni csr=…');
    expect(lineInShort(`cert issue for=toni csr=${bytes.toString('base64')}`)).toBe(
      'cert issue for=toni csr=…',
    );
    expect(lineInShort('builder capacity builder2 8')).toBe('builder capacity builder2 8');
  });
});
