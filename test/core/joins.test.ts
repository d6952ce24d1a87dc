import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OPEN } from '../../src/core/listing.ts';
import type { Person } from '../../src/core/person.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, startBench } from './support.ts';

const { maria, adam } = PEOPLE;
const RESTART = 'repo regen foreman-nightly-el8-build';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench({ joins: true });
});
afterAll(() => bench.kernel.close());
beforeEach(async () => {
  await bench.reset();
  for (const { id } of await bench.kernel.store.requests.list({ status: OPEN, limit: 100 }))
    await bench.kernel.say(adam, `cancel ${id}`);
});

let places = 0;
/** Says it in a place that nobody has said anything in. */
const say = async (who: Person, text: string, origin = `joins-${places++}`) => {
  const place = { kind: 'slack', where: `C1/${places++}`, purpose: 'origin' } as const;
  const said = await bench.kernel.desk.say({ who, text, place, origin });
  if (said.kind !== 'request') throw new Error(JSON.stringify(said));
  return said;
};

describe('what the same person asked for already', () => {
  it('is shown while it waits, with where it stands, and is no second request', async () => {
    const first = await say(maria, 'builder capacity builder2 8');
    expect(first).toMatchObject({ isNew: true });
    await bench.kernel.settle();
    const again = await say(maria, 'builder  capacity host=builder2 8');
    expect(again).toMatchObject({ id: first.id, isNew: false, another: true });
    expect(again.says).toBe(
      `You asked for this already, as ${first.id}: it waits for the yes of 1 admin (not maria). To have it looked at anew, say \`cancel ${first.id}\` first.`,
    );
    await bench.kernel.say(maria, `cancel ${first.id}`);
    expect(await say(maria, 'builder capacity builder2 8')).toMatchObject({ isNew: true });
  });

  it('is shown while it is worked out and while it runs, and made anew once it has ended', async () => {
    const { id } = await say(maria, RESTART);
    expect((await say(maria, RESTART)).says).toBe(
      `You asked for this already, as ${id}: it is being worked out.`,
    );
    await bench.kernel.settle();
    await bench.kernel.say(adam, `approve ${id}`);
    expect((await say(maria, RESTART)).says).toBe(
      `You asked for this already, as ${id}: it was approved by adam and is under way.`,
    );
    await bench.kernel.settle();
    expect(bench.calls('newRepo')).toBe(1);
    expect(await say(maria, RESTART)).toMatchObject({ isNew: true });
  });

  it('is made again for another person, another parameter, and after a failure', async () => {
    const { id } = await say(maria, 'builder capacity builder2 8');
    for (const [who, line] of [
      [adam, 'builder capacity builder2 8'],
      [maria, 'builder capacity builder2 9'],
    ] as const)
      expect((await say(who, line)).id).not.toBe(id);
    const failed = await say(maria, 'builder comment builder2 hello');
    await bench.kernel.settle();
    for (const who of [adam, PEOPLE.bea]) await bench.kernel.say(who, `approve ${failed.id}`);
    bench.guard.now = { text: 'x', holds: false, saw: 'y' };
    await bench.kernel.settle();
    expect((await bench.kernel.load(failed.id)).status).toBe('failed');
    expect(await say(maria, 'builder comment builder2 hello')).toMatchObject({ isNew: true });
  });

  it('is one request where it is asked for many times in one moment', async () => {
    const all = await Promise.all(
      Array.from({ length: 10 }, () => say(maria, 'builder capacity builder2 8')),
    );
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
  });

  it('is no other one where the same delivery comes a second time', async () => {
    const first = await say(maria, 'builder capacity builder2 8', 'delivery-1');
    const second = await say(maria, 'builder capacity builder2 8', 'delivery-1');
    expect(second).toEqual({ kind: 'request', id: first.id, isNew: false, queued: true });
  });

  it('is looked at as often as one likes', async () => {
    const first = await say(maria, 'builder list');
    expect((await say(maria, 'builder list')).id).not.toBe(first.id);
  });
});
