import { randomBytes } from 'node:crypto';
import type { HostOutcome } from '../core/ports.ts';
import { commandLine, quote } from './quote.ts';
import { says } from './says.ts';
import type { Target } from './target.ts';

/** The command line for a root script, what its stdin must be, and how to read what came back. */
export interface Gate {
  readonly command: string;
  readonly input: string;
  read(outcome: HostOutcome): HostOutcome;
}

/**
 * A root script runs only after a word on stdin, which is sent when the host has accepted the command: so a
 * connection that breaks earlier surely ran nothing. Before it runs, the installed file must have the digest that was
 * approved, and sudo must be willing. Both noes are told apart from the script's own failures by a
 * mark on stderr that the script cannot know.
 */
export function rootGate(
  target: Target,
  scriptsDir: string,
  script: { readonly name: string; readonly sha256: string },
  args: readonly string[],
): Gate {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(script.name) || !/^[0-9a-f]{64}$/.test(script.sha256))
    throw new RangeError(`not a root script: ${JSON.stringify(script.name)}`);
  const path = `${scriptsDir}/${script.name}`;
  const mark = randomBytes(9).toString('hex');
  const call = commandLine([path, ...args]);
  const command = [
    'cd / && IFS= read -r go && [ "$go" = go ] || exit 1',
    `sum=$(sha256sum -- ${quote(path)} 2>/dev/null); sum=\${sum%% *}`,
    `if [ "$sum" != ${script.sha256} ]; then echo "${mark} not-installed $sum" >&2; exit 1; fi`,
    `if ! sudo -n -l -- ${call} </dev/null >/dev/null 2>&1; then echo "${mark} sudo-refused" >&2; exit 1; fi`,
    `exec sudo -n -- ${call} </dev/null`,
  ].join('\n');
  return {
    command,
    input: 'go\n',
    read: (outcome) => {
      if (outcome.kind !== 'exit' || outcome.code !== 1) return outcome;
      const [, said, found = ''] =
        new RegExp(`^${mark} (not-installed|sudo-refused) ?(\\S*)$`, 'm').exec(outcome.stderr) ?? [];
      if (said === 'not-installed') return says.notInstalled(target, path, found);
      if (said === 'sudo-refused') return says.sudoRefused(target, path);
      return outcome;
    },
  };
}
