/** Bytes that are not DER, or not what was to be read. The message says what, for a person who knows ASN.1. */
export class NotDer extends Error {
  override readonly name = 'NotDer';
}

/** One element: its tag byte, what is in it, and all its bytes. */
export interface Der {
  readonly tag: number;
  readonly body: Buffer;
  readonly whole: Buffer;
}

/** Tag bytes: universal, and the context's own `[0]`, `[3]`. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  zero: 0xa0,
  three: 0xa3,
} as const;

function elementAt(bytes: Buffer, at: number): Der {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new NotDer('it ends in the middle');
  if ((tag & 0x1f) === 0x1f) throw new NotDer('a tag of more than one byte');
  let length = first;
  let begin = at + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4)
      throw new NotDer(count === 0 ? 'a length that is not given' : 'a length without end');
    if (begin + count > bytes.length) throw new NotDer('it ends in the middle');
    length = bytes.readUIntBE(begin, count);
    if (length < 0x80 || bytes[begin] === 0) throw new NotDer('a length written longer than it has to be');
    begin += count;
  }
  const end = begin + length;
  if (end > bytes.length) throw new NotDer('it ends in the middle');
  return { tag, body: bytes.subarray(begin, end), whole: bytes.subarray(at, end) };
}

/** The one element that these bytes are; nothing may follow it. */
export function readDer(bytes: Buffer): Der {
  const der = elementAt(bytes, 0);
  if (der.whole.length !== bytes.length) throw new NotDer('something follows after its end');
  return der;
}

/** The elements inside one; it must have this tag. */
export function inside(der: Der | undefined, tag: number, what: string): readonly Der[] {
  const { body } = expect(der, tag, what);
  const found: Der[] = [];
  for (let at = 0; at < body.length; ) {
    const one = elementAt(body, at);
    found.push(one);
    at += one.whole.length;
  }
  return found;
}

/** The same element, if it has this tag. */
export function expect(der: Der | undefined, tag: number, what: string): Der {
  if (der?.tag !== tag) throw new NotDer(`no ${what} where one should be`);
  return der;
}

/** An object identifier as people write it: `2.5.4.3`. */
export function oidOf(der: Der | undefined, what: string): string {
  const { body } = expect(der, TAG.oid, what);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new NotDer('an object identifier without end');
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first] = arcs;
  if (first === undefined || (body.at(-1) ?? 0x80) >= 0x80) throw new NotDer(`no whole ${what}`);
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...arcs.slice(1)].join('.');
}

/** The bytes of a bit string that is whole bytes. */
export function bitsOf(der: Der | undefined, what: string): Buffer {
  const { body } = expect(der, TAG.bits, what);
  if (body[0] !== 0) throw new NotDer(`a ${what} that is not whole bytes`);
  return body.subarray(1);
}

/** An integer as index.txt and `openssl` write serials: capital hex of an even number of digits. */
export function hexOf(der: Der | undefined, what: string): string {
  const { body } = expect(der, TAG.integer, what);
  const hex = body.toString('hex').toUpperCase();
  return hex.length > 2 && hex.startsWith('00') ? hex.slice(2) : hex;
}
