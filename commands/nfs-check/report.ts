import type { HostOutcome } from '../../src/core/ports.ts';
import type { ExpectedMount } from './settings.ts';

/** What the script says of one mount. */
export type MountVerdict =
  | 'ok'
  | 'missing'
  | 'wrong-source'
  | 'wrong-type'
  | 'wrong-options'
  | 'read-only'
  | 'stale'
  | 'io-error'
  | 'hung';

/** What can be said of a host whose mounts could not be looked at. */
export type HostVerdict = Exclude<HostOutcome['kind'], 'exit'> | 'truncated' | 'failed';

export interface MountState {
  readonly mount: ExpectedMount;
  readonly verdict: MountVerdict;
  /** What was seen: `free`, `server`, `reachable`, `since`, `error`, ... A name can come more than once. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** One host: its mounts in the order of the config, or why there are none. */
export type HostState =
  | { readonly host: string; readonly mounts: readonly MountState[] }
  | { readonly host: string; readonly verdict: HostVerdict; readonly says: string };

const VERDICTS: readonly string[] = [
  'ok',
  'missing',
  'wrong-source',
  'wrong-type',
  'wrong-options',
  'read-only',
  'stale',
  'io-error',
  'hung',
] satisfies MountVerdict[];

// What the script itself keeps to; a host that was broken into need not.
const MOST_FACTS = 50;
const LONGEST_FACT = 220;

const isVerdict = (word: string): word is MountVerdict => VERDICTS.includes(word);

/** Reads the script's output. Anything that is not whole is no answer: half a list would look like good news. */
export function readReport(
  host: string,
  expected: readonly ExpectedMount[],
  outcome: HostOutcome,
): HostState {
  if (outcome.kind !== 'exit') return { host, verdict: outcome.kind, says: outcome.says };
  if (outcome.code !== 0) {
    const why = outcome.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    return { host, verdict: 'failed', says: `The check itself failed there (exit ${outcome.code}): ${why}` };
  }
  const lines = outcome.stdout.split('\n').filter((line) => line !== '');
  const cut: HostState = { host, verdict: 'truncated', says: 'Its answer was cut off: ask again.' };
  if (outcome.truncated || lines.pop() !== `END ${expected.length}`) return cut;
  const mounts: MountState[] = [];
  for (const [index, mount] of expected.entries()) {
    const [number, verdict = '', ...rest] = lines[index]?.split('\t') ?? [];
    if (number !== String(index) || !isVerdict(verdict)) return cut;
    mounts.push({ mount, verdict, facts: rest.slice(0, MOST_FACTS).map(fact) });
  }
  return { host, mounts };
}

function fact(whole: string): readonly [string, string] {
  const text = whole.slice(0, LONGEST_FACT);
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
