import { createServer } from 'node:http';
import { loadConfig } from '../config/load.ts';
import { problemLines } from '../config/problems.ts';
import { type JobQueue, openQueue } from '../jobs/queue.ts';
import { startAnnouncer, startWorker } from '../jobs/worker.ts';
import { createDesk } from '../src/core/counter.ts';
import type { Desk } from '../src/core/desk.ts';
import { createJobLogs } from '../src/core/job-log.ts';
import type { Person } from '../src/core/person.ts';
import type { Log } from '../src/core/ports.ts';
import { scanCommands } from '../src/core/registry.ts';
import type { Request } from '../src/core/request.ts';
import { createRequests } from '../src/core/requests.ts';
import type { Store } from '../src/core/store.ts';
import { createHosts } from '../src/hosts/hosts.ts';
import { createJobs } from '../src/hosts/jobs.ts';
import { createHub, type Hub } from '../src/koji/hub.ts';
import { createSlackFront } from '../src/slack/front.ts';
import { type Database, openDatabase } from '../src/store/database.ts';
import { createStore } from '../src/store/store.ts';
import type { Scope } from './scope.ts';
import type { Servers } from './servers.ts';
import type { BenchSite } from './site.ts';

/** All of Steward in this process, wired as `src/app.ts` does, with one thing more: it tells when a request has ended. */
export interface BenchKernel {
  readonly database: Database;
  readonly queue: JobQueue;
  readonly hub: Hub;
  readonly desk: Desk;
  /** Where it takes Slack's requests. */
  readonly port: number;
  load(id: string): Promise<Request>;
  /** Resolves when the record says that a request has ended: the next one that does. */
  nextEnd(): Promise<End>;
}

/** The end of a request. */
export interface End {
  readonly id: string;
  /** Of `performance.now`, when the record had it. */
  readonly at: number;
  readonly status: string;
}

export const MARIA: Person = { id: 'maria', name: 'maria', roles: new Set(['packager']), accounts: {} };
export const ADAM: Person = { id: 'adam', name: 'adam', roles: new Set(['packager', 'admin']), accounts: {} };
export const HERE = { kind: 'terminal', where: 'bench', purpose: 'origin' } as const;

const END_MS = 30_000;
const ENDS = ['succeeded', 'answered', 'failed', 'refused', 'unknown'];
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

export async function startKernel(
  scope: Scope,
  site: BenchSite,
  servers: Servers | null,
): Promise<BenchKernel> {
  const registry = await scanCommands(new URL('../commands/', import.meta.url));
  const env = servers ? { STEWARD_DATABASE_URL: servers.databaseUrl, REDIS_URL: servers.redisUrl } : {};
  const loaded = await loadConfig(site.configPath, { registry, role: 'all', env });
  if (!loaded.ok) throw new Error(problemLines(site.configPath, loaded.problems).join('\n'));
  const { config } = loaded;
  const { hub: hubConfig, hosts: hostsConfig, slack } = config;
  if (!hubConfig || !hostsConfig || !slack) throw new Error('a config without all of its parts');
  const log = silent;
  const now = () => new Date();

  const database = scope.keep(
    await openDatabase({ url: config.database.url, dir: config.database.dir, log }),
  );
  const watch = watched(createStore(database));
  const { store } = watch;
  const queue = scope.keep(await openQueue({ redisUrl: config.redis.url, database, log }));
  const { hints } = queue;
  const requests = createRequests({ store, hints, now, times: { remindHours: config.reminders.hours } });
  const hub = scope.keep(createHub({ ...hubConfig, log }));
  const { list, privateKey, knownHosts, scriptsDir } = hostsConfig;
  const hosts = scope.keep(createHosts({ hosts: list, privateKey, knownHosts, scriptsDir, log }));
  const hostJobs = createJobs(hosts);
  const world = {
    hubReader: hub,
    hubWriter: hub,
    hostReader: hosts,
    hostWriter: hosts,
    hostJobs,
    jobLogs: createJobLogs({ requests: store.requests, hostJobs, now }),
  };
  const { locks, notes, notices, files } = store;
  const leaseMs = config.worker.leaseSeconds * 1000;
  const worker = await startWorker({
    queue,
    hints,
    work: { requests, site: config.site, world, now, log, locks, notes, notices, files, leaseMs },
    store,
    concurrency: config.worker.concurrency,
  });
  scope.later(() => worker.stop());
  const desk = createDesk({ site: config.site, requests, store, hints, operators: ['admin'], now, log });
  const front = createSlackFront({
    mode: 'http',
    apiUrl: site.apiUrl,
    botToken: slack.botToken,
    signingSecret: site.signingSecret,
    approversChannel: null,
    people: {
      people: [{ id: 'maria', name: 'maria', slack: 'U0MARIA', roles: ['packager'] }],
      roles: config.roles,
      everybody: config.everybody,
      team: slack.team,
    },
    inbox: store.inbox,
    places: store.places,
    files: store.files,
    desk,
    requests: store.requests,
    log,
    now,
    // The pretend Slack has none here, and what waits for Slack is no part of what is measured.
    limits: { perWindow: {}, other: 1_000_000, postGapMs: 0, editGapMs: 0 },
  });
  const server = createServer((req, res) => void front.http?.(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.later(() => {
    server.closeAllConnections();
    server.close();
  });
  await front.start();
  scope.later(() => front.stop());
  const announcer = await startAnnouncer({
    queue,
    announce: front.announce,
    stale: () => store.places.stale('slack', 100),
    log,
  });
  scope.later(() => announcer.stop());
  const address = server.address();
  return {
    database,
    queue,
    hub,
    desk,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    nextEnd: watch.nextEnd,
    async load(id) {
      const request = await requests.load(id);
      if (!request) throw new Error(`no ${id}`);
      return request;
    },
  };
}

/** The store, and the moment at which it has written the end of a request. */
function watched(store: Store): { readonly store: Store; readonly nextEnd: BenchKernel['nextEnd'] } {
  let tell: (end: End) => void = () => {};
  const append: Store['requests']['append'] = async (id, after, events, summary, fence) => {
    const written = await store.requests.append(id, after, events, summary, fence);
    if (written === 'written' && ENDS.includes(summary.status))
      tell({ id, at: performance.now(), status: summary.status });
    return written;
  };
  return {
    store: { ...store, requests: { ...store.requests, append } },
    nextEnd: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no request ended within ${END_MS} ms`)), END_MS);
        tell = (end) => {
          clearTimeout(timer);
          resolve(end);
        };
      }),
  };
}
