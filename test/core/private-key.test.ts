import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { anyPrivateKey, holdsPrivateKey } from '../../src/core/private-key.ts';
import { openssl, temporaryDir } from '../support/openssl.ts';

const place = temporaryDir();
afterAll(() => place.remove());

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pem = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const encrypted = rsa
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const spell = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
/** A certificate or a request, by the real openssl. */
function made(what: '-x509' | '-new', key: KeyObject): string {
  const file = join(place.dir, 'key.pem');
  writeFileSync(file, spell(key));
  return openssl(['req', what, '-key', file, '-subj', '/CN=x'], { cwd: place.dir });
}
/** As a browser takes it: key and certificate with a password. */
function pkcs12(): Buffer {
  const file = join(place.dir, 'both.pem');
  writeFileSync(file, spell(rsa) + made('-x509', rsa));
  return execFileSync('openssl', ['pkcs12', '-export', '-in', file, '-passout', 'pass:x']);
}
const der = rsa.export({ type: 'pkcs8', format: 'der' });
const hex = (byte: number) => byte.toString(16).padStart(2, '0');
/** Lines of bytes: where they are, themselves, and what they look like. */
function dump(length: number, between: string): string {
  const lines = Array.from({ length: Math.ceil(der.length / length) }, (_, at) => {
    const bytes = der.subarray(at * length, (at + 1) * length);
    const words = bytes.toString('hex').replace(/(..)(..)/gu, `$1${between}$2 `);
    return `${hex(at * length).padStart(8, '0')}  ${words} |${bytes.toString('latin1').replace(/[^ -~]/gu, '.')}|`;
  });
  return lines.join('\n');
}
const bare = (text: string) => text.replace(/-----.*-----/gu, '').trim();
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a private key', () => {
  it.each([
    ['PEM, PKCS#8', pem],
    ['PEM, PKCS#1', rsa.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['PEM, SEC 1', ec.export({ type: 'sec1', format: 'pem' }).toString()],
    [
      'PEM, encrypted',
      rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    ],
    ['PEM within text', `please use this: ${pem} thanks`],
    ['PEM, in capitals gone small', pem.toLowerCase()],
    ['PEM on one line', pem.replaceAll('\n', ' ')],
    ['PEM, quoted', pem.replaceAll('\n', '\n> ')],
    ['percent-encoded', encodeURIComponent(pem)],
    ['percent-encoded with plus', encodeURIComponent(pem).replaceAll('%20', '+')],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(pem))],
    ['base64', base64(pem)],
    [
      'base64 of UTF-16, as a console of Windows writes files',
      Buffer.from(pem, 'utf16le').toString('base64'),
    ],
    ['wide letters', pem.replace(/[!-~]/gu, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))],
    ['base64 twice', base64(base64(pem))],
    ['base64 in lines', base64(pem).replace(/(.{64})/gu, '$1\n')],
    ['base64 with something in front', `key=${base64(pem)}`],
    ['base64url', Buffer.from(pem).toString('base64url')],
    ['base64 of text around it', base64(`ab${pem}`)],
    ['hex', Buffer.from(pem).toString('hex')],
    ['JSON', JSON.stringify({ a: { key: pem } })],
    ['JSON in JSON', JSON.stringify(JSON.stringify({ key: pem }))],
    ['\\u escapes', pem.replace(/[ -]/gu, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)],
    ['HTML escapes', pem.replaceAll('-', '&#45;')],
    ['the body alone, PKCS#8', bare(pem)],
    ['the body alone, PKCS#1', bare(rsa.export({ type: 'pkcs1', format: 'pem' }).toString())],
    ['the body alone, EC', bare(ec.export({ type: 'pkcs8', format: 'pem' }).toString())],
    ['the body of an encrypted one', bare(encrypted)],
    ['the body in hex', rsa.export({ type: 'pkcs8', format: 'der' }).toString('hex')],
    [
      'the body in hex with colons',
      rsa
        .export({ type: 'pkcs1', format: 'der' })
        .toString('hex')
        .replace(/..(?=.)/gu, '$&:'),
    ],
    ['the bytes of the file, by their numbers', JSON.stringify(Buffer.from(pem))],
    ['the bytes of the body, by their numbers', [...der].join(', ')],
    ['bytes as Node shows them', inspect(Buffer.from(pem))],
    ['bytes as C has them', [...der].map((byte) => `0x${hex(byte)}`).join(',')],
    ['bytes as a string of C', [...der].map((byte) => `\\x${hex(byte)}`).join('')],
    ['as `hexdump -C` shows it', dump(16, ' ')],
    ['as `xxd` shows it', dump(16, '').replace(/(.{8}) {2}/gu, '$1: ')],
    ['JWK as Python shows it', JSON.stringify(rsa.export({ format: 'jwk' })).replaceAll('"', "'")],
    ['Ed25519, the body', bare(ed25519.export({ type: 'pkcs8', format: 'pem' }).toString())],
    ['each line as code', bare(pem).replace(/^.*$/gmu, '`$&`')],
    ['its second half', pem.slice(pem.length / 2)],
    ['with characters that cannot be seen', pem.replaceAll('PRIVATE', 'PRI\u200bVA\u00adTE')],
    ['with named spaces', pem.replaceAll(' ', '&nbsp;')],
    ['JWK', JSON.stringify(rsa.export({ format: 'jwk' }))],
    ['JWK in JSON', JSON.stringify({ text: JSON.stringify(ec.export({ format: 'jwk' })) })],
    [
      'PKCS#12',
      pkcs12()
        .toString('base64')
        .replace(/(.{64})/gu, '$1\n'),
    ],
    ['PKCS#12 in a line', `browser file: ${pkcs12().toString('base64')}`],
    ['PuTTY, without its first line', `Private-Lines: 14\n${base64('x'.repeat(60))}`],
    ['as openssl prints it', openssl(['pkey', '-noout', '-text'], { cwd: '/', input: pem })],
    [
      'an EC key as openssl prints it',
      openssl(['pkey', '-noout', '-text'], {
        cwd: '/',
        input: spell(ec),
      }),
    ],
    ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA'],
  ])('is found as %s', (_, text) => {
    expect(holdsPrivateKey(text)).toBe(true);
  });

  it('is found deep inside a payload, and in pieces of one', () => {
    expect(anyPrivateKey({ view: { state: [{ value: pem }] } })).toBe(true);
    expect(anyPrivateKey({ lines: pem.split('\n') })).toBe(true);
  });

  it.each([
    ['a question about one', 'how do I make a private key for kojid?'],
    ['a certificate', `-----BEGIN CERTIFICATE-----\n${base64('x'.repeat(900))}\n-----END CERTIFICATE-----`],
    [
      'a signing request',
      `-----BEGIN CERTIFICATE REQUEST-----\nMIICijCCAXICAQAwRTELMAkGA1UEBhMCQVUxEzARBgNVBAgMClNvbWUtU3RhdGUx\n`,
    ],
    [
      'a public key',
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString(),
    ],
    ['a whole certificate', made('-x509', rsa)],
    ['a whole request of a curve’s key', made('-new', ec)],
    ['a public key as JWK', JSON.stringify(createPublicKey(rsa).export({ format: 'jwk' }))],
    ['a fingerprint', '30:82:04:BD:15:C5:7A:EB:6F:55:82:73:4B:48:BA:AE:56:8F:0B:5A:37:00:EC:51:DC:CB:21:B4'],
    ['a command', 'repo add https://dl.fedoraproject.org/pub/fedora/linux/releases/40/Everything/x86_64/os/'],
    ['a digest', 'ab'.repeat(32)],
    ['numbers', Array.from({ length: 60 }, (_, at) => at * 7).join(', ')],
  ])('is not %s', (_, text) => {
    expect(holdsPrivateKey(text)).toBe(false);
  });

  it('is looked for quickly in a long text', () => {
    const long = 'builder '.repeat(5000) + 'A'.repeat(40_000);
    const before = performance.now();
    holdsPrivateKey(long);
    expect(performance.now() - before).toBeLessThan(500);
  });
});
