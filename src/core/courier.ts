import { z } from 'zod';
import type { JsonObject } from './json.ts';
import { asJson } from './json.ts';
import { createTurns } from './lease.ts';
import type { Notice } from './notice.ts';
import type { Log } from './ports.ts';
import { type Routes, type Service, type Spot, spot, type Way } from './routes.ts';
import type { Fence, LockStore, NoticeStore, PendingNotice } from './store.ts';

/** Nothing was said there, and nothing will be: it is closed, gone, or not for us. */
interface Closed {
  readonly kind: 'closed';
  readonly says: string;
}

/** Another time; what was begun may have been said. */
interface NotNow {
  readonly kind: 'not-now';
  readonly says: string;
  /** Milliseconds after which the service wants to be asked again, where it says so. */
  readonly waitMs?: number | undefined;
}

/** The part of a front end that says messages which belong to no request. Throws nothing. */
export interface Outlet {
  readonly service: Service;
  /** Is it this process that speaks there? */
  isOpen(): boolean;
  /** Where exactly it would be said: all that is needed to find it there again. Says nothing yet. */
  aim(
    notice: Notice,
    at: Spot,
  ): Promise<{ readonly kind: 'aimed'; readonly aim: JsonObject } | Closed | NotNow>;
  /** Says it, once: `again` when that was begun before, and it has to be looked for first. */
  say(
    notice: Notice,
    at: Spot,
    aim: JsonObject,
    again: boolean,
  ): Promise<{ readonly kind: 'said' } | Closed | NotNow>;
}

/** How far a message is on one of its ways. */
const progress = z.object({
  /** Where it is being said, with the aim; written down before anything is said. */
  begun: z.object({ spot, aim: z.record(z.string(), z.unknown()) }).optional(),
  /** Places that were found closed. */
  closed: z.array(z.string()).default([]),
  tries: z.number().default(0),
  /** ISO time: let alone until then. */
  until: z.string().optional(),
  /** Where it stands. */
  said: z.string().optional(),
});
type Progress = z.output<typeof progress>;

/** One attempt holds its lock so long, and renews it. */
const LEASE_MS = 30_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60 * 60_000;
const MOST_PENDING = 200;
/** Told at once; each waits for its turn at the service's limits. */
const TOGETHER = 16;

/** Brings messages that belong to no request to people: each on every way until it is known to stand there, and once. */
export interface Courier {
  /** Looks for what is to be told and begins with it. */
  tick(): Promise<void>;
  /** Settles when nothing is being told. */
  idle(): Promise<void>;
}

export function createCourier(deps: {
  readonly notices: NoticeStore;
  readonly locks: LockStore;
  readonly routes: Routes;
  readonly outlets: readonly Outlet[];
  /** What a person is called. */
  readonly nameOf: (person: string) => string;
  readonly now: () => Date;
  readonly log: Log;
}): Courier {
  const { notices, locks, routes, outlets, nameOf, now, log } = deps;
  const alone = createTurns({ locks, log, leaseMs: LEASE_MS });
  /** Ways that are being told, by name of their lock. */
  const busy = new Map<string, Promise<void>>();

  const outletOf = (at: Spot): Outlet | undefined => outlets.find((one) => one.service === at.service);

  function isResting({ until }: Progress): boolean {
    if (until === undefined) return false;
    const ms = Date.parse(until) - now().getTime();
    // No pause is so long: the clock was put back.
    return ms > 0 && ms <= LONGEST_PAUSE_MS;
  }

  /** The places of a way that are left to try. */
  async function left(way: Way, so: Progress): Promise<readonly Spot[]> {
    if (so.begun) return outletOf(so.begun.spot) ? [so.begun.spot] : [];
    const spots = await way.spots();
    return spots.filter((one) => outletOf(one) && !so.closed.includes(JSON.stringify(one)));
  }

  /** Nothing was said, and it is tried again later, longer each time. */
  function later(so: Progress, waitMs = 0): Progress {
    const ms = Math.min(LONGEST_PAUSE_MS, Math.max(waitMs, FIRST_PAUSE_MS * 2 ** Math.min(so.tries, 20)));
    return { ...so, tries: so.tries + 1, until: new Date(now().getTime() + ms).toISOString() };
  }

  /** One attempt at one place. Gives how far it is then. */
  async function attempt(
    notice: Notice,
    at: Spot,
    so: Progress,
    keep: (so: Progress) => Promise<boolean>,
  ): Promise<Progress> {
    const outlet = outletOf(at);
    if (!outlet) return so;
    const message = addressed(notice, at, nameOf);
    let begun = so.begun;
    const again = begun !== undefined;
    if (!begun) {
      const aimed = await outlet.aim(message, at);
      if (aimed.kind !== 'aimed') return after(notice, at, so, aimed);
      begun = { spot: at, aim: aimed.aim };
      if (!(await keep({ ...so, begun }))) return so;
    }
    const said = await outlet.say(message, at, asJson(begun.aim), again);
    if (said.kind === 'said') return { ...so, begun, said: JSON.stringify(at) };
    return after(notice, at, { ...so, begun }, said);
  }

  function after(notice: Notice, at: Spot, so: Progress, how: Closed | NotNow): Progress {
    const about = { key: notice.key, at: { ...at }, outcome: how };
    if (how.kind === 'not-now') {
      log.info('a message is not told yet', about);
      return later(so, how.waitMs);
    }
    log.warn('a message cannot be told here', about);
    // The next of its places is tried at once.
    return { ...so, begun: undefined, closed: [...so.closed, JSON.stringify(at)], until: undefined };
  }

  /** Nobody knows how far it came: from what is stored, after a while. */
  async function failed(key: string, name: string, error: unknown): Promise<Progress> {
    log.warn('a message is not told yet', { key, error });
    const open = await notices.find(key);
    return later(open ? progressOf(open, name) : { closed: [], tries: 0 });
  }

  async function tell(key: string, name: string, fence: Fence): Promise<void> {
    // As it stands now: another process may have told it since it was listed.
    const open = await notices.find(key);
    if (!open) return;
    const way = routes(open.notice).find((one) => one.name === name);
    const so = progressOf(open, name);
    if (!way || so.said !== undefined) return;
    // Only while the lock is surely ours: after a pause of this process another may be at it.
    const keep = async (change: Progress): Promise<boolean> => {
      if (!(await locks.renew(fence, LEASE_MS))) return false;
      await notices.keep(key, name, asJson(change));
      return true;
    };
    const [at] = await left(way, so);
    const next = at
      ? await attempt(open.notice, at, so, keep).catch((error: unknown) => failed(key, name, error))
      : // All of them are closed: from the first again, after a while.
        later({ ...so, begun: undefined, closed: [] });
    if (!at) log.warn('a message has no place that is open', { key, way: name });
    if (!(await keep(next))) return;
    if (next.said !== undefined) await finish(key);
  }

  /** Are all its ways told? */
  async function finish(key: string): Promise<void> {
    const open = await notices.find(key);
    if (open && isTold(open)) await notices.delivered(key);
  }

  const isTold = (open: PendingNotice): boolean =>
    routes(open.notice).every(({ name }) => progressOf(open, name).said !== undefined);

  async function begin(open: PendingNotice): Promise<void> {
    const { key } = open.notice;
    // What was told everywhere just before a crash.
    if (isTold(open)) await notices.delivered(key);
    for (const way of routes(open.notice)) {
      const so = progressOf(open, way.name);
      const lock = `notice:${way.name}:${key}`;
      if (so.said !== undefined || isResting(so) || busy.has(lock) || busy.size >= TOGETHER) continue;
      const [at] = await left(way, so);
      // Nobody's: whoever speaks anywhere begins from its first place again.
      if (at !== undefined && !outletOf(at)?.isOpen()) continue;
      const telling = alone(lock, (fence) => tell(key, way.name, fence))
        .catch((error: unknown) => log.warn('a message is not told yet', { key, error }))
        .finally(() => busy.delete(lock));
      busy.set(lock, telling);
    }
  }

  return {
    async tick() {
      // Where the message goes costs a look in the record, and whoever speaks there looks for itself.
      if (!outlets.some((one) => one.isOpen())) return;
      for (const open of await notices.pending(MOST_PENDING)) await begin(open);
    },
    idle: async () => {
      await Promise.all(busy.values());
    },
  };
}

function progressOf({ ways }: PendingNotice, name: string): Progress {
  const read = progress.safeParse(ways[name] ?? {});
  return read.success ? read.data : { closed: [], tries: 0 };
}

/** Where it is told to others than those it is for, it says for whom it is. */
function addressed(notice: Notice, at: Spot, nameOf: (person: string) => string): Notice {
  const { to } = notice;
  if (to.kind !== 'person' || at.kind === 'request' || at.kind === 'direct') return notice;
  return {
    ...notice,
    lines: [`This is for ${nameOf(to.person)}, for whom I found no place of their own.`, ...notice.lines],
  };
}
