import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { run } from '../src/core/runner.ts';
import { startJobBench } from '../test/core/job-bench.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { median } from './numbers.ts';

const EVERY_MS = 15_000;
const HOURS = 6;
const POLLS = (HOURS * 3_600_000) / EVERY_MS;
/** What is not polled by then is reckoned from what was. */
const MOST_MS = 30_000;
const LEAST_POLLS = 240;
/** Heap is looked at after so many polls. */
const LOOK_EVERY = 24;
/** Polls come a hundred times as fast as they should, so deadlines of a minute have to end sooner, or hundreds lie about. */
const FASTER = 12;
const LINE = `got 2 of 4, and what else a sync says ${'.'.repeat(984)}\n`;

/** What a sync of six hours costs the bot: the clock is put forward, all else is as it is. */
export const sixHours: readonly Benchmark[] = [
  {
    name: 'job.hours',
    what: `a job of ${HOURS} hours: ${POLLS} polls over SSH, or as many as ${MOST_MS / 1000} s are enough for, the clock put forward by 15 s before each`,
    lacks: () => (process.platform === 'linux' ? null : 'not Linux'),
    run: measure,
  },
];

async function measure({ scope, say }: Bench): Promise<readonly Figure[]> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('no way to collect garbage');
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (ms) => timeout(Math.ceil(ms / FASTER));
  scope.later(() => {
    AbortSignal.timeout = timeout;
  });
  const bench = scope.keep(await startJobBench());
  const { kernel, clock, root, rig } = bench;
  const id = await bench.approved('mirror sync el8');
  await kernel.settle();
  const runs = join(root, 'var/lib/steward-jobs/mrepo/runs');
  const [name = ''] = readdirSync(runs);
  const log = join(runs, name, 'log');
  const counts = () => rig.sandbox.counts('mirror');

  const poll = async (): Promise<void> => {
    // What the job would have said meanwhile.
    appendFileSync(log, LINE);
    clock.forward(EVERY_MS);
    await run(id, kernel.work, new AbortController().signal);
    kernel.hinted.length = 0;
  };
  // What is made once and kept is no growth.
  for (let n = 0; n < 3 * LOOK_EVERY; n++) await poll();
  const before = counts();
  const began = performance.now();
  const heap: number[] = [];
  let polls = 0;
  while (polls < POLLS && (polls < LEAST_POLLS || performance.now() - began < MOST_MS)) {
    await poll();
    polls++;
    if (polls % LOOK_EVERY > 0) continue;
    collect();
    heap.push(process.memoryUsage().heapUsed / 1024 / 1024);
  }
  const took = performance.now() - began;
  const after = counts();
  const request = await kernel.load(id);
  if (request.status !== 'running') throw new Error(`it is ${request.status}: ${request.says}`);
  const events = await kernel.store.requests.events(id);
  bench.end('el8', 0);
  await bench.ended('el8');
  await bench.becomes(id, 'succeeded');

  const quarter = Math.floor(heap.length / 4);
  const [first, last] = [median(heap.slice(0, quarter)), median(heap.slice(-quarter))];
  say(
    `${polls} polls in ${Math.round(took / 1000)} s; ${after.connections} connection; ${events.length} events; heap ${first.toFixed(2)} -> ${last.toFixed(2)} MB`,
  );
  const commands = (after.commands - before.commands) / polls;
  return [
    {
      name: 'job.hours.commands',
      ours: commands,
      peer: null,
      unit: 'SSH commands a poll',
      target: { of: 'ours', is: 'at most', value: 1 },
    },
    {
      name: 'job.hours.bytes',
      ours: (after.bytes - before.bytes) / polls,
      peer: LINE.length,
      unit: 'bytes a poll',
      target: null,
    },
    {
      name: 'job.hours.heap',
      // Between the middles of two quarters lie three quarters of all; told for the whole six hours.
      ours: Math.max(0, (last - first) / 0.75) * (POLLS / polls),
      peer: null,
      unit: 'MB',
      target: { of: 'ours', is: 'under', value: 2 },
    },
  ];
}
