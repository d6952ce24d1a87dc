import { setTimeout as sleep } from 'node:timers/promises';
import { createPostgresBackend, DelayedError, type Job, type PgPool, Worker } from 'bullmq';
import { z } from 'zod';
import type { Log } from '../src/core/ports.ts';
import { cleanError } from '../src/store/clean.ts';
import { errorLog } from './queue-log.ts';
import { workerConnection } from './queue-redis.ts';

/** Looks what the hint is about and does what is due. `signal`: stop at the next safe point, the hint stays. */
export type HintHandler = (
  hint: { readonly request: string; readonly round: number },
  signal: AbortSignal,
) => Promise<void>;

/** Something that takes hints. */
export interface Working {
  /** Tells every handler to stop, and waits for them; what they were on goes back to the queue. */
  close(): Promise<void>;
}

const SHUTDOWN = 'shutdown';
const LOST = 'lost';
/** Longer than the longest single call that a handler lets end before it stops. */
const CLOSE_MS = 170_000;
/** For what only needs the queue's server, which may be away. */
const GOODBYE_MS = 3_000;

const data = z.object({ request: z.string(), round: z.number().int() });

/**
 * Takes hints from one queue. A killed worker's hint is taken by another one within about 7 s: its lock ends
 * after 4 s, and the search for such runs every 1.5 s and takes what it finds twice.
 */
export function createWorker(options: {
  readonly name: string;
  readonly handler: HintHandler;
  readonly concurrency: number;
  readonly redisUrl: string | undefined;
  readonly pool: PgPool | null;
  readonly log: Log;
}): Working {
  const { name, handler, log, pool } = options;

  const running = new Set<Promise<void>>();
  const handle = async (job: Job, token: string | undefined, signal: AbortSignal): Promise<void> => {
    const hint = data.safeParse(job.data);
    if (!hint.success) return;
    try {
      await handler(hint.data, signal);
    } catch (thrown) {
      if (!signal.aborted) {
        // BullMQ cannot record an error with a NUL in it, and would run the job again and again.
        const error = cleanError(thrown);
        log.error('a job failed', { job: job.id, request: hint.data.request, error });
        throw error;
      }
    }
    if (signal.aborted && signal.reason === SHUTDOWN) {
      await job.moveToDelayed(Date.now() + 100, token);
      throw new DelayedError();
    }
  };
  // Three parameters: BullMQ counts them to know whether to make a signal.
  const take = async (
    job: Job,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const handling = handle(job, token, signal ?? new AbortController().signal);
    running.add(handling);
    await handling.finally(() => running.delete(handling));
  };

  const settings = {
    concurrency: options.concurrency,
    lockDuration: 4_000,
    stalledInterval: 1_500,
    // A job is a hint: however often its worker died, it is still due.
    maxStalledCount: 1_000_000,
    runRetryDelay: 1_000,
    drainDelay: 5,
  };
  const worker =
    pool === null
      ? new Worker(name, take, { ...settings, connection: workerConnection(options.redisUrl ?? '') })
      : new Worker(name, take, { ...settings, connection: pool }, createPostgresBackend);
  worker.on('error', errorLog(log, `worker ${name}`));
  // The job is gone or somebody else's: its handler stops at the next safe point.
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, LOST);
  });

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // Again and again, for a job that is just being fetched.
    worker.cancelAllJobs(SHUTDOWN);
    const again = setInterval(() => worker.cancelAllJobs(SHUTDOWN), 50);
    const closed = worker.close().then(() => true);
    closed.catch(() => undefined);
    const end = Date.now() + CLOSE_MS;
    let done = false;
    do {
      await Promise.race([
        closed,
        Promise.allSettled(running),
        sleep(end - Date.now(), null, { ref: false }),
      ]);
      done = await Promise.race([closed, sleep(GOODBYE_MS, false, { ref: false })]);
    } while (!done && running.size > 0 && Date.now() < end);
    clearInterval(again);
    if (done) return;
    log.warn('a worker did not stop in time', { worker: name, running: running.size });
    await Promise.race([worker.disconnect(), sleep(GOODBYE_MS, null, { ref: false })]).catch(() => undefined);
  };
  return {
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
