import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import type { Plan } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { linkSteps } from '../repositories/addition.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { buildTagsBelow, listHubRepos, pickRepo, readTags } from '../repositories/hub.ts';
import { listText, newRepoSteps } from '../repositories/hub-steps.ts';
import { assertMay, mayRegenerate } from '../repositories/may.ts';
import { newRepoHappened, newReposHowFar } from '../repositories/new-repos.ts';
import {
  archesField,
  hubRepoField,
  modeField,
  priorityField,
  tagsField,
} from '../repositories/parameters.ts';
import { standingAnswer } from '../repositories/standing.ts';

const params = z.object({
  name: hubRepoField,
  tag: tagsField('The build tags that are to use it.'),
  priority: priorityField.optional(),
  mode: modeField.optional(),
  arches: archesField('Left out: all that the tag has.').optional(),
});

type Given = z.output<typeof params>;

export default defineCommand({
  name: 'repo link',
  summary: 'Let a tag use an external repository that the hub knows',
  params,
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: 'tag',
  examples: ['repo link centos8-base tag=katello-nightly-el8-build priority=30'],
  recognise: {
    words: [REPO_WORDS, anyOf(`link, use, add, attach`), anyOf(`tag, build tag, buildroot, target`)],
    unless: OTHER_REPOS,
  },
  locks: ({ name, tag }) => [`repo:${name}`, ...tag.map((one) => `tag:${one}`)],
  plan: planLink,
  happened: newRepoHappened,
  howFar: newReposHowFar,
  result: async ({ name, tag }: Given, view): Promise<Answer> => standingAnswer([name], tag, view),
});

async function planLink(given: Given, view: View): Promise<Plan> {
  const [hub, account, archesOf] = await Promise.all([
    listHubRepos(view),
    assertMay('tag', view),
    readTags(given.tag, view),
  ]);
  const { name } = pickRepo(given.name, hub);
  const use = {
    tags: given.tag,
    priority: given.priority ?? null,
    mode: given.mode ?? null,
    arches: given.arches ?? null,
  };
  const link = await linkSteps(
    [name],
    use,
    hub,
    archesOf,
    ({ tag }) => ({ command: 'repo unlink', given: { name, tag }, restores: 'full' }),
    view,
  );
  const anew = newRepoSteps(await buildTagsBelow(given.tag, view), link.steps, mayRegenerate(account));
  const done = link.steps.length === 0;
  return {
    kind: 'plan',
    title: done
      ? `${listText(given.tag)}: ${name} is used already`
      : `Let ${listText(given.tag)} use ${name}`,
    steps: [...link.steps, ...anew.steps, ...anew.ready],
    notes: [
      ...link.notes,
      ...anew.notes,
      ...(done ? [] : ['New content can change what builds take in, and break some.']),
    ],
  };
}
