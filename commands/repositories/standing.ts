import type { Answer } from '../../src/core/answer.ts';
import type { View } from '../../src/core/command.ts';
import { buildTagsBelow, listHubRepos, repoTasks } from './hub.ts';
import { listText, useText } from './hub-steps.ts';
import { mayRegenerate } from './may.ts';
import { newRepoStands } from './new-repos.ts';

/** How repositories stand on the hub, and how far the repositories of build tags are that were made anew for them. */
export async function standingAnswer(
  names: readonly string[],
  tags: readonly string[],
  view: View,
): Promise<Answer> {
  const account = await view.hub.account(view.signal);
  const [hub, below, tasks] = await Promise.all([
    listHubRepos(view),
    tags.length > 0 ? buildTagsBelow(tags, view) : [],
    repoTasks(account.name, view),
  ]);
  const rows = names.map((name) => [
    name,
    hub.repos.find((repo) => repo.name === name)?.url ?? 'not on the hub',
    listText(
      hub.links
        .filter((link) => link.repo === name)
        .map(({ tag, priority, mode, arches }) => `${tag} (${useText(priority, mode, arches)})`),
    ),
  ]);
  const anew = await Promise.all(
    below.flatMap(({ tag }) => {
      const task = tasks.find((one) => one.tag === tag);
      // Where there was nothing to do, nothing is made anew.
      return task || !mayRegenerate(account) ? [newRepoStands(tag, task, view)] : [];
    }),
  );
  return {
    kind: 'answer',
    title: `${listText(names)} on the hub`,
    verdict: anew.every(({ isFine }) => isFine) ? 'ok' : 'warn',
    lines: anew.map(({ says }) => says),
    table: { columns: ['repository', 'address', 'used by'], rows },
  };
}
