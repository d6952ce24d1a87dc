import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, stopped, until } from './process.ts';

const SERVER = 'redis-server';

/** Why there is no Redis for tests here; null when there is. */
export const noRedis: string | null =
  spawnSync(SERVER, ['--version']).status === 0 ? null : 'no redis-server';

/** A Redis server of this test's own. */
export interface TestRedis {
  readonly url: string;
  start(): Promise<void>;
  /** Kills it; `start` brings it back with what its append-only file holds. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  command(...words: [string, ...string[]]): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a server in a private directory, with an append-only file as in production. */
export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'steward-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}/0`;
  let server: ChildProcess | undefined;
  const command = async (...[word, ...words]: [string, ...string[]]): Promise<unknown> => {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.call(word, ...words);
    } finally {
      client.disconnect();
    }
  };
  const start = async (): Promise<void> => {
    server = spawn(
      SERVER,
      [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--dir',
        dir,
        '--save',
        '',
        '--appendonly',
        'yes',
        ...settings,
      ],
      { stdio: 'ignore' },
    );
    await until(async () => (await command('PING').catch(() => '')) === 'PONG');
  };
  const kill = async (): Promise<void> => {
    if (server === undefined) return;
    server.kill('SIGKILL');
    await stopped(server);
  };
  await start();
  return {
    url,
    start,
    kill,
    command,
    pause: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT'),
    stop: async () => {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
