import type { View } from '../../src/core/command.ts';
import { type Certificate, readCertificates } from '../certificates/certificate.ts';
import { type Entry, standing } from '../certificates/index-file.ts';
import { nameText, partOf } from '../certificates/names.ts';
import { lookAtPlaces } from '../certificates/places.ts';
import type { Looked } from '../certificates/reading.ts';
import { wasRenewed } from '../certificates/renewed.ts';
import type { Settings } from '../certificates/settings.ts';
import { filesOf } from '../certificates/signing.ts';
import { away, day } from '../certificates/times.ts';
import { some } from '../some.ts';
import { bad, type Finding, ok, unseen, warn } from './finding.ts';

/** What a renewal left open: one that was cut short, roots that are still needed, places without the new file. */
export async function renewalFindings(
  looked: Looked,
  entries: readonly Entry[],
  settings: Settings,
  view: View,
): Promise<readonly Finding[]> {
  const roots = readCertificates(looked.seen('ca').data?.toString('latin1') ?? '').certificates;
  const [, ...old] = roots;
  const valid = entries.filter((entry) => standing(entry, view.now) === 'valid');
  const [needed, places] = await Promise.all([
    old.length > 0 ? oldRoots(old, valid, settings, view) : [],
    wasRenewed(looked, settings) ? placeFindings(looked, roots, settings, view) : [],
  ]);
  return [...cutShort(looked), ...needed, ...places];
}

function cutShort(looked: Looked): readonly Finding[] {
  if (looked.seen('begun').state !== 'ok') return [];
  return [
    bad(
      'renewal',
      'one was begun and died before all of it was in place',
      'Say `ca renew` again as it was said then; a signing or a revocation finishes it as well.',
    ),
  ];
}

/** The first root signs. Each of the others stands in the file for what it signed. */
async function oldRoots(
  old: readonly Certificate[],
  valid: readonly Entry[],
  settings: Settings,
  view: View,
): Promise<readonly Finding[]> {
  const files = await filesOf(valid, settings, view);
  return old.map((root) => {
    const check = `old root ${partOf(root.subject, 'CN') ?? root.serial}`;
    const name = nameText(root.subject);
    // One whose file is gone may be of any root.
    const its = valid.filter(({ serial }) => {
      const file = files.get(serial);
      return file === undefined || nameText(file.issuer) === name;
    });
    const last = its.reduce<Date | null>((most, { until }) => (most && most > until ? most : until), null);
    if (!last)
      return warn(
        check,
        'nothing that is valid needs it any more',
        'Take its certificate out of the CA’s file (not the first one), and bring the file to every place again; its key is then of no use.',
      );
    const ends = root.until < last ? root.until : last;
    return warn(
      check,
      `still needed by ${its.length}: ${some(its.map(({ serial, user }) => `${serial} of ${user ?? 'nobody'}`))}; the last ends ${day(ends)}, ${away(ends, view.now)}`,
      'It stays in the file until then, or until they have all got a new certificate (`cert renew`) and the old ones are revoked.',
    );
  });
}

async function placeFindings(
  { host }: Looked,
  roots: readonly Certificate[],
  settings: Settings,
  view: View,
): Promise<readonly Finding[]> {
  const places = await lookAtPlaces({ host, roots }, settings, view);
  return places.map(({ place, state, found }) => {
    const check = `CA file at ${place.name}`;
    if (state === 'new') return ok(check, found);
    if (state === 'old')
      return bad(check, found, 'Put the new file there (`ca file` shows it), and reload what reads it.');
    return unseen(
      check,
      state === 'hand' ? 'cannot be looked at: the request that renewed it says who did it' : found,
    );
  });
}
