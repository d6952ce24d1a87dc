import type { View } from '../../src/core/command.ts';
import { nearest } from '../../src/core/near.ts';
import { Refused } from '../../src/core/refused.ts';
import { type HubRepo, type HubRepos, hubUrl, type Link, listHubRepos } from './hub.ts';
import { type Configured, labelsOf } from './labels.ts';
import { lookAtMirror, type Mirror } from './mirror.ts';
import { placeOf, repoAt } from './places.ts';
import { hubName, type Settings } from './settings.ts';

/** One repository of one label, as the configuration, the disk, the hub and the tags have it. */
export interface Item {
  /** Null: only the hub has it. */
  readonly label: string | null;
  readonly repo: string;
  /** The file that has the entry; null: none has. */
  readonly file: string | null;
  readonly url: string | null;
  /** Arches of the entry, or those that are on disk. */
  readonly arches: readonly string[];
  /** When the metadata of each arch was made; an arch that is not here has none. */
  readonly synced: ReadonlyMap<string, Date>;
  readonly hub: readonly HubRepo[];
  readonly links: readonly Link[];
}

/** All of it side by side. */
export interface Overview {
  readonly items: readonly Item[];
  /** Null: nothing is mirrored here. */
  readonly mirror: Mirror | null;
}

/** Looks at the mirror, if the config names one, and at the hub. */
export async function lookAtAll(settings: Settings, view: View): Promise<Overview> {
  const [hub, mirror] = await Promise.all([
    listHubRepos(view),
    settings.host === undefined ? null : lookAtMirror(settings, view),
  ]);
  const configured = mirror
    ? labelsOf(mirror, settings).flatMap((one) => itemsOf(one, mirror, hub, settings))
    : [];
  const known = new Set(configured.flatMap(({ hub: repos }) => repos.map(({ name }) => name)));
  const left = mirror ? leftOnDisk(mirror, configured, hub, settings) : [];
  for (const item of left) for (const { name } of item.hub) known.add(name);
  const others = hub.repos
    .filter(({ name }) => !known.has(name))
    .map(
      (repo): Item => ({
        label: null,
        repo: repo.name,
        file: null,
        url: repo.url,
        arches: [],
        synced: new Map(),
        hub: [repo],
        links: hub.links.filter((link) => link.repo === repo.name),
      }),
    );
  return { items: [...configured, ...left, ...others], mirror };
}

/** For names that neither the mirror nor the hub has, with those that are near. */
export function noSuch(names: readonly string[], known: readonly string[]): Refused {
  const said = names.map((name) => {
    const meant = nearest(name, known);
    return `Neither the mirror nor the hub has ${name}.${meant ? ` Did you mean ${meant}?` : ''}`;
  });
  return new Refused(said.join(' '), '`repo list` shows all.');
}

/** Where it is on the mirror's disk, each arch that is there. */
export function placesOf({ label, repo, synced }: Item): readonly string[] {
  return label === null ? [] : [...synced.keys()].map((arch) => placeOf(label, arch, repo));
}

function itemsOf(
  { label, file, arches, repos }: Configured,
  { synced }: Mirror,
  hub: HubRepos,
  settings: Settings,
): readonly Item[] {
  return repos.map(({ name, url }) => ({
    label,
    repo: name,
    file: file.path,
    url,
    arches,
    synced: new Map(
      arches.flatMap((arch) => {
        const found = synced.find(({ place }) => place === placeOf(label, arch, name));
        return found ? [[arch, found.at] as const] : [];
      }),
    ),
    ...onHub(label, name, hub, settings),
  }));
}

/** Directories that no entry has any more: retired, or somebody deleted the entry. */
function leftOnDisk(
  { synced }: Mirror,
  configured: readonly Item[],
  hub: HubRepos,
  settings: Settings,
): readonly Item[] {
  const has = new Set(
    configured.flatMap(({ label, repo, arches }) => arches.map((arch) => placeOf(label ?? '', arch, repo))),
  );
  const left = new Map<string, Item>();
  for (const { place, at } of synced) {
    const [, label, arch, repo] = /^(.+)-([^-/]+)\/RPMS\.(.+)$/.exec(place) ?? [];
    // RPMS.all is mrepo's union of all the others.
    if (label === undefined || arch === undefined || repo === undefined || repo === 'all' || has.has(place))
      continue;
    const key = `${label}/${repo}`;
    const before = left.get(key);
    left.set(key, {
      label,
      repo,
      file: null,
      url: null,
      arches: [...(before?.arches ?? []), arch],
      synced: new Map([...(before?.synced ?? []), [arch, at]]),
      ...onHub(label, repo, hub, settings),
    });
  }
  return [...left.values()];
}

/** By address, and by the name that Steward gives: somebody else may have called it otherwise. */
function onHub(
  label: string,
  repo: string,
  { repos, links }: HubRepos,
  settings: Settings,
): Pick<Item, 'hub' | 'links'> {
  const isOf = ({ name, url }: HubRepo): boolean =>
    name === hubName(label, repo, settings) ||
    Object.values(settings.destinations).some((template) => repoAt(hubUrl(url), label, template) === repo);
  const found = repos.filter(isOf);
  return { hub: found, links: links.filter((link) => found.some(({ name }) => name === link.repo)) };
}
