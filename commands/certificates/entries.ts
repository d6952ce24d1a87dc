import type { View } from '../../src/core/command.ts';
import { Refused } from '../../src/core/refused.ts';
import { type Entry, type IndexFile, readIndex, type Standing, standing } from './index-file.ts';
import { type Looked, lookAtCa } from './reading.ts';
import { placeOf, type Settings } from './settings.ts';
import { away, day } from './times.ts';

/** What the CA signed, and on which host that is recorded. Throws `Refused` and `Unavailable`. */
export async function readEntries(
  settings: Settings,
  view: View,
): Promise<IndexFile & { readonly host: string }> {
  const path = placeOf(settings.index, settings);
  const looked = await lookAtCa([{ kind: 'file', name: 'index', path }], settings, view);
  return { host: looked.host, ...entriesIn(looked, path) };
}

/** The record that was looked at as `index`. Throws `Refused` where it cannot be read. */
export function entriesIn(looked: Looked, path: string): IndexFile {
  const { state, data } = looked.seen('index');
  if (data) return readIndex(data);
  const why = {
    ok: 'came back empty',
    missing: 'is not there',
    denied:
      'may not be read by the account of Steward; its directory should be open to everybody (755), it itself too (644)',
    odd: 'is no file',
    failed: 'could not be read',
  }[state];
  throw new Refused(
    `The CA's record ${path} on ${looked.host} ${why}.`,
    'An admin looks at the config (`shared.ca`), and asks `ca check`.',
  );
}

/** A serial as people write it (`0x1A`, `1a`, `00:1A`) in capital hex. */
export function hexIn(text: string): string {
  return text.replace(/^0x/i, '').replaceAll(':', '').toUpperCase();
}

/** Serials are the same whatever zeros stand before them. */
export function sameSerial(one: string, other: string): boolean {
  return bareSerial(one) === bareSerial(other);
}

/** A serial as a key: capital hex without zeros before it. */
export function bareSerial(serial: string): string {
  return serial.toUpperCase().replace(/^0+(?=.)/, '');
}

/** `revoked 2026-11-25 (keyCompromise)`, `expired`, `valid`. */
export function standingText(entry: Entry, now: Date): string {
  const what = standing(entry, now);
  if (what !== 'revoked' || !entry.revoked) return what;
  const { at, reason } = entry.revoked;
  return `revoked ${day(at)}${reason ? ` (${reason})` : ''}`;
}

/** How many there are of each. */
export function count(entries: readonly Entry[], now: Date): Readonly<Record<Standing, number>> {
  const counts = { valid: 0, expired: 0, revoked: 0 };
  for (const entry of entries) counts[standing(entry, now)]++;
  return counts;
}

/** `6 valid, 1 expired, 2 revoked`. */
export function countText(entries: readonly Entry[], now: Date): string {
  const { valid, expired, revoked } = count(entries, now);
  return `${valid} valid, ${expired} expired, ${revoked} revoked`;
}

/** Says that lines of the record cannot be read; nothing when all can. */
export function brokenLines({ broken }: IndexFile, most = 3): readonly string[] {
  const [first] = broken;
  if (!first) return [];
  const named = broken.slice(0, most).map(({ line, why }) => `line ${line}: ${why}`);
  const more = broken.length > most ? `; and ${broken.length - most} more` : '';
  return [`index.txt is not whole, so this list may not be either. ${named.join('; ')}${more}.`];
}

/** `2027-06-13, in 199 days`. */
export function untilText(until: Date, now: Date): string {
  return `${day(until)}, ${away(until, now)}`;
}
