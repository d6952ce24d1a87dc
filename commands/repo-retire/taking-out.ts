import type { View } from '../../src/core/command.ts';
import type { Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import { size } from '../repositories/amounts.ts';
import type { Edit } from '../repositories/block.ts';
import { handEntry, pathOfNew, removeEntry } from '../repositories/entry.ts';
import type { HubRepo, HubRepos } from '../repositories/hub.ts';
import { deleteStep, unlinkStep } from '../repositories/hub-steps.ts';
import { type Configured, labelNamed } from '../repositories/labels.ts';
import { bytesOf } from '../repositories/measures.ts';
import { type Mirror, packageDirs } from '../repositories/mirror.ts';
import { isPlaceOf } from '../repositories/places.ts';
import { entryAgain, restoringOf } from '../repositories/restoration.ts';
import type { Settings } from '../repositories/settings.ts';

/** What one of the names stands for. */
export interface Part {
  readonly name: string;
  readonly label: Configured | undefined;
  readonly repos: readonly HubRepo[];
}

/** What a name stands for, on the mirror and on the hub. */
export function belongingTo(
  name: string,
  hub: HubRepos,
  labels: readonly Configured[],
  config: Settings,
): Omit<Part, 'name'> {
  return {
    label: labelNamed(name, labels),
    repos: hub.repos.filter((repo) => repo.name === name || isPlaceOf(repo.url, name, config)),
  };
}

/** The steps for one name. One asking takes all of them back, because the hub has to know a repository before a tag uses it. */
export function takeOut(
  { name, label, repos }: Part,
  hub: HubRepos,
  mirror: Mirror | null,
  config: Settings,
): {
  readonly unlinks: readonly Step[];
  readonly deletes: readonly Step[];
  readonly entry: readonly Step[];
  readonly tags: readonly string[];
  readonly notes: readonly string[];
} {
  const links = hub.links.filter((link) => repos.some((repo) => repo.name === link.repo));
  const removed = label && mirror ? leaveMirror(label, mirror, config) : null;
  const again = removed?.edit && label ? entryAgain(label, removed.edit, config) : null;
  const isElsewhere = label ? pathOfNew(label.label, config) !== label.file.path : false;
  const entry = removed?.edit && again ? { entry: again, edit: removed.edit, isElsewhere } : null;
  const inverse = restoringOf(label?.label ?? name, { repos, links, entry }, config);
  const back = inverse ? { inverse } : {};
  return {
    unlinks: links.map((link) => {
      const { inverse: _, ...step } = unlinkStep(link);
      return { ...step, ...back };
    }),
    deletes: repos.map((repo) => ({ ...deleteStep(repo), ...back })),
    entry: removed ? [{ ...removed.step, ...(entry ? back : {}) }] : [],
    tags: links.map(({ tag }) => tag),
    notes: [
      ...(removed?.notes ?? []),
      ...(inverse || repos.length + links.length === 0
        ? []
        : [`There is no undo for ${name}: what it was cannot be said in one line, or may not be asked for.`]),
    ],
  };
}

/** Out of the configuration: by Steward where the entry is its own, by a person otherwise. */
function leaveMirror(
  label: Configured,
  mirror: Mirror,
  config: Settings,
): { readonly step: Step; readonly edit: Edit | null; readonly notes: readonly string[] } {
  try {
    return { ...removeEntry(label, mirror, config), notes: [] };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const notes = [`${error.message} ${error.next ?? ''}`.trim()];
    return { step: handEntry(label, mirror, config), edit: null, notes };
  }
}

/** Where the packages stay, and what would be free if they went too. */
export async function packagesText(
  labels: readonly Configured[],
  mirror: Mirror,
  config: Settings,
  view: View,
): Promise<readonly string[]> {
  return Promise.all(
    labels.map(async ({ label, file, arches }) => {
      const bytes = await bytesOf(label, arches, config, view);
      const would =
        bytes === null
          ? 'how much that is was not measured'
          : `${size(bytes, null)} would be free without them`;
      return `The packages stay on ${mirror.host}, in ${packageDirs(label, arches, config).join(', ')} (of ${file.path}): ${would}.`;
    }),
  );
}
