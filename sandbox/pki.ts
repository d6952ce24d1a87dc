import 'reflect-metadata';
import { X509Certificate as NodeCertificate, randomBytes, type webcrypto } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A pretend CA like the one of a Koji site, in a directory of its own. */
export interface Pki {
  readonly dir: string;
  /** PEM: for whoever must trust the hub. */
  readonly ca: string;
  /** The same with its key: for the pretend host that signs. */
  readonly authority: KeyPair;
  readonly server: KeyPair;
  /** The certificate of a Koji user, made when first asked for. Never for a user whose name is a path. */
  client(name: string): Promise<KeyPair>;
  /** One that is kept nowhere; `expired` was good until yesterday, `cn: null` names nobody. */
  issue(options: { cn: string | null; expired?: boolean }): Promise<KeyPair>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 24 * 3600 * 1000;
const ORGANISATION = 'C=US, ST=NC, L=Raleigh, O=Koji Sandbox';
const PAIR =
  /(-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----)[\s\S]*?(-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----)/;

/**
 * Finds or makes the CA and the server's certificate in `dir`. What is there and good for a week more is kept,
 * so a second start trusts what the first one made. Certificate and key stand in one file (mode 0600), as
 * Koji's own tools have it, so that a stop between two writes leaves no pair that does not match.
 */
export async function makePki(dir: string): Promise<Pki> {
  await mkdir(join(dir, 'clients'), { recursive: true, mode: 0o700 });
  const ca = await kept(join(dir, 'ca.pem'), null, makeCa);
  await store(join(dir, 'ca.crt'), `${ca.cert}\n`, 0o644);
  const server = await kept(join(dir, 'server.pem'), ca.cert, () => issueServer(ca));
  return {
    dir,
    ca: ca.cert,
    authority: ca,
    server,
    client: (name) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$/.test(name)) throw new Error(`not a user name: ${name}`);
      return kept(join(dir, 'clients', `${name}.pem`), ca.cert, () => issueClient(ca, name, false));
    },
    issue: ({ cn, expired = false }) => issueClient(ca, cn, expired),
  };
}

async function kept(path: string, issuer: string | null, make: () => Promise<KeyPair>): Promise<KeyPair> {
  const [, cert, key] = PAIR.exec(await readFile(path, 'utf8').catch(() => '')) ?? [];
  if (cert !== undefined && key !== undefined && isGood(cert, issuer ?? cert)) {
    await chmod(path, 0o600);
    return { cert, key };
  }
  const made = await make();
  await store(path, `${made.cert}\n${made.key}\n`, 0o600);
  return made;
}

function isGood(cert: string, issuer: string): boolean {
  const read = new NodeCertificate(cert);
  return (
    Date.parse(read.validTo) > Date.now() + 7 * DAY && read.verify(new NodeCertificate(issuer).publicKey)
  );
}

async function store(path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(beside, text, { mode });
  await rename(beside, path);
}

async function makeCa(): Promise<KeyPair> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `${ORGANISATION}, OU=CA, CN=koji sandbox CA`,
    ...validity(3 * 365),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pem(cert, keys.privateKey);
}

function issueServer(ca: KeyPair): Promise<KeyPair> {
  return sign(ca, `${ORGANISATION}, CN=localhost`, validity(365), [
    new x509.SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'dns', value: 'koji.sandbox' },
      { type: 'ip', value: '127.0.0.1' },
    ]),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  ]);
}

function issueClient(ca: KeyPair, cn: string | null, expired: boolean): Promise<KeyPair> {
  const name = cn === null ? ORGANISATION : `${ORGANISATION}, CN=${cn}`;
  return sign(ca, name, validity(expired ? -1 : 365), [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
  ]);
}

async function sign(
  ca: KeyPair,
  subject: string,
  dates: { notBefore: Date; notAfter: Date },
  extensions: readonly x509.Extension[],
): Promise<KeyPair> {
  const authority = new x509.X509Certificate(ca.cert);
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject,
    issuer: authority.subject,
    ...dates,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await privateKey(ca.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...extensions,
    ],
  });
  return pem(cert, keys.privateKey);
}

/** From an hour ago, for clocks that differ. */
function validity(days: number) {
  const now = Date.now();
  return {
    notBefore: new Date(now - 3600_000 - (days < 0 ? 30 * DAY : 0)),
    notAfter: new Date(now + days * DAY),
  };
}

/** 16 bytes; the first is under 0x80 (positive) and not 0. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString('hex');
}

function newKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function privateKey(key: string) {
  return crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(key), ALGORITHM, true, ['sign']);
}

async function pem(cert: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<KeyPair> {
  const bytes = await crypto.subtle.exportKey('pkcs8', key);
  return { cert: cert.toString('pem'), key: x509.PemConverter.encode(bytes, 'PRIVATE KEY') };
}
