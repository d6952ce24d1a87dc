import type { View } from '../../src/core/command.ts';
import { hubUrl, listHubRepos } from '../repositories/hub.ts';
import { filled, type Settings } from '../repositories/settings.ts';

/** Who has what a label brings: repositories of the hub at its addresses, and the tags that use those. */
export interface Users {
  readonly names: readonly string[];
  readonly tags: readonly string[];
}

/** Looks on the hub for all that is served from a label, whichever builder it is for. */
export async function usersOf(
  label: string,
  repos: readonly string[],
  { destinations }: Settings,
  view: View,
): Promise<Users> {
  const hub = await listHubRepos(view);
  const served = new Set(
    Object.values(destinations).flatMap((template) =>
      repos.map((repo) => hubUrl(filled(template, label, repo))),
    ),
  );
  const names = hub.repos.filter(({ url }) => served.has(hubUrl(url))).map(({ name }) => name);
  const tags = hub.links.filter(({ repo }) => names.includes(repo)).map(({ tag }) => tag);
  return { names, tags: [...new Set(tags)].sort() };
}
