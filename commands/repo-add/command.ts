import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { choice, identifier, pairs } from '../../src/core/fields.ts';
import type { Inverse, Plan, Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { createSteps, destinationOf, linkSteps } from '../repositories/addition.ts';
import { announcement } from '../repositories/announcement.ts';
import { LABEL, OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { LOOK } from '../repositories/fetching.ts';
import { buildTagsBelow, listHubRepos, readTags } from '../repositories/hub.ts';
import { listText, locksOf, newRepoSteps } from '../repositories/hub-steps.ts';
import { assertMay, mayRegenerate } from '../repositories/may.ts';
import { wrongInLabel, wrongInRepo } from '../repositories/names.ts';
import { newRepoHappened, newReposHowFar } from '../repositories/new-repos.ts';
import { archesField, labelField, modeField, priorityField, tagsField } from '../repositories/parameters.ts';
import { lookAtUpstream } from '../repositories/preflight.ts';
import { progress } from '../repositories/progress.ts';
import { filled, type Settings, settings } from '../repositories/settings.ts';
import { standingAnswer } from '../repositories/standing.ts';
import { MIRROR_LOCK } from '../repositories/sync.ts';
import { wrongInSecrecy } from '../repositories/url.ts';
import { hubNames, readAsk } from './ask.ts';
import { mirrorSteps } from './mirrored.ts';

const params = z.object({
  label: labelField(wrongInLabel, 'What the mirror calls it: a new word, without an arch.'),
  from: pairs(
    {
      title: 'From',
      hint: 'Each repository and its upstream address: the directory with repodata in it. $arch stands for the arch.',
      example: 'os=https://mirror.example.org/fedora/41/os/$arch/',
      named: true,
    },
    (name, value) => wrongInSecrecy(value) ?? wrongInRepo(name),
    10,
  ),
  for: identifier({
    title: 'For',
    hint: 'Which builder it is for, as the config names them.',
    example: 'main',
    named: true,
  }).optional(),
  arches: archesField('Left out: all that are mirrored here.').optional(),
  tag: tagsField('Build tags that use it from then on; left out: none yet.').optional(),
  priority: priorityField.optional(),
  mode: modeField.optional(),
  mirror: choice(
    { title: 'Mirror', hint: 'no: the hub uses upstream’s own address.', example: 'yes', named: true },
    ['yes', 'no'],
  ).optional(),
});

type Given = z.output<typeof params>;

export default defineCommand({
  name: 'repo add',
  summary: 'Mirror an external repository, make it known to the hub, and let tags use it',
  params,
  risk: 'low',
  ask: ['packager', 'admin'],
  // Each look makes servers of other people work.
  perMinute: 5,
  perMinuteOf: [LOOK],
  hubPermission: 'admin',
  settings,
  shared: 'repos',
  examples: ['repo add epel10 from="os=http://mirror.example.org/os/$arch/" tag=foreman-nightly-el8-build'],
  recognise: {
    words: [REPO_WORDS, anyOf(`add, mirror, enable, include, need, want, could we have, would like, set up`)],
    unless: OTHER_REPOS,
    given: { label: LABEL },
  },
  // The mirror's configuration is one file, and one sync at a time runs there.
  locks: ({ label, mirror }, steps) => [
    ...(mirror === 'no' ? [] : [MIRROR_LOCK]),
    `repo:${label}`,
    ...locksOf(steps),
  ],
  plan: planAdd,
  happened: newRepoHappened,
  howFar: newReposHowFar,
  progress,
  result: resultOf,
});

async function planAdd(given: Given, view: View, config: Settings): Promise<Plan> {
  const isMirrored = given.mirror !== 'no';
  const ask = readAsk({ ...given, mirror: isMirrored }, config);
  const names = hubNames(ask, config);
  const template = isMirrored ? destinationOf(given.for, config) : null;
  const wanted = ask.repos.map(({ name, url }, index) => ({
    name: names[index] ?? name,
    url: template === null ? url : filled(template, ask.label, name),
  }));
  const inverse: Inverse = {
    command: 'repo retire',
    given: { name: isMirrored ? ask.label : names.join(',') },
    restores: 'partial',
    leaves: isMirrored
      ? `packages of ${ask.label} that were synced stay on the mirror’s disk`
      : 'repositories of build tags that were made with it stay until they are made anew',
  };
  const [hub, account, archesOf] = await Promise.all([
    listHubRepos(view),
    assertMay('admin', view),
    readTags(given.tag ?? [], view),
  ]);
  const create = createSteps(wanted, hub, inverse);
  const use = {
    tags: given.tag ?? [],
    priority: given.priority ?? null,
    mode: given.mode ?? null,
    arches: isMirrored ? ask.arches : (given.arches ?? null),
  };
  const link = await linkSteps(names, use, hub, archesOf, () => inverse, view);
  const mirror = isMirrored
    ? await mirrorSteps(ask, config, view)
    : { steps: [], notes: await directNotes(ask, create.steps, config, view) };
  const below = use.tags.length > 0 ? await buildTagsBelow(use.tags, view) : [];
  const anew = newRepoSteps(below, link.steps, mayRegenerate(account));
  const steps = [...mirror.steps, ...create.steps, ...link.steps, ...anew.steps, ...anew.ready];
  return {
    kind: 'plan',
    title: `${isMirrored ? 'Mirror' : 'Use'} ${ask.label}: ${listText(ask.repos.map(({ name }) => name))}${use.tags.length > 0 ? ` for ${listText(use.tags)}` : ''}`,
    steps: [...steps, ...newContent(steps, wanted, use.tags, config)],
    notes: [
      ...mirror.notes,
      ...create.notes,
      ...link.notes,
      ...anew.notes,
      ...(use.tags.length === 0 && create.steps.length > 0
        ? [`No tag uses it yet: \`repo link ${names[0]} tag=<tag>\` does that later.`]
        : []),
    ],
  };
}

/** Looks whether upstream answers, where the hub is to use it as it is; what was seen is for those who decide. */
async function directNotes(
  ask: ReturnType<typeof readAsk>,
  create: readonly Step[],
  config: Settings,
  view: View,
): Promise<readonly string[]> {
  if (create.length === 0) return [];
  const found = await lookAtUpstream(ask, config, view);
  return [
    'It is not mirrored: builds wait for upstream, and break when packages go from there.',
    `Upstream answers, also to the mirror’s host: ${found.map(({ url }) => url).join(', ')}`,
  ];
}

function newContent(
  steps: readonly Step[],
  wanted: readonly { readonly name: string; readonly url: string }[],
  tags: readonly string[],
  settings: Settings,
): readonly Step[] {
  const names = wanted.map(({ name }) => name);
  const use = tags.length === 1 ? 'does' : 'do';
  return announcement(
    `New external repository: ${listText(names, 3)}`,
    tags.length > 0
      ? `${listText(names)} can be used in builds, and ${listText(tags)} ${use} so from the next build on.`
      : `${listText(names)} can be used by build tags; none uses it yet. Ask for it with: repo link ${names[0]} tag=…`,
    steps.map(({ key }) => key),
    settings,
  );
}

async function resultOf(given: Given, view: View, config: Settings): Promise<Answer> {
  const ask = readAsk({ ...given, mirror: given.mirror !== 'no' }, config);
  return standingAnswer(hubNames(ask, config), given.tag ?? [], view);
}
