import { describe, expect, it } from 'vitest';
import type { Called, SlackApi } from '../../src/slack/api.ts';
import { createScheduler, type Limits, type Urgency } from '../../src/slack/scheduler.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const OK: Called = { kind: 'ok', data: {}, scopes: [] };

/** A Slack that notes what it is asked, and answers from a list. */
function slack(answers: Called[] = [], ms = 0) {
  const calls: { at: number; method: string; args: Readonly<Record<string, unknown>> }[] = [];
  let together = 0;
  let most = 0;
  const api: SlackApi = {
    async call(method, args) {
      calls.push({ at: performance.now(), method, args });
      most = Math.max(most, ++together);
      await new Promise((resolve) => setTimeout(resolve, ms));
      together -= 1;
      return answers.shift() ?? OK;
    },
    stop: () => undefined,
  };
  return { api, calls, most: () => most };
}

const quick: Partial<Limits> = { postGapMs: 0, editGapMs: 0, windowMs: 400, retryMs: [5, 5] };
const edit = (message: string, n: number, urgency: Urgency = 'progress') => ({
  method: 'chat.update',
  urgency,
  message,
  repeatable: true,
  args: { message, n },
});
const post = (channel: string, n: number) => ({
  method: 'chat.postMessage',
  urgency: 'new' as const,
  channel,
  repeatable: false,
  args: { channel, n },
});

describe('the scheduler', () => {
  it('lets only the newest state of a message through while others wait', async () => {
    const { api, calls } = slack([], 20);
    const scheduler = createScheduler({ api, log: silent, limits: quick });
    const written = await Promise.all([1, 2, 3, 4].map((n) => scheduler.write(edit('m', n))));
    expect(calls.map((call) => call.args.n)).toEqual([1, 4]);
    expect(written.map((one) => one.kind)).toEqual(['ok', 'overtaken', 'overtaken', 'ok']);
    await scheduler.stop();
  });

  it('never has two edits of one message under way', async () => {
    const { api, most } = slack([], 10);
    const scheduler = createScheduler({ api, log: silent, limits: quick });
    const all = [];
    for (let n = 0; n < 5; n++) {
      all.push(scheduler.write(edit('m', n, 'end')));
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    await Promise.all(all);
    expect(most()).toBe(1);
    await scheduler.stop();
  });

  it('keeps to the limit of a method over all messages', async () => {
    const { api, calls } = slack();
    const scheduler = createScheduler({
      api,
      log: silent,
      limits: { ...quick, perWindow: { 'chat.update': 4 } },
    });
    await Promise.all(Array.from({ length: 8 }, (_, n) => scheduler.write(edit(`m${n}`, n, 'end'))));
    const fifth = calls[4]?.at ?? 0;
    expect(fifth - (calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(395);
    await scheduler.stop();
  });

  it('sends ends first, and keeps room for them in a busy minute', async () => {
    const { api, calls } = slack();
    const scheduler = createScheduler({
      api,
      log: silent,
      limits: { ...quick, windowMs: 60_000, perWindow: { 'chat.update': 5 } },
    });
    for (let n = 0; n < 9; n++) void scheduler.write(edit(`m${n}`, n));
    await scheduler.write(edit('m99', 99, 'end'));
    expect(calls.map((call) => call.args.n)).toEqual([0, 1, 2, 3, 99]);
    expect(scheduler.waiting()).toEqual({ 'chat.update': 5 });
    await scheduler.stop();
  });

  it('leaves time between progress edits of a message, and none before its end', async () => {
    const { api, calls } = slack();
    const scheduler = createScheduler({ api, log: silent, limits: { ...quick, editGapMs: 150 } });
    await scheduler.write(edit('m', 1));
    await scheduler.write(edit('m', 2));
    await scheduler.write(edit('m', 3, 'end'));
    const [first, second, third] = calls.map((call) => call.at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(145);
    expect((third ?? 0) - (second ?? 0)).toBeLessThan(100);
    await scheduler.stop();
  });

  it('leaves time between posts in one channel, and none between channels', async () => {
    const { api, calls } = slack();
    const scheduler = createScheduler({ api, log: silent, limits: { ...quick, postGapMs: 150 } });
    await Promise.all([post('A', 1), post('A', 2), post('B', 3)].map((one) => scheduler.write(one)));
    expect(calls.map((call) => call.args.n)).toEqual([1, 3, 2]);
    expect((calls[2]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(145);
    await scheduler.stop();
  });

  it('waits as long as Slack says, for that method alone', async () => {
    const { api, calls } = slack([{ kind: 'limited', retryAfterMs: 200 }]);
    const scheduler = createScheduler({ api, log: silent, limits: quick });
    const edited = scheduler.write(edit('m', 1));
    await scheduler.write(post('A', 2));
    const posted = performance.now();
    expect((await edited).kind).toBe('ok');
    expect(calls.map((call) => call.args.n)).toEqual([1, 2, 1]);
    expect((calls[2]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(195);
    expect(posted - (calls[0]?.at ?? 0)).toBeLessThan(150);
    await scheduler.stop();
  });

  it('tries an edit again after a lost answer, and never a post', async () => {
    const lost: Called = { kind: 'lost', says: 'reset' };
    const { api, calls } = slack([lost, lost, OK, lost]);
    const scheduler = createScheduler({ api, log: silent, limits: quick });
    expect((await scheduler.write(edit('m', 1))).kind).toBe('ok');
    expect((await scheduler.write(post('A', 2))).kind).toBe('lost');
    expect(calls.length).toBe(4);
    await scheduler.stop();
  });

  it('stops at once, and says so to all who wait', async () => {
    const { api } = slack();
    const scheduler = createScheduler({ api, log: silent, limits: { ...quick, postGapMs: 60_000 } });
    await scheduler.write(post('A', 1));
    const waits = scheduler.write(post('A', 2));
    await scheduler.stop();
    expect((await waits).kind).toBe('stopped');
    expect((await scheduler.write(post('A', 3))).kind).toBe('stopped');
  });
});
