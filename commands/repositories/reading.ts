import { z } from 'zod';
import type { View } from '../../src/core/command.ts';
import type { HostScript } from '../../src/core/ports.ts';
import { Refused } from '../../src/core/refused.ts';
import { cutOff, hostNamed, MOST_BYTES, readFacts, readHost } from '../host-reading.ts';
import type { Settings } from './settings.ts';

/** A line of a reading script: what it is called, how it went, and what was found. */
export interface Row {
  readonly name: string;
  readonly state: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly data: Buffer | null;
}

const LONGEST_FACT = 1_000;
/** Which host that is, for people. */
export const WHAT = "the mirror's host";
const NAMED = {
  setting: 'shared.repos.host',
  asks: 'mirrors external repositories',
  says: 'repositories are mirrored',
} as const;

/**
 * Runs a reading script on the host that mirrors, as an account without rights. Throws `Refused` where the config has no
 * such host or it does not let us in, `Unavailable` where it does not answer or not whole.
 */
export async function readRows(
  script: HostScript,
  args: readonly string[],
  settings: Settings,
  view: View,
  deadlineMs = settings.deadlineSeconds * 1000,
): Promise<readonly Row[]> {
  const host = hostOf(settings, view);
  const { stdout, truncated } = await readHost(host, script, args, { what: WHAT, deadlineMs }, view);
  const lines = stdout.split('\n').filter((line) => line !== '');
  const rows = lines.slice(0, -1).map(rowOf);
  if (truncated || rows.some((row) => row?.data?.length === MOST_BYTES))
    throw new Refused(
      `What the mirror on ${host} holds is more than Steward takes from a host at once.`,
      'Look at the size of its configuration there: a megabyte is much.',
    );
  if (lines.at(-1) !== `END ${rows.length}` || rows.includes(null)) throw cutOff(WHAT, host);
  return rows.filter((row) => row !== null);
}

/** The host that mirrors; `Refused` where the config does not say it, or says one that cannot be reached. */
export function hostOf({ host }: Pick<Settings, 'host'>, view: View): string {
  return hostNamed(host, NAMED, view);
}

const word = z.string().min(1).max(LONGEST_FACT);

function rowOf(line: string): Row | null {
  const [name, state, ...rest] = line.split('\t');
  const read = z.tuple([word, word]).safeParse([name, state]);
  if (!read.success) return null;
  const found = readFacts(rest, LONGEST_FACT);
  return found && { name: read.data[0], state: read.data[1], ...found };
}
