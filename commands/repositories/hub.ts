import { z } from 'zod';
import type { View } from '../../src/core/command.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { nearest } from '../../src/core/near.ts';
import { Refused } from '../../src/core/refused.ts';

/** An external repository as the hub has it. */
export interface HubRepo {
  readonly name: string;
  /** With a slash at the end, as the hub keeps it. */
  readonly url: string;
}

/** A repository that a tag uses. */
export interface Link {
  readonly tag: string;
  readonly repo: string;
  readonly priority: number;
  readonly mode: string;
  /** Null on hubs before 1.24, and where it is for all arches. */
  readonly arches: string | null;
}

/** All that the hub has of external repositories. */
export interface HubRepos {
  readonly repos: readonly HubRepo[];
  readonly links: readonly Link[];
}

const reposRead = z.array(z.object({ name: z.string(), url: z.string() }));
const linksRead = z.array(
  z.object({
    tag_name: z.string(),
    external_repo_name: z.string(),
    priority: z.number(),
    merge_mode: z.string(),
    arches: z.string().nullish(),
  }),
);

/** Repositories by name, and which tags use them, by tag and priority. */
export async function listHubRepos(view: View): Promise<HubRepos> {
  const read = (method: string) => view.hub.read({ method, args: [] }, view.signal);
  const [repos, links] = await Promise.all([read('listExternalRepos'), read('getTagExternalRepos')]);
  return {
    repos: reposRead
      .parse(repos)
      .map(({ name, url }) => ({ name, url }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    links: linksRead
      .parse(links)
      .map((row) => ({
        tag: row.tag_name,
        repo: row.external_repo_name,
        priority: row.priority,
        mode: row.merge_mode,
        arches: row.arches ?? null,
      }))
      .sort((a, b) => a.tag.localeCompare(b.tag) || a.priority - b.priority),
  };
}

/** The repository of this name; `Refused`, with the nearest one, where the hub knows none. */
export function pickRepo(name: string, { repos }: HubRepos): HubRepo {
  const found = repos.find((repo) => repo.name === name);
  if (found) return found;
  const names = repos.map((repo) => repo.name);
  // A label of the mirror is the beginning of theirs.
  const meant = names.find((one) => one.startsWith(`${name}-`)) ?? nearest(name, names);
  throw new Refused(
    `The hub has no external repository called ${name}.${meant ? ` Did you mean ${meant}?` : ''}`,
    '`repo list` shows all of them, and what is mirrored and not known to the hub: `repo add` makes it known.',
  );
}

/** The address as the hub keeps it. */
export function hubUrl(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

const tagRead = z.object({ arches: z.string().nullish() }).nullable();

/** What each of these tags builds for. Throws `Refused`, with the nearest one, for tags that the hub does not have. */
export async function readTags(
  tags: readonly string[],
  view: View,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await Promise.all(
    tags.map((tag) => view.hub.read({ method: 'getTag', args: [tag] }, view.signal)),
  );
  const read = found.map((one) => tagRead.parse(one));
  const missing = tags.filter((_, index) => read[index] === null);
  if (missing.length === 0)
    return new Map(tags.map((tag, at) => [tag, (read[at]?.arches ?? '').split(/\s+/).filter(Boolean)]));
  const rows = z
    .array(z.object({ name: z.string() }))
    .parse(await view.hub.read({ method: 'listTags', args: [] }, view.signal));
  const names = rows.map(({ name }) => name);
  const said = missing.map((tag) => {
    const meant = nearest(tag, names);
    return `The hub has no tag called ${tag}.${meant ? ` Did you mean ${meant}?` : ''}`;
  });
  throw new Refused(said.join(' '), 'Repositories are used by build tags: `koji list-targets` shows them.');
}

const heirs = z.array(z.object({ name: z.string() }));
const targetsRead = z.array(z.object({ name: z.string(), build_tag_name: z.string() }));

/** A tag whose builds take in what another tag has, and the targets that build in it. */
export interface BuildTag {
  readonly tag: string;
  readonly targets: readonly string[];
}

/** Build tags that use these tags, themselves or by inheriting from them, by name. */
export async function buildTagsBelow(tags: readonly string[], view: View): Promise<readonly BuildTag[]> {
  const read = (method: string, args: readonly Json[], kwargs: JsonObject) =>
    view.hub.read({ method, args, kwargs }, view.signal);
  const [targets, ...below] = await Promise.all([
    view.hub.read({ method: 'getBuildTargets', args: [] }, view.signal),
    ...tags.map((tag) => read('getFullInheritance', [tag], { reverse: true })),
  ]);
  const reached = new Set([...tags, ...below.flatMap((rows) => heirs.parse(rows).map(({ name }) => name))]);
  const all = targetsRead.parse(targets).filter((target) => reached.has(target.build_tag_name));
  const names = [...new Set(all.map((target) => target.build_tag_name))].sort();
  return names.map((tag) => ({
    tag,
    targets: all
      .filter((target) => target.build_tag_name === tag)
      .map(({ name }) => name)
      .sort(),
  }));
}

const NEWEST = 100;

const tasksRead = z.array(
  z.object({
    id: z.number(),
    state: z.number(),
    create_ts: z.number(),
    start_ts: z.number().nullish(),
    owner_name: z.string().nullish(),
    request: z.array(z.unknown()).nullish(),
  }),
);

const ownerRead = z.object({ id: z.number() }).nullable();

/** A task that makes the repository of a tag anew. */
export interface RepoTask {
  readonly id: number;
  readonly tag: string;
  readonly at: Date;
  /** In words. */
  readonly state: string;
  /** When a builder took it. */
  readonly since: Date | null;
  readonly isOver: boolean;
  readonly isCancelled: boolean;
  readonly isGood: boolean;
}

const STATES = ['waits for a builder', 'runs', 'is done', 'was cancelled', 'waits for a builder', 'failed'];

/** The newest of those that this account began; newest first. */
export async function repoTasks(account: string, view: View): Promise<readonly RepoTask[]> {
  // By its number: kojira's tasks would fill the list, and no name is taken there.
  const owner = ownerRead.parse(await view.hub.read({ method: 'getUser', args: [account] }, view.signal));
  const kwargs = {
    opts: { method: 'newRepo', decode: true, ...(owner ? { owner: owner.id } : {}) },
    queryOpts: { order: '-id', limit: NEWEST },
  };
  const rows = await view.hub.read({ method: 'listTasks', args: [], kwargs }, view.signal);
  return tasksRead
    .parse(rows)
    .filter((row) => row.owner_name === account)
    .map((row) => ({
      id: row.id,
      tag: String(row.request?.[0] ?? ''),
      at: new Date(row.create_ts * 1000),
      since: row.start_ts ? new Date(row.start_ts * 1000) : null,
      state: STATES[row.state] ?? `is in state ${row.state}`,
      isOver: [2, 3, 5].includes(row.state),
      isCancelled: row.state === 3,
      isGood: ![3, 5].includes(row.state),
    }));
}
