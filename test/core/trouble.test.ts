import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Misbehaviour } from '../../sandbox/hub/misbehaviour.ts';
import { Unavailable } from '../../src/core/refused.ts';
import { run } from '../../src/core/runner.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, MINUTE, startBench, told } from './support.ts';

const { maria, adam, bea } = PEOPLE;
const REGEN = 'repo regen foreman-nightly-el8-build';

describe.each(['1.20', '1.35'] as const)('trouble with a hub of version %s', (version) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench({ version, hubDeadlineMs: 600 });
  });
  afterAll(() => bench.kernel.close());
  beforeEach(() => bench.reset());

  const say = async (who: (typeof PEOPLE)[keyof typeof PEOPLE], line: string) =>
    told(await bench.kernel.say(who, line));
  const load = (id: string) => bench.kernel.load(id);
  async function approved(line: string): Promise<string> {
    const { id } = await bench.kernel.ask(maria, line);
    await bench.kernel.say(adam, `approve ${id}`);
    bench.kernel.hinted.length = 0;
    return id;
  }
  async function runNow(id: string) {
    await run(id, bench.kernel.work, new AbortController().signal);
    return load(id);
  }

  const away: readonly (readonly [string, Misbehaviour, RegExp])[] = [
    ['is down', { kind: 'down' }, /does not accept connections/],
    ['is too slow', { kind: 'slow', ms: 2_000, times: Number.POSITIVE_INFINITY }, /took too long to answer/],
    [
      'answers with a web page',
      { kind: 'html', times: Number.POSITIVE_INFINITY },
      /an error page instead of an answer/,
    ],
    ['is switched to offline', { kind: 'offline', times: Number.POSITIVE_INFINITY }, /offline/],
  ];

  it.each(away)(
    'a request made while the hub %s waits, says why, and goes on by itself',
    async (_, how, why) => {
      await bench.kernel.hub.misbehave(how);
      const asked = await bench.kernel.ask(maria, 'builder capacity builder2 8');
      expect(asked).toMatchObject({ status: 'asked', waiting: { reason: 'unavailable' } });
      expect(asked.waiting?.says).toMatch(why);
      const card = await bench.kernel.desk.card(asked.id);
      expect(card?.line).toMatch(/^Waiting\. The Koji hub/);
      expect(card?.next).toBe('I try again by myself, for half an hour.');
      expect(card?.actions.map((one) => one.verb)).toEqual(['cancel']);
      await bench.kernel.hub.behave();
      await bench.becomes(asked.id, 'planned');
    },
  );

  it.each(away)('a run while the hub %s waits, says why, and goes on by itself', async (_, how, why) => {
    const id = await approved('builder capacity builder2 8');
    await bench.kernel.hub.misbehave(how);
    const waiting = await runNow(id);
    expect(waiting).toMatchObject({ status: 'approved', waiting: { reason: 'unavailable' } });
    expect(waiting.waiting?.says).toMatch(why);
    await bench.kernel.hub.behave();
    await bench.becomes(id, 'succeeded');
    expect(bench.calls('editHost')).toBe(1);
  });

  it('it gives up on planning after half an hour, and says what to do', async () => {
    await bench.kernel.hub.misbehave({ kind: 'down' });
    const { id } = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    expect((await bench.later(29 * MINUTE, id)).status).toBe('asked');
    const refused = await bench.later(2 * MINUTE, id);
    expect(refused).toMatchObject({ status: 'refused', next: 'Ask again when it answers.' });
    expect(refused.says).toMatch(/I tried for half an hour\.$/);
  });

  it('it gives up on a run after half an hour, and can be resumed', async () => {
    const id = await approved('builder capacity builder2 8');
    await bench.kernel.hub.misbehave({ kind: 'down' });
    await runNow(id);
    expect((await bench.later(29 * MINUTE, id)).status).toBe('approved');
    const failed = await bench.later(2 * MINUTE, id);
    expect(failed.status).toBe('failed');
    expect(failed.says).toMatch(/I tried for half an hour\.$/);
    await bench.kernel.hub.behave();
    expect(await say(maria, `resume ${id}`)).toContain('goes on from where it stopped');
    await bench.kernel.settle();
    expect((await load(id)).status).toBe('succeeded');
  });

  it('a lost answer to a change is found out, and the change is not made again', async () => {
    const id = await approved('builder capacity builder2 8');
    await bench.kernel.hub.misbehave({ kind: 'lose-session', method: 'editHost' });
    await runNow(id);
    await bench.becomes(id, 'succeeded');
    expect(bench.calls('editHost')).toBe(1);
  });

  it('a lost answer to several changes is found out one by one', async () => {
    const id = await approved('builder capacity builder1,builder2,builder3 20');
    await bench.kernel.hub.misbehave({ kind: 'lose-session', method: 'multiCall' });
    const lost = await runNow(id);
    expect(lost.waiting?.says).toMatch(/I looked at what is there now/);
    expect(lost.plan?.steps.map((now) => now.state)).toEqual(['done', 'done', 'done']);
    await bench.becomes(id, 'succeeded');
    expect(bench.calls('editHost')).toBe(3);
  });

  it('a change whose answer is always lost and that never happens is given up after half an hour', async () => {
    const id = await approved('builder capacity builder2 8');
    // A gateway in between that drops the call and answers for the hub.
    await bench.kernel.hub.misbehave({ kind: 'html', method: 'editHost', times: Number.POSITIVE_INFINITY });
    expect((await runNow(id)).status).toBe('running');
    for (let n = 0; n < 3; n++) await bench.later(11 * MINUTE, id);
    expect((await load(id)).status).toBe('failed');
    expect(bench.builder('builder2').capacity).toBe(4);
  });

  describe('a step that must happen once, and whose answer was lost', () => {
    const lose = () => bench.kernel.hub.misbehave({ kind: 'lose-session', method: 'newRepo' });

    it('is done when its command finds that it happened', async () => {
      const id = await approved(REGEN);
      bench.found.says = 'done';
      await lose();
      await runNow(id);
      await bench.becomes(id, 'succeeded');
      expect(bench.calls('newRepo')).toBe(1);
    });

    it('is looked up with the time of its intent, not of the answer that never came', async () => {
      const id = await approved(REGEN);
      bench.found.says = 'unknown';
      await lose();
      await runNow(id);
      bench.clock.forward(MINUTE);
      await say(adam, `resume ${id}`);
      await bench.kernel.settle();
      const began = (await bench.kernel.store.requests.events(id)).find(
        (event) => event.type === 'step-started',
      );
      expect(bench.found.asked.map((intent) => intent.at)).toEqual([began?.at, began?.at]);
    });

    it('is taken when its command finds that it did not happen', async () => {
      const id = await approved(REGEN);
      bench.found.says = 'not-done';
      await lose();
      await runNow(id);
      await bench.later(3_000, id);
      expect((await load(id)).status).toBe('succeeded');
    });

    it('waits for a person when nobody can tell: resume looks again, resolve settles it', async () => {
      const id = await approved(REGEN);
      await lose();
      expect(await runNow(id)).toMatchObject({ status: 'unknown', plan: { steps: [{ state: 'unknown' }] } });
      const card = await bench.kernel.desk.card(id);
      expect(card?.line).toMatch(
        /^I cannot tell whether “Regenerate foreman-nightly-el8-build” happened\. .* Nothing was repeated\.$/,
      );
      expect(card?.next).toBe(
        `Look whether it happened. Then an admin says \`resolve ${id} done\`, or an admin, not maria, \`resolve ${id} not-done\`.`,
      );
      expect(card?.actions.map((one) => one.verb)).toEqual(['resume', 'resolve-done', 'resolve-not-done']);
      expect(await say(maria, `resolve ${id} done`)).toContain('that takes one of the admins');
      expect(await say(maria, `resume ${id}`)).toContain('goes on from where it stopped');
      await bench.kernel.settle();
      expect((await load(id)).status).toBe('unknown');
      expect(bench.found.asked).toHaveLength(2);
      expect(await say(bea, `resolve ${id} done`)).toContain('is done.');
      await bench.kernel.settle();
      expect((await load(id)).status).toBe('succeeded');
      expect(bench.calls('newRepo')).toBe(1);
      expect(await say(bea, `resolve ${id} done`)).toBe(`${id} has no step of unknown outcome.`);
    });

    it('is taken again after somebody looked and said that it did not happen', async () => {
      const id = await approved(REGEN);
      await lose();
      await runNow(id);
      expect(await say(adam, `resolve ${id} not-done`)).toContain('is not done.');
      await bench.kernel.settle();
      expect((await load(id)).status).toBe('succeeded');
      expect(bench.calls('newRepo')).toBe(2);
    });

    it('can be settled in its own thread with two words', async () => {
      const id = await approved(REGEN);
      await lose();
      await runNow(id);
      await bench.kernel.say(adam, 'resolve done', id);
      await bench.kernel.settle();
      expect((await load(id)).status).toBe('succeeded');
    });

    it('waits when the look itself finds nobody at home', async () => {
      const id = await approved(REGEN);
      await lose();
      bench.found.says = new Unavailable('host builder2', 'Host builder2 does not answer.');
      expect(await runNow(id)).toMatchObject({
        status: 'running',
        waiting: { says: 'Host builder2 does not answer.' },
      });
      bench.found.says = 'done';
      await bench.becomes(id, 'succeeded');
      expect(bench.calls('newRepo')).toBe(1);
    });
  });

  it('keeps the record whole', async () => {
    expect(await bench.kernel.store.ledger.verify()).toMatchObject({ ok: true });
  });
});
