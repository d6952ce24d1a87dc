import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import type { Plan } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { buildTagsBelow, listHubRepos, pickRepo, readTags } from '../repositories/hub.ts';
import { listText, newRepoSteps, unlinkStep } from '../repositories/hub-steps.ts';
import { assertMay, mayRegenerate } from '../repositories/may.ts';
import { newRepoHappened, newReposHowFar } from '../repositories/new-repos.ts';
import { hubRepoField, tagsField } from '../repositories/parameters.ts';
import { standingAnswer } from '../repositories/standing.ts';

const params = z.object({
  name: hubRepoField,
  tag: tagsField('The build tags that are to use it no more.'),
});

type Given = z.output<typeof params>;

export default defineCommand({
  name: 'repo unlink',
  summary: 'Let a tag use an external repository no more; the repository stays',
  params,
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: 'tag',
  examples: ['repo unlink centos8-base tag=foreman-nightly-el8-build'],
  recognise: {
    words: [
      REPO_WORDS,
      anyOf(`unlink, detach, no longer use, stop using, take out of, remove from`),
      anyOf(`tag, build tag, buildroot, target`),
    ],
    unless: OTHER_REPOS,
  },
  locks: ({ name, tag }) => [`repo:${name}`, ...tag.map((one) => `tag:${one}`)],
  plan: planUnlink,
  happened: newRepoHappened,
  howFar: newReposHowFar,
  result: async ({ name, tag }: Given, view): Promise<Answer> => standingAnswer([name], tag, view),
});

async function planUnlink(given: Given, view: View): Promise<Plan> {
  const [hub, account] = await Promise.all([
    listHubRepos(view),
    assertMay('tag', view),
    readTags(given.tag, view),
  ]);
  const { name } = pickRepo(given.name, hub);
  const links = hub.links.filter((link) => link.repo === name && given.tag.includes(link.tag));
  const steps = links.map(unlinkStep);
  const below = await buildTagsBelow(given.tag, view);
  const inherited = steps.length === 0 ? await inheritedFrom(name, given.tag, hub.links, view) : [];
  const anew = newRepoSteps(below, steps, mayRegenerate(account));
  return {
    kind: 'plan',
    title:
      steps.length === 0
        ? `${listText(given.tag)} does not use ${name}`
        : `Let ${listText(links.map(({ tag }) => tag))} use ${name} no more`,
    steps: [...steps, ...anew.steps, ...anew.ready],
    notes: [
      ...anew.notes,
      ...(steps.length > 0 ? ['Builds that need packages of it fail from then on.'] : []),
    ],
    ...(inherited.length > 0
      ? {
          refusal: new Refused(
            `${listText(given.tag)} does not use ${name} itself, but inherits it from ${listText(inherited)}.`,
            `\`repo unlink ${name} tag=${inherited[0]}\` ends it for all that do.`,
          ),
        }
      : {}),
  };
}

const parents = z.array(z.object({ name: z.string() }));

/** Tags above these that use it. */
async function inheritedFrom(
  name: string,
  tags: readonly string[],
  links: readonly { readonly tag: string; readonly repo: string }[],
  view: View,
): Promise<readonly string[]> {
  const rows = await Promise.all(
    tags.map((tag) => view.hub.read({ method: 'getFullInheritance', args: [tag] }, view.signal)),
  );
  const above = new Set(rows.flatMap((one) => parents.parse(one).map((parent) => parent.name)));
  return links.filter((link) => link.repo === name && above.has(link.tag)).map(({ tag }) => tag);
}
