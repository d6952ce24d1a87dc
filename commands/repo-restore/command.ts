import type { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import type { Inverse, Plan } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { readAsk } from '../repo-add/ask.ts';
import { assertSame } from '../repo-add/mirrored.ts';
import { createSteps, linkSteps } from '../repositories/addition.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { addEntry } from '../repositories/entry.ts';
import { lookAtHosts } from '../repositories/fetching.ts';
import { buildTagsBelow, hubUrl, listHubRepos, readTags } from '../repositories/hub.ts';
import { locksOf, newRepoSteps } from '../repositories/hub-steps.ts';
import { labelNamed, labelsOf } from '../repositories/labels.ts';
import { assertMay, mayRegenerate } from '../repositories/may.ts';
import { lookAtMirror } from '../repositories/mirror.ts';
import { wrongInLabel } from '../repositories/names.ts';
import { newRepoHappened, newReposHowFar } from '../repositories/new-repos.ts';
import { isOnMirror } from '../repositories/places.ts';
import { INSIDE } from '../repositories/preflight.ts';
import { readLink, restoreParams, wrongInBack } from '../repositories/restoration.ts';
import { type Settings, settings } from '../repositories/settings.ts';
import { standingAnswer } from '../repositories/standing.ts';
import { MIRROR_LOCK } from '../repositories/sync.ts';

type Given = z.output<typeof restoreParams>;

export default defineCommand({
  name: 'repo restore',
  summary: 'Take a retired external repository back into use, as it was; undo of `repo retire` asks for it',
  params: restoreParams,
  risk: 'low',
  ask: ['admin'],
  hubPermission: 'admin',
  settings,
  shared: 'repos',
  examples: [
    'repo restore el8-tools repos=el8-tools=http://mirror.example.org/tools/$arch/ links=foreman-nightly-el8-build/el8-tools/60/simple',
  ],
  recognise: {
    words: [REPO_WORDS, anyOf(`restore, bring back, put back, back into use, retired by mistake`)],
    unless: OTHER_REPOS,
  },
  locks: ({ name, from }, steps) => [
    ...(from === undefined ? [] : [MIRROR_LOCK]),
    `repo:${name}`,
    ...locksOf(steps),
  ],
  plan: planRestore,
  happened: newRepoHappened,
  howFar: newReposHowFar,
  result: async ({ repos = [], links = [] }: Given, view): Promise<Answer> =>
    standingAnswer(
      repos.map(({ name }) => name),
      links.map((link) => readLink(link).tag),
      view,
    ),
});

async function planRestore(given: Given, view: View, config: Settings): Promise<Plan> {
  const { name } = given;
  const repos = (given.repos ?? []).map((one) => ({ name: one.name, url: hubUrl(one.value) }));
  const links = (given.links ?? []).map(readLink);
  if (repos.length + links.length === 0 && given.from === undefined)
    throw new Refused(
      `That does not say what ${name} was: neither its repositories nor its entry on the mirror.`,
      '`undo` of the request that retired it says all of that; `requests all` shows that one.',
    );
  const wrong = wrongInBack(name, repos, links, config);
  if (wrong !== null) throw new Refused(wrong, '`repo add` takes what is new.');
  const tags = [...new Set(links.map(({ tag }) => tag))];
  const inverse: Inverse = { command: 'repo retire', given: { name }, restores: 'full' };
  const [hub, account, entry, archesOf] = await Promise.all([
    listHubRepos(view),
    assertMay('admin', view),
    entrySteps(given, inverse, config, view),
    readTags(tags, view),
  ]);
  const create = createSteps(repos, hub, inverse);
  const used = [];
  for (const { repo, tag, priority, mode, arches } of links) {
    const use = { tags: [tag], priority, mode, arches: arches?.split('+') ?? null };
    used.push(await linkSteps([repo], use, hub, archesOf, () => inverse, view));
  }
  const steps = used.flatMap((one) => one.steps);
  const outside = [
    ...(entry.steps.length > 0 ? (given.from ?? []).map(({ value }) => value) : []),
    ...(create.steps.length > 0 ? repos.map(({ url }) => url).filter((url) => !isOnMirror(url, config)) : []),
  ];
  const hosts = await lookAtHosts(outside, config, view);
  if (hosts.inside.length > 0) throw new Refused(`${hosts.inside.join(' ')} Nothing was changed.`, INSIDE);
  const below = tags.length > 0 ? await buildTagsBelow(tags, view) : [];
  const anew = newRepoSteps(below, steps, mayRegenerate(account));
  return {
    kind: 'plan',
    title: `Take ${name} back into use`,
    steps: [...entry.steps, ...create.steps, ...steps, ...anew.steps, ...anew.ready],
    notes: [
      ...entry.notes,
      ...create.notes,
      ...used.flatMap((one) => one.notes),
      ...anew.notes,
      ...hosts.unknown,
      ...(outside.length > 0 ? ['Whether upstream still has it was not looked at.'] : []),
      ...(entry.steps.length > 0
        ? [`Its packages are as they were left: \`repo sync ${name}\` renews them.`]
        : []),
    ],
  };
}

/** The entry of the mirror, where one is given and none is there. */
async function entrySteps(
  { name: label, from, arches }: Given,
  inverse: Inverse,
  config: Settings,
  view: View,
): Promise<Pick<Plan, 'steps'> & { readonly notes: readonly string[] }> {
  if (from === undefined) return { steps: [], notes: [] };
  const wrong = wrongInLabel(label);
  if (wrong !== null) throw new Refused(wrong);
  const ask = readAsk({ label, from, arches, mirror: true }, config);
  const mirror = await lookAtMirror(config, view);
  const there = labelNamed(label, labelsOf(mirror, config));
  if (!there) return { steps: [addEntry(ask, mirror, config, inverse)], notes: [] };
  assertSame(there, ask);
  return { steps: [], notes: [`${there.label} is configured already, in ${there.file.path}.`] };
}
