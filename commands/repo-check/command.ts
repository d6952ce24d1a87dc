import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { word } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { REPO_WORDS } from '../repositories/called.ts';
import { type Finding, findingsOf, findingText } from '../repositories/findings.ts';
import { danglingIn } from '../repositories/measures.ts';
import { type Item, lookAtAll, noSuch, placesOf } from '../repositories/overview.ts';
import { oddities, settings } from '../repositories/settings.ts';
import { examineMirror } from './examine.ts';

/** Directories whose links are counted in one look; more take the mirror's host too long. */
const MOST_PLACES = 60;
const MOST_LINES = 40;

export default defineCommand({
  name: 'repo check',
  summary: 'Look for external repositories that are stale, incomplete, or known to the hub alone',
  params: z.object({
    label: word(
      { title: 'Label', hint: 'A label of the mirror; left out: all.', example: 'fedora41' },
      (name) => (/^[A-Za-z0-9_.+-]+$/.test(name) ? null : `“${name.slice(0, 60)}” is no label.`),
      100,
    ).optional(),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  settings,
  shared: 'repos',
  oddities,
  examine: (view, given) => examineMirror(given, view),
  examples: ['repo check'],
  recognise: {
    words: [REPO_WORDS, anyOf(`check, stale, broken, outdated, missing packages, not found, 404`)],
    unless: anyOf(`github, gitlab, copr, pulp, debian, apt`),
  },
  plan: async ({ label }, view, config): Promise<Answer> => {
    const { items, mirror } = await lookAtAll(config, view);
    const chosen = label === undefined ? items : items.filter((item) => isOf(item, label));
    if (label !== undefined && chosen.length === 0)
      throw noSuch(
        [label],
        items.flatMap((item) => item.label ?? item.repo),
      );
    const places = chosen.flatMap(placesOf);
    const looked = places.slice(0, MOST_PLACES);
    const dangling = await danglingIn(looked, config, view);
    const findings: readonly Finding[] = [
      ...chosen.flatMap((item) => findingsOf(item, config, view.now)),
      ...[...dangling].flatMap(([place, count]) => danglingText(place, count)),
    ].sort((a, b) => (a.verdict === b.verdict ? 0 : a.verdict === 'bad' ? -1 : 1));
    const next = [...new Set(findings.flatMap((one) => (one.next === undefined ? [] : [one.next])))];
    const bad = findings.filter(({ verdict }) => verdict === 'bad').length;
    return {
      kind: 'answer',
      title:
        findings.length === 0
          ? chosen.length === 1
            ? `${label ?? 'The only external repository'} is as it should be`
            : `All ${chosen.length} external repositories are as they should be`
          : `${findings.length} ${findings.length === 1 ? 'thing' : 'things'} about external repositories${bad > 0 ? `, ${bad} of them bad` : ''}`,
      verdict: bad > 0 ? 'bad' : findings.length > 0 ? 'warn' : 'ok',
      lines: [
        ...findings.slice(0, MOST_LINES).map(findingText),
        ...(findings.length > MOST_LINES ? [`${findings.length - MOST_LINES} more of these.`] : []),
        ...(places.length > looked.length
          ? [
              `Links were counted in ${looked.length} of ${places.length} directories: name a label to look at the others.`,
            ]
          : []),
        ...(mirror
          ? []
          : ['Nothing is mirrored here, as far as the config says: only the hub was looked at.']),
      ],
      next: next.filter((line) => !line.includes('<')).slice(0, 4),
    };
  },
});

function danglingText(place: string, count: number | null): readonly Finding[] {
  if (count === 0) return [];
  const label = /^(.+)-[^-/]+\//.exec(place)?.[1] ?? '';
  if (count === null)
    return [
      {
        verdict: 'warn',
        says: `${place}: its links could not be counted in time, so nobody knows whether packages are missing.`,
        next: `repo check ${label}`,
      },
    ];
  return [
    {
      verdict: 'bad',
      says: `${place}: ${count} ${count === 1 ? 'link leads' : 'links lead'} nowhere, so builds that want those packages fail.`,
      next: `repo sync ${label}`,
    },
  ];
}

function isOf({ label, hub }: Item, name: string): boolean {
  return label === name || hub.some((repo) => repo.name === name);
}
