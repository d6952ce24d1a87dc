import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobLook, JobRun } from '../../src/core/ports.ts';
import { createJobs } from '../../src/hosts/jobs.ts';
import { jobScript } from '../../src/hosts/root-scripts.ts';
import { thorough } from '../support/thorough.ts';
import { type Rig, script, startRig } from './support.ts';

const MOST = 65_536;
const count = script(
  `#!/bin/bash
echo x >>"$SANDBOX_ROOT/ran-$1"
echo $$ >"$SANDBOX_ROOT/pid-$1"
echo "begun as $SANDBOX_UID in $PWD with $*"
while [[ ! -s $SANDBOX_ROOT/go-$1 ]]; do sleep 0.05; done
code=$(<"$SANDBOX_ROOT/go-$1")
printf 'last words'
exit "$code"
`,
  'count.job.sh',
);
const trapping = script(
  `#!/bin/bash
trap 'echo "half of it is there"; exit 9' TERM
echo begun
while :; do sleep 0.05; done
`,
  'trapping.job.sh',
);
const deaf = script(`#!/bin/bash\ntrap '' TERM\necho begun\nwhile :; do sleep 0.05; done\n`, 'deaf.job.sh');
const daemon = script(
  `#!/bin/bash\necho early\nsetsid bash -c 'echo $$ >"$SANDBOX_ROOT/daemon"; sleep 30' &\nsleep 0.1\necho bye\n`,
  'daemon.job.sh',
);
const letters = script(
  `#!/bin/bash\nfor ((n = 0; n < 400; n++)); do echo "ž€😀 $n"; done\n`,
  'letters.job.sh',
);

const taken = thorough ? '' : ' (skipped: takes long)';
let rig: Rig;
let jobs: ReturnType<typeof createJobs>;
let root: string;
let runs = 0;

beforeAll(async () => {
  rig = await startRig(['mirror'], [jobScript, count, trapping, deaf, daemon, letters]);
  jobs = createJobs(rig.hosts);
  root = rig.sandbox.world('mirror').root;
});
afterAll(async () => {
  const pid = existsSync(join(root, 'daemon')) ? Number(readFileSync(join(root, 'daemon'), 'utf8')) : 0;
  if (pid > 0) process.kill(pid, 'SIGKILL');
  await rig.close();
});

const alive = () => new AbortController().signal;
/** A run of its own; each has a name of its own too, unless it is told. */
function some(name = `n${runs}`): JobRun {
  runs++;
  return { host: 'mirror', name, run: `r${runs}-1a2b3c` };
}
const start = (run: JobRun, what = count, args: readonly string[] = [run.run]) =>
  jobs.start(run, what, args, alive());
const poll = (run: JobRun, offset = 0, most = MOST) => jobs.poll(run, offset, most, alive());
const dirOf = ({ name, run }: JobRun) => join(root, 'var/lib/steward-jobs', name, 'runs', run);
const end = ({ run }: JobRun, code: number) => writeFileSync(join(root, `go-${run}`), `${code}\n`);
const timesRun = ({ run }: JobRun) => readFileSync(join(root, `ran-${run}`), 'utf8').length / 2;
const watcher = (run: JobRun) => Number(readFileSync(join(dirOf(run), 'began'), 'utf8').split(' ')[0]);
const text = (look: JobLook) => (look.kind === 'seen' ? Buffer.from(look.log).toString('utf8') : look.says);

async function until(run: JobRun, ...states: readonly string[]) {
  for (let tries = 0; tries < 100; tries++) {
    const look = await poll(run);
    if (look.kind !== 'seen') throw new Error(look.says);
    if (states.includes(look.state)) return look;
    await sleep(50);
  }
  throw new Error(`${run.run} did not become ${states.join(' or ')}`);
}

describe('a job on a host', () => {
  it('goes on after the call that started it, and its log and exit code can be read', async () => {
    const run = some();
    expect(await poll(run)).toMatchObject({ state: 'none', code: null, size: 0, forMs: null });
    expect(await start(run, count, [run.run, "it's", '$(id)'])).toEqual({ kind: 'runs' });
    await rig.sandbox.misbehave('mirror', 'cut');
    expect(await until(run, 'running')).toMatchObject({ code: null });
    end(run, 75);
    const done = await until(run, 'done');
    expect(done).toMatchObject({ code: 75 });
    expect(text(done)).toBe(`begun as 0 in / with ${run.run} it's $(id)\nlast words`);
    expect(done.forMs).toBeLessThan(60_000);
    expect(timesRun(run)).toBe(1);
  });

  it('is started once, however often it is asked for, at once or later', async () => {
    const run = some();
    const answers = await Promise.all(Array.from({ length: 12 }, () => start(run)));
    expect(answers).toEqual(Array.from({ length: 12 }, () => ({ kind: 'runs' })));
    end(run, 0);
    await until(run, 'done');
    expect(await start(run)).toEqual({ kind: 'runs' });
    expect(timesRun(run)).toBe(1);
  });

  it('keeps others of its name away until it has ended', async () => {
    const [one, two] = [some('mrepo'), some('mrepo')];
    await start(one);
    expect(await start(two)).toEqual({ kind: 'busy', run: one.run });
    expect(await poll(two)).toMatchObject({ state: 'none' });
    end(one, 0);
    await until(one, 'done');
    expect(await start(two)).toEqual({ kind: 'runs' });
    end(two, 0);
    await until(two, 'done');
    expect(await poll(one)).toMatchObject({ state: 'done', code: 0 });
  });

  it('is read from an offset on, to the byte, also where that is in the middle of a letter', async () => {
    const run = some();
    await start(run, letters);
    const { size } = await until(run, 'done');
    const pieces: Uint8Array[] = [];
    for (let offset = 0; offset < size; ) {
      const look = await poll(run, offset, 997);
      if (look.kind !== 'seen') throw new Error(look.says);
      expect(look.log.length).toBe(Math.min(997, size - offset));
      pieces.push(look.log);
      offset += look.log.length;
    }
    const whole = Buffer.concat(pieces);
    expect(whole.equals(readFileSync(join(dirOf(run), 'log')))).toBe(true);
    expect(whole.toString('utf8').split('\n')[399]).toBe('ž€😀 399');
    expect(await poll(run, size + 10)).toMatchObject({ state: 'done', size });
  });

  it('stops when it is told to, and its last words are read', async () => {
    const run = some();
    await start(run, trapping);
    await until(run, 'running');
    expect(await jobs.stop(run, 'TERM', alive())).toBe('stopped');
    const done = await until(run, 'done');
    expect(done).toMatchObject({ code: 9 });
    expect(text(done)).toMatch(/^begun\n(Terminated\n)?half of it is there\n$/);
    expect(await jobs.stop(run, 'TERM', alive())).toBe('stopped');
  });

  it.skipIf(!thorough)(`that does not listen is killed, and counts as lost${taken}`, async () => {
    const run = some();
    await start(run, deaf);
    await until(run, 'running');
    expect(await jobs.stop(run, 'TERM', alive())).toBe('running');
    expect(await jobs.stop(run, 'KILL', alive())).toBe('stopped');
    expect(await poll(run)).toMatchObject({ state: 'lost', code: null });
  });

  it('that was killed is done, with the code of that; after a reboot it is lost, and never starts again by itself', async () => {
    const killed = some();
    await start(killed);
    await until(killed, 'running');
    process.kill(Number(readFileSync(join(root, `pid-${killed.run}`), 'utf8')), 'SIGKILL');
    expect(await until(killed, 'done')).toMatchObject({ code: 137 });

    const rebooted = some();
    await start(rebooted);
    await until(rebooted, 'running');
    process.kill(-watcher(rebooted), 'SIGKILL');
    const lost = await until(rebooted, 'lost');
    expect(text(lost)).toContain('begun as 0');
    expect(await start(rebooted)).toEqual({ kind: 'runs' });
    expect(await poll(rebooted)).toMatchObject({ state: 'lost' });
    expect(timesRun(rebooted)).toBe(1);
  });

  it('whose watcher was killed still counts as running while it goes on, and lets no other in', async () => {
    const [one, two] = [some('watched'), some('watched')];
    await start(one);
    await until(one, 'running');
    process.kill(watcher(one), 'SIGKILL');
    await sleep(100);
    expect(await poll(one)).toMatchObject({ state: 'running' });
    expect(await start(two)).toEqual({ kind: 'busy', run: one.run });
    expect(await jobs.stop(one, 'TERM', alive())).toBe('stopped');
    expect(await poll(one)).toMatchObject({ state: 'lost' });
    expect(await start(two)).toEqual({ kind: 'runs' });
    end(two, 0);
    await until(two, 'done');
  });

  it('is done when it has ended, whatever it left behind', async () => {
    const run = some();
    await start(run, daemon);
    for (let tries = 0; tries < 200; tries++) {
      const look = await poll(run);
      if (look.kind === 'seen' && look.state === 'done') break;
      await sleep(50);
    }
    expect(text(await poll(run))).toBe('early\nbye\n');
    expect(await poll(run)).toMatchObject({ state: 'done', code: 0 });
  });

  it('that was killed between its directory and its beginning never ran, and is started', async () => {
    const run = some();
    await start(run);
    end(run, 0);
    await until(run, 'done');
    // As a start leaves it that died just before: the directory, the script, its name in `current`.
    for (const name of ['began', 'code', 'log']) rmSync(join(dirOf(run), name));
    expect(await poll(run)).toMatchObject({ state: 'none' });
    expect(await start(run)).toEqual({ kind: 'runs' });
    await until(run, 'done');
    expect(timesRun(run)).toBe(2);
  });

  it('never signals a number that was given out again', async () => {
    const run = some();
    await start(run);
    end(run, 0);
    await until(run, 'done');
    rmSync(join(dirOf(run), 'code'));
    const bystander = Number(
      execFileSync('bash', ['-c', 'setsid sleep 30 >/dev/null 2>&1 & echo $!'], { encoding: 'utf8' }),
    );
    writeFileSync(join(dirOf(run), 'began'), `${bystander} 1700000000\n`);
    expect(await poll(run)).toMatchObject({ state: 'lost' });
    expect(await jobs.stop(run, 'KILL', alive())).toBe('stopped');
    expect(() => process.kill(bystander, 0)).not.toThrow();
    process.kill(bystander, 'SIGKILL');
  });

  it('is in what doctor says of a host: whether this version is there, and may be started', async () => {
    const wanted = [jobScript, letters, script('#!/bin/bash\necho newer\n', count.name)];
    const rows = await rig.hosts.examine('mirror', wanted, alive());
    const of = (name: string) => rows.find((row) => row.what === name);
    expect(of('job.sh')).toMatchObject({ state: 'ok', says: expect.stringContaining('sudo allows it') });
    expect(of(letters.name)).toMatchObject({
      state: 'ok',
      says: expect.stringContaining('/etc/steward/jobs allows it'),
    });
    expect(of(count.name)).toMatchObject({ state: 'bad', says: expect.stringContaining('another version') });
  });

  it('is only started when the bundle says so, in exactly that version', async () => {
    const run = some();
    const other = script('#!/bin/bash\necho other\n', count.name);
    expect(await start(run, other)).toMatchObject({
      kind: 'refused',
      says: expect.stringContaining('does not allow'),
    });
    const file = join(root, 'usr/local/libexec/steward', letters.name);
    const kept = readFileSync(file);
    writeFileSync(file, '#!/bin/bash\necho changed\n');
    expect(await start(run, letters)).toMatchObject({
      kind: 'refused',
      says: expect.stringContaining('is not the version that was approved'),
    });
    writeFileSync(file, kept);
    expect(await start(run, script('x', '../x.job.sh'))).toMatchObject({ kind: 'refused' });
    expect(await start(run, jobScript)).toMatchObject({ kind: 'refused' });
    expect(await poll(run)).toMatchObject({ state: 'none' });
    // Not by sudo either.
    expect((await rig.hosts.run('mirror', count, [], { deadlineMs: 10_000, signal: alive() })).kind).toBe(
      'sudo-refused',
    );
  });

  it.skipIf(!thorough)(`leaves the logs of the last few runs${taken}`, async () => {
    for (let n = 0; n < 7; n++) {
      const run = some('often');
      await start(run, letters);
      await until(run, 'done');
    }
    expect(readdirSync(join(root, 'var/lib/steward-jobs/often/runs'))).toHaveLength(5);
  });
});
