import { createRequests } from '../../src/core/requests.ts';
import type { Running } from '../../src/core/runner.ts';
import type { Store } from '../../src/core/store.ts';
import type { World } from '../../src/core/world.ts';
import type { Kernel } from './kernel.ts';

/** What a dead process does: nothing more. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** One worker process over a kernel's store and world, that dies at an exact moment. */
export interface Mortal {
  readonly work: Running;
  /** Every boundary that it came to, in order: `before append`, `after hub editHost`. */
  readonly crossings: readonly string[];
  died(): boolean;
}

/**
 * A worker process that dies when it comes to the `at`-th boundary between itself and the rest of the world:
 * before and after each write to the store or the world, and before each read. Once dead it reaches nothing any more, so
 * that no `finally` can tidy up after it. 0: it lives. A pattern: at the first boundary of such a name.
 */
export function startMortal(kernel: Kernel, at: number | RegExp): Mortal {
  const crossings: string[] = [];
  let dead = false;

  const cross = (name: string): void => {
    if (dead) throw new Crash(name);
    crossings.push(name);
    if (typeof at === 'number' ? crossings.length === at : at.test(name)) {
      dead = true;
      throw new Crash(name);
    }
  };
  const reads = async <T>(name: string, go: () => Promise<T>): Promise<T> => {
    cross(`before ${name}`);
    return go();
  };
  const writes = async <T>(name: string, go: () => Promise<T>): Promise<T> => {
    cross(`before ${name}`);
    const result = await go();
    cross(`after ${name}`);
    return result;
  };

  const { world, now, log } = kernel.work;
  const { requests, locks, notes, notices, files } = kernel.store;
  const store: Store = {
    ...kernel.store,
    requests: {
      ...requests,
      events: (id) => reads('load', () => requests.events(id)),
      append: (id, after, events, summary, fence) =>
        writes(`append ${events.map((event) => event.type).join('+')}`, () =>
          requests.append(id, after, events, summary, fence),
        ),
      putOff: (id, after, due, fence) => writes('put off', () => requests.putOff(id, after, due, fence)),
    },
    locks: {
      ...locks,
      acquire: (owner, holder, names, leaseMs) =>
        writes('lock', () => locks.acquire(owner, holder, names, leaseMs)),
      park: (fence, forMs, how) => writes('park', () => locks.park(fence, forMs, how)),
      renew: (fence, leaseMs) => reads('renew', () => locks.renew(fence, leaseMs)),
      release: (owner, fence) => writes('unlock', () => locks.release(owner, fence)),
    },
    notes: {
      ...notes,
      get: (key) => reads('note', () => notes.get(key)),
      set: (key, value) => writes('note', () => notes.set(key, value)),
    },
    notices: {
      ...notices,
      put: (notice, covers) => writes('notice put', () => notices.put(notice, covers)),
      seen: (keys) => reads('notices', () => notices.seen(keys)),
    },
    files: {
      ...files,
      put: (request, text) => writes('file put', () => files.put(request, text)),
    },
  };
  const mortal: World = {
    hubReader: {
      read: (call, signal) => reads(`hub ${call.method}`, () => world.hubReader.read(call, signal)),
      account: (signal) => reads('hub getLoggedInUser', () => world.hubReader.account(signal)),
    },
    hubWriter: {
      carryOut: (calls, signal) =>
        writes(`hub ${calls.map((call) => call.method).join('+')}`, () =>
          world.hubWriter.carryOut(calls, signal),
        ),
    },
    hostReader: {
      names: () => world.hostReader.names(),
      read: (host, script, args, options) =>
        reads(`host ${script.name}`, () => world.hostReader.read(host, script, args, options)),
    },
    hostWriter: {
      run: (host, script, args, options) =>
        writes(`host ${script.name}`, () => world.hostWriter.run(host, script, args, options)),
    },
    hostJobs: {
      start: (run, script, args, signal) =>
        writes('job start', () => world.hostJobs.start(run, script, args, signal)),
      poll: (run, offset, most, signal) =>
        reads('job poll', () => world.hostJobs.poll(run, offset, most, signal)),
      stop: (run, how, signal) => writes('job stop', () => world.hostJobs.stop(run, how, signal)),
    },
    jobLogs: { last: (request, signal) => reads('job log', () => world.jobLogs.last(request, signal)) },
  };
  // Hints die with it: what is due has to be found in the truth.
  const hints = { send: async () => false };
  const work: Running = {
    ...kernel.work,
    requests: createRequests({ store, hints, now, times: { remindHours: 4 } }),
    world: mortal,
    locks: store.locks,
    notes: store.notes,
    notices: store.notices,
    files: store.files,
    log,
  };
  return { work, crossings, died: () => dead };
}

/** For a `catch` around what a mortal worker does: its death is no failure, everything else is. */
export function onlyCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}
