import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobScript } from '../../src/hosts/root-scripts.ts';
import { temporary } from './support.ts';

const LIMIT = 65_536;
/** Prints 300 KB, and ends with 7. */
const LOUD = `#!/bin/bash
for ((n = 0; n < 3000; n++)); do printf 'line %04d %090d\\n' "$n" 0; done
exit 7
`;

let place: ReturnType<typeof temporary>;
let mounted = '';
beforeAll(() => {
  place = temporary();
});
afterAll(() => {
  if (mounted !== '') spawnSync('umount', [mounted]);
  place.remove();
});

/** The script itself, with its places below a directory of ours. */
function jobIn(dir: string, mostLog: number) {
  mkdirSync(dir, { recursive: true });
  const loud = join(place.dir, 'loud.job.sh');
  const sum = createHash('sha256').update(LOUD).digest('hex');
  writeFileSync(loud, LOUD);
  writeFileSync(join(place.dir, 'list'), `${sum}  ${loud}\n`, { mode: 0o600 });
  const text = jobScript.text
    .replaceAll('/var/lib/steward-jobs', `${dir}/jobs`)
    .replaceAll('/etc/steward/jobs', join(place.dir, 'list'))
    .replace(/^most_log=\d+$/m, `most_log=${mostLog}`);
  const call = (...args: readonly string[]): string =>
    execFileSync('bash', ['-c', text, 'job.sh', ...args], { encoding: 'utf8', timeout: 20_000 });
  return {
    start: (run: string) => call('start', 'loud', run, 'loud.job.sh', sum),
    log: (run: string) => readFileSync(join(dir, 'jobs/loud/runs', run, 'log'), 'utf8'),
    async ended(run: string): Promise<string> {
      for (let tries = 0; tries < 100; tries++) {
        const [state = '', code = ''] = call('poll', 'loud', run, '0', '0').split(' ');
        if (state === 'done') return code;
        await sleep(100);
      }
      throw new Error(`${run} does not end`);
    },
  };
}

it('a job of ever new names begins no more than the first twenty, and leaves those alone', async () => {
  const dir = join(place.dir, 'names');
  const job = jobIn(dir, LIMIT);
  for (let n = 0; n < 20; n++) mkdirSync(join(dir, `jobs/name${n}/runs`), { recursive: true, mode: 0o700 });
  expect(() => job.start('r1')).toThrow(/there are 20 names of jobs in \S+ already/);
  rmSync(join(dir, 'jobs/name7'), { recursive: true });
  expect(job.start('r1')).toBe('STARTED\n');
  expect(await job.ended('r1')).toBe('7');
});

it.skipIf(process.getuid?.() !== 0)(
  'an account without rights that takes the number and the name of a run that has ended holds up nothing (only as root)',
  async () => {
    const dir = join(place.dir, 'taken');
    const job = jobIn(dir, LIMIT);
    expect(job.start('r1')).toBe('STARTED\n');
    await job.ended('r1');
    const other = spawn('setpriv', ['--reuid=65534', '--clear-groups', 'sleep', '60'], {
      env: { PATH: process.env.PATH, STEWARD_JOB: 'loud/r1' },
      stdio: 'ignore',
      detached: true,
    });
    try {
      // As if the numbers had come round to it.
      writeFileSync(join(dir, 'jobs/loud/runs/r1/began'), `${other.pid} 1\n`);
      // It begins as root's.
      await expect
        .poll(() => readFileSync(`/proc/${other.pid}/cmdline`, 'utf8'), { timeout: 20_000 })
        .toBe('sleep\x0060\0');
      expect(readFileSync(`/proc/${other.pid}/environ`, 'utf8')).toContain('STEWARD_JOB=loud/r1');
      expect(job.start('r2')).toBe('STARTED\n');
      expect(await job.ended('r2')).toBe('7');
    } finally {
      other.kill('SIGKILL');
    }
  },
);

describe('the log of a job', () => {
  it('is cut off at its limit, with a word, and the job goes on to its end', async () => {
    const job = jobIn(join(place.dir, 'limit'), LIMIT);
    expect(job.start('r1')).toBe('STARTED\n');
    expect(await job.ended('r1')).toBe('7');
    const log = job.log('r1');
    expect(log.slice(0, LIMIT)).toMatch(/^line 0000 /);
    expect(log.slice(LIMIT)).toBe('\n[the log has reached its limit and is cut off here]\n');
  });

  it('on a disk that is full loses what comes then, and not the exit code', async (context) => {
    const dir = join(place.dir, 'small');
    mkdirSync(dir);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir]).status !== 0)
      context.skip('nothing can be mounted here');
    mounted = dir;
    const job = jobIn(dir, 1024 * 1024 * 1024);
    expect(job.start('r1')).toBe('STARTED\n');
    expect(await job.ended('r1')).toBe('7');
    expect(job.log('r1').length).toBeLessThan(256 * 1024);
    expect(() => job.start('r2')).toThrow(/r2 cannot be written/);
  });
});
