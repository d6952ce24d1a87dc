import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { loadScript } from '../../src/core/script.ts';

/** How a script ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Puts a root script of the certificates into a directory that stands for a host, with these lines of ca.conf. What the
 * real one finds in /etc/steward stands in that directory; nothing else of the script is changed.
 */
export function putScript(root: string, name: string, conf: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, 'steward'), { recursive: true });
  const lines = Object.entries(conf).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(root, 'steward/ca.conf'), lines.join(''));
  const { text } = loadScript(new URL(`../../commands/certificates/root/${name}`, import.meta.url));
  writeFileSync(join(root, name), text.replaceAll('/etc/steward/', `${root}/steward/`));
}

/** Runs it in a process group of its own. */
export function runScript(
  root: string,
  name: string,
  args: readonly string[],
  path: string = process.env.PATH ?? '',
): Promise<Ran> {
  const child = spawn('bash', [join(root, name), ...args], {
    env: { PATH: path, TEST_BOOK: join(root, 'book') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    out.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    out.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...out })));
}

const CHANGING = ['openssl', 'mv', 'cp', 'rm', 'mkdir'];

/** A PATH whose programs kill the whole run at its n-th call of one that changes something; 0: they only count. */
export function deadlyPath(root: string, n: number, when: 'before' | 'after'): string {
  const bin = join(root, `bin-${n}-${when}`);
  mkdirSync(bin, { recursive: true });
  rmSync(join(root, 'book'), { force: true });
  for (const name of CHANGING)
    writeFileSync(
      join(bin, name),
      `#!/bin/bash
echo x >>"$TEST_BOOK"
calls=$(wc -l <"$TEST_BOOK")
[[ $calls == ${n} && ${when} == before ]] && kill -KILL 0
PATH=\${PATH#*:} ${name} "$@"
code=$?
[[ $calls == ${n} && ${when} == after ]] && kill -KILL 0
exit $code
`,
      { mode: 0o755 },
    );
  return `${bin}${delimiter}${process.env.PATH}`;
}

/** How many such calls the last run made. */
export function callsOf(root: string): number {
  const book = join(root, 'book');
  return existsSync(book) ? readFileSync(book, 'utf8').trim().split('\n').length : 0;
}
