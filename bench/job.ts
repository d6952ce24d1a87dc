import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type SandboxHosts, startHosts } from '../sandbox/hosts/hosts.ts';
import type { JobRun } from '../src/core/ports.ts';
import { createHosts } from '../src/hosts/hosts.ts';
import { createJobs } from '../src/hosts/jobs.ts';
import { jobScript } from '../src/hosts/root-scripts.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { alternate, median, timed, until } from './numbers.ts';

const LONG = 500 * 1024 * 1024;
const NEW = 1024;
const MOST = 512 * 1024;
const ROUNDS = 15;
const CALL_MS = 30_000;

/** A poll of a job whose log is long and has little new. */
export const job: readonly Benchmark[] = [
  {
    name: 'job.poll',
    what: 'a poll of a log of 500 MB with 1 KB new, against one of a log that is 1 KB',
    lacks: () => (process.platform === 'linux' ? null : 'not Linux'),
    run: measure,
  },
];

async function measure({ scope, say }: Bench): Promise<readonly Figure[]> {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const text = '#!/bin/bash\ntrue\n';
  const nothing = { name: 'nothing.job.sh', text, sha256: createHash('sha256').update(text).digest('hex') };
  const sandbox = scope.keep(
    await startHosts({ dir: scope.dir(), names: ['mirror'], scripts: [jobScript, nothing] }),
  );
  const { hosts: list, clientKey: privateKey, knownHosts, scriptsDir } = sandbox;
  const hosts = scope.keep(createHosts({ hosts: list, privateKey, knownHosts, scriptsDir, log }));
  const jobs = createJobs(hosts);
  const signal = () => AbortSignal.timeout(CALL_MS);

  const made = async (name: string, size: number): Promise<JobRun> => {
    const run = { host: 'mirror', name, run: `r1-${name}` };
    await jobs.start(run, nothing, [], signal());
    await until(
      'a job that does nothing',
      async () => {
        const look = await jobs.poll(run, 0, 1, signal());
        return look.kind === 'seen' && look.state === 'done';
      },
      CALL_MS,
    );
    fill(logOf(sandbox, run), size);
    return run;
  };
  const [long, short] = [await made('long', LONG), await made('short', NEW)];
  const poll = (run: JobRun, size: number) => async (): Promise<number> =>
    timed(async () => {
      const look = await jobs.poll(run, size - NEW, MOST, signal());
      if (look.kind !== 'seen' || look.log.length !== NEW) throw new Error('not what is new');
    });
  const [ours, peer] = [poll(long, LONG), poll(short, NEW)];
  await alternate(2, ours, peer);
  const seen = await alternate(ROUNDS, ours, peer);
  say(`${seen.ours.map(Math.round)} / ${seen.peer.map(Math.round)} ms`);
  return [
    {
      name: 'job.poll.time',
      ours: median(seen.ours),
      peer: median(seen.peer),
      unit: 'ms',
      target: { of: 'ratio', is: 'at most', value: 1.3 },
    },
    {
      name: 'job.poll.read',
      ours: bytesRead(sandbox, long, LONG - NEW),
      peer: bytesRead(sandbox, short, 0),
      unit: 'bytes',
      target: { of: 'ratio', is: 'at most', value: 1.1 },
    },
  ];
}

function logOf(sandbox: SandboxHosts, { host, name, run }: JobRun): string {
  return join(sandbox.world(host).root, 'var/lib/steward-jobs', name, 'runs', run, 'log');
}

/** Real bytes, not a hole in a file. */
function fill(file: string, size: number): void {
  const block = Buffer.alloc(1024 * 1024, 'One line of a log that goes on and on.\n');
  const to = openSync(file, 'w');
  for (let left = size; left > 0; left -= block.length) writeSync(to, block, 0, Math.min(left, block.length));
  closeSync(to);
}

/** What the script and all that it starts read, as the kernel counts it: of files, pipes and programs alike. */
function bytesRead(sandbox: SandboxHosts, { host, name, run }: JobRun, offset: number): number {
  const root = sandbox.world(host).root;
  const text = jobScript.text.replaceAll('/var/lib/steward-jobs', `${root}/var/lib/steward-jobs`);
  const counted = [
    'text=$1; shift',
    'bash -c "$text" job.sh "$@" >/dev/null',
    'while read -r what count; do [[ $what != rchar: ]] || echo "$count"; done </proc/$$/io',
  ].join('\n');
  const args = [text, 'poll', name, run, String(offset), String(MOST)];
  return Number(
    execFileSync('bash', ['-c', counted, 'count', ...args], { encoding: 'utf8', timeout: CALL_MS }),
  );
}
