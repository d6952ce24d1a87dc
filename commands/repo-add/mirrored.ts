import type { View } from '../../src/core/command.ts';
import { holdsCredentials } from '../../src/core/credentials.ts';
import type { Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import { size } from '../repositories/amounts.ts';
import { addEntry } from '../repositories/entry.ts';
import { hubUrl } from '../repositories/hub.ts';
import { type Configured, labelNamed, labelsOf } from '../repositories/labels.ts';
import { lookAtMirror, type Mirror } from '../repositories/mirror.ts';
import { placeOf } from '../repositories/places.ts';
import { bytesOf, type Found, foundText, lookAtUpstream } from '../repositories/preflight.ts';
import type { Settings } from '../repositories/settings.ts';
import { syncStep } from '../repositories/sync.ts';
import type { Ask } from './ask.ts';

/** What the mirror has to do for a new label. */
export interface MirrorPart {
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
}

/** Part of the size that has to be free beside it: metadata, and what upstream puts in while it is synced. */
const SPARE = 0.1;

/** An entry where there is none, and a sync where something is not there. Throws `Refused` for what may not be mirrored. */
export async function mirrorSteps(ask: Ask, settings: Settings, view: View): Promise<MirrorPart> {
  const { label, repos, arches } = ask;
  const mirror = await lookAtMirror(settings, view);
  const labels = labelsOf(mirror, settings);
  const there = labelNamed(label, labels);
  if (there) assertSame(there, ask);
  const places = arches.flatMap((arch) => repos.map(({ name }) => placeOf(label, arch, name)));
  const done = new Set(mirror.synced.map(({ place }) => place));
  const isSynced = places.every((place) => done.has(place));
  if (there) {
    const sync = isSynced ? [] : [syncFor(ask, settings)];
    return { steps: sync, notes: [`${label} is configured already, in ${there.file.path}.`] };
  }
  const found = await lookAtUpstream({ repos, arches }, settings, view);
  const evidence = evidenceOf(found, mirror, settings);
  const entry = addEntry({ label, arches, repos }, mirror, settings, {
    command: 'repo retire',
    given: { name: label },
    restores: 'partial',
    leaves: `packages of ${label} that were synced stay on the disk of ${mirror.host}`,
  });
  const steps: readonly Step[] = [
    { ...entry, evidence: [...entry.evidence, ...evidence.rows], guards: evidence.guards },
    { ...syncFor(ask, settings, evidence.expected), follows: [entry.key] },
  ];
  const left = places.filter((place) => done.has(place));
  return {
    steps,
    notes: [
      ...evidence.notes,
      ...twiceNotes(repos, labels),
      ...(left.length > 0
        ? [
            `There are packages of an earlier ${label} on the mirror (${left.join(', ')}): the sync brings them up to date.`,
          ]
        : []),
    ],
  };
}

function syncFor({ label, repos, arches }: Ask, settings: Settings, expected?: string): Step {
  const sync = { label, repos: repos.map(({ name }) => name), arches, allowDeletes: null };
  return syncStep(settings, expected === undefined ? sync : { ...sync, expected });
}

/** A label that is there may be asked for again, as it is. */
export function assertSame(there: Configured, { label, repos, arches }: Ask): void {
  if (there.label !== label)
    throw new Refused(
      `The mirror has a label ${there.label} already, in ${there.file.path}, which differs from ${label} in capital letters only.`,
      'Choose another label.',
    );
  const others = repos.filter(({ name, url }) => {
    const has = there.repos.find((repo) => repo.name === name);
    return !has || !isSame(url, has.url, there.arches);
  });
  const lacks = arches.filter((arch) => !there.arches.includes(arch));
  if (others.length === 0 && lacks.length === 0) return;
  const has = there.repos
    .map(({ name, url }) => `${name} = ${holdsCredentials(url) ? '(an address with a login in it)' : url}`)
    .join(', ');
  const asked = repos.map(({ name, url }) => `${name} = ${url}`).join(', ');
  throw new Refused(
    `${label} is configured already, in ${there.file.path}: ${has}, for ${there.arches.join(', ')}. You asked for ${asked}, for ${arches.join(', ')}.`,
    'Choose another label, or have an admin change that entry: Steward changes no entry that is there.',
  );
}

/** Does an entry for these arches fetch from the address that was asked for? */
function isSame(asked: string, has: string, arches: readonly string[]): boolean {
  return [asked, ...arches.map((arch) => asked.replaceAll('$arch', arch))].includes(hubUrl(has));
}

/** What is here already, under another label: a second copy takes the same room and the same hours. */
function twiceNotes(repos: Ask['repos'], labels: readonly Configured[]): readonly string[] {
  return repos.flatMap(({ name, url }) =>
    labels.flatMap((one) =>
      one.repos
        .filter((has) => isSame(url, has.url, one.arches))
        .map(
          (has) =>
            `The address of ${name} is mirrored already, as ${one.label} ${has.name}: this makes a second copy. \`repo list ${one.label}\` shows that one, and \`repo link\` lets a tag use it.`,
        ),
    ),
  );
}

interface Expected {
  readonly rows: Step['evidence'];
  readonly guards: Step['guards'];
  readonly notes: readonly string[];
  readonly expected?: string;
}

function evidenceOf(found: readonly Found[], { free, host }: Mirror, settings: Settings): Expected {
  const rows = found.map((one) => ({ label: `upstream ${one.repo}`, value: foundText(one) }));
  const bytes = bytesOf(found);
  const freeText = free === null ? 'not known' : size(free, null);
  if (bytes === null)
    return {
      rows,
      guards: [],
      notes: [
        `How much there is could not be read from upstream, so nobody can say how long the sync takes; free on the mirror: ${freeText}.`,
      ],
    };
  const seconds = bytes / (settings.megabytesPerSecond * 1e6);
  return {
    rows,
    guards:
      free === null
        ? []
        : [
            {
              text: `${size(bytes * (1 + SPARE), null)} of free space on ${host}`,
              holds: free >= bytes * (1 + SPARE),
              saw: freeText,
            },
          ],
    notes: [],
    expected: `about ${size(bytes, null)}, in ${longText(seconds)} at ${settings.megabytesPerSecond} MB/s`,
  };
}

/** `4 hours` */
function longText(seconds: number): string {
  if (seconds < 90) return 'a minute or less';
  if (seconds < 5_400) return `${Math.round(seconds / 60)} minutes`;
  return `${Math.round(seconds / 3600)} hours`;
}
