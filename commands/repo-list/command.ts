import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { word } from '../../src/core/fields.ts';
import { ago } from '../../src/core/listing.ts';
import { fitsPattern } from '../../src/core/pattern.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { packagesText } from '../repositories/amounts.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { type Finding, findingsOf, findingText } from '../repositories/findings.ts';
import { listText, useText } from '../repositories/hub-steps.ts';
import { packagesIn } from '../repositories/measures.ts';
import { type Item, lookAtAll, noSuch, placesOf } from '../repositories/overview.ts';
import { placeOf } from '../repositories/places.ts';
import { settings } from '../repositories/settings.ts';
import { some } from '../some.ts';

const MOST_ROWS = 60;

export default defineCommand({
  name: 'repo list',
  summary: 'List external repositories: what is mirrored, what the hub knows, which tags use it',
  params: z.object({
    name: word(
      {
        title: 'Name',
        hint: 'A label, or a repository as the hub calls it; * stands for any letters. Left out: all.',
        example: 'fedora*',
      },
      (name) => (/^[A-Za-z0-9_.+*-]+$/.test(name) ? null : `“${name.slice(0, 60)}” is no name.`),
      100,
    ).optional(),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  settings,
  shared: 'repos',
  examples: ['repo list'],
  recognise: {
    words: [REPO_WORDS, anyOf(`which, list, what, do we have, is there, overview`)],
    unless: OTHER_REPOS,
  },
  plan: async ({ name }, view, config): Promise<Answer> => {
    const { items, mirror } = await lookAtAll(config, view);
    const shown = name === undefined ? items : items.filter((item) => isNamed(item, name));
    if (name !== undefined && shown.length === 0) throw noSuch([name], items.flatMap(namesOf));
    const found = shown.map((item) => findingsOf(item, config, view.now));
    const findings = found.flat();
    const rows = shown.slice(0, MOST_ROWS);
    const packages = mirror ? await packagesIn(rows.flatMap(placesOf), config, view) : new Map();
    const next = [...new Set(findings.flatMap((one) => (one.next === undefined ? [] : [one.next])))];
    return {
      kind: 'answer',
      title: `${shown.length} external ${shown.length === 1 ? 'repository' : 'repositories'}${mirror ? `, mirrored on ${mirror.host}` : ''}`,
      verdict: findings.some(({ verdict }) => verdict === 'bad')
        ? 'bad'
        : findings.length > 0
          ? 'warn'
          : 'ok',
      lines: [
        ...findings.slice(0, 12).map(findingText),
        ...(findings.length > 12 ? [`${findings.length - 12} more: \`repo check\` shows them.`] : []),
        ...(mirror ? [] : ['Nothing is mirrored here, as far as the config says.']),
        ...(shown.length > MOST_ROWS ? [`The first ${MOST_ROWS} are shown.`] : []),
      ],
      table: {
        columns: ['repository', 'state', 'configured', 'synced', 'on the hub', 'used by'],
        rows: rows.map((item, index) => rowOf(item, found[index] ?? [], packages, view.now)),
      },
      next: next.filter((line) => !line.includes('<')).slice(0, 3),
    };
  },
});

const STATES = { bad: 'bad', warn: 'look after' } as const;

function rowOf(
  { label, repo, file, synced, arches, hub, links }: Item,
  findings: readonly Finding[],
  packages: ReadonlyMap<string, number>,
  now: Date,
): readonly string[] {
  const [worst] = ['bad' as const, 'warn' as const].filter((one) =>
    findings.some(({ verdict }) => verdict === one),
  );
  const disk = arches.map((arch) => {
    const at = synced.get(arch);
    const count = packages.get(placeOf(label ?? '', arch, repo));
    return `${arch} ${at ? ago(at, now) : 'never'}${count === undefined ? '' : `, ${packagesText(count)}`}`;
  });
  return [
    label === null ? repo : `${label} ${repo}`,
    worst ? STATES[worst] : 'ok',
    file === null ? (label === null ? 'not mirrored' : 'no') : file.replace(/^.*\//, ''),
    label === null ? '' : some(disk, 4),
    hub.length === 0 ? 'no' : hub.map(({ name }) => name).join(', '),
    listText(
      links.map(({ tag, priority, mode, arches: only }) => `${tag} (${useText(priority, mode, only)})`),
      4,
    ),
  ];
}

function namesOf({ label, repo, hub }: Item): readonly string[] {
  return [...(label === null ? [] : [label]), repo, ...hub.map(({ name }) => name)];
}

function isNamed(item: Item, name: string): boolean {
  return namesOf(item).some((one) => fitsPattern(one, name));
}
