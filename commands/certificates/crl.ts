import { type KeyObject, verify } from 'node:crypto';
import { type Algorithm, readAlgorithm } from './algorithms.ts';
import { bitsOf, type Der, expect, hexOf, inside, NotDer, readDer, TAG } from './der.ts';
import { readTime } from './times.ts';

/** A list of revoked certificates. */
export interface Crl {
  readonly made: Date;
  /** When the next one is due; httpd refuses everybody after it. */
  readonly next: Date | null;
  /** Serials, capital hex. */
  readonly serials: ReadonlySet<string>;
  readonly algorithm: Algorithm;
  /** Was it signed with this CA's key? */
  signedBy(key: KeyObject): boolean;
}

const BLOCK = /-----BEGIN X509 CRL-----([\s\S]+?)-----END X509 CRL-----/g;

/** Reads every CRL of a file: each root that is still needed has one. DER is one alone. Throws `NotDer`. */
function readCrls(bytes: Buffer): readonly Crl[] {
  const blocks = [...bytes.toString('latin1').matchAll(BLOCK)];
  return blocks.length === 0
    ? [readDerCrl(bytes)]
    : blocks.map(([, text = '']) => readDerCrl(Buffer.from(text, 'base64')));
}

/** Those of a file that was looked at; none where there is no file, or none that can be read: that is for `ca check` to say. */
export function crlsIn(bytes: Buffer | null): readonly Crl[] {
  if (!bytes) return [];
  try {
    return readCrls(bytes);
  } catch (error) {
    if (error instanceof NotDer) return [];
    throw error;
  }
}

function readDerCrl(der: Buffer): Crl {
  const [body, outer, bits] = inside(readDer(der), TAG.sequence, 'CRL');
  const fields = [...inside(body, TAG.sequence, 'CRL')];
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [algorithmField, , made, ...rest] = fields;
  const next = isTime(rest[0]) ? rest.shift() : undefined;
  const revoked = rest[0]?.tag === TAG.sequence ? inside(rest[0], TAG.sequence, 'list') : [];
  const serials = new Set(revoked.map((one) => hexOf(inside(one, TAG.sequence, 'entry')[0], 'serial')));
  const algorithm = readAlgorithm(algorithmField);
  const signature = bitsOf(bits, 'signature');
  expect(outer, TAG.sequence, 'signature algorithm');
  const signed = expect(body, TAG.sequence, 'CRL').whole;
  return {
    made: timeOf(made),
    next: next ? timeOf(next) : null,
    serials,
    algorithm,
    signedBy: (key) => {
      if (algorithm.hash === undefined) return false;
      try {
        return verify(algorithm.hash, signed, key, signature);
      } catch {
        return false;
      }
    },
  };
}

const isTime = (der: Der | undefined): boolean =>
  der?.tag === TAG.utcTime || der?.tag === TAG.generalizedTime;

function timeOf(der: Der | undefined): Date {
  const date = isTime(der) ? readTime(der?.body.toString('latin1') ?? '') : null;
  if (!date) throw new NotDer('no date where one should be');
  return date;
}
