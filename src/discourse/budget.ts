import type { Log } from '../core/ports.ts';
import type { Call, DiscourseApi } from './api.ts';
import type { Called } from './outcome.ts';

/**
 * Who goes first: decisions and end states, then answers to people, then what has moved, then looking for news. Also
 * how much of the budget each may use up: the last has to leave room for the first.
 */
export type Urgency = 'decision' | 'answer' | 'progress' | 'look';

/** How a call ended that waited for its turn. `limited`: the forum wants a pause that is too long to wait here. */
export type Answered = Called | { readonly kind: 'stopped' };

/** The one way to call the forum: keeps all calls together under one limit. */
export interface Budget {
  call(call: Call, urgency: Urgency): Promise<Answered>;
  /** What waits for its turn now. */
  waiting(): Readonly<Record<Urgency, number>>;
  /** Nothing more is sent; what waits ends as `stopped`. Resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** We keep under 20 calls a minute: 60 is for all keys of a site together. */
const PER_MINUTE = 18;
/** Calls under way at once. */
const TOGETHER = 3;
/** The share of all calls that each leaves for those before it: of 18 calls, 0, 2, 3 and 6. */
const LEAVES: Readonly<Record<Urgency, number>> = {
  decision: 0,
  answer: 1 / 9,
  progress: 1 / 6,
  look: 1 / 3,
};
/** Forums, as they come, take two posts of one account five seconds after each other by their own clock. */
const POST_GAP_MS = 6_000;
const ORDER: readonly Urgency[] = ['decision', 'answer', 'progress', 'look'];
/** A limit of one kind of writing (five seconds between two posts, so many messages a day) is waited for up to here. */
const LONGEST_WAIT_MS = 60_000;
/** Whatever the forum says, after this it is asked again. */
const LONGEST_PAUSE_MS = 60 * 60_000;

interface Job {
  readonly call: Call;
  readonly urgency: Urgency;
  readonly order: number;
  readonly since: number;
  readonly settle: (answered: Answered) => void;
}

export function createBudget(deps: {
  readonly api: DiscourseApi;
  readonly log: Log;
  readonly perMinute?: number;
  /** A minute, but for tests. */
  readonly windowMs?: number;
  /** Between two posts. */
  readonly postGapMs?: number;
}): Budget {
  const { api, log, perMinute = PER_MINUTE, windowMs = 60_000, postGapMs = POST_GAP_MS } = deps;
  let waiting: Job[] = [];
  let sent: number[] = [];
  let pausedUntil = 0;
  let noPostUntil = 0;
  let order = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const underWay = new Set<Promise<void>>();

  /** Waiting for a whole window makes a call one step more urgent, so that none waits for ever; never a decision. */
  function rankOf(job: Job, now: number): number {
    const rank = ORDER.indexOf(job.urgency);
    return rank === 0 ? 0 : Math.max(1, rank - Math.floor((now - job.since) / windowMs));
  }

  /** Milliseconds until a call of this rank fits into the window. */
  function delayOf(rank: number, now: number): number {
    const leaves = LEAVES[ORDER[rank] ?? 'look'];
    const most = Math.max(1, perMinute - Math.ceil(perMinute * leaves));
    const oldest = sent[sent.length - most];
    return Math.max(0, pausedUntil - now, oldest === undefined ? 0 : oldest + windowMs - now);
  }

  function turn(): void {
    clearTimeout(timer);
    timer = undefined;
    if (stopped) return;
    const now = performance.now();
    sent = sent.filter((at) => at > now - windowMs);
    const line = waiting
      .map((job) => ({ job, rank: rankOf(job, now) }))
      .sort((a, b) => a.rank - b.rank || a.job.order - b.job.order);
    let soonest = Number.POSITIVE_INFINITY;
    for (const { job, rank } of line) {
      if (underWay.size >= TOGETHER) return;
      const isPost = job.call.method === 'POST';
      const gap = isPost ? noPostUntil - now : 0;
      const delay = delayOf(rank, now);
      if (delay > 0 || gap > 0) {
        soonest = Math.min(soonest, Math.max(delay, gap));
        // Who comes later in the line leaves more room of the budget, so it cannot go sooner for that.
        if (delay > 0) break;
        continue;
      }
      if (isPost) noPostUntil = now + postGapMs;
      waiting = waiting.filter((other) => other !== job);
      sent.push(now);
      const running = carryOut(job).finally(() => {
        underWay.delete(running);
        turn();
      });
      underWay.add(running);
    }
    if (soonest < Number.POSITIVE_INFINITY) timer = setTimeout(turn, Math.ceil(soonest) + 1);
  }

  async function carryOut(job: Job): Promise<void> {
    const called = await api.call(job.call);
    if (called.kind !== 'limited') return job.settle(called);
    const { retryAfterMs, of } = called;
    log.warn('the forum asks to wait', { ms: retryAfterMs, of });
    if (of === 'action' && retryAfterMs > LONGEST_WAIT_MS) return job.settle(called);
    const until = performance.now() + Math.min(retryAfterMs, LONGEST_PAUSE_MS);
    if (of === 'action' && job.call.method === 'POST') noPostUntil = Math.max(noPostUntil, until);
    else pausedUntil = Math.max(pausedUntil, until);
    // Nothing was done, so it waits for its turn again, in its old place.
    if (stopped) job.settle({ kind: 'stopped' });
    else waiting.push(job);
  }

  return {
    call(call, urgency) {
      if (stopped) return Promise.resolve({ kind: 'stopped' });
      return new Promise((settle) => {
        waiting.push({ call, urgency, order: order++, since: performance.now(), settle });
        turn();
      });
    },
    waiting() {
      const count = { decision: 0, answer: 0, progress: 0, look: 0 };
      for (const job of waiting) count[job.urgency] += 1;
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
