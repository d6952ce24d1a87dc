import { setTimeout as sleep } from 'node:timers/promises';
import { createPostgresBackend, Queue } from 'bullmq';
import { messageOf } from '../src/core/message-of.ts';
import type { Hint, Hints, Log } from '../src/core/ports.ts';
import { Unavailable } from '../src/core/refused.ts';
import { cleanText } from '../src/store/clean.ts';
import type { Database } from '../src/store/database.ts';
import type { QueueFinding } from './queue-finding.ts';
import { errorLog } from './queue-log.ts';
import { checkRedis, examineRedis, producerConnection } from './queue-redis.ts';
import { createWorker, type HintHandler, type Working } from './queue-worker.ts';

const KINDS = ['plan', 'run', 'announce'] as const satisfies readonly Hint['kind'][];
const SEND_MS = 1_100;
const ASK_MS = 2_000;

/** The queue: it carries hints, and may lose them all without any harm. */
export interface JobQueue {
  readonly hints: Hints;
  /** Takes hints of one kind until closed. At least once: the same hint may come again, also while it is worked on. */
  work(kind: Hint['kind'], handler: HintHandler, options: { readonly concurrency: number }): Promise<Working>;
  /** Looks at the queue's server. Does not throw: a server that is away is a finding. */
  examine(): Promise<readonly QueueFinding[]>;
  /** Hints that wait, are delayed or are worked on. Throws `Unavailable`. */
  depth(): Promise<Record<Hint['kind'], number>>;
  /** Ends every worker and every connection of its own; the database stays open. */
  close(): Promise<void>;
}

/**
 * Opens the queue: on Redis with `redisUrl`, otherwise on BullMQ's PostgreSQL backend over `database`. A Redis
 * that can be reached and is too old or may throw jobs away is refused; one that is away is waited for.
 */
export async function openQueue(options: {
  readonly redisUrl?: string | undefined;
  readonly database: Database;
  readonly log: Log;
  /** Starts the names of the queues; two programs on one server need two. */
  readonly prefix?: string;
}): Promise<JobQueue> {
  const { redisUrl, database, log, prefix = 'steward' } = options;
  const nameOf = (kind: Hint['kind']): string => `${prefix}-${kind}`;
  const workers = new Set<Working>();
  const check = redisUrl === undefined ? null : await checkRedis(redisUrl, log);
  const pool = redisUrl === undefined ? await database.bullmqConnection() : null;

  const open = (kind: Hint['kind']) => {
    const queue =
      pool === null
        ? new Queue(nameOf(kind), {
            connection: producerConnection(redisUrl ?? ''),
            // Without these a queue that is opened while Redis is away stays dead for ever.
            skipWaitingForReady: true,
            skipVersionCheck: true,
            skipMetasUpdate: true,
          })
        : new Queue(nameOf(kind), { connection: pool, skipMetasUpdate: true }, createPostgresBackend);
    queue.on('error', errorLog(log, `queue ${nameOf(kind)}`));
    return queue;
  };
  const queues = { plan: open('plan'), run: open('run'), announce: open('announce') };

  // The first hint must not be lost only because the connection is a moment old.
  const end = Date.now() + ASK_MS;
  const connected = async (queue: (typeof queues)['plan']): Promise<void> => {
    const asked = within(ASK_MS, queue.getJobCounts('waiting'));
    if (await asked.then(Boolean, () => false)) return;
    if (Date.now() < end) await sleep(10).then(() => connected(queue));
  };
  if (check?.reached ?? false) await Promise.all(KINDS.map((kind) => connected(queues[kind])));

  const send = async ({ kind, request, round, delayMs = 0 }: Hint): Promise<void> => {
    const id = cleanText(`${kind}-${request}-${round}`).replaceAll(':', '-');
    const job = await queues[kind].add(
      kind,
      { request: cleanText(request), round },
      // Gone at its end, so that the same hint can be sent again; until then a repeat is ignored.
      {
        jobId: id,
        delay: Math.max(0, Math.round(delayMs)),
        removeOnComplete: true,
        removeOnFail: true,
        attempts: 1,
      },
    );
    // It may be there already, waiting for its time, and is wanted now. Throws for one that is not delayed.
    if (delayMs <= 0 && kind !== 'announce') await job.promote().catch(() => undefined);
  };

  return {
    hints: {
      send: async (hint) => {
        if (check?.refused() ?? false) return false;
        try {
          await within(SEND_MS, send(hint));
          return true;
        } catch (error) {
          errorLog(log, 'hint not sent')(error instanceof Error ? error : new Error(String(error)));
          return false;
        }
      },
    },

    work: async (kind, handler, { concurrency }) => {
      const worker = createWorker({ name: nameOf(kind), handler, concurrency, redisUrl, pool, log });
      const working: Working = {
        close: async () => {
          workers.delete(working);
          await worker.close();
        },
      };
      workers.add(working);
      return working;
    },

    examine: async () => {
      if (redisUrl !== undefined) return examineRedis(redisUrl);
      return examineDatabase(database);
    },

    depth: async () => {
      try {
        const counts = await within(
          ASK_MS,
          Promise.all(
            KINDS.map((kind) => queues[kind].getJobCounts('waiting', 'prioritized', 'active', 'delayed')),
          ),
        );
        const [plan = 0, run = 0, announce = 0] = counts.map((count) =>
          Object.values(count).reduce((sum, n) => sum + n, 0),
        );
        return { plan, run, announce };
      } catch (error) {
        throw new Unavailable('the queue', `The queue does not answer: ${messageOf(error)}`);
      }
    },

    close: async () => {
      check?.stop();
      await Promise.all([...workers].map((working) => working.close()));
      // A connection that is down cannot say goodbye.
      const closing = KINDS.map((kind) =>
        within(ASK_MS, queues[kind].close()).catch(() => queues[kind].disconnect()),
      );
      await Promise.allSettled(closing);
    },
  };
}

async function examineDatabase(database: Database): Promise<QueueFinding[]> {
  const where = database.kind === 'pglite' ? 'embedded PostgreSQL' : 'PostgreSQL';
  try {
    const version = await database.ping();
    return [
      {
        name: 'queue',
        value: where,
        ok: true,
        says: 'shares the database; set REDIS_URL for more than one host',
      },
      { name: 'version', value: version, ok: true, says: '' },
      {
        name: 'persistence',
        value: 'as the database',
        ok: true,
        says: database.kind === 'pglite' ? 'survives a killed process, not a power cut' : '',
      },
    ];
  } catch (error) {
    return [{ name: 'queue', value: where, ok: false, says: messageOf(error) }];
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  // What comes after the deadline is nobody's.
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
