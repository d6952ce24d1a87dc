import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import command from '../../commands/nfs-check/command.ts';
import { type HungMount, hangMount, noHungMount } from '../../sandbox/hosts/hung-mount.ts';
import { noSshd, type RealHosts, startSshd } from '../../sandbox/hosts/sshd.ts';
import { createHosts, type Hosts } from '../../src/hosts/hosts.ts';
import { printed, said, script, silent, temporary, within } from './support.ts';

const noReal = noSshd();
const noHang = noHungMount();
const reason = (why: string | null): string => (why ? ` (skipped: ${why})` : '');

describe.skipIf(noReal !== null)(`over real sshd${reason(noReal)}`, () => {
  let place: ReturnType<typeof temporary>;
  let real: RealHosts;
  let hosts: Hosts;

  beforeAll(async () => {
    place = temporary();
    real = await startSshd({ dir: place.dir, count: 3 });
    hosts = createHosts({
      hosts: real.hosts,
      privateKey: real.clientKey,
      knownHosts: real.knownHosts,
      scriptsDir: '/usr/local/libexec/steward',
      log: silent,
    });
  });
  afterAll(async () => {
    await hosts?.close();
    await real?.close();
    place?.remove();
  });

  it('passes arguments exactly, and runs in / without reading the shell’s own files', async () => {
    const args = ["it's", '-rf', '$(id)`id`', 'a\nb\n', '', '!x \\', '🐎\t*'];
    const text = `printf '%s\\0' "$PWD" "$@"`;
    expect(printed(await hosts.read('real1', script(text), args, within(10_000))).split('\0')).toEqual([
      '/',
      ...args,
      '',
    ]);
  });

  it('runs twelve at once, and thirty', async () => {
    for (const many of [12, 30]) {
      const all = await Promise.all(
        Array.from({ length: many }, () =>
          hosts.read('real2', script('sleep 0.05; echo y'), [], within(20_000)),
        ),
      );
      expect(all.map(printed).join('')).toBe('y\n'.repeat(many));
    }
  });

  it('says that a frozen sshd says nothing, and connects when it wakes', async () => {
    real.freeze('real3', true);
    const outcome = await hosts.read('real3', script(':'), [], within(700));
    expect(outcome.kind).toBe('no-banner');
    real.freeze('real3', false);
    expect(printed(await hosts.read('real3', script('echo up'), [], within(15_000)))).toBe('up\n');
  });

  it('says that a killed session was lost in the middle, and connects anew', async () => {
    printed(await hosts.read('real1', script(':'), [], within(10_000)));
    // The parent of the login shell is the sshd of this connection.
    const reading = hosts.read('real1', script('sleep 0.2; kill -KILL $PPID; sleep 5'), [], within(15_000));
    expect((await reading).kind).toBe('lost');
    expect(printed(await hosts.read('real1', script('echo back'), [], within(15_000)))).toBe('back\n');
  });

  it('gets by on a server that allows two channels a connection', async () => {
    const port = (real.hosts[0]?.port ?? 0) + 1;
    const narrow = await startSshd({ dir: place.dir, count: 1, port, config: ['MaxSessions 2'] });
    const { hosts: targets, clientKey: privateKey, knownHosts } = narrow;
    const client = createHosts({ hosts: targets, privateKey, knownHosts, scriptsDir: '/x', log: silent });
    const all = await Promise.all(
      Array.from({ length: 12 }, () =>
        client.read('real1', script('sleep 0.05; echo y'), [], within(20_000)),
      ),
    );
    await client.close();
    await narrow.close();
    expect(all.map(printed).join('')).toBe('y\n'.repeat(12));
  });

  it('shows the fingerprint that ssh-keygen shows on the host', async () => {
    const other = createHosts({
      hosts: real.hosts,
      privateKey: real.clientKey,
      knownHosts: '',
      scriptsDir: '/x',
      log: silent,
    });
    const outcome = await other.read('real1', script(':'), [], within(10_000));
    await other.close();
    expect(outcome.kind).toBe('host-key-unknown');
    const [dir = ''] = readdirSync(place.dir).filter((name) => name.startsWith('sshd-'));
    const shown = execFileSync('ssh-keygen', ['-lf', join(place.dir, dir, 'host_key')], { encoding: 'utf8' });
    expect(said(outcome)).toContain(shown.split(' ')[1]);
  });

  describe.skipIf(noHang !== null)(`with mounts that hang${reason(noHang)}`, () => {
    const hung: HungMount[] = [];
    let ats: readonly [string, string, string];

    beforeAll(async () => {
      const under = (name: string): string => {
        const path = join(place.dir, name);
        mkdirSync(path);
        return path;
      };
      ats = [under('koji'), under('packages'), under('repos')];
      hung.push(await hangMount(ats[0], '127.0.0.1:/koji', 'unkillable'));
      hung.push(await hangMount(ats[1], '127.0.0.1:/packages', 'killable'));
    });
    afterAll(async () => {
      for (const one of hung) await one.close();
    });

    const stuck = (): number =>
      readdirSync('/proc').filter((pid) => {
        if (!/^\d+$/.test(pid)) return false;
        try {
          return (
            readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('stat\0-f\0') &&
            readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(place.dir)
          );
        } catch {
          return false;
        }
      }).length;

    it('finds both kinds in time, beside those that are well, and a second run leaves no more behind', async () => {
      const [koji, packages, repos] = ats;
      const config = {
        deadlineSeconds: 2,
        fstype: '^fuse\\.nfs$',
        groups: [
          {
            hosts: ['real1'],
            mounts: [
              { at: koji, from: '127.0.0.1:/koji' },
              { at: packages, from: '127.0.0.1:/packages' },
            ],
          },
          { hosts: ['real1', 'real2'], mounts: [{ at: repos, from: '127.0.0.1:/repos' }] },
        ],
      };
      const noHub = () => Promise.reject(new Error('no hub'));
      const look = async () => {
        const began = Date.now();
        const answer = await command.plan(
          {},
          {
            hub: { read: noHub, account: noHub },
            hosts,
            jobLogs: { last: async () => null },
            asker: { id: 'pat', name: 'Pat', roles: new Set(), accounts: {} },
            now: new Date(),
            signal: new AbortController().signal,
          },
          config,
        );
        expect(Date.now() - began).toBeLessThan(4000);
        if (answer.kind !== 'answer') throw new Error('not an answer');
        return answer.table?.rows ?? [];
      };
      const first = await look();
      expect(first.map((row) => row.slice(0, 3))).toEqual([
        ['real1', koji, 'hung'],
        ['real1', packages, 'hung'],
        ['real1', repos, 'missing'],
        ['real2', repos, 'missing'],
      ]);
      const after = stuck();
      expect(after).toBeGreaterThan(0);
      const second = await look();
      expect(second[0]?.slice(0, 3)).toEqual(['real1', koji, 'hung']);
      expect(second[0]?.[3]).toContain('since a moment ago');
      await look();
      expect(stuck()).toBeLessThanOrEqual(after);
    }, 30_000);

    it('frees what hangs when the mount is gone', async () => {
      for (const one of hung.splice(0)) await one.close();
      await expect.poll(stuck, { timeout: 5000 }).toBe(0);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(place.dir);
    });
  });
});

describe.skipIf(noHang !== null)(`a hung mount${reason(noHang)}`, () => {
  it('goes away with the process that made it, however that ends', async () => {
    const place = temporary();
    const at = join(place.dir, 'koji');
    mkdirSync(at);
    const program = join(place.dir, 'maker.ts');
    const library = fileURLToPath(new URL('../../sandbox/hosts/hung-mount.ts', import.meta.url));
    writeFileSync(
      program,
      `import { hangMount } from ${JSON.stringify(library)};\nhangMount(${JSON.stringify(at)}, 's:/x', 'unkillable').then(() => console.log('up'));\nsetInterval(() => {}, 1000);\n`,
    );
    const maker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program], {
      cwd: fileURLToPath(new URL('../../', import.meta.url)),
    });
    await new Promise((resolve) => maker.stdout.once('data', resolve));
    const mounts = (): boolean => readFileSync('/proc/self/mountinfo', 'utf8').includes(at);
    expect(mounts()).toBe(true);
    maker.kill('SIGKILL');
    await expect.poll(mounts, { timeout: 8000, interval: 50 }).toBe(false);
    place.remove();
  }, 20_000);
});
