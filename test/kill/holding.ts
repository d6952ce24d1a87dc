import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewEvent } from '../../src/core/events.ts';
import type { Json } from '../../src/core/json.ts';
import type { HubCall, HubReader } from '../../src/core/ports.ts';
import type { Store } from '../../src/core/store.ts';
import type { World } from '../../src/core/world.ts';
import type { Part, Point } from './points.ts';

/** Stops a life at one boundary of each request. */
export interface Hold {
  /** The one that is at work, where they come in turn and its calls do not say whose they are. */
  readonly alone?: () => string;
  isAt(key: string, point: Point): boolean;
  /** Called at each boundary; what it waits for, the request waits for. */
  reached(key: string, point: Point): Promise<void>;
}

const AROUND = ['planned', 'approved', 'started', 'step-started', 'step-done', 'succeeded'] as const;

function isPoint(type: string): type is (typeof AROUND)[number] {
  return AROUND.some((one) => one === type);
}

/** The key in whatever names a request's hosts. */
function keyIn(text: string): string {
  return /([a-z]+\d+)-\d/.exec(text)?.[1] ?? '';
}

const PARTS: readonly Part[] = ['entry', 'sync', 'create', 'newrepo', 'ready', 'announce'];

/** Of a step with several: `sync:epel10` is `sync`. */
function partOf(key: string): Part | undefined {
  return PARTS.find((part) => key === part || key.startsWith(`${part}:`));
}

/** A store that stops its life around what is written to it. */
export function holdStore(store: Store, hold: Hold): Store {
  const around = async (when: 'before' | 'after', text: string, events: readonly NewEvent[]) => {
    for (const { type, data } of events) {
      if (!isPoint(type)) continue;
      await hold.reached(keyIn(text), `${when} ${type}`);
      const part = 'key' in data ? partOf(data.key) : undefined;
      if (part && (type === 'step-started' || type === 'step-done'))
        await hold.reached(keyIn(text), `${when} ${type} ${part}`);
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
        if (acquired.held) await hold.reached(keyIn(names.join(' ')) || (hold.alone?.() ?? ''), 'after lock');
        return acquired;
      },
    },
    notices: {
      ...store.notices,
      async put(notice, covers) {
        const put = await store.notices.put(notice, covers);
        await hold.reached(hold.alone?.() ?? '', 'after call announce');
        return put;
      },
    },
  };
}

/** A world that stops its life around what is carried out in it. */
export function holdWorld(world: World, hostsDir: string, hold: Hold): World {
  /** `happened`: has the call reached the other side? Asked where the life stops before it has read the answer. */
  const around = async <T>(
    name: string,
    part: Part | undefined,
    call: () => Promise<T>,
    happened: () => Promise<boolean>,
  ) => {
    const key = keyIn(name) || (hold.alone?.() ?? '');
    const stops = (['in call', ...(part ? [`in call ${part}` as const] : [])] as const).filter((point) =>
      hold.isAt(key, point),
    );
    for (const stop of stops) {
      call().catch(() => undefined);
      while (!(await happened())) await sleep(5);
      await hold.reached(key, stop);
    }
    const outcome = await call();
    await hold.reached(key, 'after call');
    if (part) await hold.reached(key, `after call ${part}`);
    return outcome;
  };
  const rooted = (host: string, path: string): string => {
    const file = join(hostsDir, host, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  return {
    ...world,
    hubWriter: {
      async carryOut(calls, signal) {
        const [first] = calls;
        const name = String(first?.args[0]);
        const wanted = first?.kwargs?.capacity;
        const before = await hubState(first, world.hubReader, signal);
        const happened = async (): Promise<boolean> => {
          const now = await hubState(first, world.hubReader, signal);
          return wanted === undefined ? now !== before : now.includes(`"capacity":${wanted}`);
        };
        const part = first && HUB_PARTS[first.method];
        return around(name, part, () => world.hubWriter.carryOut(calls, signal), happened);
      },
    },
    hostWriter: {
      async run(host, script, args, options) {
        const changed =
          { ca: 'etc/pki/koji/index.txt', mirror: 'etc/mrepo.conf' }[host] ?? 'var/lib/sandbox/kojid';
        // openssl puts its new one there by renaming, and for a moment there is none.
        const before = rooted(host, changed);
        const happened = async (): Promise<boolean> => !['', before].includes(rooted(host, changed));
        const part = host === 'mirror' ? 'entry' : undefined;
        return around(host, part, () => world.hostWriter.run(host, script, args, options), happened);
      },
    },
    hostJobs: {
      ...world.hostJobs,
      async start(run, script, args, signal) {
        const happened = async (): Promise<boolean> =>
          rooted(run.host, `var/lib/steward-jobs/${run.name}/runs/${run.run}/began`) !== '';
        return around(run.host, 'sync', () => world.hostJobs.start(run, script, args, signal), happened);
      },
      async poll(run, offset, most, signal) {
        const look = await world.hostJobs.poll(run, offset, most, signal);
        const key = hold.alone?.() ?? '';
        if (look.kind === 'seen' && look.state === 'running') await hold.reached(key, 'while it runs');
        if (look.kind === 'seen' && look.state === 'done') await hold.reached(key, 'after it ended');
        return look;
      },
    },
  };
}

const HUB_PARTS: Readonly<Record<string, Part>> = {
  createExternalRepo: 'create',
  newRepo: 'newrepo',
};

/** What of the hub this call changes, as text. */
async function hubState(call: HubCall | undefined, hub: HubReader, signal: AbortSignal): Promise<string> {
  const read = async (method: string, args: readonly Json[], kwargs = {}): Promise<string> =>
    JSON.stringify(await hub.read({ method, args, kwargs }, signal));
  switch (call?.method) {
    case 'editHost':
      return read('getHost', [String(call.args[0])]);
    case 'createExternalRepo':
      return read('listExternalRepos', []);
    case 'newRepo':
      // How many: how far they are changes by itself.
      return read('listTasks', [], { opts: { method: 'newRepo' }, queryOpts: { countOnly: true } });
    default:
      return '';
  }
}
