import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CsrCheck, checkCsr } from '../../commands/certificates/csr.ts';
import { type CsrRules, nameTrouble } from '../../commands/certificates/csr-rules.ts';
import { bitsOf, inside, readDer, TAG } from '../../commands/certificates/der.ts';
import { hasOpenssl } from '../../sandbox/hosts/ca.ts';
import { openssl, temporaryDir } from '../support/openssl.ts';

const printable = 'printable' as const;
const rules: CsrRules = {
  ca: [
    { key: 'C', value: 'US', encoding: printable },
    { key: 'ST', value: 'NC', encoding: printable },
    { key: 'O', value: 'Katello Koji', encoding: printable },
    { key: 'CN', value: 'koji CA', encoding: printable },
  ],
  reserved: ['kojiadmin', 'kojira'],
  hosts: ['kojibuilder1.katello.org', 'builder1'],
};
const SUBJECT = '/C=US/ST=NC/O=Katello Koji';

describe.skipIf(!hasOpenssl)('a signing request made by openssl', () => {
  const place = temporaryDir();
  const run = (...args: readonly string[]): string => openssl(args, { cwd: place.dir });
  let good: string;
  beforeAll(() => {
    run('genrsa', '-out', 'rsa.key', '2048');
    run('ecparam', '-genkey', '-noout', '-name', 'prime256v1', '-out', 'ec.key');
    good = csr('rsa.key');
  });
  afterAll(() => place.remove());

  function csr(key: string, ...more: readonly string[]): string {
    const subject = more.includes('-subj') ? [] : ['-subj', `${SUBJECT}/CN=maria`];
    return run('req', '-new', '-key', key, ...subject, ...more);
  }
  /** With a subject that no option of openssl can give: a file of octets, replaced in place. */
  function withName(name: string | Buffer): string {
    const bytes = Buffer.from(name);
    const stand = 'x'.repeat(bytes.length);
    const made = csr('rsa.key', '-subj', `${SUBJECT}/CN=${stand}`);
    const der = derOf(made);
    const at = der.indexOf(stand);
    bytes.copy(der, at);
    // Signed anew, so that only the name is wrong.
    const [info, algorithm] = inside(readDer(der), TAG.sequence, 'request');
    writeFileSync(join(place.dir, 'info'), info?.whole ?? '');
    run('dgst', '-sha256', '-sign', 'rsa.key', '-out', 'signature', 'info');
    const signature = readFileSync(join(place.dir, 'signature'));
    const body = Buffer.concat([
      info?.whole ?? Buffer.alloc(0),
      algorithm?.whole ?? Buffer.alloc(0),
      element(TAG.bits, Buffer.concat([Buffer.from([0]), signature])),
    ]);
    return wrap('CERTIFICATE REQUEST', element(TAG.sequence, body));
  }
  const check = (text: string, more: Partial<CsrRules> = {}): CsrCheck =>
    checkCsr(text, { ...rules, ...more });

  it('may be signed, and says whose it is and which key it has', () => {
    const found = check(good);
    expect(found).toMatchObject({
      kind: 'ok',
      repaired: [],
      notes: [],
      csr: { user: 'maria', keyText: 'RSA 2048', der: derOf(good) },
    });
    run('req', '-in', write(good), '-outform', 'DER', '-out', 'a.der');
    const sum = run('dgst', '-sha256', '-r', 'a.der').split(' ')[0];
    expect(found.kind === 'ok' && found.csr.fingerprint).toBe(sum);
  });

  it('may have a key of P-256 or P-384, and Ed25519 only where that is allowed', () => {
    run('ecparam', '-genkey', '-noout', '-name', 'secp384r1', '-out', 'ec384.key');
    run('genpkey', '-algorithm', 'ed25519', '-out', 'ed.key');
    expect(check(csr('ec.key'))).toMatchObject({ kind: 'ok', csr: { keyText: 'EC P-256' } });
    expect(check(csr('ec384.key'))).toMatchObject({ kind: 'ok', csr: { keyText: 'EC P-384' } });
    expect(check(csr('ed.key'))).toMatchObject({
      code: 'key-type',
      says: expect.stringContaining('Ed25519'),
    });
    expect(check(csr('ed.key'), { ed25519: true })).toMatchObject({
      kind: 'ok',
      csr: { keyText: 'Ed25519' },
    });
  });

  it('is refused with a key of 1024 bits, on another curve, of DSA or of RSA-PSS', () => {
    run('genrsa', '-out', 'small.key', '1024');
    run('ecparam', '-genkey', '-noout', '-name', 'secp256k1', '-out', 'k1.key');
    run('genpkey', '-algorithm', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'pss.key');
    expect(check(csr('small.key'))).toMatchObject({
      code: 'key-size',
      says: expect.stringContaining('1024'),
    });
    expect(check(csr('k1.key'))).toMatchObject({
      code: 'key-type',
      says: expect.stringContaining('secp256k1'),
    });
    expect(check(csr('pss.key'))).toMatchObject({ code: 'key-type' });
  });

  it('is refused with an EC key in other bytes than the usual: as another key it could come back after it was revoked', () => {
    run('ec', '-in', 'ec.key', '-conv_form', 'compressed', '-out', 'compressed.key');
    run('ec', '-in', 'ec.key', '-param_enc', 'explicit', '-out', 'explicit.key');
    expect(check(csr('compressed.key'))).toMatchObject({ code: 'key-odd' });
    expect(check(csr('explicit.key'))).toMatchObject({ kind: 'no' });
  });

  it('is refused with more in it than a request has, which `openssl` would not read', () => {
    const der = derOf(good);
    const more = Buffer.concat([der, Buffer.from('0500', 'hex')]);
    more.writeUInt16BE(der.readUInt16BE(2) + 2, 2);
    expect(check(wrap('CERTIFICATE REQUEST', more))).toMatchObject({
      code: 'damaged',
      says: expect.stringContaining('more parts than a request has'),
    });
  });

  it('is refused with a key of 16384 bits before any time goes into its signature', () => {
    const huge = fabricated(16_384);
    const began = performance.now();
    expect(check(huge)).toMatchObject({ code: 'key-size', says: expect.stringContaining('16384') });
    expect(performance.now() - began).toBeLessThan(200);
    // 8192 bits are still taken: there it is the made up signature that is wrong.
    expect(check(fabricated(8192))).toMatchObject({ code: 'signature' });
    expect(check(fabricated(2048, 3))).toMatchObject({ code: 'key-odd' });
  });

  it('is refused when its signature does not fit, or is SHA-1', () => {
    const other = csr('rsa.key', '-subj', `${SUBJECT}/CN=evan1`);
    const der = derOf(other);
    der.write('maria', der.indexOf('evan1'));
    expect(check(wrap('CERTIFICATE REQUEST', der))).toMatchObject({ code: 'signature' });
    expect(check(csr('rsa.key', '-sha1'))).toMatchObject({ code: 'weak-signature' });
  });

  it('is refused with a subject that the CA does not sign for, and told the right one', () => {
    const wrong = check(csr('rsa.key', '-subj', '/C=US/ST=NC/O=Katello/CN=maria'));
    expect(wrong).toMatchObject({
      code: 'subject',
      says: 'The subject says O=Katello; this CA signs for O=Katello Koji only.',
      next: expect.stringContaining(
        'Make it again with `-subj "/C=US/ST=NC/O=Katello Koji/CN=maria"`. `cert issue` alone',
      ),
    });
    expect(check(csr('rsa.key', '-subj', '/C=US/O=Katello Koji/CN=maria'))).toMatchObject({
      code: 'subject',
    });
    expect(check(csr('rsa.key', '-subj', SUBJECT))).toMatchObject({ says: expect.stringContaining('no CN') });
    expect(check(csr('rsa.key', '-subj', `${SUBJECT}/CN=maria/CN=adam`))).toMatchObject({ code: 'subject' });
  });

  it('says what of it the CA leaves out', () => {
    const found = check(
      csr(
        'rsa.key',
        '-subj',
        `${SUBJECT}/L=Raleigh/OU=people/CN=maria`,
        '-addext',
        'subjectAltName=DNS:koji',
      ),
    );
    expect(found.kind === 'ok' && found.notes).toEqual([
      'The CA leaves out of the subject: L=Raleigh, OU=people.',
      'The CA leaves out the extensions that it asks for.',
    ]);
  });

  it.each([
    ['a slash', 'mar/ia', 'name', '“/” (U+002F)'],
    ['a line break', 'mar\nia', 'name', 'U+000A'],
    ['a NUL', 'maria\0.evil', 'name', 'U+0000'],
    ['a letter that looks like another', 'mаria', 'name', '“а” (U+0430)'],
    ['a letter of full width', 'ｍaria', 'name', 'U+FF4D'],
    ['a mark that cannot be seen', 'mar\u200bia', 'name', 'U+200B'],
    ['a space', 'maria p', 'name', 'U+0020'],
    ['a leading dash', '-maria', 'name', 'begins with'],
    ['a service', 'kojiadmin', 'name-reserved', 'service'],
    ['what looks like a service', 'K0ji-Admin', 'name-reserved', 'service'],
    ['a builder', 'kojibuilder1.katello.org', 'name-host', 'builder'],
    ['a builder of one word', 'Builder1', 'name-host', 'builder'],
    ['a host nobody knows', 'new.katello.org', 'name-host', 'host'],
  ])('is refused with %s for a name', (_what, name, code, says) => {
    expect(check(withName(name))).toMatchObject({ code, says: expect.stringContaining(says) });
  });

  it('is refused with a name that is too long, is not UTF-8, or is somebody else’s', () => {
    expect(nameTrouble('a'.repeat(200), rules)).toMatchObject({
      says: expect.stringContaining('200 characters'),
    });
    expect(check(withName(Buffer.from([0xff, 0xfe, 0x41])))).toMatchObject({ code: 'damaged' });
    expect(check(good, { user: 'adam' })).toMatchObject({ code: 'name-other' });
    expect(check(good, { user: 'Maria' })).toMatchObject({ says: expect.stringContaining('capital') });
    expect(check(good, { user: 'maria' })).toMatchObject({ kind: 'ok' });
  });

  it.each([
    ['CR LF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['no line breaks', (text: string) => text.replaceAll('\n', '')],
    ['spaces for line breaks', (text: string) => text.replaceAll('\n', ' ')],
    ['a forum’s dashes', (text: string) => text.replaceAll('-----', '—–')],
    ['a word processor’s dashes', (text: string) => text.replaceAll('--', '–')],
    ['quoting', (text: string) => text.replaceAll(/^/gm, '> ')],
    ['smart quotes around it', (text: string) => `“${text.trim()}”`],
    [
      'no-break spaces and marks that cannot be seen',
      (text: string) => text.replaceAll('\n', '\u00a0\n\u200b'),
    ],
    ['blank lines', (text: string) => text.replaceAll('\n', '\n\n')],
    ['a code fence and words', (text: string) => `Hello,\n\`\`\`\n${text}\`\`\`\nthanks!`],
    ['the text of openssl before it', (text: string) => run('req', '-in', write(text), '-text')],
    ['only its body', (text: string) => text.replace(/-----[^-]+-----/g, '')],
    [
      'the old words NEW CERTIFICATE REQUEST',
      (text: string) => text.replaceAll('CERTIFICATE R', 'NEW CERTIFICATE R'),
    ],
    ['the same twice', (text: string) => `${text}\n${text}`],
  ])('is mended when it comes with %s', (_what, spoil) => {
    expect(check(spoil(good))).toMatchObject({ kind: 'ok', csr: { der: derOf(good) } });
  });

  it('is refused when there are two, when its end is missing, or when something is in the middle', () => {
    expect(check(good + csr('ec.key'))).toMatchObject({ code: 'several' });
    expect(check(good.slice(0, 500))).toMatchObject({
      code: 'damaged',
      says: expect.stringContaining('END'),
    });
    expect(check(good.replace(/\n.{64}\n/, '\n'))).toMatchObject({ code: 'damaged' });
    expect(check(good.replace('MII', 'M…II'))).toMatchObject({ says: expect.stringContaining('U+2026') });
    expect(check('hello')).toMatchObject({ code: 'not-a-request' });
    expect(check('maria.csr')).toMatchObject({ says: expect.stringContaining('the name of a file') });
    expect(check(' \n')).toMatchObject({ code: 'empty' });
    expect(check('a'.repeat(20_000))).toMatchObject({ code: 'too-long' });
  });

  it('gets a clear answer of its own when it is a certificate, a public key or a private key', () => {
    run('req', '-x509', '-key', 'rsa.key', '-subj', '/CN=x', '-out', 'own.crt');
    const certificate = readFileSync(join(place.dir, 'own.crt'), 'utf8');
    expect(check(certificate)).toMatchObject({ code: 'certificate' });
    expect(check(certificate.replaceAll(/-----[^-]+-----/g, ''))).toMatchObject({ code: 'certificate' });
    expect(check(run('pkey', '-in', 'rsa.key', '-pubout'))).toMatchObject({ code: 'public-key' });
    expect(check('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA maria@laptop')).toMatchObject({
      code: 'public-key',
    });
    const key = readFileSync(join(place.dir, 'rsa.key'), 'utf8');
    for (const text of [
      key,
      good + key,
      run('pkey', '-in', 'ec.key'),
      run('rsa', '-in', 'rsa.key', '-aes128', '-passout', 'pass:secret'),
      key.replaceAll('-----', '—–'),
      wrap('CERTIFICATE REQUEST', derOf(key)),
    ]) {
      const found = check(text);
      expect(found).toMatchObject({ code: 'private-key' });
      expect(JSON.stringify(found)).not.toMatch(/[A-Za-z0-9+/]{40}/);
    }
  });

  it('never ends in anything but an answer, whatever bytes are changed', () => {
    const der = derOf(good);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: der.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, byte) => {
          const changed = Buffer.from(der);
          changed[at] = byte;
          const found = checkCsr(wrap('CERTIFICATE REQUEST', changed), rules);
          expect(found.kind).toBe(byte === der[at] ? 'ok' : 'no');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is checked in under 20 ms', () => {
    run('genrsa', '-out', 'big.key', '4096');
    const big = csr('big.key');
    for (const text of [good, big, csr('ec.key')]) {
      check(text);
      const began = performance.now();
      for (let round = 0; round < 20; round++) expect(check(text).kind).toBe('ok');
      expect((performance.now() - began) / 20).toBeLessThan(20);
    }
  });

  function write(text: string): string {
    writeFileSync(join(place.dir, 'in.csr'), text);
    return 'in.csr';
  }
});

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
}

function element(tag: number, body: Buffer): Buffer {
  const { length } = body;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

/** A request with a made up RSA key of so many bits, and a made up signature. */
function fabricated(bits: number, exponent = 65_537): string {
  const oid = (hex: string): Buffer => element(TAG.oid, Buffer.from(hex, 'hex'));
  const part = (type: string, text: string): Buffer =>
    element(TAG.set, element(TAG.sequence, Buffer.concat([oid(type), element(0x13, Buffer.from(text))])));
  const subject = [
    part('550406', 'US'),
    part('550408', 'NC'),
    part('55040a', 'Katello Koji'),
    part('550403', 'maria'),
  ];
  const modulus = Buffer.concat([Buffer.from([0]), Buffer.alloc(bits / 8, 0xa5)]);
  const e = exponent > 0xffff ? Buffer.from([1, 0, 1]) : Buffer.from([exponent]);
  const key = element(TAG.sequence, Buffer.concat([element(TAG.integer, modulus), element(TAG.integer, e)]));
  const rsa = element(TAG.sequence, Buffer.concat([oid('2a864886f70d010101'), Buffer.from([5, 0])]));
  const sha256 = element(TAG.sequence, Buffer.concat([oid('2a864886f70d01010b'), Buffer.from([5, 0])]));
  const bit = (bytes: Buffer): Buffer => element(TAG.bits, Buffer.concat([Buffer.from([0]), bytes]));
  const spki = element(TAG.sequence, Buffer.concat([rsa, bit(key)]));
  const info = element(
    TAG.sequence,
    Buffer.concat([
      element(TAG.integer, Buffer.from([0])),
      element(TAG.sequence, Buffer.concat(subject)),
      spki,
      element(TAG.zero, Buffer.alloc(0)),
    ]),
  );
  const whole = element(TAG.sequence, Buffer.concat([info, sha256, bit(Buffer.alloc(bits / 8, 1))]));
  expect(bitsOf(inside(readDer(whole), TAG.sequence, 'x')[2], 'x').length).toBe(bits / 8);
  return wrap('CERTIFICATE REQUEST', whole);
}

/** PEM as `openssl` writes it. */
function wrap(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
