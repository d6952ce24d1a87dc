import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs the real openssl; gives what it prints. */
export function openssl(args: readonly string[], options: { cwd: string; input?: string | Buffer }): string {
  return execFileSync('openssl', args, {
    ...options,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 60_000,
  });
}

export function temporaryDir(below = tmpdir()): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(below, 'steward-ca-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
