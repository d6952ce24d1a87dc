import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweep } from '../../jobs/sweep.ts';
import { type SandboxHub, startHub } from '../../sandbox/hub/hub.ts';
import type { Version } from '../../sandbox/hub/method.ts';
import type { World as HubWorld } from '../../sandbox/hub/world.ts';
import { makePki } from '../../sandbox/pki.ts';
import { createDesk } from '../../src/core/counter.ts';
import type { Said } from '../../src/core/desk.ts';
import { createJobLogs } from '../../src/core/job-log.ts';
import type { Person } from '../../src/core/person.ts';
import { plan } from '../../src/core/planning.ts';
import { ruleOf, type Tightening } from '../../src/core/policy.ts';
import type { Hint, HostReader, HostWriter } from '../../src/core/ports.ts';
import { createRegistry, type Registry, scanCommands } from '../../src/core/registry.ts';
import type { Request } from '../../src/core/request.ts';
import { createRequests } from '../../src/core/requests.ts';
import { type Running, run } from '../../src/core/runner.ts';
import type { World } from '../../src/core/world.ts';
import { createJobs } from '../../src/hosts/jobs.ts';
import { createHub } from '../../src/koji/hub.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from './log.ts';

/** People as a site's config would have them. */
export const PEOPLE = {
  maria: somebody('maria', 'packager'),
  adam: somebody('adam', 'packager', 'admin'),
  bea: somebody('bea', 'packager', 'admin'),
  carl: somebody('carl', 'packager', 'admin'),
  nobody: somebody('nobody'),
} as const;

function somebody(id: string, ...roles: readonly string[]): Person {
  return { id, name: id, roles: new Set(roles), accounts: {} };
}

export interface KernelOptions {
  readonly version?: Version;
  readonly registry?: Registry;
  /** Who asks for what they asked for already is shown that request, as on a site. */
  readonly joins?: true;
  readonly tighten?: Readonly<Record<string, Tightening>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly hosts?: HostReader & HostWriter;
  readonly hubWorld?: (world: HubWorld) => void;
  readonly now?: () => Date;
  readonly leaseMs?: number;
  /** For one exchange with the hub; 3 s. */
  readonly hubDeadlineMs?: number;
  /** Stands between the kernel and the world, to make things go wrong at exact moments. */
  readonly through?: (world: World) => World;
}

/** The kernel over a real store (PGlite in memory) and the sandbox's hub; its jobs run when `settle` is called. */
export async function startKernel(options: KernelOptions = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'steward-kernel-'));
  const log = keepLog();
  const pki = await makePki(join(dir, 'pki'));
  const sandbox = await startHub({
    version: options.version ?? '1.35',
    pki,
    ...(options.hubWorld ? { world: options.hubWorld } : {}),
  });
  const client = await pki.client('steward');
  const hub = createHub({
    url: sandbox.url,
    ca: pki.ca,
    ...client,
    deadlineMs: options.hubDeadlineMs ?? 3_000,
    log,
  });
  const database = await openDatabase({ dir: ':memory:', log });
  const store = createStore(database, options.now ? { now: options.now } : {});
  const given = options.registry ?? (await scanCommands(new URL('../../commands/', import.meta.url)));
  // Tests ask for the same again and again, and leave much open.
  const registry = options.joins
    ? given
    : createRegistry(
        given.all.map((command) => (command.joins === 'asker' ? { ...command, joins: 'nobody' } : command)),
      );
  const hinted: Hint[] = [];
  const hints = {
    send: async (hint: Hint) => {
      hinted.push(hint);
      return true;
    },
  };
  const now = options.now ?? (() => new Date());
  const requests = createRequests({ store, hints, now, times: { remindHours: 4 } });
  const site = {
    registry,
    rule: (name: string) => {
      const command = registry.get(name);
      if (!command) throw new Error(`no command ${name}`);
      return ruleOf(command, options.tighten?.[name]);
    },
    settings: (name: string) => options.settings?.[name] ?? {},
    kojiUser: (id: string) => (/^[a-z]+$/.test(id) ? id : null),
    audiences: new Set(['packagers']),
  };
  const hosts = options.hosts ?? noHosts;
  const hostJobs = createJobs(hosts);
  const world: World = {
    hubReader: hub,
    hubWriter: hub,
    hostReader: hosts,
    hostWriter: hosts,
    hostJobs,
    jobLogs: createJobLogs({ requests: store.requests, hostJobs, now }),
  };
  const work: Running = {
    requests,
    site,
    world: options.through?.(world) ?? world,
    now,
    log,
    locks: store.locks,
    notes: store.notes,
    notices: store.notices,
    files: store.files,
    leaseMs: options.leaseMs ?? 5_000,
  };
  const desk = createDesk({ site, requests, store, hints, operators: ['admin'], now, log });
  let origins = 0;

  return {
    desk,
    requests,
    store,
    database,
    site,
    work,
    log,
    hub: sandbox satisfies SandboxHub,
    hinted,
    hints,
    /** What must never be found in a record, a log or a message. */
    secrets: (): readonly string[] => [
      ...client.key.split('\n').filter((line) => line.length > 40),
      ...sandbox.world.sessions.map((session) => session.key),
    ],
    /** Ends every lease, as time would: the worker that holds it is dead. */
    async lapse(): Promise<void> {
      await database.query(`update steward.locks set until = clock_timestamp() - interval '1 second'`);
    },
    /** Does once what the sweeper does. */
    sweep: () => sweep({ store, requests, hints, now }),
    /** Says a line as somebody, in a place of their own. */
    say: (who: Person, text: string, here?: string): Promise<Said> =>
      desk.say({ who, text, place: PLACE, origin: `test:${origins++}`, ...(here ? { here } : {}) }),
    /** Asks and plans; gives the request. */
    async ask(who: Person, text: string): Promise<Request> {
      const said = await this.say(who, text);
      if (said.kind !== 'request') throw new Error(`not a request: ${JSON.stringify(said)}`);
      await this.settle();
      return this.load(said.id);
    },
    async load(id: string): Promise<Request> {
      const request = await requests.load(id);
      if (!request) throw new Error(`no ${id}`);
      return request;
    },
    /** Does the work of a worker until nothing is due at this moment. */
    async settle(): Promise<void> {
      const signal = new AbortController().signal;
      for (let round = 0; round < 20; round++) {
        const due = hinted.splice(0).filter((hint) => hint.kind !== 'announce' && !hint.delayMs);
        if (due.length === 0) return;
        for (const hint of due)
          await (hint.kind === 'plan' ? plan(hint.request, work, signal) : run(hint.request, work, signal));
      }
    },
    /** Waits until the request has one of these states, sweeping as a worker does. */
    async until(id: string, ...states: readonly string[]): Promise<Request> {
      for (let tries = 0; tries < 200; tries++) {
        const request = await this.load(id);
        if (states.includes(request.status)) return request;
        await sweep({ store, requests, hints, now });
        await this.settle();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`${id} is ${(await this.load(id)).status}, not ${states.join(' or ')}`);
    },
    async close(): Promise<void> {
      await hub.close();
      await sandbox.close();
      await database.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** What `startKernel` gives. */
export type Kernel = Awaited<ReturnType<typeof startKernel>>;

export const PLACE = { kind: 'terminal', where: 'test', purpose: 'origin' } as const;

const noHosts: HostReader & HostWriter = {
  names: () => [],
  read: async () => ({ kind: 'unknown-host', says: 'no such host' }),
  run: async () => ({ kind: 'unknown-host', says: 'no such host' }),
};
