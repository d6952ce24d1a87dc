import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MREPO = fileURLToPath(new URL('./mrepo.mjs', import.meta.url));
const CREATEREPO = fileURLToPath(new URL('./createrepo.sh', import.meta.url));

/** Is there what upstreams are looked at with? */
export const hasCurl = spawnSync('curl', ['--version'], { timeout: 10_000 }).status === 0;

/** Where things are on a pretend mirror, below its root. */
export const MIRROR = {
  conf: 'etc/steward/mirror.conf',
  config: 'etc/mrepo.conf',
  srcdir: 'mnt/koji/external-repos/src',
  wwwdir: 'mnt/koji/external-repos/www',
  lockdir: 'var/cache/mrepo',
  /** For reposync. */
  reposDir: 'etc/steward/repos.d',
  mirrorDir: 'mnt/koji/external-repos/www',
  state: 'var/lib/steward-mirror',
} as const;

export interface MirrorOptions {
  readonly backend?: 'mrepo' | 'reposync';
  /** What mrepo makes metadata with. */
  readonly createrepo?: string;
  /** Sections of mrepo.conf, as an admin writes them. */
  readonly entries?: string;
}

/** Makes a pretend mirror of external repositories below `root`, as far as it is not there. */
export function makeMirror(root: string, options: MirrorOptions = {}): void {
  const { backend = 'mrepo', createrepo = CREATEREPO, entries = '' } = options;
  const at = (path: string): string => join(root, path);
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
    chmodSync(at(path), mode);
  };
  for (const folder of [MIRROR.srcdir, MIRROR.wwwdir, MIRROR.reposDir, MIRROR.state])
    mkdirSync(at(folder), { recursive: true });
  put('usr/bin/mrepo', `#!/bin/sh\nexec '${process.execPath}' '${MREPO}' "$@"\n`, 0o755);
  const where =
    backend === 'mrepo'
      ? [
          `config=${at(MIRROR.config)}`,
          'confdir=',
          `srcdir=${at(MIRROR.srcdir)}`,
          `wwwdir=${at(MIRROR.wwwdir)}`,
        ]
      : [`repos_dir=${at(MIRROR.reposDir)}`, `mirror_dir=${at(MIRROR.mirrorDir)}`];
  put(
    MIRROR.conf,
    `${[`backend=${backend}`, ...where, `mrepo=${at('usr/bin/mrepo')}`, `state=${at(MIRROR.state)}`].join('\n')}\n`,
  );
  if (existsSync(at(MIRROR.config))) return;
  put(
    MIRROR.config,
    `### Configuration of the pretend mrepo
[main]
srcdir = ${at(MIRROR.srcdir)}
wwwdir = ${at(MIRROR.wwwdir)}
confdir = ${at('etc/mrepo.conf.d')}
lockdir = ${at(MIRROR.lockdir)}
createrepocmd = ${createrepo}
arch = x86_64
metadata = repomd

${entries}`,
  );
}
