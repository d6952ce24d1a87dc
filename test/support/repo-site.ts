import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settings } from '../../commands/repositories/settings.ts';
import { startHosts } from '../../sandbox/hosts/hosts.ts';
import { startSshd } from '../../sandbox/hosts/sshd.ts';
import type { Version } from '../../sandbox/hub/method.ts';
import { MIRROR } from '../../sandbox/mirror/mirror.ts';
import { scanCommands } from '../../src/core/registry.ts';
import type { World } from '../../src/core/world.ts';
import { createHosts } from '../../src/hosts/hosts.ts';
import { keepTree } from './kept-tree.ts';
import { PEOPLE, startKernel } from './kernel.ts';
import { keepLog } from './log.ts';

const registry = await scanCommands(new URL('../../commands/', import.meta.url));

/** A kernel whose hosts have a mirror with a small upstream; every test can begin with the first one again. */
export async function startRepoSite(
  change: Readonly<Record<string, unknown>> = {},
  {
    version = '1.35',
    sshd = false,
    through,
  }: {
    readonly version?: Version;
    /** Behind a real sshd, see `noSshd()`; the pretend one otherwise. */
    readonly sshd?: boolean;
    readonly through?: (world: World) => World;
  } = {},
) {
  const dir = await mkdtemp(join(tmpdir(), 'steward-repos-'));
  const sandbox = await startHosts({
    dir: join(dir, 'hosts'),
    names: ['builder1', 'mirror'],
    mirror: { host: 'mirror' },
  });
  const real = sshd ? await startSshd({ dir, count: 1, env: sandbox.environment('mirror') }) : null;
  const { clientKey: privateKey, knownHosts } = real ?? sandbox;
  const targets = real?.hosts.map((host) => ({ ...host, name: 'mirror' })) ?? sandbox.hosts;
  const log = keepLog();
  const hosts = createHosts({
    hosts: targets,
    privateKey,
    knownHosts,
    scriptsDir: sandbox.scriptsDir,
    log,
  });
  const of: { now: unknown } = { now: settings.parse({ host: 'mirror', ...change }) };
  const names = registry.all.filter(({ shared }) => shared === 'repos').map(({ name }) => name);
  const kernel = await startKernel({
    version,
    registry,
    hosts,
    settings: new Proxy({}, { get: (_, name) => (names.includes(String(name)) ? of.now : undefined) }),
    leaseMs: 20_000,
    ...(through ? { through } : {}),
    hubWorld: (world) => {
      for (const user of world.users) if (user.name === 'steward') user.permissions.push('admin');
    },
  });
  const { root } = sandbox.world('mirror');
  let restore = keepTree(root, ['etc', 'mnt']);
  const first = JSON.stringify(kernel.hub.world);

  return {
    kernel,
    sandbox,
    root,
    log,
    /** Kills the processes of sshd that serve connections; gives how many there were. */
    cut: (): number => real?.cut('real1') ?? 0,
    config: (): string => readFileSync(join(root, MIRROR.config), 'utf8'),
    writeConfig: (text: string): void => writeFileSync(join(root, MIRROR.config), text),
    /** Other settings from now on. */
    configure: (other: Readonly<Record<string, unknown>>): void => {
      of.now = settings.parse({ host: 'mirror', ...change, ...other });
    },
    /** What is on the mirror now is what it begins with. */
    keep: (): void => {
      restore = keepTree(root, ['etc', 'mnt']);
    },
    reset(): void {
      restore();
      Object.assign(kernel.hub.world, { ...JSON.parse(first), sessions: kernel.hub.world.sessions });
      kernel.hinted.length = 0;
      of.now = settings.parse({ host: 'mirror', ...change });
      sandbox.upstream?.behave('well');
    },
    /** Calls that the hub carried out since the last reset. */
    calls: (): readonly string[] =>
      kernel.hub.history().map(({ method, args }) => `${method} ${JSON.stringify(args)}`),
    /** Asks, gets every yes that it needs, and runs to the end. */
    async through(who: (typeof PEOPLE)[keyof typeof PEOPLE], line: string) {
      const request = await kernel.ask(who, line);
      const yes = [PEOPLE.bea, PEOPLE.carl].slice(0, request.plan?.needs.people ?? 0);
      for (const one of yes) await kernel.say(one, `approve ${request.id}`);
      if (request.status !== 'planned') return request;
      return kernel.until(request.id, 'succeeded', 'failed', 'unknown', 'planned');
    },
    async close(): Promise<void> {
      await kernel.close();
      await hosts.close();
      await real?.close();
      await sandbox.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type RepoSite = Awaited<ReturnType<typeof startRepoSite>>;
