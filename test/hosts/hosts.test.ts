import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printed, type Rig, said, script, startRig, within } from './support.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig(['builder1', 'builder2']);
});
afterAll(() => rig.close());

const NASTY = [
  '',
  ' ',
  '-rf',
  '--',
  "it's",
  '"quoted"',
  '$(touch pwned)',
  '`id`',
  '$HOME ~ *',
  'a;b&c|d>e<f',
  'back\\slash\\',
  'new\nline\n',
  '\ttab\r\x01\x7f\x1b[31m',
  '!history {a,b} [x]',
  'žluťoučký 🐎 \u202e',
];

describe('reading scripts', () => {
  it('passes every argument exactly as it is', async () => {
    const outcome = await rig.hosts.read('builder1', script(`printf '%s\\0' "$@"`), NASTY, within(10_000));
    expect(printed(outcome).split('\0').slice(0, -1)).toEqual(NASTY);
  });

  it('refuses what cannot be an argument: a NUL, half a surrogate pair', async () => {
    await expect(rig.hosts.read('builder1', script(':'), ['a\0b'], within(5000))).rejects.toThrow(/NUL/);
    await expect(rig.hosts.read('builder1', script(':'), ['\ud800'], within(5000))).rejects.toThrow(
      /surrogate/,
    );
  });

  it('runs in /, without the text on the command line', async () => {
    const outcome = await rig.hosts.read('builder1', script('pwd; ps -o args= $$ || :'), [], within(10_000));
    expect(printed(outcome)).toMatch(/^\/\n/);
    expect(printed(outcome)).not.toContain('pwd');
  });

  it('gives code, stdout and stderr apart, untrimmed', async () => {
    const outcome = await rig.hosts.read(
      'builder1',
      script('echo " out"; echo "err " >&2; exit 3'),
      [],
      within(10_000),
    );
    expect(outcome).toEqual({ kind: 'exit', code: 3, stdout: ' out\n', stderr: 'err \n', truncated: false });
  });

  it('keeps characters whole that packets cut in two', async () => {
    const text = `for i in $(seq 200); do printf '\\xc5'; sleep 0.001; printf '\\xbe'; done`;
    const outcome = await rig.hosts.read('builder1', script(text), [], within(20_000));
    expect(printed(outcome)).toBe('ž'.repeat(200));
  });

  it('keeps one MiB of output, says that there was more, and does not cut a character', async () => {
    const text = `head -c 3000001 /dev/zero | tr '\\0' x | sed 's/xx/ž/g'; echo done >&2`;
    const outcome = await rig.hosts.read('builder1', script(text), [], within(20_000));
    if (outcome.kind !== 'exit') throw new Error(outcome.kind);
    expect(outcome).toMatchObject({ code: 0, truncated: true, stderr: 'done\n' });
    expect(Buffer.byteLength(outcome.stdout)).toBeLessThanOrEqual(1024 * 1024);
    expect(outcome.stdout).not.toContain('\ufffd');
  });

  it('runs twelve at once over one connection, although a server opens ten channels at most', async () => {
    const before = rig.sandbox.counts('builder2').connections;
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        rig.hosts.read('builder2', script('sleep 0.1; echo "$1"'), [String(index)], within(15_000)),
      ),
    );
    expect(all.map(printed)).toEqual(Array.from({ length: 12 }, (_, index) => `${index}\n`));
    expect(rig.sandbox.counts('builder2').connections - before).toBeLessThanOrEqual(1);
  });

  it('keeps nothing of what a command said when it has ended, although the connection goes on', async () => {
    const talk = script('head -c 400000 /dev/zero');
    const say = async (): Promise<void> => void (await rig.hosts.read('builder2', talk, [], within(20_000)));
    await say();
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 20; n++) await say();
    // Eight million came. What a channel held goes a little after its end, and then when the collector comes by.
    await expect
      .poll(
        () => {
          collect();
          return process.memoryUsage().arrayBuffers - before;
        },
        { timeout: 20_000 },
      )
      .toBeLessThan(2_000_000);
  });

  it('does not wait for a process left behind that holds the output open', async () => {
    const began = Date.now();
    const outcome = await rig.hosts.read('builder1', script('sleep 30 & echo gone'), [], within(20_000));
    expect(printed(outcome)).toBe('gone\n');
    expect(Date.now() - began).toBeLessThan(5000);
  });

  it('says that a command was killed, and by what', async () => {
    const outcome = await rig.hosts.read('builder1', script('kill -KILL $$'), [], within(10_000));
    expect(outcome.kind).toBe('signalled');
    expect(said(outcome)).toContain('SIGKILL');
  });

  it('gives up at the deadline and works again at once', async () => {
    const began = Date.now();
    const outcome = await rig.hosts.read('builder1', script('trap "" TERM HUP; sleep 20'), [], within(400));
    expect(outcome.kind).toBe('timeout');
    expect(said(outcome)).toContain('0.4 s');
    expect(Date.now() - began).toBeLessThan(2000);
    expect(printed(await rig.hosts.read('builder1', script('echo here'), [], within(10_000)))).toBe('here\n');
  });

  it('throws the reason of an asker who gives up', async () => {
    const giving = new AbortController();
    const reading = rig.hosts.read('builder1', script('sleep 20'), [], {
      deadlineMs: 20_000,
      signal: giving.signal,
    });
    setTimeout(() => giving.abort(new Error('cancelled')), 200);
    await expect(reading).rejects.toThrow('cancelled');
  });

  it('says that a connection broke in the middle, and connects anew', async () => {
    const reading = rig.hosts.read('builder2', script('touch ~/begun; sleep 20'), [], within(20_000));
    const begun = join(rig.sandbox.world('builder2').root, 'home/steward/begun');
    await expect.poll(() => existsSync(begun), { timeout: 10_000 }).toBe(true);
    await rig.sandbox.misbehave('builder2', 'cut');
    expect((await reading).kind).toBe('lost');
    expect(printed(await rig.hosts.read('builder2', script('echo back'), [], within(10_000)))).toBe('back\n');
  });

  it('knows the hosts of the config in their order, and suggests the nearest for another', async () => {
    expect(rig.hosts.names()).toEqual(['builder1', 'builder2']);
    const outcome = await rig.hosts.read('bulider2', script(':'), [], within(1000));
    expect(outcome.kind).toBe('unknown-host');
    expect(said(outcome)).toContain('Did you mean builder2?');
  });
});

describe('hosts in trouble', () => {
  it('says that nothing listens, and recovers', async () => {
    await rig.sandbox.misbehave('builder2', 'down');
    const outcome = await rig.hosts.read('builder2', script(':'), [], within(5000));
    expect(outcome.kind).toBe('unreachable');
    expect(said(outcome)).toContain('Nothing listens');
    await rig.sandbox.heal('builder2');
    expect(printed(await rig.hosts.read('builder2', script('echo up'), [], within(10_000)))).toBe('up\n');
  });

  it('says that a frozen sshd says nothing, at the deadline', async () => {
    const fresh = rig.client();
    await rig.sandbox.misbehave('builder2', 'frozen');
    const began = Date.now();
    const outcome = await fresh.read('builder2', script(':'), [], within(700));
    expect(outcome.kind).toBe('no-banner');
    expect(Date.now() - began).toBeLessThan(2500);
    await rig.sandbox.heal('builder2');
  });

  it('gives up on a kept connection that freezes, and opens another when the host is back', async () => {
    printed(await rig.hosts.read('builder2', script(':'), [], within(10_000)));
    await rig.sandbox.misbehave('builder2', 'frozen');
    const outcome = await rig.hosts.read('builder2', script(':'), [], within(700));
    expect(outcome.kind).toBe('unreachable');
    expect(said(outcome)).toContain('Nothing was run');
    await rig.sandbox.heal('builder2');
    expect(printed(await rig.hosts.read('builder2', script('echo up'), [], within(10_000)))).toBe('up\n');
  });

  it('tells a key that nobody knows from one that changed, and never says ssh-keyscan', async () => {
    const stranger = rig.client({ knownHosts: '' });
    const unknown = await stranger.read('builder1', script(':'), [], within(5000));
    expect(unknown.kind).toBe('host-key-unknown');
    expect(said(unknown)).toMatch(/SHA256:[A-Za-z0-9+/]{43}/);
    expect(said(unknown)).toContain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');

    await rig.sandbox.misbehave('builder1', 'change-key');
    const changed = await rig.client().read('builder1', script(':'), [], within(5000));
    expect(changed.kind).toBe('host-key-changed');
    expect(said(changed)).toMatch(/SHA256:[A-Za-z0-9+/]{43}/);
    expect(said(changed)).toContain("host's own console");
    expect(said(unknown) + said(changed)).not.toContain('keyscan');
  });

  it('takes a host that offers another kind of key than the known one for changed', async () => {
    const [target] = rig.sandbox.hosts.filter((host) => host.name === 'builder2');
    const [type = '', key = ''] = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).public.split(' ');
    const knownHosts = `[127.0.0.1]:${target?.port} ${type} ${key}\n`;
    const outcome = await rig.client({ knownHosts }).read('builder2', script(':'), [], within(5000));
    expect(outcome.kind).toBe('host-key-changed');
    expect(said(outcome)).toContain('ecdsa-sha2-nistp256');
  });

  it('says that the key of the account is not accepted', async () => {
    const { hosts } = rig.sandbox;
    const other = rig.client({ hosts: hosts.map((host) => ({ ...host, user: 'nobody' })) });
    const outcome = await other.read('builder2', script(':'), [], within(5000));
    expect(outcome.kind).toBe('auth-failed');
    expect(said(outcome)).toContain('authorized_keys');
  });
});
