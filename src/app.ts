import type { Loaded } from '../config/load.ts';
import { type JobQueue, openQueue } from '../jobs/queue.ts';
import { repeat } from '../jobs/sweep.ts';
import { startWatch } from '../jobs/watch.ts';
import { startAnnouncer, startWorker } from '../jobs/worker.ts';
import { createDesk } from './core/counter.ts';
import { createJobLogs } from './core/job-log.ts';
import type { Person } from './core/person.ts';
import type { Log } from './core/ports.ts';
import { holdsPrivateKey } from './core/private-key.ts';
import { Refused, Unavailable } from './core/refused.ts';
import { createRequests } from './core/requests.ts';
import type { Store } from './core/store.ts';
import { createWatcher } from './core/watching.ts';
import type { World } from './core/world.ts';
import type { DiscourseFront } from './discourse/front.ts';
import { chatAccount, forumAccount, openCourier, openForum, openSlack, ownerOf } from './fronts.ts';
import { createHosts } from './hosts/hosts.ts';
import { createJobs } from './hosts/jobs.ts';
import { createHttp } from './http.ts';
import { createHub } from './koji/hub.ts';
import { createMetrics } from './metrics.ts';
import type { SlackFront } from './slack/front.ts';
import { type Database, openDatabase } from './store/database.ts';
import { createStore } from './store/store.ts';

/** A running Steward. */
export interface App {
  /** Where it listens; null for a worker. */
  readonly port: number | null;
  /** Takes no new work, lets calls that have begun end, and closes everything in reverse order. */
  stop(): Promise<void>;
}

/** How often it is looked for messages that are to be told, in milliseconds. */
const TELL_MS = 2_000;

/** Things to close, last opened first. */
type Closing = () => Promise<unknown>;

/**
 * Starts Steward: the one place that knows every adapter. A web process is never given the hub's certificate or
 * the SSH key, and a worker no Slack token: the config does not read them for it.
 */
export async function startApp(config: Loaded, log: Log, onFatal: (error: Error) => void): Promise<App> {
  const closing: Closing[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) {
      await close().catch((error: unknown) => log.warn('something did not close', { error }));
    }
  };
  try {
    return { port: await start(config, log, onFatal, closing), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Loaded,
  log: Log,
  onFatal: (error: Error) => void,
  closing: Closing[],
): Promise<number | null> {
  const now = (): Date => new Date();
  const database = await openDatabase({
    url: config.database.url ?? undefined,
    dir: config.database.dir,
    log,
  });
  closing.push(() => database.close());
  const store = createStore(database);
  const queue = await openQueue({ redisUrl: config.redis.url ?? undefined, database, log });
  closing.push(() => queue.close());
  const { hints } = queue;
  const requests = createRequests({ store, hints, now, times: { remindHours: config.reminders.hours } });

  if (config.role !== 'web') {
    const world = openWorld(config, store, log, closing);
    const { locks, notes, notices, files } = store;
    const leaseMs = config.worker.leaseSeconds * 1000;
    const work = { requests, site: config.site, world, now, log, locks, notes, notices, files, leaseMs };
    const worker = await startWorker({ queue, hints, work, store, concurrency: config.worker.concurrency });
    closing.push(() => worker.stop());
    const { site } = config;
    const owner = (kojiUser: string) => ownerOf(config, store, kojiUser);
    const { hour } = config.watch;
    const watch = startWatch(
      createWatcher({ site, world, notices, notes, locks, owner, hour, now, log }),
      log,
    );
    closing.push(() => watch.stop());
  }
  if (config.role === 'worker') return null;

  const desk = createDesk({
    site: config.site,
    requests,
    store,
    hints,
    operators: config.operators,
    tell: (said) => slack?.tell(said),
    now,
    log,
  });
  const metrics = createMetrics({ store, queue });
  const slack = config.slack
    ? openSlack(config, { desk, store, log, now, count: metrics.door, onFatal })
    : null;
  const forum = config.discourse ? openForum(config, { desk, store, log, now, count: metrics.door }) : null;
  const http = createHttp({
    host: config.http.host,
    port: config.http.port,
    doors: {
      ...(slack?.http ? { '/slack/': slack.http } : {}),
      ...(forum ? { '/discourse/': forum.http } : {}),
    },
    health: () => health({ database, queue, slack, forum }, log),
    metrics: () => metrics.text(),
    desk,
    tokens: store.tokens,
    personById: async (id) => personById(config, id),
    files: store.files,
    refuses: (text) => (holdsPrivateKey(text) ? KEY_IN_A_LINE : null),
    waitForChange: (id, after, ms) => waitForChange(store, id, after, ms),
    log,
  });
  const { port } = await http.start().catch((error: unknown) => {
    throw listening(error, config.http);
  });
  closing.push(() => http.stop());
  const fronts = [slack, forum].filter((front) => front !== null);
  const outlets = fronts.map((front) => front.outlet);
  const courier = openCourier(config, { store, log, now, outlets });
  // After the fronts: what waits for its turn there ends with them.
  closing.push(() => courier.idle());
  for (const front of fronts) {
    await front.start();
    closing.push(() => front.stop());
  }
  if (fronts.length > 0) {
    const announce = async (request: string): Promise<void> => {
      await Promise.all(fronts.map((front) => front.announce(request)));
    };
    // The forum's own front looks for what it is behind with.
    const stale = () => (slack ? store.places.stale('slack', 100) : Promise.resolve([]));
    const announcer = await startAnnouncer({ queue, announce, stale, log });
    closing.push(() => announcer.stop());
    const telling = repeat('telling people', () => courier.tick(), TELL_MS, log);
    closing.push(() => telling.stop());
  }
  return port;
}

/** Why it cannot listen, for whoever starts it. */
function listening(error: unknown, { host, port }: Loaded['http']): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const why = {
    EADDRINUSE: `port ${port} of ${host} is in use by another program`,
    EACCES: `this account may not listen on port ${port} of ${host}`,
    EADDRNOTAVAIL: `${host} is no address of this machine`,
  }[String(code)];
  return why
    ? new Refused(`I cannot listen: ${why}.`, 'Change `http.host` or `http.port` in the config.')
    : error;
}

function openWorld(config: Loaded, store: Store, log: Log, closing: Closing[]): World {
  if (!config.hub || !config.hosts) throw new Error('a worker without hub and hosts in its config');
  const { url, ca, cert, key } = config.hub;
  const hub = createHub({ url, ca, cert, key, log });
  closing.push(() => hub.close());
  const { list, privateKey, knownHosts, scriptsDir } = config.hosts;
  const hosts = createHosts({ hosts: list, privateKey, knownHosts, scriptsDir, log });
  closing.push(() => hosts.close());
  const hostJobs = createJobs(hosts);
  return {
    hubReader: hub,
    hubWriter: hub,
    hostReader: hosts,
    hostWriter: hosts,
    hostJobs,
    jobLogs: createJobLogs({ requests: store.requests, hostJobs, now: () => new Date() }),
  };
}

/** Somebody with a terminal token. Roles by the config's list only, so that it works when Slack is down. */
function personById(config: Loaded, id: string): Person | null {
  const found = config.people.find((person) => person.id === id);
  if (!found) return null;
  const accounts = { ...chatAccount(config, found), ...forumAccount(config, found) };
  return { id, name: found.name, roles: new Set([...config.everybody, ...found.roles]), accounts };
}

const KEY_IN_A_LINE =
  'That looks like a private key, so nothing of it was kept. It stands in your shell’s history: treat it as burnt. Steward never needs a private key.';

async function health(
  on: {
    readonly database: Database;
    readonly queue: JobQueue;
    readonly slack: SlackFront | null;
    readonly forum: DiscourseFront | null;
  },
  log: Log,
) {
  const connected = (front: { connected(): boolean }) => ({
    ok: front.connected(),
    says: front.connected() ? 'connected' : 'not connected',
  });
  const check = async (look: () => Promise<string>): Promise<{ ok: boolean; says: string }> =>
    look().then(
      (says) => ({ ok: true, says }),
      (error: unknown) => {
        // Only what is meant for people: a driver's own words name accounts and addresses.
        if (error instanceof Unavailable) return { ok: false, says: `${error.what} does not answer` };
        log.warn('not healthy', { error });
        return { ok: false, says: 'does not work; the log says why' };
      },
    );
  const parts = {
    database: await check(() => on.database.ping()),
    queue: await check(
      async () => `${Object.values(await on.queue.depth()).reduce((sum, count) => sum + count, 0)} hints`,
    ),
    ...(on.slack ? { slack: connected(on.slack) } : {}),
    ...(on.forum ? { forum: connected(on.forum) } : {}),
  };
  // Without the forum everything else goes on: nobody should be kept from Slack because of it.
  const needed = Object.entries(parts).filter(([name]) => name !== 'forum');
  return { ok: needed.every(([, part]) => part.ok), parts };
}

/** Waits until the request has an event after `after`, or for `ms`. */
async function waitForChange(store: Store, id: string, after: number, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if ((await store.requests.events(id, after)).length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
