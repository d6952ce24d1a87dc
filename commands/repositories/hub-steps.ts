import type { Inverse, Step } from '../../src/core/plan.ts';
import { some } from '../some.ts';
import type { BuildTag, HubRepo, Link } from './hub.ts';
import { readyStep } from './new-repos.ts';

/** Makes the hub know a repository. */
export function createStep(name: string, url: string, inverse: Inverse): Step {
  return {
    key: `create:${name}`,
    title: `Make ${name} known to the hub`,
    kind: 'set',
    effect: { kind: 'hub', method: 'createExternalRepo', args: [name, url] },
    changes: [{ what: `external repository ${name}`, before: 'none', after: url }],
    evidence: [],
    guards: [],
    inverse,
  };
}

/** Makes the hub forget a repository that no tag uses any more. */
export function deleteStep({ name, url }: HubRepo): Step {
  return {
    key: `delete:${name}`,
    title: `Take ${name} off the hub`,
    kind: 'set',
    effect: { kind: 'hub', method: 'deleteExternalRepo', args: [name] },
    changes: [{ what: `external repository ${name}`, before: url, after: 'none' }],
    evidence: [],
    guards: [],
  };
}

/** How a tag is to use a repository. */
export interface Wish {
  readonly repo: string;
  readonly tag: string;
  readonly priority: number;
  /** Null: as the hub does it by itself. */
  readonly mode: string | null;
  readonly arches: string | null;
}

/** Lets a tag use a repository. */
export function linkStep({ repo, tag, priority, mode, arches }: Wish, inverse: Inverse): Step {
  const kwargs = { ...(mode ? { merge_mode: mode } : {}), ...(arches ? { arches } : {}) };
  return {
    key: `link:${tag}:${repo}`,
    title: `Let ${tag} use ${repo}`,
    kind: 'set',
    effect: {
      kind: 'hub',
      method: 'addExternalRepoToTag',
      args: [tag, repo, priority],
      ...(Object.keys(kwargs).length > 0 ? { kwargs } : {}),
    },
    changes: [{ what: `${repo} in ${tag}`, before: 'not used', after: useText(priority, mode, arches) }],
    evidence: [],
    guards: [],
    inverse,
  };
}

/** Lets a tag use a repository no more. */
export function unlinkStep(link: Link): Step {
  const { tag, repo, priority, mode, arches } = link;
  return {
    key: `unlink:${tag}:${repo}`,
    title: `Let ${tag} use ${repo} no more`,
    kind: 'set',
    effect: { kind: 'hub', method: 'removeExternalRepoFromTag', args: [tag, repo] },
    changes: [{ what: `${repo} in ${tag}`, before: useText(priority, mode, arches), after: 'not used' }],
    evidence: [],
    guards: [],
    inverse: {
      command: 'repo link',
      given: {
        name: repo,
        tag,
        priority: String(priority),
        ...(mode === 'koji' ? {} : { mode }),
        ...(arches ? { arches: arches.split(/\s+/).join(',') } : {}),
      },
      restores: 'full',
    },
  };
}

/** `priority 20, koji` */
export function useText(priority: number, mode: string | null, arches: string | null): string {
  return [`priority ${priority}`, mode, arches].filter(Boolean).join(', ');
}

/** More tags than these are left to kojira, which makes repositories anew by itself, if later. */
const MOST_REGENERATED = 20;

/** Makes the repositories of build tags anew, because of these steps; `ready` waits until all of them are. */
export function newRepoSteps(
  tags: readonly BuildTag[],
  because: readonly Step[],
  mayRegenerate: boolean,
): { readonly steps: readonly Step[]; readonly ready: readonly Step[]; readonly notes: readonly string[] } {
  if (because.length === 0 || tags.length === 0) return { steps: [], ready: [], notes: [] };
  if (!mayRegenerate)
    return {
      steps: [],
      ready: [],
      notes: [
        'Steward’s account has not the permission `repo` on the hub, so kojira makes the repositories of the build tags anew, in its own time.',
      ],
    };
  if (tags.length > MOST_REGENERATED)
    return {
      steps: [],
      ready: [],
      notes: [
        `${tags.length} build tags are concerned, too many to make anew at once: kojira does it, one after the other.`,
      ],
    };
  const steps = tags.map(
    ({ tag, targets }): Step => ({
      key: `newrepo:${tag}`,
      title: `Make the repository of ${tag} anew`,
      kind: 'once',
      effect: { kind: 'hub', method: 'newRepo', args: [tag] },
      changes: [{ what: `builds in ${tag}`, before: 'as until now', after: 'with the change' }],
      evidence: [{ label: 'targets that build there', value: listText(targets) }],
      guards: [],
      follows: because.map(({ key }) => key),
    }),
  );
  return { steps, ready: [readyStep(tags, steps)], notes: [] };
}

/** The first few of a list. */
export function listText(names: readonly string[], most = 8): string {
  return names.length === 0 ? 'none' : some(names, most);
}

/** What these steps change on the hub, as locks: `repo:fedora41-os`, `tag:f41-build`. */
export function locksOf(steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ key }) => {
    const [, verb, first, second] = /^(create|delete|link|unlink):([^:]*)(?::(.*))?$/.exec(key) ?? [];
    if (verb === undefined || first === undefined) return [];
    return second === undefined ? [`repo:${first}`] : [`tag:${first}`, `repo:${second}`];
  });
}
