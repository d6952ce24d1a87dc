import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SPEC = `Name: %{called}
Version: 1
Release: 1
Summary: A package with nothing in it
License: none
%description
Nothing.
%files
`;

/** Makes real packages with nothing in them, for an arch: `ant-1-1`, `bee-1-1` and `cat-1-1`. Gives their directory. */
export function buildRpms(dir: string, arch: string): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'one.spec'), SPEC);
  for (const called of ['ant', 'bee', 'cat'])
    execFileSync(
      'rpmbuild',
      ['-bb', '--quiet', '--target', arch, '-D', `_topdir ${dir}`, '-D', `called ${called}`, 'one.spec'],
      { cwd: dir, timeout: 30_000, stdio: 'pipe' },
    );
  return join(dir, 'RPMS', arch);
}

/** Makes a directory a repository of these packages, and no others, with real metadata. */
export function offerRpms(repo: string, names: readonly string[], from: string): void {
  const dir = join(repo, 'Packages/a');
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  for (const name of names) copyFileSync(join(from, name), join(dir, name));
  execFileSync('createrepo_c', ['--quiet', repo], { timeout: 30_000, stdio: 'pipe' });
}
