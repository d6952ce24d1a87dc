import { z } from 'zod';
import type { View } from '../../src/core/command.ts';
import { nearest } from '../../src/core/near.ts';
import type { Inverse, Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import { type HubRepo, type HubRepos, hubUrl, type Link } from './hub.ts';
import { createStep, linkStep, useText, type Wish } from './hub-steps.ts';
import type { Settings } from './settings.ts';

/** A repository that the hub is to know, and what upstream or the mirror has of it. */
export interface Wanted {
  /** On the hub. */
  readonly name: string;
  readonly url: string;
}

/** How tags are to use them; what is null is chosen here. */
export interface Use {
  readonly tags: readonly string[];
  readonly priority: number | null;
  readonly mode: string | null;
  readonly arches: readonly string[] | null;
}

/** The hub's name for a destination, `Refused` for one that the config does not have. */
export function destinationOf(wanted: string | undefined, { destinations }: Settings): string {
  const names = Object.keys(destinations);
  const name = wanted ?? (names.length === 1 ? names[0] : names.find((one) => one === 'main'));
  const found = name === undefined ? undefined : destinations[name];
  if (found !== undefined) return found;
  const meant = wanted === undefined ? null : nearest(wanted, names);
  throw new Refused(
    wanted === undefined
      ? 'There are several builders that it could be for.'
      : `The config knows no “${wanted}” that a repository could be for.${meant ? ` Did you mean ${meant}?` : ''}`,
    `Say one of: ${names.map((one) => `for=${one}`).join(', ')}.`,
  );
}

/** Makes those known that are not; `Refused`, showing both, for a name that the hub has with another address. */
export function createSteps(
  wanted: readonly Wanted[],
  { repos }: HubRepos,
  inverse: Inverse,
): { readonly steps: readonly Step[]; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const steps = wanted.flatMap(({ name, url }) => {
    const there = repos.find((repo) => repo.name.toLowerCase() === name.toLowerCase());
    if (there) {
      assertSame(there, name, url);
      return [];
    }
    const twin = repos.find((repo) => repo.url === hubUrl(url));
    if (twin) notes.push(`The hub knows this address already, as ${twin.name}: ${twin.url}`);
    return [createStep(name, hubUrl(url), inverse)];
  });
  return { steps, notes };
}

function assertSame(there: HubRepo, name: string, url: string): void {
  if (there.name === name && there.url === hubUrl(url)) return;
  throw new Refused(
    `The hub has a repository ${there.name} already, with another address: ${there.url} and not ${hubUrl(url)}.`,
    `Choose another label, or look at it with \`repo list ${there.name}\`; \`repo retire ${there.name}\` takes it off the hub.`,
  );
}

/** Lets tags use repositories; what is so already is left out. `archesOf`: what the tags build for. */
export async function linkSteps(
  names: readonly string[],
  use: Use,
  hub: HubRepos,
  archesOf: ReadonlyMap<string, readonly string[]>,
  inverse: (wish: Wish) => Inverse,
  view: View,
): Promise<{ readonly steps: readonly Step[]; readonly notes: readonly string[] }> {
  const steps: Step[] = [];
  const notes: string[] = [];
  const takesArches = use.tags.length > 0 && (await hubTakesArches(view));
  for (const tag of use.tags) {
    const own = hub.links.filter((link) => link.tag === tag);
    const missing = names.filter((name) => !own.some((link) => link.repo === name));
    for (const link of own.filter(({ repo }) => names.includes(repo))) assertAsWished(link, use);
    const arches = archesFor(tag, archesOf.get(tag) ?? [], use, takesArches);
    notes.push(...arches.notes);
    const priorities = freePriorities(own, missing.length, use.priority, tag);
    for (const [index, repo] of missing.entries()) {
      const wish = { repo, tag, priority: priorities[index] ?? 0, mode: use.mode, arches: arches.only };
      const step = linkStep(wish, inverse(wish));
      const others = own.map((link) => `${link.repo} ${link.priority}`).join(', ');
      steps.push({ ...step, evidence: [{ label: `priorities in ${tag}`, value: others || 'none yet' }] });
    }
  }
  return { steps, notes };
}

function assertAsWished({ tag, repo, priority, mode, arches }: Link, use: Use): void {
  const isOther =
    (use.priority !== null && use.priority !== priority) || (use.mode !== null && use.mode !== mode);
  if (!isOther) return;
  throw new Refused(
    `${tag} uses ${repo} already, with ${useText(priority, mode, arches)} and not ${useText(use.priority ?? priority, use.mode ?? mode, null)}.`,
    `\`repo unlink ${repo} tag=${tag}\` ends that; then link it anew.`,
  );
}

/** Priorities that no other repository of the tag has: a hub refuses a second one of the same. */
function freePriorities(
  own: readonly Link[],
  count: number,
  wanted: number | null,
  tag: string,
): readonly number[] {
  const taken = new Map(own.map((link) => [link.priority, link.repo]));
  const last = Math.max(0, ...taken.keys());
  const first = wanted ?? Math.floor(last / 5) * 5 + 5;
  const found = Array.from({ length: count }, (_, index) => first + index * (wanted === null ? 5 : 1));
  const clash = found.find((priority) => taken.has(priority));
  if (clash !== undefined)
    throw new Refused(
      `${tag} uses ${taken.get(clash)} at priority ${clash}, and two repositories of a tag cannot have the same.`,
      `Say another one, or leave it out: the next one that is free is ${Math.floor(last / 5) * 5 + 5}. The lowest number is asked first.`,
    );
  return found;
}

/** For which arches of a tag: where upstream does not have all of them the hub has to be told, or no repository can be made. */
function archesFor(
  tag: string,
  all: readonly string[],
  { arches }: Use,
  takesArches: boolean,
): { readonly only: string | null; readonly notes: readonly string[] } {
  if (arches === null) return { only: null, notes: [] };
  const has = new Set(arches.map(canonical));
  const lacks = all.filter((arch) => !has.has(canonical(arch)));
  if (lacks.length === 0) return { only: null, notes: [] };
  const kept = all.filter((arch) => has.has(canonical(arch)));
  if (kept.length === 0)
    throw new Refused(
      `${tag} builds for ${all.join(', ')}, and the repository is for ${arches.join(', ')}.`,
      'Give an arch that both have, or another tag.',
    );
  if (takesArches) return { only: kept.join(' '), notes: [] };
  return {
    only: null,
    notes: [
      `${tag} builds for ${lacks.join(', ')} too, which the repository does not have, and this hub (before 1.24) cannot be told so: making the repository of ${tag} anew will fail for it.`,
    ],
  };
}

/** As Koji folds them when it fills in $arch. */
function canonical(arch: string): string {
  return /^i[3-6]86$/.test(arch) ? 'i386' : arch;
}

/** Hubs from 1.24 on take the arches of a link; one that can say its version is from 1.23 at least. */
async function hubTakesArches(view: View): Promise<boolean> {
  try {
    const version = z
      .string()
      .parse(await view.hub.read({ method: 'getKojiVersion', args: [] }, view.signal));
    const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
    return Number(major) > 1 || Number(minor) >= 24;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}
