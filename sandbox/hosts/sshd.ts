import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Target } from '../../src/hosts/target.ts';
import { makeKey, publicLine } from './hosts.ts';

const SSHD = '/usr/sbin/sshd';

/** Why real sshd cannot be started here; null if it can. */
export function noSshd(): string | null {
  if (!existsSync(SSHD)) return `no ${SSHD} here`;
  if (process.getuid?.() !== 0) return 'sshd lets nobody else in unless it is started by root';
  try {
    accessSync('/run', constants.W_OK);
    return null;
  } catch {
    return '/run cannot be written';
  }
}

export interface RealHosts {
  readonly hosts: readonly Target[];
  readonly knownHosts: string;
  readonly clientKey: string;
  /** What STEWARD_ROOT is for the commands of a host: its own run/steward. */
  rootOf(host: string): string;
  /** Stops (or continues) the listener: connections are accepted by the kernel and nobody speaks. */
  freeze(host: string, frozen: boolean): void;
  /** Kills the processes of the connections that are open; new ones are accepted. Gives how many there were. */
  cut(host: string): number;
  close(): Promise<void>;
}

export interface RealHostsOptions {
  /** Parent of a private directory for keys and configurations. */
  readonly dir: string;
  /** How many; at 127.0.2.1 and on, up to 200. */
  readonly count: number;
  readonly port?: number;
  /** Lines for sshd_config, e.g. `MaxSessions 3`. */
  readonly config?: readonly string[];
  /** What commands find in their environment, beside what they find there anyway; no white space in it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts real sshd, one process a host, on addresses of their own. Check `noSshd()` first. */
export async function startSshd(options: RealHostsOptions): Promise<RealHosts> {
  // sshd reads its keys anew for every connection and refuses any that others can read.
  const dir = mkdtempSync(join(options.dir, 'sshd-'));
  chmodSync(dir, 0o700);
  if (!existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  const hostKey = makeKey();
  const clientKey = makeKey();
  writeFileSync(join(dir, 'host_key'), hostKey, { mode: 0o600 });
  writeFileSync(join(dir, 'authorized_keys'), `${publicLine(clientKey)}\n`, { mode: 0o600 });
  const port = options.port ?? 20_000 + (process.pid % 20_000);
  const hosts = Array.from(
    { length: options.count },
    (_, index): Target => ({
      name: `real${index + 1}`,
      address: `127.0.2.${index + 1}`,
      port,
      user: 'root',
    }),
  );
  const running = new Map<string, ChildProcess>();
  const rootOf = (name: string): string => join(dir, name);

  const close = async (): Promise<void> => {
    await Promise.all([...running.values()].map(end));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    for (const host of hosts) {
      mkdirSync(join(rootOf(host.name), 'run/steward'), { recursive: true, mode: 0o700 });
      const config = join(dir, `${host.name}.conf`);
      writeFileSync(
        config,
        configFor(dir, host, { STEWARD_ROOT: rootOf(host.name), ...options.env }, options.config ?? []),
      );
      const log = join(dir, `${host.name}.log`);
      running.set(host.name, spawn(SSHD, ['-D', '-f', config, '-E', log], { stdio: 'ignore' }));
    }
    for (const host of hosts) await speaks(host);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    hosts,
    knownHosts: hosts.map((host) => `[${host.address}]:${port} ${publicLine(hostKey)}\n`).join(''),
    clientKey,
    rootOf,
    freeze: (name, frozen) => {
      running.get(name)?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
    },
    cut: (name) => {
      const sessions = childrenOf(running.get(name)?.pid);
      for (const pid of sessions) process.kill(pid, 'SIGKILL');
      return sessions.length;
    },
    close,
  };
}

function childrenOf(pid: number | undefined): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function configFor(
  dir: string,
  host: Target,
  env: Readonly<Record<string, string>>,
  more: readonly string[],
): string {
  return [
    `ListenAddress ${host.address}:${host.port}`,
    `HostKey ${join(dir, 'host_key')}`,
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    `PidFile ${join(dir, `${host.name}.pid`)}`,
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    // Bash would read ~/.bashrc for a command over SSH at SHLVL below 2: what is there is not ours to run.
    ['SetEnv SHLVL=3', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)].join(' '),
    ...more,
    '',
  ].join('\n');
}

async function speaks(host: Target): Promise<void> {
  const endsAt = Date.now() + 15_000;
  for (;;) {
    if (await banner(host)) return;
    if (Date.now() > endsAt) throw new Error(`sshd on ${host.address} does not start`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function banner(host: Target): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.address, port: host.port, timeout: 5000 });
    const settle = (spoke: boolean): void => {
      socket.destroy();
      resolve(spoke);
    };
    socket.once('data', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    // A stopped process hears SIGTERM only when it is continued.
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    setTimeout(() => child.kill('SIGKILL'), 2000).unref();
  });
}
