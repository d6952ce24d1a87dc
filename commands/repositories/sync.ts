import type { Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';
import { grouped } from './amounts.ts';
import type { Settings } from './settings.ts';

/** The script that syncs and checks what came of it; the same one looks, for accounts without rights. */
export const kojiMirror = loadScript(new URL('./root/koji-mirror.job.sh', import.meta.url));

/** Whatever changes the mirror or its configuration holds this, and its job has this name. */
export const MIRROR_LOCK = 'mrepo';

/** What is to be synced. */
export interface Sync {
  readonly label: string;
  readonly repos: readonly string[];
  readonly arches: readonly string[];
  /** How many packages may go because upstream has them no more; null: as many as the config lets go unasked. */
  readonly allowDeletes: number | null;
  /** How much it should bring, and in what time; left out: that is not known. */
  readonly expected?: string;
}

/** The step that syncs a label: a job of hours, done when everything that should be there is there and holds. */
export function syncStep(
  settings: Settings,
  { label, repos, arches, allowDeletes, expected }: Sync,
  evidence: Step['evidence'] = [],
): Step {
  const { host, backend } = settings;
  if (host === undefined)
    throw new Refused(
      'The config does not say which host mirrors external repositories.',
      'An admin names it in the config: `shared.repos.host`.',
    );
  const names = [...repos].sort();
  return {
    key: `sync:${label}`,
    title: `Sync ${label} on ${host}: ${names.join(', ')} for ${[...arches].sort().join(', ')}`,
    kind: 'once',
    effect: {
      kind: 'job',
      host,
      name: MIRROR_LOCK,
      script: kojiMirror.name,
      sha256: kojiMirror.sha256,
      args: [
        'sync',
        backend,
        label,
        [...arches].sort().join(','),
        names.join(','),
        limitOf(settings, allowDeletes),
      ],
    },
    changes: [
      {
        what: `packages of ${label}`,
        before: 'as they are',
        after: `as upstream has them${expected ? `: ${expected};` : ','} ${deletesText(settings, allowDeletes)}`,
      },
    ],
    evidence,
    guards: [],
  };
}

/** How the script takes it: `312`, or `200,10`. */
function limitOf({ deletions }: Settings, allowDeletes: number | null): string {
  // Never more than the config says.
  return allowDeletes === null
    ? `${deletions.count},${Math.floor(deletions.percent)}`
    : String(Math.max(0, Math.floor(allowDeletes)));
}

/** `it stops rather than delete more than 200 of them or 10 %`. */
export function deletesText({ deletions }: Settings, allowDeletes: number | null): string {
  if (allowDeletes === 0) return 'none is deleted';
  return allowDeletes === null
    ? `it stops rather than delete more than ${grouped(deletions.count)} of them or ${Math.floor(deletions.percent)} %`
    : `it stops rather than delete more than ${grouped(allowDeletes)} of them`;
}
