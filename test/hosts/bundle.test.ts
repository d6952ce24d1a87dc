import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBundle } from '../../src/hosts/bundle.ts';
import { findRootScripts } from '../../src/hosts/root-scripts.ts';
import { writeTar } from '../../src/hosts/tar.ts';
import { script, temporary } from './support.ts';

const options = { scriptsDir: '/usr/local/libexec/steward', user: 'steward' };
const scripts = [script('#!/bin/bash\necho one\n', 'one.sh'), script('#!/bin/bash\necho ž\n', 'two.sh')];
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const visudo = has('visudo') ? 'visudo' : has('/usr/sbin/visudo') ? '/usr/sbin/visudo' : null;
const why = (program: string, there: boolean): string => (there ? '' : ` (skipped: no ${program} here)`);

let place: ReturnType<typeof temporary>;
beforeAll(() => {
  place = temporary();
});
afterAll(() => place.remove());

describe('the bundle for a host', () => {
  const files = makeBundle(scripts, options);
  const text = (path: string): string => files.find((file) => file.path === path)?.text ?? '';

  it('names each script in sudoers by path and digest, and nothing else', () => {
    const rules = text('sudoers')
      .split('\n')
      .filter((line) => line.startsWith('steward '));
    expect(rules).toEqual(
      scripts.map(
        (one) => `steward ALL=(root) NOPASSWD: sha256:${one.sha256} ${options.scriptsDir}/${one.name}`,
      ),
    );
  });

  it('lists a job with its digest for job.sh, and lets sudo run none', () => {
    const job = script('#!/bin/bash\necho job\n', 'sync.job.sh');
    const made = makeBundle([...scripts, job], options);
    const of = (path: string): string => made.find((file) => file.path === path)?.text ?? '';
    expect(of('jobs')).toBe(`${job.sha256}  ${options.scriptsDir}/sync.job.sh\n`);
    expect(of('sudoers')).not.toContain('sync.job.sh');
    expect(of('install.sh')).toContain('"$dir/sync.job.sh"');
    expect(text('jobs')).toBe('');
  });

  it('is the same bytes every time, in whatever order the scripts come', () => {
    const again = makeBundle([...scripts].reverse(), options);
    expect(writeTar('b', again).equals(writeTar('b', files))).toBe(true);
  });

  it.skipIf(visudo === null)(
    `has a sudoers file that visudo accepts${why('visudo', visudo !== null)}`,
    () => {
      const file = join(place.dir, 'sudoers');
      writeFileSync(file, text('sudoers'), { mode: 0o440 });
      const checked = spawnSync(visudo ?? '', ['-cf', file], { encoding: 'utf8' });
      expect(checked.stdout + checked.stderr).toContain('parsed OK');
    },
  );

  it('unpacks with tar and installs itself below DESTDIR, twice', () => {
    const archive = join(place.dir, 'bundle.tar');
    writeFileSync(archive, writeTar('steward-bundle', files));
    execFileSync('tar', ['-xf', archive, '-C', place.dir]);
    const dir = join(place.dir, 'steward-bundle');
    expect(readdirSync(dir).sort()).toEqual([
      'INSTALL',
      'install.sh',
      'jobs',
      'scripts',
      'sudoers',
      'tmpfiles.conf',
    ]);
    const to = join(place.dir, 'root');
    mkdirSync(to);
    for (let time = 0; time < 2; time++)
      execFileSync(join(dir, 'install.sh'), { env: { ...process.env, DESTDIR: to } });
    for (const one of scripts) {
      const installed = join(to, options.scriptsDir, one.name);
      expect(createHash('sha256').update(readFileSync(installed)).digest('hex')).toBe(one.sha256);
      expect(statSync(installed).mode & 0o777).toBe(0o755);
    }
    expect(statSync(join(to, 'etc/sudoers.d/steward')).mode & 0o777).toBe(0o440);
  });

  it('refuses names that would mean something else in sudoers', () => {
    expect(() => makeBundle(scripts, { ...options, user: 'ALL' })).toThrow(RangeError);
    expect(() => makeBundle(scripts, { ...options, scriptsDir: '/opt/a b' })).toThrow(RangeError);
    expect(() => makeBundle(scripts, { ...options, scriptsDir: '/opt/../etc' })).toThrow(RangeError);
    expect(() => makeBundle([script('x', 'a,b.sh')], options)).toThrow(RangeError);
  });

  it.skipIf(!has('shellcheck'))(
    `has an installer that shellcheck likes${why('shellcheck', has('shellcheck'))}`,
    () => {
      const file = join(place.dir, 'install.sh');
      writeFileSync(file, text('install.sh'));
      expect(spawnSync('shellcheck', [file], { encoding: 'utf8' }).stdout).toBe('');
    },
  );
});

describe('the root scripts of the commands', () => {
  const found = findRootScripts(new URL('../../commands/', import.meta.url));

  it('are found in the root folder of each command', () => {
    expect(found.map((one) => one.name)).toContain('restart-kojid.sh');
    // Steward's own, which starts all jobs.
    expect(found.map((one) => one.name)).toContain('job.sh');
  });

  it('go into a bundle', () => {
    expect(() => makeBundle(found, options)).not.toThrow();
  });
});
