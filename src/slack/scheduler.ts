import type { Log } from '../core/ports.ts';
import type { Called, SlackApi } from './api.ts';

/** Who goes first: ends and decisions, then what is new, then progress. */
export type Urgency = 'end' | 'new' | 'progress';

/** Slack's limits, as we keep them. */
export interface Limits {
  /** Calls in any window of `windowMs`, by method. A method that is not named has `other`. */
  readonly perWindow: Readonly<Record<string, number>>;
  readonly other: number;
  readonly windowMs: number;
  /** Between two posts in one channel. */
  readonly postGapMs: number;
  /** Between two edits of one message, unless the later one is an end. */
  readonly editGapMs: number;
  /** Calls of one method under way at once. */
  readonly together: number;
  /** Between tries of a call whose answer was lost, where trying again is safe. */
  readonly retryMs: readonly number[];
}

/** Slack's documented limits (May 2026), with a little left over for what else uses the token. */
export const SLACK_LIMITS: Limits = {
  perWindow: {
    'chat.update': 48,
    'chat.postMessage': 240,
    'conversations.replies': 45,
    'conversations.history': 45,
  },
  other: 45,
  windowMs: 60_000,
  postGapMs: 1000,
  editGapMs: 3000,
  together: 4,
  retryMs: [1000, 4000, 15_000],
};

/** How a piece of writing ended. `overtaken`: a newer state of the same message took its turn. */
export type Written =
  | Exclude<Called, { kind: 'limited' }>
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'stopped' };

/** Something to be written. */
export interface Writing {
  readonly method: string;
  readonly urgency: Urgency;
  /** The channel, for posts: they keep their distance there. */
  readonly channel?: string;
  /** The message, for edits: a newer one replaces one that waits, and two are never under way at once. */
  readonly message?: string;
  /** May be called again when its answer was lost: an edit may, a post may not. */
  readonly repeatable: boolean;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The one way to write to Slack: keeps to its limits across all live requests. */
export interface Scheduler {
  write(writing: Writing): Promise<Written>;
  /** What waits now, by method. */
  waiting(): Readonly<Record<string, number>>;
  /** Nothing more is sent; what waits ends as `stopped`. Resolves when nothing is under way. */
  stop(): Promise<void>;
}

interface Job extends Writing {
  readonly order: number;
  readonly settle: (written: Written) => void;
  tries: number;
  notBefore: number;
}

const RANK: Readonly<Record<Urgency, number>> = { end: 0, new: 1, progress: 2 };

export function createScheduler(deps: {
  readonly api: SlackApi;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
}): Scheduler {
  const { api, log } = deps;
  const limits: Limits = { ...SLACK_LIMITS, ...deps.limits };
  let waiting: Job[] = [];
  let order = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const underWay = new Set<Promise<void>>();
  const busyMessages = new Set<string>();
  const busyMethods = new Map<string, number>();
  const sent = new Map<string, number[]>();
  const pausedUntil = new Map<string, number>();
  const lastPost = new Map<string, number>();
  const lastEdit = new Map<string, number>();

  /** Milliseconds until the job may go; Infinity: not before something that is under way ends. */
  function delayOf(job: Job, now: number): number {
    if (job.message !== undefined && busyMessages.has(job.message)) return Number.POSITIVE_INFINITY;
    if ((busyMethods.get(job.method) ?? 0) >= limits.together) return Number.POSITIVE_INFINITY;
    let at = Math.max(job.notBefore, pausedUntil.get(job.method) ?? 0);
    if (job.channel !== undefined) at = Math.max(at, (lastPost.get(job.channel) ?? 0) + limits.postGapMs);
    if (job.message !== undefined && job.urgency === 'progress') {
      at = Math.max(at, (lastEdit.get(job.message) ?? 0) + limits.editGapMs);
    }
    const times = (sent.get(job.method) ?? []).filter((time) => time > now - limits.windowMs);
    sent.set(job.method, times);
    const whole = limits.perWindow[job.method] ?? limits.other;
    // Progress leaves room, so that an end that comes in a busy minute need not wait for the next.
    const most = job.urgency === 'progress' ? Math.max(1, Math.floor(whole * 0.8)) : whole;
    const oldest = times[times.length - most];
    if (oldest !== undefined) at = Math.max(at, oldest + limits.windowMs);
    return Math.max(0, at - now);
  }

  function turn(): void {
    clearTimeout(timer);
    timer = undefined;
    if (stopped) return;
    const now = Date.now();
    let soonest = Number.POSITIVE_INFINITY;
    waiting.sort((a, b) => RANK[a.urgency] - RANK[b.urgency] || a.order - b.order);
    for (const job of [...waiting]) {
      const delay = delayOf(job, now);
      if (delay > 0) {
        soonest = Math.min(soonest, delay);
        continue;
      }
      waiting = waiting.filter((other) => other !== job);
      const running = carryOut(job, now).finally(() => {
        underWay.delete(running);
        turn();
      });
      underWay.add(running);
    }
    if (soonest < Number.POSITIVE_INFINITY) timer = setTimeout(turn, Math.ceil(soonest) + 1);
    forget(now);
  }

  /** Old times are of no use, and there is one for every channel and message ever written to. */
  function forget(now: number): void {
    for (const [map, age] of [
      [lastPost, limits.postGapMs],
      [lastEdit, limits.editGapMs],
    ] as const) {
      if (map.size < 500) continue;
      for (const [key, at] of map) if (at + age < now) map.delete(key);
    }
  }

  async function carryOut(job: Job, now: number): Promise<void> {
    sent.get(job.method)?.push(now);
    busyMethods.set(job.method, (busyMethods.get(job.method) ?? 0) + 1);
    if (job.message !== undefined) busyMessages.add(job.message);
    if (job.channel !== undefined) lastPost.set(job.channel, now);
    const called = await api.call(job.method, job.args);
    busyMethods.set(job.method, (busyMethods.get(job.method) ?? 1) - 1);
    if (job.message !== undefined) {
      busyMessages.delete(job.message);
      lastEdit.set(job.message, Date.now());
    }
    if (called.kind === 'limited') {
      pausedUntil.set(job.method, Date.now() + called.retryAfterMs);
      log.warn('slack asks to wait', { method: job.method, ms: called.retryAfterMs });
      return again(job);
    }
    const pause = limits.retryMs[job.tries];
    if (called.kind === 'lost' && job.repeatable && pause !== undefined && !stopped) {
      job.tries += 1;
      job.notBefore = Date.now() + pause;
      return again(job);
    }
    job.settle(called);
  }

  /** Back into the line, unless a newer state of its message waits there. */
  function again(job: Job): void {
    const newer = job.message !== undefined && waiting.some((other) => other.message === job.message);
    if (stopped) job.settle({ kind: 'stopped' });
    else if (newer) job.settle({ kind: 'overtaken' });
    else waiting.push(job);
  }

  return {
    write(writing) {
      if (stopped) return Promise.resolve({ kind: 'stopped' });
      return new Promise((settle) => {
        let urgency = writing.urgency;
        if (writing.message !== undefined) {
          const older = waiting.filter((job) => job.message === writing.message);
          waiting = waiting.filter((job) => job.message !== writing.message);
          for (const job of older) {
            // An urgent state that waits does not become less urgent by being replaced.
            if (RANK[job.urgency] < RANK[urgency]) urgency = job.urgency;
            job.settle({ kind: 'overtaken' });
          }
        }
        waiting.push({ ...writing, urgency, order: order++, settle, tries: 0, notBefore: 0 });
        turn();
      });
    },
    waiting() {
      const count: Record<string, number> = {};
      for (const job of waiting) count[job.method] = (count[job.method] ?? 0) + 1;
      return count;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      for (const job of waiting.splice(0)) job.settle({ kind: 'stopped' });
      await Promise.all(underWay);
    },
  };
}
