import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { holdsPrivateKey } from '../../src/core/private-key.ts';
import { type Algorithm, readAlgorithm } from './algorithms.ts';
import { keyText } from './certificate.ts';
import {
  type CsrRules,
  type CsrTrouble,
  keyTrouble,
  type No,
  nameTrouble,
  short,
  subjectTrouble,
} from './csr-rules.ts';
import { bitsOf, expect, hexOf, inside, NotDer, oidOf, readDer, TAG } from './der.ts';
import { type Attribute, partOf, readName } from './names.ts';
import { kindOf, unwrap } from './pem.ts';

/** A certificate signing request that may be signed. */
export interface Csr {
  /** Its own bytes: what is approved and what is signed. */
  readonly der: Buffer;
  readonly subject: readonly Attribute[];
  readonly user: string;
  readonly key: KeyObject;
  /** `RSA 4096`. */
  readonly keyText: string;
  /** SHA-256 of the whole request, hex. */
  readonly fingerprint: string;
}

export type CsrCheck =
  | {
      readonly kind: 'ok';
      readonly csr: Csr;
      /** What was mended: `the line breaks`. */
      readonly repaired: readonly string[];
      /** Worth knowing, in nobody's way. */
      readonly notes: readonly string[];
    }
  | ({ readonly kind: 'no' } & No);

/** An RSA request of 8192 bits has 2,800 characters in PEM, and `openssl req -text` as many again. */
const LONGEST = 16_000;

const AGAIN = 'Copy the whole file again, from -----BEGIN CERTIFICATE REQUEST----- to the line with END.';

const no = (code: CsrTrouble, says: string, next: string): CsrCheck => ({ kind: 'no', code, says, next });

/** May this text, as somebody pasted it, be signed as a request? Never repeats a private key. */
export function checkCsr(text: string, rules: CsrRules): CsrCheck {
  if (text.trim() === '')
    return no('empty', 'There is no signing request (CSR).', 'Paste the text of your .csr file.');
  if (text.length > LONGEST)
    return no(
      'too-long',
      `That is ${text.length} characters; a signing request has at most a few thousand.`,
      AGAIN,
    );
  if (holdsPrivateKey(text)) return privateKey();
  if (/^\s*(ssh-(rsa|ed25519)|ecdsa-sha2-\S+) AAAA/.test(text)) return publicKey('a public key of SSH');
  const unwrapped = unwrap(text);
  if (unwrapped.kind === 'none') {
    if (/^\S+\.(?:csr|pem|req|txt)$/u.test(text.trim()))
      return no(
        'not-a-request',
        'That is the name of a file, and I cannot read files of yours.',
        'Open it, and paste all that is in it, from -----BEGIN CERTIFICATE REQUEST----- to the line with END.',
      );
    const says = 'That is no signing request (CSR).';
    return no('not-a-request', says, 'It is the file that begins with -----BEGIN CERTIFICATE REQUEST-----.');
  }
  if (unwrapped.kind === 'damaged')
    return no('damaged', `The signing request is damaged: ${unwrapped.why}.`, AGAIN);
  const { blocks, repaired } = unwrapped;
  const kinds = blocks.map(({ der }) => kindOf(der));
  if (kinds.includes('private-key')) return privateKey();
  const requests = new Map(
    blocks.filter((_, at) => kinds[at] === 'request').map(({ der }) => [der.toString('base64'), der]),
  );
  const [der] = requests.values();
  if (der === undefined) return notOne(kinds);
  if (requests.size > 1)
    return no(
      'several',
      `There are ${requests.size} different signing requests in it.`,
      'Send one at a time.',
    );
  const more = kinds.length > 1 ? ['left out what else was there'] : [];
  try {
    return judge(der, rules, [...repaired, ...more]);
  } catch (error) {
    if (error instanceof NotDer)
      return no('damaged', `The signing request cannot be read: ${error.message}.`, AGAIN);
    throw error;
  }
}

function privateKey(): CsrCheck {
  return no(
    'private-key',
    'That holds a private key. Nobody but you may have it, so treat that key as burnt.',
    'Make a new key and a new signing request, and send the request alone.',
  );
}

function publicKey(what: string): CsrCheck {
  const next = 'Make a request with `openssl req -new`, and send the file that it writes.';
  return no('public-key', `That is ${what}, not a signing request (CSR).`, next);
}

function notOne(kinds: readonly string[]): CsrCheck {
  if (kinds.includes('certificate'))
    return no(
      'certificate',
      'That is a certificate: something that was signed already. What is needed is a signing request (CSR).',
      'It begins with -----BEGIN CERTIFICATE REQUEST-----. If you have only the key, make a request from it with `openssl req -new -key`.',
    );
  if (kinds.includes('public-key')) return publicKey('a public key');
  return no('damaged', 'What stands between BEGIN and END is no signing request, or not a whole one.', AGAIN);
}

interface Read {
  readonly subject: readonly Attribute[];
  readonly key: KeyObject;
  readonly algorithm: Algorithm;
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly attributes: readonly string[];
}

/** PKCS #10, RFC 2986. Throws `NotDer`. */
function readCsr(der: Buffer): Read {
  const [info, algorithm, bits, ...after] = inside(readDer(der), TAG.sequence, 'request');
  const [version, subject, spki, attributes, ...more] = inside(info, TAG.sequence, 'request');
  // The CA's own program would turn it away, after everybody said yes.
  if (after.length > 0 || more.length > 0) throw new NotDer('more parts than a request has');
  if (hexOf(version, 'version') !== '00') throw new NotDer('a version that is not 1');
  const key = keyOf(expect(spki, TAG.sequence, 'public key').whole);
  return {
    subject: readName(subject, 'subject'),
    key,
    algorithm: readAlgorithm(algorithm),
    signed: expect(info, TAG.sequence, 'request').whole,
    signature: bitsOf(bits, 'signature'),
    attributes: attributes
      ? inside(attributes, TAG.zero, 'attributes').map((one) =>
          oidOf(inside(one, TAG.sequence, 'attribute')[0], 'name of an attribute'),
        )
      : [],
  };
}

function keyOf(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw new NotDer('a public key of a kind that is not known here');
  }
}

function judge(der: Buffer, rules: CsrRules, repaired: readonly string[]): CsrCheck {
  const read = readCsr(der);
  // The key comes first: checking a signature by a monstrous key takes seconds.
  const trouble =
    keyTrouble(read.key, rules.ed25519 ?? false) ??
    signatureTrouble(read) ??
    subjectTrouble(read.subject, rules.ca) ??
    nameTrouble(partOf(read.subject, 'CN') ?? '', rules);
  if (trouble) return { kind: 'no', ...trouble };
  return {
    kind: 'ok',
    repaired,
    notes: notesOn(read),
    csr: {
      der,
      subject: read.subject,
      user: partOf(read.subject, 'CN') ?? '',
      key: read.key,
      keyText: keyText(read.key),
      fingerprint: createHash('sha256').update(der).digest('hex'),
    },
  };
}

function signatureTrouble({ algorithm, signed, key, signature }: Read): No | null {
  if (algorithm.weak)
    return {
      code: 'weak-signature',
      says: `The request is signed with ${algorithm.name}, which no longer proves anything.`,
      next: 'Make it again with `openssl req -new -sha256` and the same key.',
    };
  if (algorithm.hash !== undefined && verifies(algorithm.hash, signed, key, signature)) return null;
  return {
    code: 'signature',
    says: 'The signature on the request does not fit the key in it: it was changed on the way, or made with another key.',
    next: `${AGAIN} If that does not help, make it again.`,
  };
}

function verifies(hash: string | null, signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch {
    return false;
  }
}

const CHALLENGE_PASSWORD = '1.2.840.113549.1.9.7';
const EXTENSIONS = '1.2.840.113549.1.9.14';
/** Of the CA's own subject, and the user's name; nothing of it is taken from the request. */
const KEPT = ['C', 'ST', 'O', 'CN'];

function notesOn({ subject, attributes }: Read): readonly string[] {
  const left = subject
    .filter(({ key }) => !KEPT.includes(key))
    .map(({ key, value }) => `${key}=${short(value)}`);
  return [
    ...(left.length > 0
      ? [`The CA leaves out of the subject: ${left.slice(0, 5).join(', ')}${left.length > 5 ? ', …' : ''}.`]
      : []),
    ...(attributes.includes(EXTENSIONS) ? ['The CA leaves out the extensions that it asks for.'] : []),
    ...(attributes.includes(CHALLENGE_PASSWORD)
      ? [
          'It holds a challenge password, which nobody needs and everybody can read: do not use that one elsewhere.',
        ]
      : []),
  ];
}
