import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EffectOf } from './plan.ts';
import type { HostScript } from './ports.ts';

/** `# part: parts/authority.sh`, in a line of its own: the text of that file stands there. */
const PART = /^# part: ([a-z0-9./-]+\.sh)$/gm;

/**
 * Reads the script file beside a command, once, when the command is loaded:
 * `loadScript(new URL('./check.sh', import.meta.url))`. What several scripts share is a file too; what is sent, installed
 * and pinned is one, with everything in it. Throws where a file is missing: a broken installation stops at start and
 * not at the first request.
 */
export function loadScript(url: URL): HostScript {
  const text = readFileSync(url, 'utf8').replace(PART, (_, name: string) =>
    readFileSync(new URL(name, url), 'utf8').trimEnd(),
  );
  return {
    name: basename(fileURLToPath(url)),
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/** The effect that runs a root script on a host: its name and its SHA-256 are never those of two scripts. */
export function scriptRun(
  host: string,
  { name, sha256 }: HostScript,
  args: readonly string[],
): EffectOf<'host'> {
  return { kind: 'host', host, script: name, sha256, args };
}
