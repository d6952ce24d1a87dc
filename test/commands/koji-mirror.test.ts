import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasCurl, MIRROR } from '../../sandbox/mirror/mirror.ts';
import { has, type MirrorRig, mayMount, startMirrorRig, THREE } from './mirror-rig.ts';

const [ant = '', bee = ''] = THREE;

describe.skipIf(!hasCurl)('the script that syncs a mirror, with mrepo', () => {
  let rig: MirrorRig;
  beforeEach(async () => {
    rig = await startMirrorRig();
  });
  afterEach(() => rig.close());

  it('brings what upstream has, serves it with metadata that holds, and says so', async () => {
    const ran = await rig.sync();
    expect(ran.log).toContain('expect fedora41 os x86_64: 3 packages, 6000 bytes');
    expect(ran).toMatchObject({
      code: 0,
      last: 'done: 1 of 1 repositories are good, 0 packages deleted',
    });
    expect(rig.packages()).toEqual(THREE);
    expect(existsSync(rig.served('repodata/repomd.xml'))).toBe(true);
    expect(rig.state()).toMatchObject({ result: 'good', max: '0' });
    expect(existsSync(rig.at(`${MIRROR.srcdir}/.steward`))).toBe(false);
  });

  it('deletes nothing that was not said yes to, and exactly what was', async () => {
    await rig.sync();
    const before = readFileSync(rig.served('repodata/repomd.xml'), 'utf8');
    rig.fill([ant]);
    for (const [most, code] of [
      ['1', 75],
      ['100,50', 75],
    ] as const) {
      const ran = await rig.sync(most);
      expect(ran.log).toContain('WOULD-DELETE 2 of 3\n');
      expect([most, ran.code]).toEqual([most, code]);
    }
    expect(rig.packages()).toEqual(THREE);
    expect(readFileSync(rig.served('repodata/repomd.xml'), 'utf8')).toBe(before);
    expect(rig.state()).toMatchObject({ result: 'would-delete', would_delete: '2', of: '3' });
    expect(await rig.sync(2)).toMatchObject({
      code: 0,
      last: 'done: 1 of 1 repositories are good, 2 packages deleted',
    });
    expect(rig.packages()).toEqual([ant]);
  });

  it('brings back what mrepo deleted beyond that, where upstream says two things', async () => {
    await rig.sync();
    const before = readFileSync(rig.served('repodata/repomd.xml'), 'utf8');
    rig.upstream.behave('two-faced');
    const ran = await rig.sync(2);
    expect(ran.log).not.toContain('would delete fedora41');
    expect(ran.log).toContain('WOULD-DELETE 3 of 3\n');
    expect(ran).toMatchObject({ code: 75, last: expect.stringMatching(/and they were brought back$/) });
    expect(rig.packages()).toEqual(THREE);
    // Also for those who read what is served.
    expect(existsSync(rig.served(ant))).toBe(true);
    expect(readFileSync(rig.served('repodata/repomd.xml'), 'utf8')).toBe(before);
    expect(rig.state()).toMatchObject({ result: 'would-delete', would_delete: '3', of: '3' });
    expect(existsSync(rig.at(`${MIRROR.srcdir}/.steward`))).toBe(false);
  });

  it('brings back no file of this host, whatever lines a name of upstream’s has', async () => {
    await rig.sync();
    const secret = join(rig.base, 'secret.rpm');
    writeFileSync(secret, 'of this host');
    // One name of several lines, of which the second is a path of this host.
    const os = rig.at(`${MIRROR.srcdir}/fedora41-x86_64/os`);
    const odd = join(os, `x\n${rig.base}`);
    mkdirSync(odd, { recursive: true });
    writeFileSync(join(odd, 'secret.rpm'), 'of upstream');
    // Upstream has nothing any more when mrepo comes, and other mrepos delete directories too.
    writeFileSync(rig.at('usr/bin/mrepo'), `#!/bin/sh\ncase "$*" in *-ug*) rm -rf '${os}'/* ;; esac\n`);
    const ran = await rig.sync(2);
    expect(ran.log).toContain('WOULD-DELETE 3 of 3\n');
    expect(ran).toMatchObject({ code: 75, last: expect.stringMatching(/and they were brought back$/) });
    expect(rig.packages()).toEqual(THREE);
    expect(statSync(secret).nlink).toBe(1);
  });

  it('syncs nothing where somebody else could put a link in the way of what root writes', async () => {
    for (const [dir, named] of [
      [MIRROR.state, MIRROR.state],
      ['var/lib', 'var/lib'],
      [MIRROR.srcdir, MIRROR.srcdir],
      ['mnt/koji', 'mnt/koji'],
    ] as const) {
      chmodSync(rig.at(dir), 0o777);
      expect((await rig.sync()).last).toMatch(
        new RegExp(`^\\S+/${named} can be changed by others than root`),
      );
      chmodSync(rig.at(dir), 0o755);
    }
    // Nor below, where packages go: what upstream has would be written to wherever a link there leads.
    const below = join(rig.at(MIRROR.srcdir), 'fedora41-x86_64/os');
    for (const dir of [join(below, '..'), below, join(below, 'a')]) {
      mkdirSync(dir, { recursive: true });
      chmodSync(dir, 0o777);
      expect((await rig.sync()).last).toMatch(/fedora41-x86_64\S* can be changed by others than root/);
      chmodSync(dir, 0o755);
    }
    // Neither may what a link of somebody's leads to.
    const [state, aside] = [rig.at(MIRROR.state), rig.at('aside')];
    mkdirSync(join(aside, 'state'), { recursive: true });
    rmSync(state, { recursive: true });
    symlinkSync(join(aside, 'state'), state);
    chmodSync(aside, 0o777);
    expect((await rig.sync()).last).toMatch(/\/aside can be changed by others than root/);
    expect(readdirSync(join(aside, 'state'))).toEqual([]);
    chmodSync(aside, 0o755);
    expect(await rig.sync()).toMatchObject({ code: 0 });
    expect(statSync(join(state, 'lock')).mode & 0o777).toBe(0o600);
  });

  describe('an address that a shell would read as more than an address', () => {
    const evil = (marker: string): string => `http://h/'\`>${marker}\`'`;

    it('runs in a real mrepo, and in the pretend one', () => {
      const marker = rig.at('marker');
      rig.configure(`os = ${evil(marker)}`);
      spawnSync(rig.at('usr/bin/mrepo'), ['-c', rig.at(MIRROR.config), '-n', '-u', 'fedora41']);
      expect(existsSync(marker)).toBe(true);
    });

    it.each([
      ['a quote and a backtick', evil],
      ['a command in $( )', (marker: string) => `http://h/$(touch ${marker})/`],
      ['a second line', (marker: string) => `http://h/\n  ;touch ${marker}`],
      ['a comment that Python does not see as one', (marker: string) => `http://h/a;b ;touch ${marker}`],
      ['a name and a password', () => 'http://user:hunter2@h/'],
      ['a file', () => 'file:///etc'],
    ])('never gets to mrepo: %s', async (_, url) => {
      const marker = rig.at('marker');
      rig.configure(`os = ${url(marker)}`);
      const ran = await rig.sync();
      expect(ran.code).toBe(1);
      expect(ran.last).toMatch(/so nothing was synced/);
      expect(ran.log).not.toContain('hunter2');
      expect(existsSync(marker)).toBe(false);
      expect(rig.packages()).toEqual([]);
    });

    it('is seen in a repository that was not asked for, and comes through no variable', async () => {
      const marker = rig.at('marker');
      rig.configure(`os = ${rig.upstream.url}os/$arch/\nextra = $evil\n[vars]\nevil = ${evil(marker)}`);
      expect((await rig.sync()).last).toMatch(/is not what was planned with \(os for x86_64\)|extra/);
      expect((await rig.sync(0, { repos: 'extra,os' })).last).toMatch(
        /^the address of extra of \[fedora41\]/,
      );
      expect(existsSync(marker)).toBe(false);
    });
  });

  describe('does not believe mrepo, which ends with 0', () => {
    it('where metadata failed', async () => {
      rig.replace(/createrepocmd = .*/, 'createrepocmd = /bin/false');
      const ran = await rig.sync();
      expect(ran.code).toBe(1);
      expect(ran.last).toMatch(/^mrepo did not do all of it: .*Generating repo failed/);
      expect(ran.log).toContain('stands fedora41 os x86_64: 3 packages, 6000 bytes, no metadata');
    });

    it('where metadata was said to be made, and is the old one', async () => {
      await rig.sync();
      const old = new Date(Date.now() - 3_600_000);
      rig.replace(/createrepocmd = .*/, 'createrepocmd = /bin/true');
      spawnSync('touch', ['-d', old.toISOString(), rig.served('repodata/repomd.xml')]);
      expect((await rig.sync()).last).toMatch(/^the metadata of fedora41 os x86_64 was not made anew/);
    });

    it('where a package is there by name and not whole', async () => {
      const file = rig.at(`${MIRROR.srcdir}/fedora41-x86_64/os/${bee}`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'half');
      const ran = await rig.sync();
      expect(ran).toMatchObject({
        code: 1,
        last: `1 packages of fedora41 os x86_64 that upstream has did not arrive whole, ${bee} for one`,
      });
    });

    it('where a program ruins the metadata that it made', async () => {
      const ruin = rig.at('usr/bin/ruin');
      const real = /createrepocmd = (.*)/.exec(readFileSync(rig.at(MIRROR.config), 'utf8'))?.[1];
      writeFileSync(
        ruin,
        `#!/bin/sh\n${real} "$@"\nfor one; do :; done\necho x >>"$(ls "$one"/repodata/*primary*)"\n`,
      );
      chmodSync(ruin, 0o755);
      rig.replace(/createrepocmd = .*/, `createrepocmd = ${ruin}`);
      expect((await rig.sync()).last).toMatch(
        /^the checksum of repodata\/\S+ of fedora41 os x86_64 does not hold/,
      );
    });

    it('where another mrepo is at work, or mrepo would believe so', async () => {
      const lock = rig.at(`${MIRROR.lockdir}/fedora41-x86_64/update-os.lock`);
      mkdirSync(dirname(lock), { recursive: true });
      writeFileSync(lock, String(process.pid));
      expect((await rig.sync()).last).toMatch(/which is not mrepo any more.*take that file away/);
      // A lock of somebody who is gone is no hindrance, as it is none to mrepo.
      writeFileSync(lock, '999999999');
      expect(await rig.sync()).toMatchObject({ code: 0 });
    });
  });

  describe('an upstream that is not what it was', () => {
    it.each([
      ['answers everything with a page', 'html', /what http:\S+ answers is no repository/],
      ['has metadata that is cut off', 'broken', /the metadata of http:\S+ is broken/],
      ['redirects for ever', 'redirects', /there is no repodata\/repomd.xml at http:\S+.*redirects/],
    ] as const)('%s: nothing is begun', async (_, how, says) => {
      rig.upstream.behave(how);
      const ran = await rig.sync();
      expect(ran.code).toBe(1);
      expect(ran.last).toMatch(says);
      expect(ran.log).not.toContain('phase sync');
    });

    it('packs one endless word into its metadata: the memory stays small', async () => {
      const dir = join(rig.upstream.dir, 'os/x86_64/repodata');
      const [packed = ''] = readdirSync(dir).filter((name) => name.includes('primary'));
      const [first = '', ...rest] = gunzipSync(readFileSync(join(dir, packed)))
        .toString()
        .split('</package>');
      const word = `<description>${'a'.repeat(100_000_000)}</description>`;
      const bomb = gzipSync([first + word, ...rest].join('</package>'), { level: 1 });
      writeFileSync(join(dir, packed), bomb);
      const md = join(dir, 'repomd.xml');
      const sum = createHash('sha256').update(bomb).digest('hex');
      writeFileSync(md, readFileSync(md, 'utf8').replace(/>[0-9a-f]{64}</, `>${sum}<`));
      // Less than the word has, and too little for mrepo.
      const ran = await rig.sync(0, { before: 'ulimit -v 90000;' });
      expect(ran.log).toContain('expect fedora41 os x86_64: 3 packages, 6000 bytes');
    });

    it('disappears half-way: what came stays, and the next sync goes on', async () => {
      rig.upstream.behave({ gone: 1 });
      const ran = await rig.sync();
      expect(ran.code).toBe(1);
      expect(ran.last).toMatch(/^mrepo did not do all of it: mrepo: Mirroring failed/);
      expect(ran.log).toContain('stands fedora41 os x86_64: 1 packages, 2000 bytes');
      rig.upstream.behave('well');
      expect(await rig.sync()).toMatchObject({ code: 0 });
    });
  });

  it('says what it finds of the configuration before it does anything', async () => {
    const [conf, config] = [rig.at(MIRROR.conf), rig.at(MIRROR.config)];
    const first = readFileSync(config, 'utf8');
    const says = async (text: string): Promise<string> => {
      writeFileSync(config, text);
      return (await rig.sync()).last;
    };
    expect(await says(first.replace('[fedora41]', '[fedora42]'))).toMatch(/^\[fedora41\] is not in the/);
    expect(await says(`${first}[fedora41-x86_64]\nos = http://h/\n`)).toMatch(/mrepo would sync both/);
    expect(await says(`${first}disabled = yes\n`)).toMatch(/is disabled/);
    expect(await says(`${first}what is this\n`)).toMatch(/a line that mrepo cannot read/);
    expect(await says(first.replace(/^os = .*/m, '$& http://other/'))).toMatch(/more than one address/);
    expect(await says(first.replace('srcdir = ', 'srcdir = /elsewhere'))).toMatch(/different directories/);
    writeFileSync(config, first);
    chmodSync(config, 0o666);
    expect((await rig.sync()).last).toMatch(/can be written by others than root/);
    chmodSync(config, 0o644);
    expect((await rig.sync('x')).last).toBe('not a number of packages that may go');
    expect((await rig.sync(0, { backend: 'reposync' })).last).toMatch(/says mrepo$/);
    rmSync(conf);
    expect((await rig.sync()).last).toMatch(/^there is no \S+mirror.conf on this host/);
    expect(rig.packages()).toEqual([]);
  });

  it('asks for a new plan where the section is another than was planned with', async () => {
    rig.configure(`os = ${rig.upstream.url}os/$arch/\nupdates = ${rig.upstream.url}os/$arch/`);
    const ran = await rig.sync();
    expect(ran).toMatchObject({ code: 75 });
    expect(ran.last).toMatch(/is not what was planned with/);
  });

  it('runs once at a time, stops at once when told to, and says how things stand', async () => {
    rig.upstream.behave({ slowMs: 3_000 });
    const first = rig.start(['sync', 'mrepo', 'fedora41', 'x86_64', 'os', '0']);
    while (!first.log().includes('Mirror packages')) await pause(20);
    expect((await rig.sync()).last).toMatch(/^another sync is at work/);
    const before = performance.now();
    first.kill('SIGTERM');
    const ran = await first.ended;
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(ran).toMatchObject({ code: 143 });
    expect(ran.log).toContain('stands fedora41 os x86_64: 0 packages, 0 bytes, no metadata');
    expect(ran.last).toMatch(/^stopped while it did: sync\. What has arrived stays/);
    expect(existsSync(rig.at(`${MIRROR.srcdir}/.steward`))).toBe(false);
    expect(rig.state()).toMatchObject({ result: 'stopped' });
  });

  it('shows to an account without rights what is configured and how it ended last', async () => {
    await rig.sync();
    const looked = await rig.start(['look', 'fedora41']).ended;
    const lines = looked.log.trim().split('\n');
    expect(lines).toContain('repos=os');
    expect(lines).toContain('last.result=good');
    expect(lines.at(-1)).toBe('END');
    expect((await rig.start(['look', 'other']).ended).log).toContain('\nfound=\n');
    expect(statSync(rig.at(`${MIRROR.state}/fedora41`)).mode & 0o777).toBe(0o644);
  });

  describe.skipIf(!mayMount)('a disk that is too small (needs the right to mount)', () => {
    let disk: string;
    beforeEach(() => {
      disk = rig.at(MIRROR.srcdir);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k,mode=755', 'steward-test', disk]);
    });
    afterEach(() => execFileSync('umount', [disk]));

    it('is seen before anything is fetched', async () => {
      rig.fill(
        THREE.map((name) => `big-${name}`),
        { bytes: 300_000 },
      );
      const ran = await rig.sync();
      expect(ran.code).toBe(1);
      expect(ran.last).toMatch(/^900 kB are to come and only \d+ kB are free in .*make room/);
      expect(ran.log).not.toContain('phase sync');
    });

    it('that fills up in the middle is named for what it is, and what came stays', async () => {
      rig.fill(
        THREE.map((name) => `big-${name}`),
        { bytes: 90_000 },
      );
      rig.upstream.behave({ slowMs: 400 });
      const run = rig.start(['sync', 'mrepo', 'fedora41', 'x86_64', 'os', '0']);
      while (!run.log().includes('Mirror packages')) await pause(20);
      writeFileSync(join(disk, 'somebody-else'), 'x'.repeat(250_000));
      const ran = await run.ended;
      expect(ran.code).toBe(1);
      expect(ran.last).toMatch(
        /^the disk of \S+ filled up \([\d.]+ (kB|bytes) free now\); what has arrived stays/,
      );
      expect(existsSync(join(disk, '.steward'))).toBe(false);
      rmSync(join(disk, 'somebody-else'));
      expect(await rig.sync()).toMatchObject({ code: 0 });
    });
  });

  it.skipIf(!has('rsync'))('syncs over rsync, by a list that it asks for itself', async () => {
    const port = await rig.startRsync();
    rig.configure(`os = rsync://127.0.0.1:${port}/up/os/$arch/`);
    const ran = await rig.sync();
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.log).toContain('expect fedora41 os x86_64: 3 packages, 6000 bytes');
    rig.fill([ant, bee]);
    expect(await rig.sync()).toMatchObject({ code: 75 });
    expect(await rig.sync(1)).toMatchObject({ code: 0 });
    expect(rig.packages()).toEqual([ant, bee]);
  });
});
