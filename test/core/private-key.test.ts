import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { anyPrivateKey, holdsPrivateKey } from '../../src/core/private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pem = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
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
    ['a command', 'repo add https://dl.fedoraproject.org/pub/fedora/linux/releases/40/Everything/x86_64/os/'],
    ['a digest', 'ab'.repeat(32)],
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
