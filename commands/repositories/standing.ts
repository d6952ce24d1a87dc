import type { Answer } from '../../src/core/answer.ts';
import type { View } from '../../src/core/command.ts';
import { buildTagsBelow, listHubRepos, repoTasks } from './hub.ts';
import { listText, useText } from './hub-steps.ts';
import { newRepoStands } from './new-repos.ts';

/** How repositories stand on the hub, and how far the repositories of build tags are that were made anew for them. */
export async function standingAnswer(
  names: readonly string[],
  tags: readonly string[],
  view: View,
): Promise<Answer> {
  const { name: account } = await view.hub.account(view.signal);
  const [hub, below, tasks] = await Promise.all([
    listHubRepos(view),
    tags.length > 0 ? buildTagsBelow(tags, view) : [],
    repoTasks(account, view),
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
    below.map(({ tag }) =>
      newRepoStands(
        tag,
        tasks.find((one) => one.tag === tag),
        view,
      ),
    ),
  );
  return {
    kind: 'answer',
    title: `${listText(names)} on the hub`,
    verdict: anew.every(({ isFine }) => isFine) ? 'ok' : 'warn',
    lines: anew.map(({ says }) => says),
    table: { columns: ['repository', 'address', 'used by'], rows },
  };
}
