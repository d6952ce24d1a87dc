import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostScript } from './ports.ts';

/**
 * Reads the script file beside a command, once, when the command is loaded:
 * `loadScript(new URL('./check.sh', import.meta.url))`. Throws where the file is missing: a broken
 * installation stops at start and not at the first request.
 */
export function loadScript(url: URL): HostScript {
  const path = fileURLToPath(url);
  const bytes = readFileSync(path);
  return {
    name: basename(path),
    text: bytes.toString('utf8'),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}
