import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostScript } from '../../src/core/ports.ts';
import { makeBundle } from '../../src/hosts/bundle.ts';

/** What is mounted on a pretend host, and how it answers. */
export interface PretendMount {
  readonly at: string;
  readonly from: string;
  readonly type: string;
  /** As mountinfo shows them, beside `rw` or `ro`, which come first. */
  readonly options: string;
  readonly answers: 'ok' | 'stale' | 'io-error' | 'hung';
  readonly freeMb: number;
}

/** The private root directory of one pretend host. Everything a host is lies in files there, and outlives a start. */
export interface World {
  readonly root: string;
  mounts(): readonly PretendMount[];
  setMounts(mounts: readonly PretendMount[]): void;
  kojid(): { readonly since: number; readonly restarts: number };
  flag(name: 'disk-full', on: boolean): void;
  /** Its clock is so many seconds ahead of the real one; negative: behind. */
  clock(seconds: number): void;
  /** Away: sudo finds no rules. */
  sudoers(present: boolean): void;
  /** What a reboot does to the jobs that run there: they are gone, without a word. */
  endJobs(): void;
}

export const SCRIPTS_DIR = '/usr/local/libexec/steward';
export const USER = 'steward';

const ROOTED = ['cat', 'grep', 'head', 'ls', 'sha256sum', 'tail'];

/** Writes the programs that a laptop lacks, once for all hosts; gives their directory. */
export function writeShims(dir: string): string {
  const bin = join(dir, 'bin');
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  const shims = fileURLToPath(new URL('./shims/', import.meta.url));
  for (const name of readdirSync(shims)) {
    copyFileSync(join(shims, name), join(bin, name));
    chmodSync(join(bin, name), 0o755);
  }
  for (const name of ROOTED) symlinkSync('rooted', join(bin, name));
  return bin;
}

/** Opens a host's world, or makes it with these mounts. */
export function openWorld(root: string, mounts: readonly PretendMount[]): World {
  const path = (name: string): string => join(root, name);
  const table = path('var/lib/sandbox/world.json');
  const sudoersFile = path('etc/sudoers.d/steward');
  for (const folder of ['var/lib/sandbox', 'proc/self', 'run/steward', `home/${USER}`])
    mkdirSync(path(folder), { recursive: true });
  chmodSync(path('run/steward'), 0o700);

  function setMounts(now: readonly PretendMount[]): void {
    writeFileSync(table, JSON.stringify(now, null, 1));
    writeFileSync(
      path('var/lib/sandbox/mounts'),
      now.map((one) => `${one.at}\t${one.answers}\t${one.freeMb}\n`).join(''),
    );
    writeFileSync(path('proc/self/mountinfo'), mountinfo(now));
  }

  const world: World = {
    root,
    mounts: () => JSON.parse(readFileSync(table, 'utf8')) as readonly PretendMount[],
    setMounts,
    kojid: () => {
      const [since = 0, , restarts = 0] = readFileSync(path('var/lib/sandbox/kojid'), 'utf8')
        .trim()
        .split(' ')
        .map(Number);
      return { since, restarts };
    },
    flag: (name, on) => {
      if (on) writeFileSync(path(`var/lib/sandbox/${name}`), '');
      else rmSync(path(`var/lib/sandbox/${name}`), { force: true });
    },
    clock: (seconds) => writeFileSync(path('var/lib/sandbox/clock'), `${seconds}\n`),
    sudoers: (present) => {
      if (existsSync(sudoersFile)) chmodSync(sudoersFile, 0o600);
      if (present && existsSync(`${sudoersFile}.away`)) copyFileSync(`${sudoersFile}.away`, sudoersFile);
      if (!present && existsSync(sudoersFile)) {
        copyFileSync(sudoersFile, `${sudoersFile}.away`);
        rmSync(sudoersFile);
      }
    },
    endJobs: () => {
      const jobs = path('var/lib/steward-jobs');
      for (const file of existsSync(jobs) ? readdirSync(jobs, { recursive: true, encoding: 'utf8' }) : []) {
        if (!file.endsWith('/began') || existsSync(join(jobs, dirname(file), 'code'))) continue;
        const [group = ''] = readFileSync(join(jobs, file), 'utf8').split(' ');
        const [name, , run] = file.split('/');
        // The number may be somebody else's by now.
        if (environmentOf(group).includes(`STEWARD_JOB=${name}/${run}`))
          process.kill(-Number(group), 'SIGKILL');
      }
    },
  };
  if (!existsSync(table)) setMounts(mounts);
  if (!existsSync(path('var/lib/sandbox/kojid')))
    writeFileSync(path('var/lib/sandbox/kojid'), `${Math.floor(Date.now() / 1000) - 86_400} 1000000 0\n`);
  return world;
}

/** Installs the bundle as an admin would: its own installer, with another root. */
export function install(world: World, scripts: readonly HostScript[]): void {
  const dir = mkdtempSync(join(world.root, 'bundle-'));
  try {
    for (const file of makeBundle(scripts, { scriptsDir: SCRIPTS_DIR, user: USER })) {
      mkdirSync(dirname(join(dir, file.path)), { recursive: true });
      writeFileSync(join(dir, file.path), file.text);
    }
    execFileSync('bash', [join(dir, 'install.sh')], {
      env: { PATH: process.env.PATH, DESTDIR: world.root },
      timeout: 20_000,
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function mountinfo(mounts: readonly PretendMount[]): string {
  const octal = (text: string): string =>
    text.replace(/[\\\s]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  // Parents first, each below the nearest mount above it, as the kernel numbers them.
  const lines = ['20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw'];
  const ids = new Map([['', 20]]);
  mounts.forEach((one, index) => {
    const id = 21 + index;
    let above = dirname(one.at);
    while (above !== '/' && !ids.has(above)) above = dirname(above);
    const mode = /^r[ow](,|$)/.exec(one.options) ? one.options.slice(0, 2) : 'rw';
    lines.push(
      `${id} ${ids.get(above) ?? 20} 0:${30 + index} / ${octal(one.at)} ${mode},relatime shared:${id} - ${one.type} ${octal(one.from)} ${one.options}`,
    );
    ids.set(one.at, id);
  });
  return `${lines.join('\n')}\n`;
}
