import { describe, expect, it } from 'vitest';
import type { Call, DiscourseApi } from '../../src/discourse/api.ts';
import { createBudget, type Urgency } from '../../src/discourse/budget.ts';
import type { Called } from '../../src/discourse/outcome.ts';
import { keepLog } from '../support/log.ts';

const OK: Called = { kind: 'ok', status: 200, data: {} };
const limited = (ms: number, of: 'action' | 'everything'): Called => ({
  kind: 'limited',
  retryAfterMs: ms,
  of,
});

/** A forum that notes what it is asked, and answers from a list. */
function forum(answers: Called[] = [], ms = 0) {
  const calls: { at: number; what: string }[] = [];
  let together = 0;
  let most = 0;
  const api: DiscourseApi = {
    async call(call) {
      calls.push({ at: performance.now(), what: call.path.join('/') });
      most = Math.max(most, ++together);
      await new Promise((resolve) => setTimeout(resolve, ms));
      together -= 1;
      return answers.shift() ?? OK;
    },
    clockAheadMs: () => null,
    stop: () => undefined,
  };
  return { api, calls, most: () => most, names: () => calls.map(({ what }) => what) };
}

const call = (what: string): Call => ({ method: 'GET', path: [what] });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const log = keepLog();

describe('the budget of calls', () => {
  it('has no more than so many calls in any window, whatever they are', async () => {
    const { api, calls } = forum();
    const budget = createBudget({ api, log, perMinute: 6, windowMs: 300 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => budget.call(call(`${n}`), 'decision')));
    for (const [n, { at }] of calls.entries()) {
      const sixth = calls[n + 6];
      if (sixth) expect(sixth.at - at).toBeGreaterThanOrEqual(299);
    }
    await budget.stop();
  });

  it('lets less urgent calls use up only their share', async () => {
    const { api, names } = forum();
    const budget = createBudget({ api, log, perMinute: 18, windowMs: 60_000 });
    const fill = (urgency: Urgency) => {
      for (let n = 0; n < 20; n++) void budget.call(call(urgency), urgency);
      return pause(30);
    };
    const counted: number[] = [];
    for (const urgency of ['look', 'progress', 'answer', 'decision'] as const) {
      await fill(urgency);
      counted.push(names().length);
    }
    expect(counted).toEqual([12, 15, 16, 18]);
    expect(budget.waiting()).toEqual({ decision: 18, answer: 19, progress: 17, look: 8 });
    await budget.stop();
  });

  it('takes the more urgent first, and those of one urgency in the order they came', async () => {
    const { api, names } = forum([], 10);
    const budget = createBudget({ api, log, perMinute: 100 });
    const first = ['a', 'b', 'c'].map((what) => budget.call(call(what), 'look'));
    const urgencies = [
      ['l1', 'look'],
      ['p1', 'progress'],
      ['d1', 'decision'],
      ['a1', 'answer'],
      ['d2', 'decision'],
      ['l2', 'look'],
    ] as const;
    await Promise.all([...first, ...urgencies.map(([what, urgency]) => budget.call(call(what), urgency))]);
    expect(names()).toEqual(['a', 'b', 'c', 'd1', 'd2', 'a1', 'p1', 'l1', 'l2']);
    await budget.stop();
  });

  it('has at most three calls under way', async () => {
    const { api, most } = forum([], 5);
    const budget = createBudget({ api, log, perMinute: 100 });
    await Promise.all(Array.from({ length: 12 }, (_, n) => budget.call(call(`${n}`), 'decision')));
    expect(most()).toBe(3);
    await budget.stop();
  });

  it('does not let looking wait for ever behind what is more urgent', async () => {
    const { api, names } = forum();
    const budget = createBudget({ api, log, perMinute: 6, windowMs: 100 });
    const looked = budget.call(call('look'), 'look');
    await looked;
    const busy = setInterval(() => void budget.call(call('answer'), 'answer'), 10);
    await pause(150);
    await budget.call(call('look'), 'look');
    clearInterval(busy);
    expect(names().filter((what) => what === 'look')).toHaveLength(2);
    await budget.stop();
  });

  it('holds everything when the forum asks to wait, and then calls again in the old order', async () => {
    const { api, calls, names } = forum([limited(200, 'everything')]);
    const budget = createBudget({ api, log, perMinute: 100 });
    const first = budget.call(call('first'), 'answer');
    await pause(20);
    const others = [budget.call(call('second'), 'answer'), budget.call(call('urgent'), 'decision')];
    expect(await first).toEqual(OK);
    await Promise.all(others);
    expect(names()).toEqual(['first', 'urgent', 'first', 'second']);
    expect((calls[1]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(195);
    await budget.stop();
  });

  it('does not stop everything for a limit of one kind of writing that lasts for hours', async () => {
    const { api, calls } = forum([limited(5 * 60 * 60_000, 'action')]);
    const budget = createBudget({ api, log, perMinute: 100 });
    expect(await budget.call(call('message'), 'answer')).toMatchObject({ kind: 'limited' });
    expect(await budget.call(call('decision'), 'decision')).toEqual(OK);
    expect(calls).toHaveLength(2);
    await budget.stop();
  });

  it('settles what waits when it is stopped, and sends nothing more', async () => {
    const { api, calls } = forum([limited(60_000, 'everything')], 10);
    const budget = createBudget({ api, log, perMinute: 100 });
    const all = Array.from({ length: 5 }, (_, n) => budget.call(call(`${n}`), 'look'));
    await pause(2);
    await budget.stop();
    expect((await Promise.all(all)).map(({ kind }) => kind)).toEqual([
      'stopped',
      'ok',
      'ok',
      'stopped',
      'stopped',
    ]);
    expect(await budget.call(call('late'), 'decision')).toEqual({ kind: 'stopped' });
    expect(calls).toHaveLength(3);
  });
});
