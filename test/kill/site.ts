import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type SandboxHosts, startHosts } from '../../sandbox/hosts/hosts.ts';
import { type SandboxHub, startHub } from '../../sandbox/hub/hub.ts';
import type { Version } from '../../sandbox/hub/method.ts';
import { makePki } from '../../sandbox/pki.ts';
import { stopped } from '../support/process.ts';
import type { Setup, Told } from './points.ts';

/** A hub and hosts that outlive every process that works on them. */
export interface KillSite {
  readonly dir: string;
  readonly hub: SandboxHub;
  readonly hosts: SandboxHosts;
  readonly setup: Omit<Setup, 'databaseUrl' | 'redisUrl' | 'askings'>;
  close(): Promise<void>;
}

/** What a site is to have. */
export interface KillSiteOptions {
  /** On the hub. */
  readonly builders?: readonly string[];
  /** Those of the builders that are hosts as well. */
  readonly reachable?: readonly string[];
  readonly version?: Version;
  /** A host `ca`, with a certificate authority. */
  readonly ca?: boolean;
  /** A host `mirror`. */
  readonly mirror?: boolean;
  /** Build tags with a target each. */
  readonly tags?: readonly string[];
}

/** Starts a hub and hosts. */
export async function startKillSite(options: KillSiteOptions): Promise<KillSite> {
  const { builders = [], reachable = [], version = '1.20', ca = false, mirror = false, tags = [] } = options;
  const dir = await mkdtemp(join(tmpdir(), 'steward-kill-'));
  const pki = await makePki(join(dir, 'pki'));
  const hub = await startHub({
    version,
    pki,
    world: (world) => {
      const [model] = world.hosts;
      if (!model) throw new Error('a hub without hosts');
      builders.forEach((name, index) => {
        const id = 2000 + index;
        world.users.push({ id: 100 + id, name, status: 0, usertype: 1, permissions: [] });
        world.hosts.push({ ...model, id, userId: 100 + id, name, capacity: 4, enabled: true, channels: [1] });
      });
      tags.forEach((name, index) => {
        const id = 3000 + index;
        world.tags.push({ id, name, arches: 'x86_64' });
        world.targets.push({ id, name, buildTagId: id, destTagId: id });
      });
      if (mirror) world.users.find(({ name }) => name === 'steward')?.permissions.push('admin');
    },
  });
  const hosts = await startHosts({
    dir: join(dir, 'hosts'),
    names: [...reachable, ...(ca ? ['ca'] : []), ...(mirror ? ['mirror'] : [])],
    ...(mirror ? { mirror: { host: 'mirror' } } : {}),
    ...(ca ? { ca: { host: 'ca', authority: pki.authority } } : {}),
  });
  const { hosts: list, clientKey: privateKey, knownHosts, scriptsDir } = hosts;
  return {
    dir,
    hub,
    hosts,
    setup: {
      dir: join(dir, 'data'),
      hub: { url: hub.url, ca: pki.ca, ...(await pki.client('steward')) },
      hosts: {
        list: list.map((one) => ({ ...one, address: one.address ?? '127.0.0.1', port: one.port ?? 22 })),
        privateKey,
        knownHosts,
        scriptsDir,
        dir: join(dir, 'hosts'),
      },
      leaseMs: 5_000,
    },
    async close() {
      await Promise.all([hosts.close(), hub.close()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** How a life ended. `killed`: by itself, with SIGKILL, at these points; null for one that died of an error. */
export interface Ended {
  readonly killed: boolean | null;
  readonly points: Readonly<Record<string, string>>;
  readonly statuses: Readonly<Record<string, string>>;
}

/**
 * Runs one life of a worker in a process of its own, until it ends or kills itself. With `meanwhile` it does not
 * kill itself: when it has stopped at its points, that is done, and it goes on.
 */
export async function liveOnce(
  setup: Setup,
  hub: SandboxHub,
  meanwhile?: () => Promise<void>,
): Promise<Ended> {
  const child = startChild('killed-child.ts', {
    TEST_SETUP: JSON.stringify(setup),
    TEST_PAUSE: meanwhile ? 'yes' : '',
  });
  let points: Ended['points'] = {};
  let statuses: Ended['statuses'] = {};
  const wrong: string[] = [];
  let errors = '';
  let soFar = 'nothing';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  child.on('message', (told: Told) => {
    if (told.kind === 'at-the-points') {
      points = told.points;
      meanwhile?.().then(
        () => child.connected && child.send('go on'),
        (error: unknown) => wrong.push(String(error)),
      );
    } else if (told.kind === 'so-far') soFar = told.text;
    else if (told.kind === 'ended') statuses = told.statuses;
    else if (told.kind === 'wrong') wrong.push(told.says);
    else {
      // The next batch is carried out, and its answer does not come while anybody lives to read it.
      void hub.misbehave({ kind: 'slow', method: 'multiCall', ms: 30_000 });
      child.send('slow now');
    }
  });
  const late = setTimeout(() => {
    wrong.push(`it did not end; ${soFar}`);
    child.kill('SIGKILL');
  }, 120_000);
  const code = await stopped(child);
  clearTimeout(late);
  if (meanwhile && wrong.length === 0 && code === 1) return { killed: null, points, statuses };
  if (wrong.length > 0 || (code !== 0 && child.signalCode !== 'SIGKILL'))
    throw new Error(`a life went wrong: code ${code}\n${wrong.join('\n')}\n${errors}`);
  return { killed: child.signalCode === 'SIGKILL', points, statuses };
}

/** Starts a TypeScript file of this folder as a process of its own. */
export function startChild(name: string, env: Readonly<Record<string, string>>): ChildProcess {
  const file = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return spawn(process.execPath, ['--import', 'tsx', file], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  });
}
