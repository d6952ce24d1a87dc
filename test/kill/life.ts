import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openQueue } from '../../jobs/queue.ts';
import { startWorker } from '../../jobs/worker.ts';
import { createDesk } from '../../src/core/counter.ts';
import type { NewEvent } from '../../src/core/events.ts';
import type { Person } from '../../src/core/person.ts';
import { ruleOf } from '../../src/core/policy.ts';
import { Unavailable } from '../../src/core/refused.ts';
import { scanCommands } from '../../src/core/registry.ts';
import { createRequests } from '../../src/core/requests.ts';
import type { Store } from '../../src/core/store.ts';
import type { World } from '../../src/core/world.ts';
import { createHosts } from '../../src/hosts/hosts.ts';
import { createJobs } from '../../src/hosts/jobs.ts';
import { createHub } from '../../src/koji/hub.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from '../support/log.ts';
import type { Asking, Point, Setup } from './points.ts';

/** Stops a life at one boundary of each request. */
export interface Hold {
  /** The one that is at work, where they come in turn and its calls do not say whose they are. */
  readonly alone?: () => string;
  isAt(key: string, point: Point): boolean;
  /** Called at each boundary; what it waits for, the request waits for. */
  reached(key: string, point: Point): Promise<void>;
}

/** The kernel, its jobs and a desk over a real store, queue, hub and hosts: a worker process from the inside. */
export async function startLife(setup: Setup, hold: Hold, concurrency = 60) {
  const log = keepLog();
  const now = () => new Date();
  const { databaseUrl, dir, redisUrl, leaseMs } = setup;
  const database = await openDatabase({ url: databaseUrl ?? undefined, dir, log });
  const store = holdStore(createStore(database), hold);
  const queue = await openQueue({ redisUrl: redisUrl ?? undefined, database, log });
  const { hints } = queue;
  const requests = createRequests({ store, hints, now, times: { remindHours: 4 } });
  const registry = await scanCommands(new URL('../../commands/', import.meta.url));
  const site = {
    registry,
    rule: (name: string) => {
      const command = registry.get(name);
      if (!command) throw new Error(`no command ${name}`);
      return ruleOf(command, undefined);
    },
    settings: (name: string) => setup.settings?.[name] ?? {},
    kojiUser: () => null,
    audiences: new Set<string>(),
  };
  const hub = createHub({ ...setup.hub, log });
  const hosts = createHosts({ ...setup.hosts, hosts: setup.hosts.list, log });
  const world = holdWorld(
    { hubReader: hub, hubWriter: hub, hostReader: hosts, hostWriter: hosts, hostJobs: createJobs(hosts) },
    setup.hosts.dir,
    hold,
  );
  const { locks, notes, notices } = store;
  const work = { requests, site, world, now, log, locks, notes, notices, leaseMs };
  const worker = await startWorker({ queue, hints, work, store, concurrency });
  const desk = createDesk({ site, requests, store, hints, operators: ['admin'], now, log });
  const say = (who: Person, text: string, origin: string) =>
    desk.say({ who, text, place: { kind: 'terminal', where: 'test', purpose: 'origin' }, origin });

  // One look for all who wait: PGlite shares its thread with what it is looked at for.
  let looking: Promise<ReadonlyMap<string, string>> | undefined;
  const listed = (): Promise<ReadonlyMap<string, string>> => {
    looking ??= sleep(150)
      .then(() => store.requests.list({ limit: 100 }))
      .then((all) => new Map(all.map(({ id, status }) => [id, status])))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  return {
    log,
    store,
    queue,
    desk,
    requests,
    /** Asks, approves as somebody else, and waits for the end. The same asking again goes on with the same request. */
    async see(asking: Asking): Promise<string> {
      try {
        return await this.seeOnce(asking);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        // What a person does who is told that the database is away.
        await sleep(200);
        return this.see(asking);
      }
    },
    async seeOnce({ key, text }: Asking): Promise<string> {
      const said = await say(ADAM, text, `kill:${key}`);
      if (said.kind !== 'request') throw new Error(`not a request: ${JSON.stringify(said)}`);
      for (;;) {
        const status = (await listed()).get(said.id);
        if (status === 'planned') {
          await say(BEA, `approve ${said.id}`, `kill:${key}:yes`);
          // Some take the yes of two.
          if (text.includes(' for=')) await say(CARL, `approve ${said.id}`, `kill:${key}:yes-too`);
        }
        if (status && ENDS.includes(status)) return status;
      }
    },
    async stop(): Promise<void> {
      await worker.stop();
      await Promise.all([hosts.close(), hub.close()]);
      await queue.close();
      await database.close();
    },
  };
}

/** What `startLife` gives. */
export type Life = Awaited<ReturnType<typeof startLife>>;

const ENDS = ['succeeded', 'failed', 'unknown', 'refused', 'denied', 'cancelled', 'expired', 'answered'];
const ADAM = admin('adam');
const BEA = admin('bea');
const CARL = admin('carl');

function admin(id: string): Person {
  return { id, name: id, roles: new Set(['packager', 'admin']), accounts: {} };
}

function holdStore(store: Store, hold: Hold): Store {
  const around = async (when: 'before' | 'after', text: string, events: readonly NewEvent[]) => {
    for (const { type } of events) {
      if (isPoint(type)) await hold.reached(keyIn(text), `${when} ${type}`);
    }
  };
  return {
    ...store,
    requests: {
      ...store.requests,
      async create(origin, make) {
        let text = '';
        const created = await store.requests.create(origin, (id) => {
          const made = make(id);
          text = made.summary.text;
          return made;
        });
        if (created.isNew) await hold.reached(keyIn(text), 'after asked');
        return created;
      },
      async append(id, after, events, summary, fence) {
        await around('before', summary.text, events);
        const written = await store.requests.append(id, after, events, summary, fence);
        if (written === 'written') await around('after', summary.text, events);
        return written;
      },
    },
    locks: {
      ...store.locks,
      async acquire(owner, holder, names, leaseMs) {
        const acquired = await store.locks.acquire(owner, holder, names, leaseMs);
        if (acquired.held) await hold.reached(keyIn(names.join(' ')), 'after lock');
        return acquired;
      },
    },
  };
}

const AROUND = ['planned', 'approved', 'started', 'step-started', 'step-done', 'succeeded'] as const;

function isPoint(type: string): type is (typeof AROUND)[number] {
  return AROUND.some((one) => one === type);
}

/** The key in whatever names a request's hosts. */
function keyIn(text: string): string {
  return /([a-z]+\d+)-\d/.exec(text)?.[1] ?? '';
}

function holdWorld(world: World, hostsDir: string, hold: Hold): World {
  /** `happened`: has the call reached the other side? Asked where the life stops before it has read the answer. */
  const around = async <T>(host: string, call: () => Promise<T>, happened: () => Promise<boolean>) => {
    const key = keyIn(host) || (hold.alone?.() ?? '');
    if (hold.isAt(key, 'in call')) {
      call().catch(() => undefined);
      while (!(await happened())) await sleep(5);
      await hold.reached(key, 'in call');
    }
    const outcome = await call();
    await hold.reached(key, 'after call');
    return outcome;
  };
  return {
    ...world,
    hubWriter: {
      async carryOut(calls, signal) {
        const name = String(calls[0]?.args[0]);
        const wanted = calls[0]?.kwargs?.capacity;
        const happened = async (): Promise<boolean> => {
          const host = await world.hubReader.read({ method: 'getHost', args: [name] }, signal);
          return JSON.stringify(host).includes(`"capacity":${wanted}`);
        };
        return around(name, () => world.hubWriter.carryOut(calls, signal), happened);
      },
    },
    hostWriter: {
      async run(host, script, args, options) {
        const changed = host === 'ca' ? 'etc/pki/koji/index.txt' : 'var/lib/sandbox/kojid';
        // openssl puts its new one there by renaming, and for a moment there is none.
        const state = () => {
          const path = join(hostsDir, host, changed);
          return existsSync(path) ? readFileSync(path, 'utf8') : before;
        };
        let before = '';
        before = state();
        const happened = async (): Promise<boolean> => state() !== before;
        return around(host, () => world.hostWriter.run(host, script, args, options), happened);
      },
    },
  };
}
