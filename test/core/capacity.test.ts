import { afterAll, beforeAll, expect, it } from 'vitest';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, startBench } from './support.ts';

const { maria, adam } = PEOPLE;

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.kernel.close());

async function setFrom(capacity: number) {
  await bench.reset();
  bench.builder('builder2').capacity = capacity;
  const { id } = await bench.kernel.ask(maria, 'builder capacity builder2 8');
  await bench.kernel.say(adam, `approve ${id}`);
  await bench.kernel.settle();
  return bench.kernel.load(id);
}

it.each([4, 7.5, 7.125, 7.3333, 10_000])('an undo gives back a capacity of %d exactly', async (before) => {
  const done = await setFrom(before);
  expect(done.plan?.steps[0]?.step.inverse).toMatchObject({ restores: 'full' });
  const undo = await bench.kernel.ask(maria, `undo ${done.id}`);
  await bench.kernel.say(adam, `approve ${undo.id}`);
  await bench.kernel.settle();
  expect(bench.builder('builder2').capacity).toBe(before);
});

it('an undo says beforehand that a capacity with many digits comes back rounded', async () => {
  const done = await setFrom(22 / 3);
  expect(done.plan?.steps[0]?.step.inverse).toEqual({
    command: 'builder capacity',
    given: { host: 'builder2', capacity: '7.33' },
    restores: 'partial',
    leaves: 'builder2 had 7.333333333333333, which gets rounded',
  });
});

it.each([Number.NaN, 1e9, 1, 0.5])(
  'no undo is offered of a capacity of %d, which nobody could ask for',
  async (before) => {
    const done = await setFrom(before);
    expect(done).toMatchObject({ status: 'succeeded' });
    expect(done.plan?.steps[0]?.step.inverse).toBeUndefined();
    expect(await bench.kernel.say(maria, `undo ${done.id}`)).toMatchObject({ reply: { tone: 'warn' } });
  },
);
