/**
 * Finds private keys in what people send, so that none is ever stored: as PEM, of PuTTY, as JSON (JWK), as `openssl`
 * prints one, or with its text encoded once or twice (percent, base64, hex, JSON and HTML escapes), or as the bare body
 * of a key, an encrypted one or a PKCS #12 file without its header.
 */

const HEADER =
  /(?:BEGIN|END)[\s+_A-Z0-9-]{0,40}?PRIVATE[\s+_]{1,3}KEY|PuTTY-User-Key-File-\d|Private-Lines:\s?\d|privateExponent\s?:|\bpriv:\s+(?:[0-9a-f]{2}:){8}/iu;

/** A key as JSON has it (RFC 7517): its kind, and the part that nobody else may have. */
const JWK = { kind: /["']kty["']\s*:/u, secret: /["'](?:d|p|k)["']\s*:\s*["'][\w-]{20,}/u };

/** How the body of an OpenSSH key begins in base64. */
const OPENSSH = 'b3BlbnNzaC1rZXktdjE';

/** Where the base64 of an ASN.1 sequence may begin. */
const SEQUENCE = /M(?=[A-Z][A-Za-z0-9+/_-]{22})/gu;

/** The same in hex. */
const HEX_SEQUENCE = /30(?=8[0-2]|[0-7][0-9a-f])(?=[0-9a-f]{46})/giu;

/** PKCS #5 and PKCS #12: how a key is encrypted with a password. */
const ENCRYPTED = [Buffer.from('2a864886f70d0105', 'hex'), Buffer.from('2a864886f70d010c01', 'hex')];

/** Where the body of what begins here begins: behind tag and length. -1: nothing of this size is a key. */
function bodyAt(der: Buffer, at: number): number {
  const length = der[at + 1] ?? 0;
  if (length <= 0x80) return at + 2;
  return length === 0x81 ? at + 3 : length === 0x82 ? at + 4 : -1;
}

/** Is this the beginning of PKCS#8, PKCS#1, SEC 1 or DSA: a sequence of a version and a key? Of PKCS#12, or of an encrypted key? */
function beginsKey(der: Buffer): boolean {
  const at = bodyAt(der, 0);
  if (der[0] !== 0x30 || at < 0) return false;
  if (der[at] === 0x30) {
    const id = bodyAt(der, at);
    return der[id] === 6 && ENCRYPTED.some((oid) => der.subarray(id + 2).indexOf(oid) === 0);
  }
  const [integer, one, version = 9, tag, size = 0] = der.subarray(at);
  if (integer !== 2 || one !== 1) return false;
  // An algorithm, or what PKCS#12 holds (an object id comes next).
  if (tag === 0x30 && (version <= 1 || version === 3)) return der[bodyAt(der, at + 3)] === 6;
  // A modulus, or the octets of a curve's key.
  return version <= 1 && ((tag === 2 && size > 0x20) || (tag === 4 && size >= 16));
}

function holdsBody(joined: string): boolean {
  if (joined.includes(OPENSSH)) return true;
  for (const { index } of joined.matchAll(SEQUENCE)) {
    if (beginsKey(Buffer.from(joined.slice(index, index + 36), 'base64'))) return true;
  }
  return false;
}

/** `PRIVATE KEY` in hex. */
const HEX = /50524956415445204b4559/iu;

function holdsHex(dense: string): boolean {
  if (HEX.test(dense)) return true;
  for (const { index } of dense.matchAll(HEX_SEQUENCE)) {
    if (beginsKey(Buffer.from(dense.slice(index, index + 60), 'hex'))) return true;
  }
  return false;
}

/** A line of `hexdump -C`, `xxd` or `od`: where it is, its bytes, and mostly what they look like. */
const DUMPED = /^\s{0,8}[0-9a-f]{6,8}:?\s+((?:[0-9a-f]{2,4}\s{1,2}){4,}).*$/gimu;
/** What programs write before a byte: `0x30`, `\x30`. */
const PREFIX = /(?:\\|\b0)x(?=[0-9a-f]{2})/giu;
/** Bytes by their numbers, as JSON has them. */
const NUMBERS = /(?:\d{1,3}[,\s]{1,10}){24,}/gu;

/** Bytes that are written as numbers, in whatever way. */
function holdsBytes(text: string): boolean {
  const hex = text
    .replace(DUMPED, '$1')
    .replace(PREFIX, '')
    .replace(/[\s>|"'`*,\\:]+/gu, '');
  if (holdsHex(hex)) return true;
  return (text.match(NUMBERS) ?? []).some((run) => {
    const bytes = run.split(/[,\s]+/u).map(Number);
    return bytes.every((one) => one < 256) && holdsHex(Buffer.from(bytes).toString('hex'));
  });
}

const BASE64_RUN = /[A-Za-z0-9+/_-]{24,}={0,2}/gu;

/** Cannot be seen, and can be put between any two letters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: UTF-16 has a NUL at every letter
const INVISIBLE = /[\u0000\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+/gu;

/** The text, and what it says in the other ways of writing it, at most `depth` layers down. */
export function holdsPrivateKey(given: string, depth = 3): boolean {
  // Also in letters that only look otherwise: wide ones.
  const text = given.replace(INVISIBLE, '').normalize('NFKC');
  if (HEADER.test(text) || (JWK.kind.test(text) && JWK.secret.test(text))) return true;
  // Line breaks and quoting inside the base64 of a key, as mail and chat clients leave them.
  const joined = text.length > 24 ? text.replace(/[\s>|"'`*,\\]+/gu, '') : text;
  if (holdsBody(joined) || holdsBytes(text)) return true;
  if (depth === 0) return false;
  const decoded = unescaped(text);
  if (decoded !== text && holdsPrivateKey(decoded, depth - 1)) return true;
  return (joined.match(BASE64_RUN) ?? []).some((run) =>
    [0, 1, 2, 3].some((from) => {
      const inner = Buffer.from(run.slice(from), 'base64').toString('latin1').replaceAll('\0', '');
      return /PRIVATE|UFJJVkFURS|BEGIN|LS0tLS|PuTTY|"kty"/u.test(inner) && holdsPrivateKey(inner, depth - 1);
    }),
  );
}

function unescaped(text: string): string {
  return text
    .replace(/%([0-9a-f]{2})/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\u([0-9a-f]{4})/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\[nrt]/gu, '\n')
    .replaceAll('\\"', '"')
    .replace(/&nbsp;/giu, ' ')
    .replace(/&quot;/giu, '"')
    .replace(/&#(\d{1,5});/gu, (_, number: string) => String.fromCharCode(Number(number)))
    .replace(/&#x([0-9a-f]{1,4});/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Does any text inside this value, however deep, hold a private key? Texts of one array are read together too. */
export function anyPrivateKey(value: unknown): boolean {
  const texts: string[] = [];
  collect(value, texts);
  return (
    texts.some((text) => holdsPrivateKey(text)) ||
    (texts.length < 200 && holdsPrivateKey(texts.join('\n'), 1))
  );
}

function collect(value: unknown, texts: string[]): void {
  if (typeof value === 'string') {
    if (value.length > 8) texts.push(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) collect(one, texts);
  }
}

/** What the person is told. `service`: where they sent it, as people call it: `Slack`, `the forum`. */
export function keyBurnt(service: string): { readonly title: string; readonly lines: readonly string[] } {
  return {
    title: `That looked like a private key. I have not kept it, but ${service} has.`,
    lines: [
      'Delete your message, and use that key no more: whoever can read this conversation may have it.',
      'Make a new key, and paste only its signing request (the .csr file). If there is a certificate for the old one, have it revoked: `help revoke` shows how.',
    ],
  };
}
