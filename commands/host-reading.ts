import { gunzipSync } from 'node:zlib';
import type { Oddity, View } from '../src/core/command.ts';
import { nearest } from '../src/core/near.ts';
import type { HostScript } from '../src/core/ports.ts';
import { Refused, Unavailable } from '../src/core/refused.ts';

/** Bytes of one file that are taken from a host at most; its script keeps to that, a host that was broken into need not. */
export const MOST_BYTES = 8 * 1024 * 1024;
const MOST_FACTS = 20;

/** Outcomes after which it may answer the next time. */
const AWAY = ['unreachable', 'no-banner', 'timeout', 'lost', 'signalled'];

/**
 * Runs a reading script as an account without rights, and gives what it printed. `what`: which host that is, for people
 * (`the CA's host`). Throws `Refused` where it does not let us in, `Unavailable` where it does not answer or the script failed.
 */
export async function readHost(
  host: string,
  script: HostScript,
  args: readonly string[],
  { what, deadlineMs }: { readonly what: string; readonly deadlineMs: number },
  view: View,
): Promise<{ readonly stdout: string; readonly truncated: boolean }> {
  const outcome = await view.hosts.read(host, script, args, { deadlineMs, signal: view.signal });
  if (outcome.kind !== 'exit') {
    const lost = `The connection to ${host} broke in the middle of a look. A look changes nothing there.`;
    if (AWAY.includes(outcome.kind))
      throw new Unavailable(`${what} ${host}`, outcome.kind === 'lost' ? lost : outcome.says);
    throw new Refused(`T${what.slice(1)} ${host} could not be looked at: ${outcome.says}`);
  }
  if (outcome.code !== 0) {
    const why = outcome.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    throw new Unavailable(
      `${what} ${host}`,
      `The look at ${host} failed there (exit ${outcome.code}): ${why}`,
    );
  }
  return outcome;
}

/** For an answer that its script did not bring to its end. */
export function cutOff(what: string, host: string): Unavailable {
  return new Unavailable(`${what} ${host}`, `The answer of ${host} was cut off.`);
}

/** A host that the config names at `setting`, for what it `asks` and `says`; `Refused` where it cannot be reached. */
export function hostNamed(
  host: string | undefined,
  { setting, asks, says }: { readonly setting: string; readonly asks: string; readonly says: string },
  view: View,
): string {
  if (host === undefined)
    throw new Refused(
      `The config does not say which host ${asks}.`,
      `An admin names it in the config: \`${setting}\`.`,
    );
  const known = view.hosts.names();
  if (known.includes(host)) return host;
  const meant = nearest(host, known);
  throw new Refused(
    `The config says that ${says} on ${host}, and Steward has no SSH access to a host of that name.${meant ? ` Is it ${meant}?` : ''}`,
    `An admin adds it to \`hosts.list\` in the config, or corrects \`${setting}\`.`,
  );
}

/** For `config check`: hosts that settings name at these places, and the config does not have. */
export function strangeHosts(
  named: readonly (readonly [keys: Oddity['keys'], host: string | undefined])[],
  hosts: readonly string[],
): readonly Oddity[] {
  return named.flatMap(([keys, host]) => {
    if (host === undefined || hosts.includes(host)) return [];
    const meant = nearest(host, hosts);
    const says = `hosts.list has no host of this name, so it cannot be looked at.${meant ? ` Did you mean ${meant}?` : ` Hosts: ${hosts.join(', ') || 'none'}.`}`;
    return [{ keys, says }];
  });
}

/** What a line of a reading script has behind its name and state: `name=value`, and `data=` packed. Null: not whole. */
export function readFacts(
  parts: readonly string[],
  longest: number,
): { readonly facts: Readonly<Record<string, string>>; readonly data: Buffer | null } | null {
  const packed = parts.find((one) => one.startsWith('data='));
  const data = packed === undefined ? null : unpack(packed.slice('data='.length));
  if (data === undefined) return null;
  const facts = parts
    .slice(0, MOST_FACTS)
    .filter((one) => one !== packed)
    .map((one): [string, string] => {
      const at = one.indexOf('=');
      return [one.slice(0, at), one.slice(at + 1, at + 1 + longest)];
    });
  return { facts: Object.fromEntries(facts), data };
}

function unpack(text: string): Buffer | undefined {
  try {
    return gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MOST_BYTES });
  } catch {
    return undefined;
  }
}
