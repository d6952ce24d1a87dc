import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import command from '../../commands/nfs-check/command.ts';
import { readReport } from '../../commands/nfs-check/report.ts';
import { exampleSettings, settings } from '../../commands/nfs-check/settings.ts';
import type { Answer } from '../../src/core/answer.ts';
import type { View } from '../../src/core/command.ts';
import { Refused } from '../../src/core/refused.ts';
import type { Hosts } from '../../src/hosts/hosts.ts';
import { type Rig, startRig, temporary } from '../hosts/support.ts';

const SCRIPT = fileURLToPath(new URL('../../commands/nfs-check/check.sh', import.meta.url));
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

const noHub = () => Promise.reject(new Error('this command does not need the hub'));

const viewOf = (hosts: Hosts): View => ({
  hub: { read: noHub, account: noHub },
  hosts,
  jobLogs: { last: async () => null },
  asker: { id: 'pat', name: 'Pat', roles: new Set(['packager']), accounts: {} },
  now: new Date(),
  signal: new AbortController().signal,
});

describe('the script, on mountinfo as hosts have it', () => {
  let place: ReturnType<typeof temporary>;
  beforeAll(() => {
    place = temporary();
  });
  afterAll(() => place.remove());

  /** Real directories, so that `stat -f` answers; only mountinfo is made up. */
  function check(lines: readonly string[], ...args: readonly string[]) {
    const root = join(place.dir, 'root');
    for (const folder of ['proc/self', 'run/steward'])
      mkdirSync(join(root, folder), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, 'proc/self/mountinfo'), `${lines.join('\n')}\n`);
    const ran = spawnSync('bash', ['-s', '--', '2', '^nfs4?$', ...args], {
      input: readFileSync(SCRIPT),
      env: { PATH: process.env.PATH, STEWARD_ROOT: root },
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(ran.stderr).toBe('');
    const all = ran.stdout.trimEnd().split('\n');
    expect(all.pop()).toBe(`END ${args.length / 4}`);
    return all.map((line) => line.split('\t'));
  }
  const top = '20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw';
  const here = (name: string): string => {
    const path = join(place.dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  };

  it('says ok of a mount that is as it should be, and how much is free', () => {
    const at = here('koji');
    const [row] = check(
      [top, `21 20 0:30 / ${at} rw,relatime shared:2 master:1 - nfs4 s:/koji rw,hard,vers=4.2`],
      at,
      's:/koji',
      'rw',
      'hard,!soft',
    );
    expect(row?.slice(0, 3)).toEqual(['0', 'ok', 'type=nfs4']);
    expect(row?.[3]).toMatch(/^free=\d+ MB$/);
  });

  it('reads octal escapes in paths, tabs and backslashes too', () => {
    const at = here('a b\tc\\d');
    const written = at.replaceAll('\\', '\\134').replaceAll(' ', '\\040').replaceAll('\t', '\\011');
    const [row] = check(
      [top, `21 20 0:30 / ${written} rw - nfs s:/sp\\040ace\\043 rw`],
      at,
      's:/sp ace#',
      'rw',
      '',
    );
    expect(row?.[1]).toBe('ok');
  });

  it('goes by the last line of a mount point', () => {
    const at = here('twice');
    const lines = [top, `21 20 0:30 / ${at} rw - nfs s:/old rw`, `22 21 0:31 / ${at} rw - nfs s:/new rw`];
    expect(check(lines, at, 's:/new', 'rw', '')[0]?.[1]).toBe('ok');
    expect(check(lines, at, 's:/old', 'rw', '')[0]).toContain('source=s:/new');
  });

  it('finds a mount that a later one hides', () => {
    const at = here('mnt/koji/packages');
    const above = here('mnt/koji');
    const lines = [
      top,
      `21 20 0:30 / ${at} rw - nfs s:/packages rw`,
      `22 20 0:31 / ${above} rw - nfs s:/koji rw`,
    ];
    const [row] = check(lines, at, 's:/packages', 'rw', '');
    expect(row?.[1]).toBe('missing');
    expect(row).toContain(`hidden-by=${above}`);
  });

  it('tells missing, wrong source, wrong type, read-only and wrong options apart, the worst first', () => {
    const [a, b, c, d] = [here('a'), here('b'), here('c'), here('d')];
    const rows = check(
      [
        top,
        `21 20 0:30 / ${a} rw - nfs s:/other rw,soft,port=1,addr=127.0.0.1`,
        `22 20 0:31 / ${b} rw - ext4 s:/b rw`,
        `23 20 0:32 / ${c} rw - nfs s:/c ro`,
        `24 20 0:33 / ${d} rw,noexec - nfs s:/d rw,soft`,
      ],
      ...[a, 's:/a', 'rw', '!soft'],
      ...[b, 's:/b', 'rw', ''],
      ...[c, 's:/c', 'rw', ''],
      ...[d, 's:/d', 'rw', 'hard,!soft,!noexec'],
      ...[join(place.dir, 'gone'), '127.0.0.1:/gone', 'rw', ''],
    );
    expect(rows.map((row) => row[1])).toEqual([
      'wrong-source',
      'wrong-type',
      'read-only',
      'wrong-options',
      'missing',
    ]);
    expect(rows[0]).toContain('also=wrong-options');
    expect(rows[3]?.filter((word) => word.startsWith('option='))).toEqual([
      'option=not hard',
      'option=soft, should not be',
      'option=noexec, should not be',
    ]);
  });

  it('says io-error where the mount point cannot be looked at', () => {
    const at = join(place.dir, 'not-there');
    const [row] = check([top, `21 20 0:30 / ${at} rw - nfs s:/x rw`], at, 's:/x', 'rw', '');
    expect(row?.[1]).toBe('io-error');
    expect(row).toContain('error=No such file or directory');
  });

  it.skipIf(!has('shellcheck'))(
    `is liked by shellcheck${has('shellcheck') ? '' : ' (skipped: no shellcheck here)'}`,
    () => {
      expect(spawnSync('shellcheck', [SCRIPT], { encoding: 'utf8' }).stdout).toBe('');
    },
  );
});

describe('nfs check', () => {
  let rig: Rig;
  const config = { ...exampleSettings, deadlineSeconds: 1 };
  const ask = async (hosts: string | undefined, over: unknown = config): Promise<Answer> => {
    const given: Record<string, string> = hosts === undefined ? {} : { hosts };
    const planned = await command.plan(given, viewOf(rig.hosts), over);
    if (planned.kind !== 'answer') throw new Error('not an answer');
    return planned;
  };

  beforeAll(async () => {
    rig = await startRig(['builder1', 'builder2', 'builder3']);
  });
  afterAll(() => rig.close());
  afterEach(async () => {
    for (const { name } of rig.sandbox.hosts) await rig.sandbox.heal(name);
  });

  it('says that all is well, host by host', async () => {
    const found = await ask(undefined);
    expect(found).toMatchObject({ title: 'NFS is well on 3 hosts', verdict: 'ok', lines: [], next: [] });
    expect(found.table?.rows.map((row) => row.slice(0, 3))).toEqual([
      ['builder1', 'all 4', 'ok'],
      ['builder2', 'all 4', 'ok'],
      ['builder3', 'all 4', 'ok'],
    ]);
  });

  it('puts the worst first, says what it means, and what would help', async () => {
    await rig.sandbox.misbehave('builder1', { mount: '/mnt/koji/repos', is: 'read-only' });
    await rig.sandbox.misbehave('builder2', { mount: '/mnt/koji', is: 'hung' });
    await rig.sandbox.misbehave('builder3', { mount: '/mnt/koji/packages', is: 'stale' });
    await rig.sandbox.misbehave('builder3', { mount: '/mnt/tmp/external-repos', is: 'missing' });
    const found = await ask('all');
    expect(found).toMatchObject({ title: 'NFS trouble on 3 of 3 hosts', verdict: 'bad' });
    expect(found.table?.rows.slice(0, 4).map((row) => row.slice(0, 3))).toEqual([
      ['builder2', '/mnt/koji', 'hung'],
      ['builder3', '/mnt/koji/packages', 'stale'],
      ['builder3', '/mnt/tmp/external-repos', 'missing'],
      ['builder1', '/mnt/koji/repos', 'read-only'],
    ]);
    expect(found.table?.rows[0]?.[3]).toMatch(/server 127\.0\.0\.1:\d+ is reachable/);
    expect(found.lines?.join('\n')).toMatch(/hung: .*\n?.*Disable the builder/);
    expect(found.next).toContain('builder disable builder2 because=/mnt/koji is hung');
    expect(found.next?.at(-1)).toBe('nfs check builder2 builder3 builder1');
  });

  it('reports the hosts that cannot be asked beside those that can, within the deadline and two seconds', async () => {
    await rig.sandbox.misbehave('builder1', 'frozen');
    await rig.sandbox.misbehave('builder3', 'down');
    const fresh = rig.client();
    const began = Date.now();
    const found = await command.plan({}, viewOf(fresh), config);
    expect(Date.now() - began).toBeLessThan(3000);
    if (found.kind !== 'answer') throw new Error('not an answer');
    expect(found.table?.rows.map((row) => row.slice(0, 3))).toEqual([
      ['builder3', '(all)', 'unreachable'],
      ['builder1', '(all)', 'no-banner'],
      ['builder2', 'all 4', 'ok'],
    ]);
  });

  it('takes names, patterns and all, and suggests the nearest name', async () => {
    expect((await ask('builder1, builder3')).title).toBe('NFS is well on 2 hosts');
    expect((await ask('builder*')).title).toBe('NFS is well on 3 hosts');
    expect((await ask('builder2')).title).toBe('NFS is well on builder2');
    await expect(ask('bulider2')).rejects.toThrow(
      'There is no host bulider2 in the config. Did you mean builder2?',
    );
  });

  it('says so when the config names no mounts', async () => {
    await expect(ask(undefined, {})).rejects.toThrow(Refused);
    await expect(command.plan({}, viewOf(rig.hosts), undefined)).rejects.toThrow(Refused);
    const some = {
      groups: [{ hosts: ['builder1'], mounts: [{ at: '/mnt/koji', from: 'koji.katello.org:/koji' }] }],
    };
    expect((await ask(undefined, some)).title).toBe('NFS is well on builder1');
    await expect(ask('builder2', some)).rejects.toThrow('The config names no mounts for builder2.');
  });

  it('takes half an answer for none', () => {
    const expected = settings.parse(exampleSettings).groups[0]?.mounts ?? [];
    const whole = `${expected.map((_, index) => `${index}\tok\n`).join('')}END ${expected.length}\n`;
    const outcome = (stdout: string, code = 0) =>
      readReport('b', expected, { kind: 'exit', code, stdout, stderr: 'no place\n', truncated: false });
    expect(outcome(whole)).toHaveProperty('mounts');
    expect(outcome(whole.replace(/END.*/, ''))).toMatchObject({ verdict: 'truncated' });
    expect(outcome(whole.replace('1\tok\n', ''))).toMatchObject({ verdict: 'truncated' });
    expect(outcome('', 3)).toMatchObject({ verdict: 'failed' });
  });
});
