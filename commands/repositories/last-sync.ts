import type { View } from '../../src/core/command.ts';
import { cutOff, readHost } from '../host-reading.ts';
import { hostOf, WHAT } from './reading.ts';
import type { Settings } from './settings.ts';
import { kojiMirror } from './sync.ts';

/** What the mirror says of a label: how it is configured there, and how its last sync ended. */
export interface LabelLook {
  readonly host: string;
  /** The file that has it; null: it is not configured. */
  readonly found: string | null;
  /** What stands in the way of a sync, in words; null: nothing. */
  readonly wrong: string | null;
  readonly repos: readonly string[];
  readonly arches: readonly string[];
  /** Bytes that are free where packages go; null: not known. */
  readonly free: number | null;
  readonly last: LastSync | null;
}

/** How the last sync of a label ended. */
export interface LastSync {
  /** `good`, `failed`, `stopped`, `would-delete`, `changed`. */
  readonly result: string;
  /** Its last words. */
  readonly says: string;
  readonly ended: Date;
  /** How many packages it was allowed to delete, where somebody said a number. */
  readonly allowed: number | null;
  /** How many it would have deleted, and of how many. */
  readonly wouldDelete: number | null;
  readonly of: number | null;
}

const DAY_MS = 86_400_000;
/** A yes to a number of deletions is looked for as long as a plan can wait for it, and some. */
const ASKED_MS = 7 * DAY_MS;
const LONGEST = 300;

/** Looks as an account without rights. Throws `Refused` and `Unavailable`. */
export async function lookAtLabel(label: string, settings: Settings, view: View): Promise<LabelLook> {
  const host = hostOf(settings, view);
  const deadlineMs = settings.deadlineSeconds * 1000;
  const { stdout, truncated } = await readHost(
    host,
    kojiMirror,
    ['look', label],
    { what: WHAT, deadlineMs },
    view,
  );
  const lines = stdout.trimEnd().split('\n');
  if (truncated || lines.pop() !== 'END') throw cutOff(WHAT, host);
  const value = new Map(
    lines.map((line) => {
      const at = line.indexOf('=');
      // A host that was broken into says what it likes; it is not to fill the plan with it.
      return [line.slice(0, at), line.slice(at + 1, at + 1 + LONGEST)];
    }),
  );
  const words = (name: string): readonly string[] => (value.get(name) ?? '').split(' ').filter(isWord);
  return {
    host,
    found: value.get('found') || null,
    wrong: value.get('wrong') ?? null,
    repos: words('repos'),
    arches: words('arches'),
    free: numberOf(value.get('free')),
    last: lastOf(value),
  };
}

/**
 * How many deletions the next sync is allowed beyond the config. A number that the last one asked for waits for a yes;
 * one that was said yes to stands for a day, so that the plan of a request is the same right after its own sync.
 */
export function allowanceOf(last: LastSync | null, now: Date): number | null {
  if (last === null) return null;
  const age = now.getTime() - last.ended.getTime();
  if (last.result === 'would-delete' && last.wouldDelete !== null)
    return age < ASKED_MS ? last.wouldDelete : null;
  return age < DAY_MS ? last.allowed : null;
}

function lastOf(value: ReadonlyMap<string, string>): LastSync | null {
  const ended = numberOf(value.get('last.ended'));
  const result = value.get('last.result');
  if (ended === null || result === undefined) return null;
  return {
    result,
    says: value.get('last.says') ?? '',
    ended: new Date(ended * 1000),
    // `200,10` is the config's own.
    allowed: numberOf(value.get('last.max')),
    wouldDelete: numberOf(value.get('last.would_delete')),
    of: numberOf(value.get('last.of')),
  };
}

const isWord = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(text);

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
