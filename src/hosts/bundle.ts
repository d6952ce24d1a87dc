import type { HostScript } from '../core/ports.ts';
import { isJob } from './root-scripts.ts';

/** One file of the bundle. */
export interface BundleFile {
  /** Relative to the bundle's own directory. */
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

export interface BundleOptions {
  /** Where the root scripts go on the host: `/usr/local/libexec/steward`. */
  readonly scriptsDir: string;
  /** The bot's account on the hosts. */
  readonly user: string;
}

/** What `job.sh` may start: a line each, as `sha256sum` writes them. */
export const JOBS_LIST = '/etc/steward/jobs';

/**
 * All that a host gets: the root scripts, a sudoers file that names each by path and SHA-256 (any arguments:
 * the scripts check their own; sudo runs them by descriptor, so their $0 is no path), the list of the jobs, which sudo
 * does not run, a place for what the reading scripts remember, and an installer short
 * enough to read. Needs nothing newer than sudo 1.8.23 of CentOS 7. The same scripts make the same bytes.
 */
export function makeBundle(scripts: readonly HostScript[], options: BundleOptions): readonly BundleFile[] {
  const { scriptsDir, user } = options;
  // These stand unquoted in sudoers, where a comma or a backslash would mean something.
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw new RangeError(`not an account name: ${user}`);
  if (!/^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/.test(scriptsDir))
    throw new RangeError(`not a directory for scripts: ${scriptsDir}`);
  for (const { name } of scripts)
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) throw new RangeError(`not a script's name: ${name}`);
  const sorted = [...scripts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    { path: 'INSTALL', mode: 0o644, text: instructions(sorted, options) },
    { path: 'install.sh', mode: 0o755, text: installer(sorted, options) },
    { path: 'jobs', mode: 0o644, text: jobs(sorted, options) },
    { path: 'sudoers', mode: 0o440, text: sudoers(sorted, options) },
    { path: 'tmpfiles.conf', mode: 0o644, text: `d /run/steward 0700 ${user} ${user} -\n` },
    ...sorted.map(({ name, text }) => ({ path: `scripts/${name}`, mode: 0o755, text })),
  ];
}

function sudoers(scripts: readonly HostScript[], { scriptsDir, user }: BundleOptions): string {
  return [
    '# Koji Steward: what its account may run as root. Each file by path and SHA-256: a changed file is refused.',
    `Defaults:${user} !requiretty, env_reset, !env_keep, !setenv, secure_path=/usr/sbin:/usr/bin:/sbin:/bin`,
    ...scripts
      .filter(({ name }) => !isJob(name))
      .map(({ name, sha256 }) => `${user} ALL=(root) NOPASSWD: sha256:${sha256} ${scriptsDir}/${name}`),
    '',
  ].join('\n');
}

/** A script of an older bundle that lies about is not on it, so nobody starts that. */
function jobs(scripts: readonly HostScript[], { scriptsDir }: BundleOptions): string {
  return scripts
    .filter(({ name }) => isJob(name))
    .map(({ name, sha256 }) => `${sha256}  ${scriptsDir}/${name}\n`)
    .join('');
}

function installer(scripts: readonly HostScript[], { scriptsDir, user }: BundleOptions): string {
  return `#!/bin/bash
# Installs this bundle, or an upgrade of it. Run as root from its own directory. Read it first: it is short.
set -eu
umask 022
unset CDPATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "$0")"
# What anybody else may change while this runs would be root's a moment later.
strange=$(find . ! -uid 0 ! -uid "\${SUDO_UID:-$(id -u)}" -o -type l -o -perm /022)
if [ -n "$strange" ]; then
  echo "others may change these, so nothing was installed (chmod -R go-w . and chown -R root . first):" >&2
  echo "$strange" >&2
  exit 1
fi
to=\${DESTDIR-}
dir=$to${scriptsDir}
owner=()
if [ -z "$to" ]; then
  owner=(-o root -g root)
  id ${user} >/dev/null
  visudo -cqf sudoers
fi
mkdir -p "$dir" "$to/etc/steward" "$to/etc/sudoers.d" "$to/etc/tmpfiles.d"
chmod 755 "$dir"
# First what may run, then who may run it: in between, sudo refuses.
${scripts.map(({ name }) => `install "\${owner[@]+"\${owner[@]}"}" -m 755 scripts/${name} "$dir/${name}"`).join('\n')}
install "\${owner[@]+"\${owner[@]}"}" -m 644 jobs "$to${JOBS_LIST}"
install "\${owner[@]+"\${owner[@]}"}" -m 644 tmpfiles.conf "$to/etc/tmpfiles.d/steward.conf"
install "\${owner[@]+"\${owner[@]}"}" -m 440 sudoers "$to/etc/sudoers.d/steward"
if [ -z "$to" ]; then
  install -d -m 700 -o ${user} -g ${user} /run/steward
fi
echo installed
`;
}

function instructions(scripts: readonly HostScript[], { scriptsDir, user }: BundleOptions): string {
  return `Koji Steward: root scripts for a host

Once, as root:  useradd --system --create-home --shell /bin/bash ${user}
                usermod -p '*' ${user}     (no password, but not locked: sshd turns locked accounts away)
                and put the bot's public key into ~${user}/.ssh/authorized_keys, mode 600
Then, as root, in this directory:  ./install.sh

It installs, owned by root:
${scripts.map(({ name, sha256 }) => `  ${scriptsDir}/${name}\n    sha256 ${sha256}`).join('\n')}
  /etc/sudoers.d/steward      lets ${user} run those files, and only with those digests; not those named .job.sh:
  ${JOBS_LIST}           job.sh starts only what stands here, and keeps what it runs below /var/lib/steward-jobs
  /etc/tmpfiles.d/steward.conf  makes /run/steward, where reading scripts remember probes that hang

Check it from the bot with:  steward doctor
To take it away:  rm -r ${scriptsDir} /etc/sudoers.d/steward /etc/tmpfiles.d/steward.conf ${JOBS_LIST} \\
                  /run/steward /var/lib/steward-jobs
`;
}
