import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { View } from '../../src/core/command.ts';
import { nearest } from '../../src/core/near.ts';
import type { HostScript } from '../../src/core/ports.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import type { Settings } from './settings.ts';

/** A line of a reading script: what it is called, how it went, and what was found. */
export interface Row {
  readonly name: string;
  readonly state: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly data: Buffer | null;
}

const MOST_BYTES = 8 * 1024 * 1024;
const LONGEST_FACT = 1_000;

const AWAY = ['unreachable', 'no-banner', 'timeout', 'lost', 'signalled'];

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
  const outcome = await view.hosts.read(host, script, args, { deadlineMs, signal: view.signal });
  const what = `the mirror's host ${host}`;
  if (outcome.kind !== 'exit') {
    if (AWAY.includes(outcome.kind)) throw new Unavailable(what, outcome.says);
    throw new Refused(`The mirror's host ${host} could not be looked at: ${outcome.says}`);
  }
  if (outcome.code !== 0) {
    const why = outcome.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    throw new Unavailable(what, `The look at ${host} failed there (exit ${outcome.code}): ${why}`);
  }
  const lines = outcome.stdout.split('\n').filter((line) => line !== '');
  const rows = lines.slice(0, -1).map(rowOf);
  if (outcome.truncated || rows.some((row) => row?.data?.length === MOST_BYTES))
    throw new Refused(
      `What the mirror on ${host} holds is more than Steward takes from a host at once.`,
      'Look at the size of its configuration there: a megabyte is much.',
    );
  if (lines.at(-1) !== `END ${rows.length}` || rows.includes(null))
    throw new Unavailable(what, `The answer of ${host} was cut off.`);
  return rows.filter((row) => row !== null);
}

/** The host that mirrors; `Refused` where the config does not say it, or says one that cannot be reached. */
export function hostOf({ host }: Pick<Settings, 'host'>, view: View): string {
  if (host === undefined)
    throw new Refused(
      'The config does not say which host mirrors external repositories.',
      'An admin names it in the config: `shared.repos.host`.',
    );
  const known = view.hosts.names();
  if (known.includes(host)) return host;
  const meant = nearest(host, known);
  throw new Refused(
    `The config says that repositories are mirrored on ${host}, and Steward has no SSH access to a host of that name.${meant ? ` Is it ${meant}?` : ''}`,
    'An admin adds it to `hosts.list` in the config, or corrects `shared.repos.host`.',
  );
}

const word = z.string().min(1).max(LONGEST_FACT);

function rowOf(line: string): Row | null {
  const [name, state, ...rest] = line.split('\t');
  const read = z.tuple([word, word]).safeParse([name, state]);
  if (!read.success) return null;
  const packed = rest.find((one) => one.startsWith('data='));
  const data = packed === undefined ? null : unpack(packed.slice('data='.length));
  if (data === undefined) return null;
  const facts = rest
    .filter((one) => one !== packed)
    .map((one): [string, string] => {
      const at = one.indexOf('=');
      return [one.slice(0, at), one.slice(at + 1, at + 1 + LONGEST_FACT)];
    });
  return { name: read.data[0], state: read.data[1], facts: Object.fromEntries(facts), data };
}

function unpack(text: string): Buffer | undefined {
  try {
    return gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MOST_BYTES });
  } catch {
    return undefined;
  }
}
