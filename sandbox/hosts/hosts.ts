import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';
import ssh2 from 'ssh2';
import { exampleSettings } from '../../commands/nfs-check/settings.ts';
import type { HostScript } from '../../src/core/ports.ts';
import { findRootScripts } from '../../src/hosts/root-scripts.ts';
import type { Target } from '../../src/hosts/target.ts';
import { startMirrorSite } from '../mirror/site.ts';
import type { Upstream } from '../mirror/upstream.ts';
import { makeCa } from './ca.ts';
import { type HostServer, startHostServer } from './host-server.ts';
import { install, openWorld, type PretendMount, SCRIPTS_DIR, USER, type World, writeShims } from './world.ts';

/** What can be wrong with a pretend host. */
export type Misbehaviour =
  | 'down' // nothing listens
  | 'frozen' // accepts, never speaks
  | 'change-key'
  | 'refuse-sudo'
  | 'disk-full'
  | 'cut' // breaks the connections that are open now; new ones work
  | {
      readonly mount: string;
      readonly is: 'hung' | 'stale' | 'io-error' | 'missing' | 'read-only' | 'wrong-source';
    };

export interface SandboxHosts {
  readonly hosts: readonly Target[];
  readonly knownHosts: string;
  /** The bot's key, PEM. */
  readonly clientKey: string;
  readonly scriptsDir: string;
  /** What a command on it has in its environment: whoever starts one by another way gives it this. */
  environment(host: string): Readonly<Record<string, string>>;
  /** What each has beneath it. */
  world(host: string): World;
  /** How often kojid was restarted there, ever. */
  restarts(host: string): number;
  /** Where the mirror's packages come from; null: there is no mirror. */
  readonly upstream: Upstream | null;
  counts(host: string): ReturnType<HostServer['counts']>;
  misbehave(host: string, how: Misbehaviour): Promise<void>;
  /** Makes everything about a host good again. Its key stays the new one if it was changed. */
  heal(host: string): Promise<void>;
  close(): Promise<void>;
}

export interface SandboxHostsOptions {
  /** Keys and worlds; the same directory gives the same hosts again. */
  readonly dir: string;
  readonly names: readonly string[];
  /** Root scripts to install; those of all commands by default. */
  readonly scripts?: readonly HostScript[];
  /** One of the names, which then has a CA in /etc/pki/koji: this one, or one of its own. */
  readonly ca?: {
    readonly host: string;
    readonly authority?: { readonly cert: string; readonly key: string };
  };
  /** One of the names, which then mirrors external repositories. */
  readonly mirror?: { readonly host: string };
}

/**
 * Pretend hosts behind real SSH servers: what they are sent runs in a real bash, with a directory for a
 * root and a few programs on the PATH for what a laptop lacks. Needs bash and coreutils; no rights.
 */
export async function startHosts(options: SandboxHostsOptions): Promise<SandboxHosts> {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const scripts = options.scripts ?? findRootScripts(new URL('../../commands/', import.meta.url));
  const bin = writeShims(options.dir);
  const clientKey = keptKey(join(options.dir, 'client_key'));
  const nfs = await startNfsPort();
  const mounts = exampleMounts(nfs.port);
  const started = new Map<string, { world: World; server: HostServer; keyFile: string }>();
  let upstream: Upstream | null = null;
  const closeAll = () =>
    Promise.all([...[...started.values()].map((one) => one.server.close()), nfs.close(), upstream?.close()]);

  try {
    for (const name of options.names) {
      const root = join(options.dir, name);
      mkdirSync(root, { recursive: true, mode: 0o700 });
      const world = openWorld(root, mounts);
      world.setMounts(world.mounts().map((one) => ({ ...one, options: withPort(one.options, nfs.port) })));
      install(world, scripts);
      if (name === options.ca?.host) makeCa(root, options.ca.authority);
      if (name === options.mirror?.host) upstream = await startMirrorSite(options.dir, root);
      const keyFile = join(options.dir, `${name}_host_key`);
      const portFile = join(options.dir, `${name}_port`);
      const server = await startHostServer({
        hostKey: keptKey(keyFile),
        clientKey,
        user: USER,
        port: existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0,
        cwd: join(root, 'home', USER),
        env: environment(bin, root),
      });
      started.set(name, { world, server, keyFile });
      writeFileSync(portFile, String(server.port));
    }
  } catch (error) {
    await closeAll();
    throw error;
  }

  const get = (name: string) => {
    const found = started.get(name);
    if (!found) throw new Error(`no pretend host ${name}`);
    return found;
  };

  return {
    hosts: [...started].map(([name, { server }]) => ({
      name,
      address: '127.0.0.1',
      port: server.port,
      user: USER,
    })),
    knownHosts: [...started]
      .map(
        ([, { server, keyFile }]) =>
          `[127.0.0.1]:${server.port} ${publicLine(readFileSync(keyFile, 'utf8'))}\n`,
      )
      .join(''),
    clientKey,
    scriptsDir: SCRIPTS_DIR,
    environment: (name) => environment(bin, get(name).world.root),
    world: (name) => get(name).world,
    upstream,
    restarts: (name) => get(name).world.kojid().restarts,
    counts: (name) => get(name).server.counts(),
    misbehave: async (name, how) => {
      const { world, server, keyFile } = get(name);
      if (typeof how === 'object') world.setMounts(spoiled(world.mounts(), how.mount, how.is));
      else if (how === 'down' || how === 'frozen') await server.behave(how);
      else if (how === 'refuse-sudo') world.sudoers(false);
      else if (how === 'disk-full') world.flag('disk-full', true);
      else if (how === 'cut') server.cut();
      else server.useHostKey(newKey(keyFile));
    },
    heal: async (name) => {
      const { world, server } = get(name);
      world.sudoers(true);
      world.flag('disk-full', false);
      world.setMounts(mounts);
      await server.behave('well');
    },
    close: async () => {
      for (const { world } of started.values()) world.endJobs();
      await closeAll();
    },
  };
}

function environment(bin: string, root: string): Record<string, string> {
  const real = process.env.PATH ?? '/usr/bin:/bin';
  return {
    PATH: `${bin}${delimiter}${real}`,
    HOME: join(root, 'home', USER),
    USER,
    LOGNAME: USER,
    SHELL: '/bin/bash',
    STEWARD_ROOT: root,
    SANDBOX_ROOT: root,
    SANDBOX_REAL_PATH: real,
  };
}

function exampleMounts(port: number): readonly PretendMount[] {
  const options = `rw,vers=3,hard,proto=tcp,port=${port},addr=127.0.0.1`;
  return (exampleSettings.groups ?? [])
    .flatMap((group) => group.mounts)
    .map(({ at, from }) => ({ at, from, type: 'nfs', options, answers: 'ok', freeMb: 512_000 }));
}

function withPort(options: string, port: number): string {
  return options.replace(/port=\d+/, `port=${port}`);
}

function spoiled(
  mounts: readonly PretendMount[],
  at: string,
  is: Exclude<Misbehaviour, string>['is'],
): readonly PretendMount[] {
  return mounts.flatMap((one): PretendMount[] => {
    if (one.at !== at) return [one];
    if (is === 'missing') return [];
    if (is === 'read-only') return [{ ...one, options: one.options.replace(/^rw/, 'ro') }];
    if (is === 'wrong-source') return [{ ...one, from: `old-${one.from}` }];
    return [{ ...one, answers: is }];
  });
}

/** The pretend NFS server: something that accepts connections, for `does the server answer?`. */
async function startNfsPort(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function keptKey(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : newKey(file);
}

function newKey(file: string): string {
  const pem = makeKey();
  writeFileSync(file, pem, { mode: 0o600 });
  return pem;
}

/** A fresh ed25519 key, PEM. One in two hundred that ssh2 makes it cannot read itself; such a one is made again. */
export function makeKey(): string {
  for (;;) {
    const pem = ssh2.utils.generateKeyPairSync('ed25519').private;
    if (!(ssh2.utils.parseKey(pem) instanceof Error)) return pem;
  }
}

/** `ssh-ed25519 AAAA...` of a private key. */
export function publicLine(pem: string): string {
  const key = ssh2.utils.parseKey(pem);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}
