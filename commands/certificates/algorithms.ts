import { type Der, inside, oidOf, TAG } from './der.ts';

/** How something was signed. */
export interface Algorithm {
  /** `SHA-256 with RSA`; the object identifier for what is not known. */
  readonly name: string;
  /** For `crypto.verify`: null where the algorithm has its own digest (Ed25519), undefined where it is not known. */
  readonly hash: string | null | undefined;
  /** MD5 and SHA-1: others can be made to fit. */
  readonly weak: boolean;
}

const NULL = Buffer.from([5, 0]);
const RSA = '1.2.840.113549.1.1';
const EC = '1.2.840.10045.4';

const KNOWN: Readonly<Record<string, readonly [name: string, hash: string | null]>> = {
  [`${RSA}.4`]: ['MD5 with RSA', 'md5'],
  [`${RSA}.5`]: ['SHA-1 with RSA', 'sha1'],
  [`${RSA}.14`]: ['SHA-224 with RSA', 'sha224'],
  [`${RSA}.11`]: ['SHA-256 with RSA', 'sha256'],
  [`${RSA}.12`]: ['SHA-384 with RSA', 'sha384'],
  [`${RSA}.13`]: ['SHA-512 with RSA', 'sha512'],
  [`${EC}.1`]: ['SHA-1 with ECDSA', 'sha1'],
  [`${EC}.3.2`]: ['SHA-256 with ECDSA', 'sha256'],
  [`${EC}.3.3`]: ['SHA-384 with ECDSA', 'sha384'],
  [`${EC}.3.4`]: ['SHA-512 with ECDSA', 'sha512'],
  '1.3.101.112': ['Ed25519', null],
};

/** Reads an AlgorithmIdentifier. Throws `NotDer`. */
export function readAlgorithm(der: Der | undefined): Algorithm {
  const [id, parameters, more] = inside(der, TAG.sequence, 'signature algorithm');
  const oid = oidOf(id, 'signature algorithm');
  // All of the known ones have none, or NULL.
  const known = (parameters === undefined || parameters.whole.equals(NULL)) && more === undefined;
  const [name, hash] = (known ? KNOWN[oid] : undefined) ?? [oid, undefined];
  return { name, hash, weak: hash === 'md5' || hash === 'sha1' };
}
