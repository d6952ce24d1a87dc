import { setTimeout as sleep } from 'node:timers/promises';
import { openQueue } from '../../jobs/queue.ts';
import { startWorker } from '../../jobs/worker.ts';
import { createDesk } from '../../src/core/counter.ts';
import { createJobLogs } from '../../src/core/job-log.ts';
import type { Person } from '../../src/core/person.ts';
import { ruleOf } from '../../src/core/policy.ts';
import { Unavailable } from '../../src/core/refused.ts';
import { scanCommands } from '../../src/core/registry.ts';
import { createRequests } from '../../src/core/requests.ts';
import { createHosts } from '../../src/hosts/hosts.ts';
import { createJobs } from '../../src/hosts/jobs.ts';
import { createHub } from '../../src/koji/hub.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from '../support/log.ts';
import { type Hold, holdStore, holdWorld } from './holding.ts';
import type { Asking, Setup } from './points.ts';

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
    audiences: new Set(['packagers']),
  };
  const hub = createHub({ ...setup.hub, log });
  const hosts = createHosts({ ...setup.hosts, hosts: setup.hosts.list, log });
  const hostJobs = createJobs(hosts);
  const jobLogs = createJobLogs({ requests: store.requests, hostJobs, now });
  const world = holdWorld(
    { hubReader: hub, hubWriter: hub, hostReader: hosts, hostWriter: hosts, hostJobs, jobLogs },
    setup.hosts.dir,
    hold,
  );
  const { locks, notes, notices, files } = store;
  const work = { requests, site, world, now, log, locks, notes, notices, files, leaseMs };
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
    async seeOnce({ key, text, resumes }: Asking): Promise<string> {
      const said = await say(ADAM, text, `kill:${key}`);
      if (said.kind !== 'request') throw new Error(`not a request: ${JSON.stringify(said)}`);
      let goesOn = resumes === true;
      for (;;) {
        const status = (await listed()).get(said.id);
        if (status === 'planned') {
          await say(BEA, `approve ${said.id}`, `kill:${key}:yes`);
          // Some take the yes of two.
          if (text.includes(' for=')) await say(CARL, `approve ${said.id}`, `kill:${key}:yes-too`);
        }
        if (goesOn && status === 'failed') {
          await say(BEA, `resume ${said.id}`, `kill:${key}:resume`);
          goesOn = false;
        } else if (status && ENDS.includes(status)) return status;
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
