import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { type Kernel, PEOPLE, PLACE, startKernel } from '../support/kernel.ts';
import { MINUTE, makeClock, told } from './support.ts';

const { maria, adam } = PEOPLE;

const knock = (name: string, perMinute?: number) =>
  defineCommand({
    name,
    summary: 'Knock at somebody’s door',
    params: z.object({}),
    risk: 'read',
    ask: ['packager', 'admin'],
    ...(perMinute === undefined ? {} : { perMinute }),
    examples: [name],
    plan: async () => ({ kind: 'answer', title: 'Nobody is in', verdict: 'ok' }),
  });

const clock = makeClock();
let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({
    registry: createRegistry([knock('knock', 3), knock('ring')]),
    now: clock.now,
  });
});
afterAll(() => kernel.close());

describe('a command that may be asked for only a few times a minute', () => {
  it('is taken that often from each person, and again when the minute is over', async () => {
    for (let n = 0; n < 3; n++) expect((await kernel.say(maria, 'knock')).kind).toBe('request');
    expect(told(await kernel.say(maria, 'knock'))).toBe(
      'You asked for `knock` 3 times within a minute, so this one was not taken. Each asking makes servers of other people work. Ask again in a minute.',
    );
    expect((await kernel.say(adam, 'knock')).kind).toBe('request');
    expect((await kernel.say(maria, 'ring')).kind).toBe('request');
    clock.forward(MINUTE + 1_000);
    expect((await kernel.say(maria, 'knock')).kind).toBe('request');
  });

  it('is not taken more often where all come at once', async () => {
    clock.forward(2 * MINUTE);
    const said = await Promise.all(Array.from({ length: 12 }, () => kernel.say(maria, 'knock')));
    expect(said.filter(({ kind }) => kind === 'request')).toHaveLength(3);
  });

  it('gives the same request for the same asking, also when the minute is full', async () => {
    clock.forward(2 * MINUTE);
    const say = (origin: string) => kernel.desk.say({ who: adam, text: 'knock', place: PLACE, origin });
    const first = await say('knock-1');
    await say('knock-2');
    await say('knock-3');
    expect(await say('knock-4')).toMatchObject({ kind: 'reply' });
    expect(await say('knock-3')).toMatchObject({ kind: 'request', isNew: false });
    expect(await say('knock-1')).toMatchObject({ id: first.kind === 'request' ? first.id : '' });
  });

  it('cannot be declared as never', () => {
    expect(() => createRegistry([knock('knock', 0)])).toThrow('may be asked for at no time');
  });
});
