import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort, stopped, until } from './process.ts';

/** Why there is no PostgreSQL for tests here; null when there is. */
export const noPostgres: string | null = findBinaries() === null ? 'no PostgreSQL binaries' : null;

/** A directory for temporary files that another account can reach: root's own may be closed to it. */
export function openTmpdir(): string {
  const isOpen = (path: string): boolean =>
    existsSync(path) && (statSync(path).mode & 0o001) !== 0 && (path === '/' || isOpen(dirname(path)));
  return [tmpdir(), '/tmp', '/var/tmp'].find(isOpen) ?? tmpdir();
}

/** A PostgreSQL server of this test's own. */
export interface TestPostgres {
  readonly url: string;
  /** A new, empty database. */
  fresh(): Promise<string>;
  /** Stops the server like a crash, and starts it again on the same port. */
  restart(): Promise<void>;
  /** Stops it and all its connections' processes where they are: it is there and does not answer. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/**
 * Starts a server in a private directory; it refuses root, so as root it runs as somebody else. `durable`: each commit
 * is really on the disk, as in production.
 */
export async function startPostgres(options: { readonly durable?: boolean } = {}): Promise<TestPostgres> {
  const bin = findBinaries();
  if (bin === null) throw new Error('no PostgreSQL binaries');
  const account = process.getuid?.() === 0 ? someAccount() : null;
  const dir = mkdtempSync(join(account === null ? tmpdir() : openTmpdir(), 'steward-pg-'));
  if (account !== null) chownSync(dir, account.uid, account.gid);
  const run = (name: string, args: string[]): ChildProcess =>
    spawn(join(bin, name), args, {
      ...(account ?? {}),
      cwd: dir,
      stdio: 'ignore',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });

  const data = join(dir, 'data');
  const initdb = run('initdb', ['-D', data, '-A', 'trust', '-U', 'steward', '-E', 'UTF8', '--no-sync']);
  if ((await stopped(initdb)) !== 0) throw new Error('initdb failed');
  const port = await freePort();
  const address = (name: string): string => `postgres://steward@127.0.0.1:${port}/${name}`;
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...(options.durable ? [] : ['fsync=off']),
    'max_connections=100',
  ];
  const start = async (): Promise<ChildProcess> => {
    const server = run('postgres', ['-D', data, '-p', `${port}`, ...settings.flatMap((one) => ['-c', one])]);
    await until(async () => {
      const client = new pg.Client({ connectionString: address('postgres'), connectionTimeoutMillis: 2_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return true;
      } catch {
        return false;
      } finally {
        await client.end().catch(() => undefined);
      }
    });
    return server;
  };
  let server = await start();
  let made = 0;
  return {
    url: address('postgres'),
    fresh: async () => {
      const name = `t${process.pid}_${++made}`;
      const client = new pg.Client({ connectionString: address('postgres') });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return address(name);
    },
    restart: async () => {
      server.kill('SIGQUIT');
      await stopped(server);
      server = await start();
    },
    pause: () => signalAll(server, 'SIGSTOP'),
    resume: () => signalAll(server, 'SIGCONT'),
    stop: async () => {
      signalAll(server, 'SIGCONT');
      server.kill('SIGQUIT');
      await stopped(server);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function signalAll(server: ChildProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ');
  server.kill(signal);
  for (const child of children.filter(Boolean)) {
    try {
      process.kill(Number(child), signal);
    } catch (error) {
      // A connection's process may end between the reading of the list and its turn.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function findBinaries(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const dirs = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return dirs.find((dir) => existsSync(join(dir, 'initdb')) && existsSync(join(dir, 'postgres'))) ?? null;
}

function someAccount(): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line =
    lines.find((one) => one.startsWith('postgres:')) ?? lines.find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = (line ?? '').split(':');
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}
