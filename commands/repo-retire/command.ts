import { z } from 'zod';
import { defineCommand, type Plan, type Step, type View } from '../../src/core/command.ts';
import { wordList } from '../../src/core/fields.ts';
import { nearest } from '../../src/core/near.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { size } from '../repositories/amounts.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { removeEntry } from '../repositories/entry.ts';
import { buildTagsBelow, type HubRepo, listHubRepos } from '../repositories/hub.ts';
import {
  deleteStep,
  listText,
  locksOf,
  newRepoHappened,
  newRepoSteps,
  unlinkStep,
} from '../repositories/hub-steps.ts';
import { assertMay, mayRegenerate } from '../repositories/may.ts';
import {
  bytesOf,
  type Configured,
  labelNamed,
  labelsOf,
  lookAtMirror,
  type Mirror,
  packageDirs,
} from '../repositories/mirror.ts';
import { isPlaceOf } from '../repositories/places.ts';
import { type Settings, settings } from '../repositories/settings.ts';
import { MIRROR_LOCK } from '../repositories/sync.ts';

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
  const gone: HubRepo[] = [];
  const entries: Configured[] = [];
  const absent: string[] = [];
  for (const name of names) {
    const label = labelNamed(name, labels);
    const repos = hub.repos.filter((repo) => repo.name === name || isPlaceOf(repo.url, name, config));
    if (label) entries.push(label);
    gone.push(...repos.filter((repo) => !gone.includes(repo)));
    if (!label && repos.length === 0) absent.push(name);
  }
  const known = [...labels.map(({ label }) => label), ...hub.repos.map((repo) => repo.name)];
  // Not refused: so it is too when it has been done.
  const meant = absent.length === names.length ? nearest(absent[0] ?? '', known) : null;
  const links = hub.links.filter((link) => gone.some((repo) => repo.name === link.repo));
  // What is undone here is not undone there: the hub would not know the repository any more.
  const unlinks = links.map((link) => {
    const { inverse: _, ...step } = unlinkStep(link);
    return step;
  });
  const tags = [...new Set(links.map(({ tag }) => tag))];
  const below = tags.length > 0 ? await buildTagsBelow(tags, view) : [];
  const anew = newRepoSteps(below, unlinks, mayRegenerate(account));
  const out = mirror ? await leaveMirror(entries, mirror, config, view) : { steps: [], notes: [] };
  return {
    kind: 'plan',
    title:
      absent.length === names.length
        ? `There is no ${listText(absent)} to retire${meant ? `; did you mean ${meant}?` : ''}`
        : `Retire ${listText(names)}`,
    // The tags first: nothing goes that a build still asks for.
    steps: [...unlinks, ...anew.steps, ...gone.map(deleteStep), ...out.steps],
    notes: [
      ...anew.notes,
      ...out.notes,
      ...(gone.length > 0
        ? ['Builds that were made with it keep saying so; only new ones cannot use it.']
        : []),
    ],
  };
}

/** Out of the configuration, where that is ours to do; and what would be free if the packages went too. */
async function leaveMirror(
  entries: readonly Configured[],
  mirror: Mirror,
  config: Settings,
  view: View,
): Promise<{ readonly steps: readonly Step[]; readonly notes: readonly string[] }> {
  const steps: Step[] = [];
  const notes: string[] = [];
  for (const entry of entries) {
    const { label, file, arches } = entry;
    try {
      steps.push(removeEntry(entry, mirror, config));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // The rest can be done all the same.
      notes.push(`${error.message}${error.next ? ` ${error.next}` : ''}`);
    }
    const bytes = await bytesOf(label, arches, config, view);
    const dirs = packageDirs(label, arches, config);
    notes.push(
      `The packages stay on ${mirror.host}, in ${dirs.join(', ')} (of ${file.path}): ${bytes === null ? 'how much that is was not measured' : `${size(bytes, null)} would be free without them`}.`,
    );
  }
  return { steps, notes };
}
