import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printed, type Rig, said, script, startRig, within } from './support.ts';

const echo = script(`#!/bin/bash\nprintf '%s|' "$SANDBOX_UID" "$SUDO_USER" "$@"\n`, 'echo-args.sh');
const fail = script('#!/bin/bash\necho "not-installed and sudo-refused" >&2\nexit 1\n', 'fail.sh');
const slow = script('#!/bin/bash\necho x >>"$SANDBOX_ROOT/ran"\nsleep 20\n', 'slow.sh');
let rig: Rig;

beforeAll(async () => {
  rig = await startRig(['builder1', 'builder2'], [echo, fail, slow]);
});
afterAll(() => rig.close());

describe('root scripts', () => {
  it('runs an installed script through sudo, with its arguments exactly', async () => {
    const args = ["it's", '$(id)', '', 'a b', '-n', 'ž\n'];
    expect(printed(await rig.hosts.run('builder1', echo, args, within(10_000)))).toBe(
      `0|steward|${args.join('|')}|`,
    );
  });

  it('gives the exit code of a script that fails, whatever it says', async () => {
    const outcome = await rig.hosts.run('builder1', fail, [], within(10_000));
    expect(outcome).toMatchObject({ kind: 'exit', code: 1 });
  });

  it('runs nothing when the installed file is missing or another version', async () => {
    const missing = await rig.hosts.run(
      'builder1',
      { name: 'no.sh', sha256: echo.sha256 },
      [],
      within(10_000),
    );
    expect(missing.kind).toBe('not-installed');
    expect(said(missing)).toContain('no readable /usr/local/libexec/steward/no.sh');
    const other = await rig.hosts.run(
      'builder1',
      { name: echo.name, sha256: fail.sha256 },
      [],
      within(10_000),
    );
    expect(other.kind).toBe('not-installed');
    expect(said(other)).toContain('another version');
  });

  it('runs nothing when the file was changed after it was installed', async () => {
    const file = join(rig.sandbox.world('builder2').root, 'usr/local/libexec/steward', echo.name);
    chmodSync(file, 0o755);
    const changed = script('#!/bin/bash\necho stolen\n', echo.name);
    writeFileSync(file, changed.text);
    expect((await rig.hosts.run('builder2', echo, [], within(10_000))).kind).toBe('not-installed');
    // Even somebody who approved the new text: sudoers names the old one.
    expect((await rig.hosts.run('builder2', changed, [], within(10_000))).kind).toBe('sudo-refused');
  });

  it('says that sudo refuses, and what to do', async () => {
    await rig.sandbox.misbehave('builder1', 'refuse-sudo');
    const outcome = await rig.hosts.run('builder1', echo, [], within(10_000));
    expect(outcome.kind).toBe('sudo-refused');
    expect(said(outcome)).toContain('steward host bundle');
    await rig.sandbox.heal('builder1');
    expect(printed(await rig.hosts.run('builder1', echo, [], within(10_000)))).toBe('0|steward|');
  });

  it('does not let the account run a shell, or another file, as root', async () => {
    const outcome = await rig.hosts.read(
      'builder1',
      script(
        'for c in "bash -s" "-l" "-- /bin/sh -c id" "-s" "-n -- /bin/true"; do sudo $c && echo root; done; :',
      ),
      [],
      within(10_000),
    );
    expect(printed(outcome)).toBe('');
  });

  it('reports an asker who gave up as an outcome once the script may have been started', async () => {
    const giving = new AbortController();
    const running = rig.hosts.run('builder1', slow, [], { deadlineMs: 20_000, signal: giving.signal });
    const ran = join(rig.sandbox.world('builder1').root, 'ran');
    await expect.poll(() => existsSync(ran), { timeout: 10_000 }).toBe(true);
    giving.abort(new Error('stopping'));
    const outcome = await running;
    expect(outcome.kind).toBe('timeout');
    expect(said(outcome)).toContain('may still be running');
  });

  it('throws the reason of an asker who gave up before anything was started', async () => {
    await rig.sandbox.misbehave('builder2', 'frozen');
    const giving = new AbortController();
    setTimeout(() => giving.abort(new Error('stopping')), 200);
    const running = rig.hosts.run('builder2', slow, [], { deadlineMs: 20_000, signal: giving.signal });
    await expect(running).rejects.toThrow('stopping');
    await rig.sandbox.heal('builder2');
  });
});

describe('examining a host', () => {
  it('says for each root script whether this version is there and sudo allows it', async () => {
    const newer = script('#!/bin/bash\n# newer\n', fail.name);
    const absent = script('#!/bin/bash\n', 'absent.sh');
    const rows = await rig.hosts.examine('builder1', [echo, newer, absent], new AbortController().signal);
    expect(rows.map((row) => [row.what, row.state])).toEqual([
      ['host key', 'ok'],
      ['ssh', 'ok'],
      ['sudo', 'ok'],
      ['echo-args.sh', 'ok'],
      ['fail.sh', 'bad'],
      ['absent.sh', 'bad'],
    ]);
    expect(rows[4]?.says).toContain('another version');
    expect(rows[5]?.says).toContain('missing');
  });

  it('tells trouble with the key from trouble with the connection', async () => {
    const { signal } = new AbortController();
    await rig.sandbox.misbehave('builder2', 'down');
    const down = await rig.client().examine('builder2', [echo], signal);
    expect(down.map((row) => row.state)).toEqual(['skipped', 'bad', 'skipped']);
    const stranger = await rig.client({ knownHosts: '' }).examine('builder1', [echo], signal);
    expect(stranger.map((row) => row.state)).toEqual(['bad', 'skipped', 'skipped']);
  });
});
