import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIRROR, type MirrorOptions, makeMirror } from '../../sandbox/mirror/mirror.ts';
import { startRsync } from '../../sandbox/mirror/rsync.ts';
import { fillUpstream, startUpstream } from '../../sandbox/mirror/upstream.ts';
import { loadScript } from '../../src/core/script.ts';

const { text: SCRIPT } = loadScript(
  new URL('../../commands/repositories/root/koji-mirror.job.sh', import.meta.url),
);

/** Is there such a program here? */
export const has = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { timeout: 10_000 }).status === 0;

/** Is this an account, and a machine, that lets a small disk be mounted? */
export const mayMount =
  spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'steward-test', '/mnt'], { timeout: 10_000 })
    .status === 0;

/** How a run of the script ended. */
export interface Ran {
  readonly code: number | null;
  readonly log: string;
  /** The last line without its time. */
  readonly last: string;
}

/** A mirror below a directory, an upstream with one repository of three packages, and the script. */
export async function startMirrorRig(options: MirrorOptions & { readonly root?: string } = {}) {
  const base = mkdtempSync(join(tmpdir(), 'steward-mirror-'));
  const root = options.root ?? join(base, 'mirror');
  const upstream = await startUpstream(join(base, 'upstream'));
  const fill = (packages: readonly string[], more: { bytes?: number; repo?: string } = {}): void =>
    fillUpstream(join(base, 'upstream', more.repo ?? 'os', 'x86_64'), packages, {
      ...(more.bytes ? { bytes: more.bytes } : {}),
    });
  fill(THREE);
  const entry = (lines = `os = ${upstream.url}$repo/$arch/`): string =>
    `[fedora41]\nname = Fedora 41 ($arch)\narch = x86_64\n${lines}\n`;
  makeMirror(root, { entries: entry(), ...options });
  const daemons: Awaited<ReturnType<typeof startRsync>>[] = [];
  const at = (path: string): string => join(root, path);
  const script = join(base, 'koji-mirror.job.sh');
  // What the real one finds in /etc stands here; nothing else of it is changed.
  writeFileSync(script, SCRIPT.replaceAll('/etc/steward/', `${at('etc/steward')}/`));

  return {
    base,
    root,
    upstream,
    fill,
    entry,
    at,
    /** mrepo.conf with these lines for the label. */
    configure: (lines: string): void => {
      const main = readFileSync(at(MIRROR.config), 'utf8').split('[fedora41]')[0] ?? '';
      writeFileSync(at(MIRROR.config), `${main}${entry(lines)}`);
    },
    /** In mrepo.conf, once. */
    replace: (what: string | RegExp, by: string): void => {
      const text = readFileSync(at(MIRROR.config), 'utf8');
      writeFileSync(at(MIRROR.config), text.replace(what, by));
    },
    packages: (repo = 'os'): readonly string[] =>
      existsSync(at(`${MIRROR.srcdir}/fedora41-x86_64/${repo}`))
        ? readdirSync(at(`${MIRROR.srcdir}/fedora41-x86_64/${repo}`)).sort()
        : [],
    served: (name: string): string => at(`${MIRROR.wwwdir}/fedora41-x86_64/RPMS.os/${name}`),
    state: (): Readonly<Record<string, string>> =>
      Object.fromEntries(
        readFileSync(at(`${MIRROR.state}/fedora41`), 'utf8')
          .trim()
          .split('\n')
          .map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
      ),
    start: (args: readonly string[], env: Readonly<Record<string, string>> = {}) => start(script, args, env),
    /** `sync` of fedora41's os, with so many packages that may go. */
    sync: (
      most: number | string = 0,
      more: { repos?: string; backend?: string; before?: string } = {},
    ): Promise<Ran> =>
      start(
        script,
        [
          'sync',
          more.backend ?? options.backend ?? 'mrepo',
          'fedora41',
          'x86_64',
          more.repos ?? 'os',
          String(most),
        ],
        {},
        more.before,
      ).ended,
    /** A real rsync daemon over the upstream's directory, as module `up`; gives its port. */
    startRsync: async (): Promise<number> => {
      const daemon = await startRsync(join(base, 'upstream'), base);
      daemons.push(daemon);
      return daemon.port;
    },
    close: async (): Promise<void> => {
      await Promise.all(daemons.map((one) => one.close()));
      await upstream.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

export type MirrorRig = Awaited<ReturnType<typeof startMirrorRig>>;

export const THREE = ['ant-1-1.noarch.rpm', 'bee-1-1.noarch.rpm', 'cat-1-1.noarch.rpm'];

/** `before`: what the shell does that starts it. */
function start(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  before = '',
) {
  // In a group of its own, as a job is.
  const child = spawn('bash', ['-c', `${before} exec bash "$@"`, 'bash', script, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
  });
  let log = '';
  const take = (chunk: Buffer): void => {
    log += chunk;
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<Ran>((resolve) => {
    child.on('close', (code) => {
      const last = log.trimEnd().split('\n').at(-1) ?? '';
      resolve({ code, log, last: last.replace(/^== \S+ /, '') });
    });
  });
  return {
    ended,
    log: (): string => log,
    /** To the whole group, as `cancel` does it. */
    kill: (signal: NodeJS.Signals): void => {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    },
  };
}
