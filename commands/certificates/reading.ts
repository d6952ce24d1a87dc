import { z } from 'zod';
import type { View } from '../../src/core/command.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';
import { cutOff, hostNamed, MOST_BYTES, readFacts, readHost } from '../host-reading.ts';
import type { Settings } from './settings.ts';

const look = loadScript(new URL('./look.sh', import.meta.url));

/** What the script is asked for; `look.sh` says what each kind gives. */
export interface Ask {
  readonly kind:
    | 'host'
    | 'clock'
    | 'stat'
    | 'file'
    | 'cert'
    | 'certs'
    | 'keys'
    | 'config'
    | 'conf'
    | 'list'
    | 'sum'
    | 'space'
    | 'public'
    | 'loose';
  /** What the answer is called. */
  readonly name: string;
  readonly path?: string;
}

/** What was seen. */
export interface Seen {
  /** `denied`: an account without rights may not look. `odd`: a directory where a file should be, or so. */
  readonly state: 'ok' | 'missing' | 'denied' | 'odd' | 'failed';
  /** `mode`, `owner`, `size`, ...; text as the host gave it. */
  readonly facts: Readonly<Record<string, string>>;
  readonly data: Buffer | null;
}

/** What one look at the CA's host gave. */
export interface Looked {
  readonly host: string;
  /** What was asked for under this name. */
  seen(name: string): Seen;
  /** Milliseconds that the look took; the host's clock was read somewhere in it. */
  readonly tookMs: number;
}

const WHAT = "the CA's host";
const NAMED = {
  setting: 'shared.ca.host',
  asks: 'has the certificate authority',
  says: 'the CA is',
} as const;
const LONGEST_FACT = 200;

const state = z.enum(['ok', 'missing', 'denied', 'odd', 'failed']);

/**
 * Looks at the CA's host as an account without rights. Throws `Refused` where the config has no such host or the host
 * does not let us in, `Unavailable` where it does not answer or not whole.
 */
export async function lookAtCa(asks: readonly Ask[], settings: Settings, view: View): Promise<Looked> {
  const host = hostNamed(settings.host, NAMED, view);
  const began = performance.now();
  const args = asks.flatMap(({ kind, name, path }) => [kind, name, path ?? '-']);
  const deadlineMs = settings.deadlineSeconds * 1000;
  const { stdout, truncated } = await readHost(host, look, args, { what: WHAT, deadlineMs }, view);
  if (truncated) throw tooMuch(host);
  const answers = readAnswers(stdout, asks);
  // The script cuts there, and half a record would look like a whole one.
  if ([...(answers?.values() ?? [])].some(({ data }) => data?.length === MOST_BYTES)) throw tooMuch(host);
  if (!answers) throw cutOff(WHAT, host);
  return {
    host,
    tookMs: performance.now() - began,
    seen: (name) => {
      const found = answers.get(name);
      if (!found) throw new Error(`nobody asked for ${name}`);
      return found;
    },
  };
}

function tooMuch(host: string): Refused {
  return new Refused(
    `What the CA on ${host} holds is more than Steward takes from a host at once (1 MB packed, 8 MB unpacked).`,
    'Look at the size of index.txt and of the CRL there: more than about 50,000 entries are too many.',
  );
}

/** Null: not whole. */
function readAnswers(stdout: string, asks: readonly Ask[]): ReadonlyMap<string, Seen> | null {
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.pop() !== `END ${asks.length}` || lines.length !== asks.length) return null;
  const answers = new Map<string, Seen>();
  for (const [index, { name }] of asks.entries()) {
    const [said, how, ...rest] = lines[index]?.split('\t') ?? [];
    const read = state.safeParse(how);
    if (said !== name || !read.success) return null;
    const found = readFacts(rest, LONGEST_FACT);
    if (!found) return null;
    answers.set(name, { state: read.data, ...found });
  }
  return answers;
}
