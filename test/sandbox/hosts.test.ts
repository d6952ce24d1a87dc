import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CA_DIR, caFile, hasOpenssl } from '../../sandbox/hosts/ca.ts';
import { type SandboxHosts, startHosts } from '../../sandbox/hosts/hosts.ts';
import { makePki } from '../../sandbox/pki.ts';
import { createHosts, type Hosts } from '../../src/hosts/hosts.ts';
import { findRootScripts } from '../../src/hosts/root-scripts.ts';
import { printed, script, silent, temporary, within } from '../hosts/support.ts';
import { openssl } from '../support/openssl.ts';

const [restart] = findRootScripts(new URL('../../commands/', import.meta.url)).filter(
  (one) => one.name === 'restart-kojid.sh',
);

describe('the pretend hosts', () => {
  const places: ReturnType<typeof temporary>[] = [];
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
    for (const place of places.splice(0)) place.remove();
  });
  const somewhere = (): string => {
    const place = temporary();
    places.push(place);
    return place.dir;
  };
  const start = async (dir: string, names: readonly string[]): Promise<SandboxHosts> => {
    const sandbox = await startHosts({ dir, names });
    open.push(sandbox);
    return sandbox;
  };
  const clientOf = (sandbox: SandboxHosts): Hosts => {
    const { hosts, clientKey: privateKey, knownHosts, scriptsDir } = sandbox;
    const client = createHosts({ hosts, privateKey, knownHosts, scriptsDir, log: silent });
    open.push(client);
    return client;
  };
  const until = within(15_000);

  it('are the same hosts again after a new start: keys, world and restarts', async () => {
    const dir = somewhere();
    const before = await start(dir, ['builder1']);
    if (!restart) throw new Error('no script to run');
    const client = clientOf(before);
    printed(await client.run('builder1', restart, [], until));
    await before.misbehave('builder1', { mount: '/mnt/koji', is: 'stale' });
    await client.close();
    await before.close();
    const after = await start(dir, ['builder1']);
    expect(after.restarts('builder1')).toBe(1);
    expect(after.clientKey).toBe(before.clientKey);
    expect(after.knownHosts.split(' ')[2]).toBe(before.knownHosts.split(' ')[2]);
    expect(after.world('builder1').mounts()[0]?.answers).toBe('stale');
  });

  it('have a systemd that only root may tell to restart, and only through sudo', async () => {
    const sandbox = await start(somewhere(), ['builder1']);
    const client = clientOf(sandbox);
    const tried = await client.read('builder1', script('systemctl restart kojid'), [], until);
    expect(tried).toMatchObject({ kind: 'exit', code: 4 });
    expect(sandbox.restarts('builder1')).toBe(0);
    const shown = await client.read(
      'builder1',
      script(
        'systemctl show -p ActiveState -p MainPID kojid.service; systemctl is-active --quiet kojid && echo yes',
      ),
      [],
      until,
    );
    expect(printed(shown)).toBe('ActiveState=active\nMainPID=1000\nyes\n');
  });

  it('keep their worlds apart', async () => {
    const sandbox = await start(somewhere(), ['builder1', 'builder2']);
    const client = clientOf(sandbox);
    if (!restart) throw new Error('no script to run');
    printed(await client.run('builder2', restart, [], until));
    expect([sandbox.restarts('builder1'), sandbox.restarts('builder2')]).toEqual([0, 1]);
    await sandbox.misbehave('builder1', { mount: '/mnt/koji', is: 'missing' });
    expect(sandbox.world('builder1').mounts()).toHaveLength(3);
    expect(sandbox.world('builder2').mounts()).toHaveLength(4);
  });

  it('answer stat -f for their own mounts and leave the rest to the real one', async () => {
    const sandbox = await start(somewhere(), ['builder1']);
    const client = clientOf(sandbox);
    const asked = script(`stat -f -c '%T %S %a' -- /mnt/koji; stat -c %F /`);
    expect(printed(await client.read('builder1', asked, [], until))).toBe('nfs 1048576 512000\ndirectory\n');
  });

  it('have the files of the bundle where a host has them', async () => {
    const { world } = await start(somewhere(), ['builder1']);
    const { root } = world('builder1');
    expect(readFileSync(join(root, 'usr/local/libexec/steward/restart-kojid.sh'), 'utf8')).toBe(
      restart?.text,
    );
    expect(readFileSync(join(root, 'etc/sudoers.d/steward'), 'utf8')).toContain(restart?.sha256);
    expect(readdirSync(root).filter((name) => name.startsWith('bundle-'))).toEqual([]);
  });

  it.skipIf(!hasOpenssl)(
    'can have a CA, of the hub if it is given one, and it is the same after a new start',
    async () => {
      const dir = somewhere();
      const pki = await makePki(join(dir, 'pki'));
      const ca = { host: 'ca', authority: pki.authority };
      const first = await startHosts({ dir: join(dir, 'hosts'), names: ['ca', 'builder1'], ca });
      const { root } = first.world('ca');
      const index = caFile(root, 'index.txt');
      expect(
        index
          .split('\n')
          .map((line) => line[0] ?? '')
          .join(''),
      ).toBe('RVVVVERV');
      expect(
        openssl(['verify', '-CAfile', 'koji_ca_cert.crt', 'newcerts/02.pem'], { cwd: join(root, CA_DIR) }),
      ).toBe('newcerts/02.pem: OK\n');
      expect(caFile(root, 'koji_ca_cert.crt').trim()).toBe(pki.ca.trim());
      expect(readdirSync(join(first.world('builder1').root, 'etc'))).not.toContain('pki');
      await first.close();
      const again = await startHosts({ dir: join(dir, 'hosts'), names: ['ca'], ca });
      open.push(again);
      expect(caFile(root, 'index.txt')).toBe(index);
    },
  );

  it('leave nothing running behind', async () => {
    const dir = somewhere();
    const sandbox = await startHosts({ dir, names: ['builder1'] });
    const client = clientOf(sandbox);
    const gone = await client.read(
      'builder1',
      script('(trap "" HUP TERM; sleep 1000) & sleep 1000'),
      [],
      within(500),
    );
    expect(gone.kind).toBe('timeout');
    await client.close();
    await sandbox.close();
    const left = (): number =>
      readdirSync('/proc').filter((pid) => {
        if (!/^\d+$/.test(pid)) return false;
        try {
          return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SANDBOX_ROOT=${dir}/`);
        } catch {
          return false;
        }
      }).length;
    await expect.poll(left, { timeout: 5000 }).toBe(0);
  });
});
