import { z } from 'zod';
import { type Answer, defineCommand } from '../../src/core/command.ts';
import { word } from '../../src/core/fields.ts';
import { ago } from '../../src/core/listing.ts';
import { fitsPattern } from '../../src/core/pattern.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { findingsOf } from '../repositories/findings.ts';
import { listText, useText } from '../repositories/hub-steps.ts';
import { type Item, lookAtAll, noSuch } from '../repositories/overview.ts';
import { settings } from '../repositories/settings.ts';

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
    if (name !== undefined && shown.length === 0) throw noSuch(name, items.flatMap(namesOf));
    const findings = shown.flatMap((item) => findingsOf(item, config, view.now));
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
        ...findings.slice(0, 12).map(({ says }) => says),
        ...(findings.length > 12 ? [`${findings.length - 12} more: \`repo check\` shows them.`] : []),
        ...(mirror ? [] : ['Nothing is mirrored here, as far as the config says.']),
        ...(shown.length > MOST_ROWS ? [`The first ${MOST_ROWS} are shown.`] : []),
      ],
      table: {
        columns: ['repository', 'configured', 'synced', 'on the hub', 'used by'],
        rows: shown.slice(0, MOST_ROWS).map((item) => rowOf(item, view.now)),
      },
      next: next.filter((line) => !line.includes('<')).slice(0, 3),
    };
  },
});

function rowOf({ label, repo, file, synced, arches, hub, links }: Item, now: Date): readonly string[] {
  const ages = arches.map((arch) => {
    const at = synced.get(arch);
    return `${arch} ${at ? ago(at, now) : 'never'}`;
  });
  return [
    label === null ? repo : `${label} ${repo}`,
    file ?? (label === null ? 'not mirrored' : 'no'),
    label === null ? '' : listText(ages, 4),
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
