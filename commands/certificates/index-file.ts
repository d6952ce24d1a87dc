import { type Attribute, partOf } from './names.ts';
import { readTime } from './times.ts';

/** One certificate that the CA signed, as its index.txt records it. */
export interface Entry {
  /** Line in the file, from 1. */
  readonly line: number;
  /** As recorded; `openssl ca -updatedb` turns V into E only when somebody runs it, so ask `standing`. */
  readonly recorded: 'V' | 'R' | 'E';
  readonly until: Date;
  readonly revoked: Revocation | null;
  /** Capital hex, as file names and the CRL have it. */
  readonly serial: string;
  readonly subject: Subject;
  /** The Koji user: the CN. Null: it names nobody. */
  readonly user: string | null;
}

export interface Revocation {
  readonly at: Date;
  /** `keyCompromise`, ...; null where none was given. */
  readonly reason: string | null;
}

type Subject = readonly Pick<Attribute, 'key' | 'value'>[];

/** A line that is no entry, or that `openssl` reads otherwise than people do. */
export interface BrokenLine {
  readonly line: number;
  readonly why: string;
  /** The beginning of it. */
  readonly text: string;
}

export interface IndexFile {
  readonly entries: readonly Entry[];
  readonly broken: readonly BrokenLine[];
}

export type Standing = 'valid' | 'expired' | 'revoked';

/** What a certificate of the index is at this moment. */
export function standing({ recorded, until }: Entry, now: Date): Standing {
  if (recorded === 'R') return 'revoked';
  return recorded === 'E' || until < now ? 'expired' : 'valid';
}

/**
 * May this be somebody's? A slash in a part of a subject stands there as it is, so `/OU=x/CN=maria/CN=eve` may be a unit of
 * that odd name, and Eve's: who looks for hers has to find it.
 */
export function isOf({ subject }: Entry, user: string): boolean {
  return subject.some(({ key, value }) => key === 'CN' && value === user);
}

/** Reads index.txt. Every line is an entry, broken, or both: none is passed over. */
export function readIndex(bytes: Buffer): IndexFile {
  const lines = bytes.toString('latin1').split('\n');
  const whole = lines.at(-1) === '';
  if (whole) lines.pop();
  const entries: Entry[] = [];
  const broken: BrokenLine[] = [];
  let returns = 0;
  lines.forEach((text, at) => {
    const line = at + 1;
    if (text.startsWith('#')) return;
    if (text.endsWith('\r')) returns++;
    const read = readLine(text.replace(/\r$/, ''), line);
    if (typeof read === 'string') broken.push({ line, why: read, text: shown(text) });
    else entries.push(read);
    if (!whole && line === lines.length && typeof read !== 'string')
      broken.push({
        line,
        why: 'the last line does not end, so openssl does not read it',
        text: shown(text),
      });
  });
  if (returns > 0) {
    const line = lines.findIndex((text) => text.endsWith('\r')) + 1;
    const why = `${returns} lines end as on Windows (CR LF), and openssl takes the CR for a part of the subject`;
    broken.push({ line, why, text: '' });
  }
  return { entries, broken };
}

function readLine(text: string, line: number): Entry | string {
  if (text.trim() === '') return 'an empty line';
  // TXT_DB writes a tab inside a field with a backslash before it.
  const fields = text.includes('\\\t')
    ? text.split(/(?<!\\)\t/).map((field) => field.replaceAll('\\\t', '\t'))
    : text.split('\t');
  const [recorded = '', untilText = '', revokedText = '', serial = '', , subjectText = ''] = fields;
  if (fields.length !== 6) return `${fields.length} fields where there should be 6`;
  if (recorded !== 'V' && recorded !== 'R' && recorded !== 'E') return `no state V, R or E`;
  const until = readTime(untilText);
  if (!until) return 'an expiry that is no date';
  if (!/^([0-9A-F]{2}){1,32}$/i.test(serial)) return 'a serial that is not hex of an even number of digits';
  const revoked = revokedText === '' ? null : readRevocation(revokedText);
  if (revoked === undefined) return 'a revocation date that is none';
  if (recorded === 'R' && revoked === null) return 'revoked, and no date of it';
  if (recorded === 'V' && revoked !== null) return 'valid, and a date of revocation';
  const subject = readSubject(subjectText);
  if (subject.length === 0) return 'no subject';
  const user = partOf(subject, 'CN') ?? null;
  return { line, recorded, until, revoked, serial: serial.toUpperCase(), subject, user };
}

/** `250101000000Z,keyCompromise`; a hold and a compromise may have one part more. */
function readRevocation(text: string): Revocation | undefined {
  const [time = '', reason, detail] = text.split(',');
  const at = readTime(time);
  if (!at) return undefined;
  return { at, reason: reason ? (detail ? `${reason} (${detail})` : reason) : null };
}

/** `/C=US/O=Katello Koji/CN=maria`: a slash inside a value is not escaped, so a part begins at `/KEY=` only. */
function readSubject(text: string): Subject {
  if (!text.startsWith('/')) return [];
  return text
    .slice(1)
    .split(/\/(?=[A-Za-z0-9.]+=)/)
    .flatMap((part) => {
      const at = part.indexOf('=');
      return at <= 0 ? [] : [{ key: part.slice(0, at), value: unescaped(part.slice(at + 1)) }];
    });
}

/** `\xC3\xA9` is a byte; what is no UTF-8 or cannot be printed stays as it is written. */
function unescaped(text: string): string {
  if (!text.includes('\\x') && !/[\x80-\xff]/.test(text)) return text;
  const bytes = text.replace(/\\x([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const read = Buffer.from(bytes, 'latin1').toString('utf8');
  return /[\p{Cc}\p{Cf}\uFFFD]/u.test(read) ? text : read;
}

function shown(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, 60);
}
