import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { View } from '../../src/core/command.ts';
import { nearest } from '../../src/core/near.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';
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

// What the script itself keeps to; a host that was broken into need not.
const MOST_BYTES = 8 * 1024 * 1024;
const LONGEST_FACT = 200;
const MOST_FACTS = 20;

const state = z.enum(['ok', 'missing', 'denied', 'odd', 'failed']);

/**
 * Looks at the CA's host as an account without rights. Throws `Refused` where the config has no such host or the host
 * does not let us in, `Unavailable` where it does not answer or not whole.
 */
export async function lookAtCa(asks: readonly Ask[], settings: Settings, view: View): Promise<Looked> {
  const host = hostOf(settings, view);
  const began = performance.now();
  const args = asks.flatMap(({ kind, name, path }) => [kind, name, path ?? '-']);
  const outcome = await view.hosts.read(host, look, args, {
    deadlineMs: settings.deadlineSeconds * 1000,
    signal: view.signal,
  });
  const what = `the CA's host ${host}`;
  if (outcome.kind !== 'exit') {
    if (['unreachable', 'no-banner', 'timeout', 'lost', 'signalled'].includes(outcome.kind))
      throw new Unavailable(what, outcome.says);
    throw new Refused(`The CA's host ${host} could not be looked at: ${outcome.says}`);
  }
  if (outcome.code !== 0) {
    const why = outcome.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    throw new Unavailable(what, `The look at ${host} failed there (exit ${outcome.code}): ${why}`);
  }
  if (outcome.truncated) throw tooMuch(host);
  const answers = readAnswers(outcome.stdout, asks);
  // The script cuts there, and half a record would look like a whole one.
  if ([...(answers?.values() ?? [])].some(({ data }) => data?.length === MOST_BYTES)) throw tooMuch(host);
  if (!answers) throw new Unavailable(what, `The answer of ${host} was cut off.`);
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

function hostOf({ host }: Settings, view: View): string {
  if (host === undefined)
    throw new Refused(
      'The config does not say which host has the certificate authority.',
      'An admin names it in the config: `shared.ca.host`.',
    );
  const known = view.hosts.names();
  if (known.includes(host)) return host;
  const meant = nearest(host, known);
  throw new Refused(
    `The config says that the CA is on ${host}, and Steward has no SSH access to a host of that name.${meant ? ` Is it ${meant}?` : ''}`,
    'An admin adds it to `hosts.list` in the config, or corrects `shared.ca.host`.',
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
    const packed = rest.find((one) => one.startsWith('data='));
    const facts = rest
      .slice(0, MOST_FACTS)
      .filter((one) => one !== packed)
      .map((one): [string, string] => {
        const at = one.indexOf('=');
        return [one.slice(0, at), one.slice(at + 1, at + 1 + LONGEST_FACT)];
      });
    const data = packed === undefined ? null : unpack(packed.slice('data='.length));
    if (data === undefined) return null;
    answers.set(name, { state: read.data, facts: Object.fromEntries(facts), data });
  }
  return answers;
}

function unpack(text: string): Buffer | undefined {
  try {
    return gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MOST_BYTES });
  } catch {
    return undefined;
  }
}
