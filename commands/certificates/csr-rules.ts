import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyText } from './certificate.ts';
import { type Attribute, subjectLine } from './names.ts';
import { named } from './pem.ts';

/** What a request is measured by. */
export interface CsrRules {
  /** The CA's own subject: C, ST and O of a request must be the same. */
  readonly ca: readonly Attribute[];
  /** The Koji user it has to be for; left out: any. */
  readonly user?: string;
  /** Ed25519 too: only where the hub's TLS takes it. */
  readonly ed25519?: boolean;
  /** Accounts of services and admins that nobody gets a certificate for in this way: `kojiadmin`, `kojira`. */
  readonly reserved?: readonly string[];
  /** Hosts and builders, whose certificates are not a person's. */
  readonly hosts?: readonly string[];
}

/** Why not, as a word that does not change. */
export type CsrTrouble =
  | 'empty'
  | 'too-long'
  | 'private-key'
  | 'certificate'
  | 'public-key'
  | 'several'
  | 'not-a-request'
  | 'damaged'
  | 'signature'
  | 'weak-signature'
  | 'key-type'
  | 'key-size'
  | 'key-odd'
  | 'subject'
  | 'name'
  | 'name-host'
  | 'name-reserved'
  | 'name-other';

/** A no: what is so, and what to do. */
export interface No {
  readonly code: CsrTrouble;
  readonly says: string;
  readonly next: string;
}

const RSA_BITS = { least: 2048, most: 8192 };
const CURVES = ['prime256v1', 'secp384r1'];
const LINE_THAT_FITS =
  '`cert issue` alone (or `cert renew`) shows the whole line that makes a request that fits.';
const NEW_KEY =
  'Say `cert issue` (or `cert renew`) alone: it shows the line that makes a key and a request that fit.';

/** Type and size of the key. */
export function keyTrouble(key: KeyObject, ed25519: boolean): No | null {
  const {
    modulusLength = 0,
    namedCurve = 'of its own',
    publicExponent = 0n,
  } = key.asymmetricKeyDetails ?? {};
  const allowed = `RSA of ${RSA_BITS.least} to ${RSA_BITS.most} bits, EC P-256 or P-384${ed25519 ? ', or Ed25519' : ''}`;
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < RSA_BITS.least || modulusLength > RSA_BITS.most) {
        const why =
          modulusLength < RSA_BITS.least ? 'too short to be safe' : 'so long that logging in with it is slow';
        return {
          code: 'key-size',
          says: `The key is ${keyText(key)}, ${why}. This CA takes ${allowed}.`,
          next: NEW_KEY,
        };
      }
      // 65537 is what everybody uses; small ones are fragile, and huge ones make the hub work for minutes.
      if (publicExponent < 65_537n || publicExponent > 0xffff_ffffn)
        return { code: 'key-odd', says: 'The RSA key has an unusual public exponent.', next: NEW_KEY };
      return null;
    case 'ec':
      if (CURVES.includes(namedCurve) && isUsual(key)) return null;
      if (CURVES.includes(namedCurve))
        return {
          code: 'key-odd',
          says: 'The EC key is written in an unusual way: with a compressed point, or with all the numbers of its curve.',
          next: NEW_KEY,
        };
      return {
        code: 'key-type',
        says: `The key is on the curve ${namedCurve}. This CA takes ${allowed}.`,
        next: NEW_KEY,
      };
    case 'ed25519':
      if (ed25519) return null;
      return {
        code: 'key-type',
        says: `The key is Ed25519, which the TLS of this hub does not take. This CA takes ${allowed}.`,
        next: NEW_KEY,
      };
    default:
      return {
        code: 'key-type',
        says: `The key is of the kind ${keyText(key)}. This CA takes ${allowed}.`,
        next: NEW_KEY,
      };
  }
}

/**
 * In the one way in which everybody writes it? In another the same key has other bytes, and would not be found among those
 * that are in use or were revoked.
 */
function isUsual(key: KeyObject): boolean {
  const bare = createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' });
  return bare.export({ type: 'spki', format: 'der' }).equals(key.export({ type: 'spki', format: 'der' }));
}

/** What `policy_match` of Koji's guide wants: the same C, ST and O as the CA, one CN. */
export function subjectTrouble(subject: readonly Attribute[], ca: readonly Attribute[]): No | null {
  const wanted = ca.filter(({ key }) => ['C', 'ST', 'O'].includes(key));
  const cn = subject.filter(({ key }) => key === 'CN');
  const [{ value } = { value: '' }, another] = cn;
  const user = !another && isPlain(value) ? value : '<your Koji user name>';
  const next = `Make it again with \`-subj "${subjectLine(ca, user)}"\`. ${LINE_THAT_FITS}`;
  const wrong = (says: string): No => ({ code: 'subject', says, next });
  for (const { key, value } of wanted) {
    const own = subject.filter((one) => one.key === key);
    if (own.length === 0) return wrong(`The subject has no ${key}; this CA signs for ${key}=${value} only.`);
    if (own.length > 1) return wrong(`The subject has ${own.length} times ${key}.`);
    if (own[0]?.value !== value)
      return wrong(
        `The subject says ${key}=${short(own[0]?.value ?? '')}; this CA signs for ${key}=${value} only.`,
      );
  }
  if (cn.length === 0) return wrong('The subject has no CN: the name of the Koji user.');
  if (cn.length > 1)
    return wrong(`The subject has ${cn.length} times CN, and a certificate is for one user.`);
  return null;
}

/** The longest CN that X.509 allows. */
const LONGEST_NAME = 64;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/;

const isPlain = (name: string): boolean => name.length <= LONGEST_NAME && NAME.test(name);

/** Is the CN the name of a person's Koji account? */
export function nameTrouble(name: string, rules: CsrRules): No | null {
  const subject = subjectLine(rules.ca, rules.user ?? '<your Koji user name>');
  const next = `Make it again with \`-subj "${subject}"\`. ${LINE_THAT_FITS}`;
  const wrong = (code: No['code'], says: string): No => ({ code, says, next });
  if (name === '') return wrong('name', 'The CN is empty; it should be the name of the Koji user.');
  if (name.length > LONGEST_NAME)
    return wrong('name', `The CN has ${name.length} characters; at most ${LONGEST_NAME} can be signed.`);
  const odd = /[^A-Za-z0-9_.@-]/u.exec(name)?.[0];
  if (odd !== undefined) {
    if (odd === ' ' && rules.user !== undefined)
      return wrong('name', `The CN is “${short(name)}”, and the certificate is for ${rules.user}.`);
    const why = /\p{L}/u.test(odd)
      ? `${named(odd)} is not a letter from a to z, however it looks`
      : `${named(odd)} cannot be part of a Koji user name here`;
    return wrong('name', `The CN is not a Koji user name: ${why}.`);
  }
  if (!NAME.test(name))
    return wrong('name', 'The CN begins with a dot, a dash or an @, and no Koji user name does.');
  if (isHost(name, rules.hosts ?? []))
    return wrong(
      'name-host',
      `${name} is a host or builder, and those do not get their certificates in this way.`,
    );
  if ((rules.reserved ?? []).some((one) => folded(one) === folded(name)))
    return wrong(
      'name-reserved',
      `${name} is, or looks like, the account of a service or an admin of this Koji.`,
    );
  if (rules.user !== undefined && rules.user !== name) {
    const why = rules.user.toLowerCase() === name.toLowerCase() ? ': capital and small letters count' : '';
    return wrong('name-other', `The CN is ${name}, and the certificate is for ${rules.user}${why}.`);
  }
  return null;
}

/** One of these, or a name of three parts, or one in the domain of these. */
function isHost(name: string, hosts: readonly string[]): boolean {
  const low = name.toLowerCase();
  if (low.includes('@')) return false;
  const domains = hosts
    .map((host) => host.toLowerCase().split('.').slice(1).join('.'))
    .filter((one) => one.includes('.'));
  return (
    hosts.some((host) => host.toLowerCase() === low) ||
    /^[a-z0-9-]+(\.[a-z0-9-]+){2,}$/.test(low) ||
    domains.some((domain) => low === domain || low.endsWith(`.${domain}`))
  );
}

/** Names that people take for the same: `Koji-Admin`, `k0jiadmin`. */
function folded(name: string): string {
  return name
    .toLowerCase()
    .replace(/[._-]/g, '')
    .replace(/0/g, 'o')
    .replace(/[1l|]/g, 'i')
    .replace(/5/g, 's');
}

/** Of what somebody else wrote, as much as fits into a sentence. */
export function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
