import { chownSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort, stopped } from '../test/support/process.ts';
import { noRedis, startRedis } from '../test/support/redis.ts';
import { until } from './numbers.ts';
import type { Scope } from './scope.ts';

/** Where the truth and the queue are; null: PGlite in a directory, and the queue in it. */
export interface Servers {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** Why there is no PostgreSQL with Redis here; null when there is. */
export function noServers(): string | null {
  return binaries() === null ? 'no PostgreSQL binaries here' : noRedis && `${noRedis} here`;
}

/** Starts a PostgreSQL that really writes to the disk at each commit, and a Redis with an append-only file. */
export async function startServers(scope: Scope): Promise<Servers> {
  const redis = await startRedis();
  scope.later(() => redis.stop());
  return { databaseUrl: await startPostgres(scope), redisUrl: redis.url };
}

async function startPostgres(scope: Scope): Promise<string> {
  const bin = binaries();
  if (bin === null) throw new Error('no PostgreSQL binaries');
  const dir = scope.dir();
  const account = process.getuid?.() === 0 ? someAccount() : null;
  if (account !== null) chownSync(dir, account.uid, account.gid);
  const options = {
    ...(account ?? {}),
    cwd: dir,
    stdio: 'ignore',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  } as const;
  const data = join(dir, 'data');
  const made = scope.spawn(
    join(bin, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'steward', '-E', 'UTF8', '--no-sync'],
    options,
  );
  if ((await stopped(made)) !== 0) throw new Error('initdb failed');
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100'];
  const server = scope.spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', `${port}`, ...settings.flatMap((one) => ['-c', one])],
    options,
  );
  // SIGTERM waits for every connection to end.
  scope.later(() => server.kill('SIGINT'));
  const url = `postgres://steward@127.0.0.1:${port}/postgres`;
  await until('PostgreSQL answers', () => answers(url), 20_000);
  return url;
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A new, empty database on the same server. */
export async function freshDatabase(servers: Servers, name: string): Promise<Servers> {
  const client = new pg.Client({ connectionString: servers.databaseUrl });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return { ...servers, databaseUrl: servers.databaseUrl.replace(/\/[^/]*$/, `/${name}`) };
}

function binaries(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const dirs = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return dirs.find((dir) => existsSync(join(dir, 'initdb')) && existsSync(join(dir, 'postgres'))) ?? null;
}

/** PostgreSQL refuses root. */
function someAccount(): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line =
    lines.find((one) => one.startsWith('postgres:')) ?? lines.find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = (line ?? '').split(':');
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}
