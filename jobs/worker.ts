import { plan } from '../src/core/planning.ts';
import type { Hints, Log } from '../src/core/ports.ts';
import { type Running, run } from '../src/core/runner.ts';
import type { Store } from '../src/core/store.ts';
import type { JobQueue } from './queue.ts';
import { repeat, sweep } from './sweep.ts';

/** How often the truth is searched for what is due, in milliseconds. */
const SWEEP_MS = 1_000;

/** Starts what a worker process does: planning, running, and the sweep. Stopping lets a call that has begun end. */
export async function startWorker(deps: {
  readonly queue: JobQueue;
  readonly hints: Hints;
  readonly work: Running;
  readonly store: Store;
  readonly concurrency: number;
}): Promise<{ stop(): Promise<void> }> {
  const { queue, work, store, hints, concurrency } = deps;
  const planning = await queue.work('plan', ({ request }, signal) => plan(request, work, signal), {
    concurrency,
  });
  const running = await queue.work('run', ({ request }, signal) => run(request, work, signal), {
    concurrency,
  });
  const sweeping = repeat(
    'the sweep',
    () => sweep({ store, requests: work.requests, hints, now: work.now }),
    SWEEP_MS,
    work.log,
  );
  return {
    async stop() {
      await sweeping.stop();
      await Promise.all([planning.close(), running.close()]);
    },
  };
}

/** Starts what a web process does beside listening: bringing places up to date, and finding those left behind. */
export async function startAnnouncer(deps: {
  readonly queue: JobQueue;
  readonly announce: (request: string) => Promise<void>;
  readonly stale: () => Promise<readonly string[]>;
  readonly log: Log;
}): Promise<{ stop(): Promise<void> }> {
  const { queue, announce, stale, log } = deps;
  // What cannot be shown now must not keep others from being shown; what is behind is found again.
  const show = (request: string): Promise<void> =>
    announce(request).catch((error: unknown) => log.warn('a request is not shown yet', { request, error }));
  const announcing = await queue.work('announce', ({ request }) => show(request), { concurrency: 8 });
  const catchingUp = repeat(
    'catching up with places',
    async () => {
      for (const request of await stale()) await show(request);
    },
    5_000,
    log,
  );
  return {
    async stop() {
      await catchingUp.stop();
      await announcing.close();
    },
  };
}
