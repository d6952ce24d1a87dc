import { z } from 'zod';
import { defineCommand, type View } from '../../src/core/command.ts';
import { wordList } from '../../src/core/fields.ts';
import type { Plan } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { buildTagsBelow, listHubRepos } from '../repositories/hub.ts';
import { listText, locksOf, newRepoSteps } from '../repositories/hub-steps.ts';
import { labelsOf } from '../repositories/labels.ts';
import { assertMay, mayRegenerate } from '../repositories/may.ts';
import { lookAtMirror } from '../repositories/mirror.ts';
import { newRepoHappened, newReposHowFar } from '../repositories/new-repos.ts';
import { noSuch } from '../repositories/overview.ts';
import { type Settings, settings } from '../repositories/settings.ts';
import { MIRROR_LOCK } from '../repositories/sync.ts';
import { belongingTo, type Part, packagesText, takeOut } from './taking-out.ts';

const params = z.object({
  name: wordList(
    {
      title: 'Name',
      hint: 'A label of the mirror, or repositories as the hub calls them.',
      example: 'fedora41',
    },
    (name) => (/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name) ? null : `“${name.slice(0, 60)}” is no name.`),
  ),
});

export default defineCommand({
  name: 'repo retire',
  summary: 'Take an external repository out of use and of syncing; no package is deleted',
  params,
  risk: 'low',
  ask: ['admin'],
  hubPermission: 'admin',
  settings,
  shared: 'repos',
  examples: ['repo retire centos8-base'],
  recognise: {
    words: [REPO_WORDS, anyOf(`retire, remove, drop, no longer, not needed, stop mirroring, delete`)],
    unless: OTHER_REPOS,
  },
  locks: ({ name }, steps) => [MIRROR_LOCK, ...name.map((one) => `repo:${one}`), ...locksOf(steps)],
  plan: planRetire,
  happened: newRepoHappened,
  howFar: newReposHowFar,
});

async function planRetire(
  { name: names }: z.output<typeof params>,
  view: View,
  config: Settings,
): Promise<Plan> {
  const [hub, account, mirror] = await Promise.all([
    listHubRepos(view),
    assertMay('admin', view),
    // Where nothing is mirrored, the hub's repositories can be retired all the same.
    config.host === undefined ? null : lookAtMirror(config, view),
  ]);
  const labels = mirror ? labelsOf(mirror, config) : [];
  const parts: readonly Part[] = names.map((name) => ({ name, ...belongingTo(name, hub, labels, config) }));
  const known = [...labels.map(({ label }) => label), ...hub.repos.map((repo) => repo.name)];
  const absent = parts.filter(({ label, repos }) => !label && repos.length === 0).map(({ name }) => name);
  const takenOut = parts.map((part, index) =>
    // What two of the names have belongs to the first.
    takeOut(
      {
        ...part,
        repos: part.repos.filter((one) => !parts.slice(0, index).some(({ repos }) => repos.includes(one))),
      },
      hub,
      mirror,
      config,
    ),
  );
  const unlinks = takenOut.flatMap(({ unlinks }) => unlinks);
  const tags = [...new Set(takenOut.flatMap((one) => one.tags))];
  const [below, left] = await Promise.all([
    tags.length > 0 ? buildTagsBelow(tags, view) : [],
    mirror
      ? packagesText(
          parts.flatMap(({ label }) => label ?? []),
          mirror,
          config,
          view,
        )
      : [],
  ]);
  const anew = newRepoSteps(below, unlinks, mayRegenerate(account));
  const deletes = takenOut.flatMap(({ deletes }) => deletes);
  return {
    kind: 'plan',
    title:
      absent.length === names.length ? `${listText(names)} is retired already` : `Retire ${listText(names)}`,
    // The tags first: nothing goes that a build still asks for.
    steps: [...unlinks, ...anew.steps, ...deletes, ...takenOut.flatMap(({ entry }) => entry), ...anew.ready],
    notes: [
      ...anew.notes,
      ...takenOut.flatMap(({ notes }) => notes),
      ...left,
      ...(deletes.length > 0
        ? ['Builds that were made with it keep saying so; only new ones cannot use it.']
        : []),
    ],
    ...(absent.length > 0 ? { refusal: noSuch(absent, known) } : {}),
  };
}
