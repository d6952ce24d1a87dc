import type { NewEvent, RequestEvent } from './events.ts';
import { after, fold } from './fold.ts';
import { lineInShort } from './in-short.ts';
import type { Hints } from './ports.ts';
import { ENDED, type Request, type Status } from './request.ts';
import type { Fence, Store, Summary } from './store.ts';

/** What a change of a request comes to: events to add (none: nothing changes) and a result for the caller. */
export interface Change<T> {
  readonly events: readonly NewEvent[];
  readonly result: T;
}

/** The lock was lost: another worker has this request. Stop, and write nothing more. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** Reads and changes requests: the only way events are written. */
export interface Requests {
  create(
    origin: string,
    event: Extract<NewEvent, { type: 'asked' }>,
  ): Promise<{ id: string; isNew: boolean; queued: boolean }>;
  /** Null for an unknown id. */
  load(id: string): Promise<Request | null>;
  /**
   * Decides on the request as it stands, and writes. When somebody else wrote in between, `decide` is asked
   * again with what stands now: so the second of two approvals in one second counts.
   */
  change<T>(
    id: string,
    decide: (request: Request) => Change<T>,
    fence?: Fence,
  ): Promise<{ request: Request; result: T }>;
  /** Moves when a running request is looked at next, without an event. Nothing where somebody has written since. */
  putOff(request: Request, until: Date, fence?: Fence): Promise<void>;
}

/** Hours after which approvers are told once more. */
export interface Times {
  readonly remindHours: number;
}

/** What is on its way is shown a little later than what has ended: drawing it would hold up the work itself. */
function settleMs(status: Status): number {
  if (ENDED.includes(status)) return 0;
  return status === 'approved' || status === 'running' ? 250 : 50;
}

/** Requests whose last state is remembered; those of others are read whole. */
const REMEMBERED = 50;

export function createRequests(deps: {
  readonly store: Store;
  readonly hints: Hints;
  readonly now: () => Date;
  readonly times: Times;
}): Requests {
  const { store, hints, now, times } = deps;

  // As last read. A record only grows, so of these only what is new is read again.
  const known = new Map<string, Request>();

  async function load(id: string): Promise<Request | null> {
    const before = known.get(id);
    const events = await store.requests.events(id, before?.seq ?? 0);
    if (!before && events.length === 0) return null;
    const request = before
      ? events.filter((event) => event.seq > before.seq).reduce(after, before)
      : fold(events);
    // Another look may have come back with more meanwhile.
    if ((known.get(id)?.seq ?? 0) <= request.seq) {
      known.delete(id);
      known.set(id, request);
    }
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return request;
  }

  /** Losing a hint loses nothing: the sweeper finds what is due. */
  async function hint(request: Request, summary: Summary): Promise<boolean> {
    const announced = hints.send({
      kind: 'announce',
      request: request.id,
      round: request.seq,
      delayMs: settleMs(request.status),
    });
    const due = summary.due;
    const soon =
      due && (due.kind === 'plan' || due.kind === 'run') && due.at.getTime() - now().getTime() < 60_000;
    if (!soon || (request.status === 'running' && !request.waiting) || isLookedAfter(request))
      return announced;
    const delayMs = Math.max(0, due.at.getTime() - now().getTime());
    const [, queued] = await Promise.all([
      announced,
      hints.send({
        kind: due.kind === 'plan' ? 'plan' : 'run',
        request: request.id,
        round: request.seq,
        delayMs,
      }),
    ]);
    return queued;
  }

  return {
    load,
    async create(origin, event) {
      const at = now();
      const made = (id: string) => fold([{ ...event, request: id, seq: 1, at }]);
      const created = await store.requests.create(origin, (id) => ({
        events: [event],
        summary: summaryOf(made(id), at, times),
      }));
      if (!created.isNew) return { ...created, queued: true };
      const request = made(created.id);
      return { ...created, queued: await hint(request, summaryOf(request, at, times)) };
    },
    async change(id, decide, fence) {
      for (;;) {
        const request = await load(id);
        if (!request) throw new Error(`no request ${id}`);
        const { events, result } = decide(request);
        if (events.length === 0) return { request, result };
        const at = now();
        const changed = events.reduce<Request>(
          (so, event) => after(so, stamped(event, id, so.seq + 1, at)),
          request,
        );
        const summary = summaryOf(changed, at, times);
        const written = await store.requests.append(id, request.seq, events, summary, fence);
        if (written === 'fenced') throw new Fenced(`${id} lost its lock`);
        if (written === 'conflict') continue;
        // Nobody waits for a hint: it never fails, and a lost one loses nothing.
        void hint(changed, summary);
        return { request: changed, result };
      }
    },
    async putOff({ id, seq, status }, until, fence) {
      if (status !== 'running') return;
      const written = await store.requests.putOff(id, seq, { kind: 'run', at: until }, fence);
      if (written === 'fenced') throw new Fenced(`${id} lost its lock`);
    },
  };
}

const LOOKED_AFTER: readonly string[] = ['job', 'hand', 'hub'];

/** A job, a person or the hub is at it: the next look has a time of its own, unless somebody wants it to stop. */
function isLookedAfter({ waiting, stopping }: Request): boolean {
  return waiting !== null && LOOKED_AFTER.includes(waiting.reason) && !stopping;
}

/** What the store keeps beside the events. */
export function summaryOf(request: Request, now: Date, times: Times): Summary {
  return {
    status: request.status,
    command: request.askings.map((asking) => asking.command).join(', '),
    text: request.text,
    asker: request.asker.id,
    title: titleOf(request),
    due: dueOf(request, now, times),
  };
}

/** What a request is called: its plan's or answer's title once there is one. */
export function titleOf(request: Request): string {
  return request.plan?.title ?? request.answer?.title ?? lineInShort(request.text);
}

/** While a worker runs it, the sweeper leaves a request alone this long; then it asks again (and may find the lock held). */
const RUN_AGAIN_MS = 10_000;

function dueOf(request: Request, now: Date, times: Times): Summary['due'] {
  switch (request.status) {
    case 'asked':
      return { kind: 'plan', at: request.waiting?.until ?? now };
    case 'approved':
      return { kind: 'run', at: request.waiting?.until ?? now };
    case 'running': {
      const { waiting, stopping } = request;
      const later = new Date(now.getTime() + RUN_AGAIN_MS);
      // Its own time may be long past: later looks write no event.
      const until = waiting && isLookedAfter(request) && waiting.until < later ? later : waiting?.until;
      return { kind: 'run', at: stopping && waiting ? now : (until ?? later) };
    }
    case 'planned': {
      const plan = request.plan;
      const remindAt = new Date(request.updatedAt.getTime() + times.remindHours * 3_600_000);
      if (plan && !plan.reminded && (plan.expiresAt === null || remindAt < plan.expiresAt)) {
        return { kind: 'remind', at: remindAt };
      }
      return plan?.expiresAt ? { kind: 'expire', at: plan.expiresAt } : null;
    }
    default:
      return null;
  }
}

function stamped(event: NewEvent, request: string, seq: number, at: Date): RequestEvent {
  return { ...event, request, seq, at };
}
