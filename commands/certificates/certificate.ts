import { type KeyObject, X509Certificate } from 'node:crypto';
import { type Algorithm, readAlgorithm } from './algorithms.ts';
import { type Der, hexOf, inside, oidOf, readDer, TAG } from './der.ts';
import { type Attribute, readName } from './names.ts';

/** What can be read in a certificate. */
export interface Certificate {
  readonly pem: string;
  readonly subject: readonly Attribute[];
  readonly issuer: readonly Attribute[];
  /** Capital hex. */
  readonly serial: string;
  readonly from: Date;
  readonly until: Date;
  readonly key: KeyObject;
  readonly algorithm: Algorithm;
  /** SHA-256 of all of it, hex with colons. */
  readonly fingerprint: string;
  /** basicConstraints; null where it says nothing. */
  readonly isCa: boolean | null;
  /** keyUsage: may it sign certificates, may it sign CRLs? Null where it says nothing, and everything is allowed. */
  readonly usage: { readonly signsCertificates: boolean; readonly signsCrls: boolean } | null;
  signedBy(key: KeyObject): boolean;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** All certificates of a text that can be read, and how many cannot. */
export function readCertificates(text: string): {
  readonly certificates: readonly Certificate[];
  readonly broken: number;
} {
  const blocks = text.match(BLOCK) ?? [];
  const certificates = blocks.slice(0, 100).flatMap((block) => {
    try {
      return [readCertificate(block)];
    } catch {
      return [];
    }
  });
  return { certificates, broken: blocks.length - certificates.length };
}

function readCertificate(pem: string): Certificate {
  const node = new X509Certificate(pem);
  const [body] = inside(readDer(node.raw), TAG.sequence, 'certificate');
  const fields = inside(body, TAG.sequence, 'certificate');
  // A certificate of version 1 has no [0] before its serial.
  const [serial, algorithm, issuer, , subject] = fields.slice(fields[0]?.tag === TAG.zero ? 1 : 0);
  return {
    pem,
    subject: readName(subject, 'subject'),
    issuer: readName(issuer, 'issuer'),
    serial: hexOf(serial, 'serial'),
    from: new Date(node.validFrom),
    until: new Date(node.validTo),
    key: node.publicKey,
    algorithm: readAlgorithm(algorithm),
    fingerprint: node.fingerprint256,
    ...extensionsOf(fields),
    signedBy: (key) => node.verify(key),
  };
}

const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';

function extensionsOf(fields: readonly Der[]): Pick<Certificate, 'isCa' | 'usage'> {
  const wrapped = fields.find((field) => field.tag === TAG.three);
  const list = wrapped ? inside(inside(wrapped, TAG.three, 'extensions')[0], TAG.sequence, 'extensions') : [];
  const values = new Map(
    list.map((one) => {
      const [id, ...rest] = inside(one, TAG.sequence, 'extension');
      return [oidOf(id, 'name of an extension'), rest.at(-1)];
    }),
  );
  const constraints = values.get(BASIC_CONSTRAINTS);
  const usage = values.get(KEY_USAGE);
  return {
    isCa: constraints ? isCa(constraints) : null,
    usage: usage ? usageOf(usage) : null,
  };
}

function isCa(octets: Der): boolean {
  const [flag] = inside(readDer(octets.body), TAG.sequence, 'basicConstraints');
  return flag?.tag === TAG.boolean && flag.body[0] === 0xff;
}

function usageOf(octets: Der): Certificate['usage'] {
  const { body } = readDer(octets.body);
  const first = body[1] ?? 0;
  return { signsCertificates: (first & 0x04) !== 0, signsCrls: (first & 0x02) !== 0 };
}

/** `RSA 2048`, `EC prime256v1`, `Ed25519`. */
export function keyText(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return `RSA ${modulusLength ?? '?'}`;
    case 'ec':
      return `EC ${namedCurve === 'prime256v1' ? 'P-256' : namedCurve === 'secp384r1' ? 'P-384' : (namedCurve ?? '?')}`;
    case 'ed25519':
      return 'Ed25519';
    default:
      return key.asymmetricKeyType ?? 'unknown';
  }
}

/** Are the two one key? */
export function sameKey(one: KeyObject, other: KeyObject): boolean {
  return one.export({ type: 'spki', format: 'der' }).equals(other.export({ type: 'spki', format: 'der' }));
}
