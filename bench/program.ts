import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ended, type Scope } from './scope.ts';
import type { Servers } from './servers.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const READY_MS = 60_000;
const BUILD_MS = 120_000;

/** The program as `npm run build` makes it, in a directory of its own below the checkout, where it finds its packages. */
export async function buildProgram(): Promise<{ readonly cli: string; close(): Promise<void> }> {
  await mkdir(join(ROOT, '.steward'), { recursive: true });
  const dir = await mkdtemp(join(ROOT, '.steward/bench-'));
  const close = () => rm(dir, { recursive: true, force: true });
  try {
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    await promisify(execFile)(
      tsc,
      ['-p', 'tsconfig.build.json', '--outDir', dir, '--noEmitOnError', 'false'],
      {
        cwd: ROOT,
        timeout: BUILD_MS,
      },
    );
    for (const top of ['commands', 'config', 'src']) {
      for (const entry of await readdir(join(ROOT, top), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.name.endsWith('.ts')) continue;
        const from = join(entry.parentPath, entry.name);
        await cp(from, join(dir, from.slice(ROOT.length)));
      }
    }
    await cp(join(ROOT, 'package.json'), join(dir, 'package.json'));
    return { cli: join(dir, 'src/cli.js'), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A running Steward, as its own process. */
export interface Program {
  readonly port: number;
  /** From its start to the log line that says that it is ready. */
  readonly readyMs: number;
  /** Resident memory in MB. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

export async function startProgram(
  scope: Scope,
  options: {
    readonly cli: string;
    readonly configPath: string;
    readonly role: 'web' | 'worker' | 'all';
    readonly servers: Servers | null;
  },
): Promise<Program> {
  const { cli, configPath, role, servers } = options;
  const {
    DATABASE_URL: _database,
    STEWARD_DATABASE_URL: _own,
    REDIS_URL: _redis,
    NODE_OPTIONS: _options,
    ...env
  } = process.env;
  const began = performance.now();
  const child = scope.spawn(process.execPath, [cli, 'serve', '--role', role, '--config', configPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: servers ? { ...env, STEWARD_DATABASE_URL: servers.databaseUrl, REDIS_URL: servers.redisUrl } : env,
  });
  const { stdout } = child;
  if (!stdout) throw new Error('no standard output');
  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${READY_MS} ms`)), READY_MS);
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)));
    createInterface(stdout).on('line', (line) => {
      if (!line.includes('"msg":"ready"')) return;
      clearTimeout(timer);
      resolve(Number(/"port":(\d+)/.exec(line)?.[1] ?? 0));
    });
  });
  return {
    port,
    readyMs: performance.now() - began,
    memory: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    },
    stop: () => ended(child),
  };
}
