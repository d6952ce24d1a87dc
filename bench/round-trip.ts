import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { createPostgresBackend, Queue, QueueEvents, Worker } from 'bullmq';
import { sign } from '../sandbox/slack/signature.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import { type BenchKernel, startKernel } from './kernel.ts';
import { alternate, median } from './numbers.ts';
import type { Scope } from './scope.ts';
import { noServers, type Servers, startServers } from './servers.ts';
import { type BenchSite, startSiteApart } from './site.ts';

const WARM = 20;
const ROUNDS = 40;
/** What comes after an end (Slack is told, the inbox is tidied) is over by then. */
const PAUSE_MS = 60;
const JOB_MS = 15_000;

/** A request that finds nothing to do, from the acknowledgement of its slash command to its end in the record. */
export const roundTrip: readonly Benchmark[] = [
  {
    name: 'request.postgres',
    what: 'from acknowledgement to end state, against one raw BullMQ job; PostgreSQL and Redis',
    lacks: noServers,
    run: async (bench) => measure('request.postgres', bench, await startServers(bench.scope)),
  },
  {
    name: 'request.pglite',
    what: 'the same on PGlite',
    lacks: () => null,
    run: (bench) => measure('request.pglite', bench, null),
  },
];

async function measure(name: string, { scope, say }: Bench, servers: Servers | null) {
  const site = await startSiteApart(scope);
  const kernel = await startKernel(scope, site, servers);
  const job = await rawJob(scope, kernel, servers);
  const agent = new Agent({ keepAlive: true });
  scope.later(() => agent.destroy());
  const ours = async (): Promise<number> => {
    // The builder has this capacity, so there is nothing to do.
    const end = kernel.nextEnd();
    const acknowledged = await slash(agent, kernel.port, site, 'builder capacity builder2 4');
    const { at, status } = await end;
    if (status !== 'succeeded') throw new Error(`it ${status}`);
    return at - acknowledged;
  };
  const rested = (work: () => Promise<number>) => async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return work();
  };
  await alternate(WARM, rested(ours), rested(job));
  const seen = await alternate(ROUNDS, rested(ours), rested(job));
  say(`requests ${seen.ours.map(Math.round)} ms`);
  say(`jobs ${seen.peer.map(Math.round)} ms`);
  return [
    {
      name,
      ours: median(seen.ours),
      peer: median(seen.peer),
      unit: 'ms',
      target: { of: 'ratio', is: 'at most', value: 5 } as const,
    },
  ];
}

/** Sends a signed slash command; gives the moment of its acknowledgement. */
function slash(agent: Agent, port: number, site: BenchSite, text: string): Promise<number> {
  const body = new URLSearchParams({
    command: '/koji',
    text,
    trigger_id: randomUUID(),
    team_id: site.team,
    user_id: 'U0MARIA',
    channel_id: 'C0KOJI',
  }).toString();
  const timestamp = Math.floor(Date.now() / 1000);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        agent,
        method: 'POST',
        path: '/slack/events',
        timeout: JOB_MS,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': sign(site.signingSecret, timestamp, body),
        },
      },
      (answer) => {
        const at = performance.now();
        answer.resume();
        if (answer.statusCode === 200) resolve(at);
        else reject(new Error(`not acknowledged: ${answer.statusCode}`));
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

/** One job that does nothing, from `add` to its `completed` event, on the same queue server as ours. */
async function rawJob(
  scope: Scope,
  kernel: BenchKernel,
  servers: Servers | null,
): Promise<() => Promise<number>> {
  const name = 'bench-raw';
  const work = async (): Promise<string> => 'done';
  if (servers) {
    const connection = { url: servers.redisUrl, maxRetriesPerRequest: null };
    const queue = new Queue(name, { connection });
    const events = new QueueEvents(name, { connection });
    return timedJob(scope, queue, events, new Worker(name, work, { connection }));
  }
  const connection = await kernel.database.bullmqConnection();
  const queue = new Queue(name, { connection }, createPostgresBackend);
  const events = new QueueEvents(name, { connection, blockingTimeout: 1000 }, createPostgresBackend);
  return timedJob(scope, queue, events, new Worker(name, work, { connection }, createPostgresBackend));
}

/** What the parts of BullMQ have in common on every backend. */
interface Part {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

async function timedJob(
  scope: Scope,
  queue: Part & { add(name: string, data: object, options: object): Promise<{ id?: string | undefined }> },
  events: Part & { on(event: 'completed', listener: (about: { jobId: string }) => void): unknown },
  worker: Part,
): Promise<() => Promise<number>> {
  scope.later(() => Promise.all([worker.close(), events.close(), queue.close()]));
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()]);
  const completed = new Map<string, number>();
  let wake: () => void = () => {};
  events.on('completed', ({ jobId }) => {
    completed.set(jobId, performance.now());
    wake();
  });
  return async () => {
    const began = performance.now();
    const { id = '' } = await queue.add('job', {}, { removeOnComplete: true });
    // The event may have come before the answer to `add`.
    while (!completed.has(id)) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('a raw job did not complete')), JOB_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return (completed.get(id) ?? Number.NaN) - began;
  };
}
