import { type Der, expect, inside, NotDer, oidOf, TAG } from './der.ts';

/** One part of a subject. */
export interface Attribute {
  /** `CN`, `O`, ...; the object identifier for what has no usual name. */
  readonly key: string;
  readonly value: string;
  /** How it is encoded: `utf8`, `printable`, ... `openssl ca` takes the same words in another encoding for other words. */
  readonly encoding: Encoding;
}

export type Encoding = 'utf8' | 'printable' | 'ia5' | 't61' | 'bmp' | 'universal';

const KEYS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.42': 'GN',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
};

const ENCODINGS: Readonly<Record<number, Encoding>> = {
  12: 'utf8',
  19: 'printable',
  20: 't61',
  22: 'ia5',
  28: 'universal',
  30: 'bmp',
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The parts of an X.501 name, in order. Throws `NotDer`. */
export function readName(der: Der | undefined, what: string): readonly Attribute[] {
  return inside(der, TAG.sequence, what).flatMap((part) => {
    const pairs = inside(part, TAG.set, `part of the ${what}`);
    if (pairs.length !== 1) throw new NotDer(`a ${what} with two values in one part`);
    return pairs.map((pair) => {
      const [type, value] = inside(pair, TAG.sequence, `part of the ${what}`);
      const oid = oidOf(type, 'name of a part');
      const encoding = ENCODINGS[value?.tag ?? 0];
      if (!value || encoding === undefined) throw new NotDer(`a part of the ${what} that is no text`);
      return { key: KEYS[oid] ?? oid, value: textOf(value, encoding), encoding };
    });
  });
}

function textOf(der: Der, encoding: Encoding): string {
  const { body } = expect(der, der.tag, 'text');
  try {
    if (encoding === 'utf8') return utf8.decode(body);
    if (encoding === 'bmp') return Buffer.from(body).swap16().toString('utf16le');
    if (encoding === 'universal') return utf32(body);
    return body.toString('latin1');
  } catch {
    throw new NotDer('a text with bytes that are no characters');
  }
}

function utf32(body: Buffer): string {
  let text = '';
  for (let at = 0; at < body.length; at += 4) text += String.fromCodePoint(body.readUInt32BE(at));
  return text;
}

/** `C=US, ST=NC, O=Katello Koji, CN=maria`. */
export function nameText(name: readonly Pick<Attribute, 'key' | 'value'>[]): string {
  return name.map(({ key, value }) => `${key}=${value}`).join(', ');
}

/** The first value of this part: what mod_ssl, and so Koji, takes of a repeated one. */
export function partOf(name: readonly Pick<Attribute, 'key' | 'value'>[], key: string): string | undefined {
  return name.find((one) => one.key === key)?.value;
}

/** `/C=US/ST=NC/O=Katello Koji/CN=maria`: what this CA signs for this user, as it stands in double quotes in a shell. */
export function subjectLine(ca: readonly Attribute[], user: string): string {
  return [...ca.filter(({ key }) => ['C', 'ST', 'O'].includes(key)), { key: 'CN', value: user }]
    .map(({ key, value }) => `/${key}=${value.replace(/[/+\\"$`]/g, '\\$&')}`)
    .join('');
}
