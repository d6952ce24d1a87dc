import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { stopped, until } from '../support/process.ts';

/** A real `steward serve`, as a process of its own. */
export interface Served {
  readonly child: ChildProcess;
  /** What it wrote to its log, a JSON object a line. */
  readonly log: () => string;
  readonly errors: () => string;
  /** Sends SIGTERM; gives the exit code and how long that took. */
  end(): Promise<{ readonly code: number | null; readonly ms: number }>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Starts `steward serve` and does not wait for anything. */
export function startServe(args: readonly string[], env: Readonly<Record<string, string>> = {}): Served {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'serve', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  const heard = { log: '', errors: '' };
  child.stdout?.on('data', (chunk) => {
    heard.log += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    heard.errors += chunk;
  });
  return {
    child,
    log: () => heard.log,
    errors: () => heard.errors,
    async end() {
      const begun = Date.now();
      child.kill('SIGTERM');
      const code = await stopped(child);
      return { code, ms: Date.now() - begun };
    },
  };
}

/** Starts it and waits until it says that it is ready. */
export async function serveReady(...args: Parameters<typeof startServe>): Promise<Served> {
  const served = startServe(...args);
  const ready = (): boolean => /"msg":"ready"/.test(served.log()) || served.child.exitCode !== null;
  await until(ready, 150_000).catch((error: unknown) => {
    served.child.kill('SIGKILL');
    throw error;
  });
  if (served.child.exitCode !== null) throw new Error(`it ended:\n${served.log()}\n${served.errors()}`);
  return served;
}

const tree = z.record(z.string(), z.unknown());

/** Writes the config file anew beside it, with some of its parts changed, and gives the new path. */
export async function changedConfig(
  path: string,
  name: string,
  changes: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<string> {
  const config = tree.parse(parse(await readFile(path, 'utf8')));
  for (const [part, values] of Object.entries(changes))
    config[part] = { ...tree.parse(config[part] ?? {}), ...values };
  const to = path.replace(/steward\.yaml$/, `${name}.yaml`);
  await writeFile(to, stringify(config), { mode: 0o600 });
  return to;
}
