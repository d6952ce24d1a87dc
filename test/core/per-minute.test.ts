import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { whole } from '../../src/core/fields.ts';
import type { HostScript } from '../../src/core/ports.ts';
import { Refused } from '../../src/core/refused.ts';
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

const bell: HostScript = { name: 'bell.sh', text: 'true', sha256: 'b' };
const map: HostScript = { name: 'map.sh', text: 'true', sha256: 'a' };

/** Refuses a number without a look, one that is not on the map after a look at that, and all others at the door. */
const visit = (name: string, of?: readonly HostScript[]) =>
  defineCommand({
    name,
    summary: 'Ring at a house',
    params: z.object({
      number: whole({ title: 'Number', hint: 'Of the house.', example: '1' }, { least: 0, most: 9 }),
    }),
    risk: 'read',
    ask: ['packager', 'admin'],
    perMinute: 3,
    ...(of ? { perMinuteOf: of } : {}),
    examples: [`${name} 1`],
    async plan({ number }, view) {
      const look = (script: HostScript) =>
        view.hosts.read('street', script, [], { deadlineMs: 1000, signal: view.signal });
      if (number === 0) throw new Refused('No house has that number.');
      await look(map);
      if (number === 1) throw new Refused('It is not on the map.');
      await look(bell);
      throw new Refused('Nobody opens.');
    },
  });

const clock = makeClock();
let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({
    registry: createRegistry([knock('knock', 3), knock('ring'), visit('call'), visit('visit', [bell])]),
    now: clock.now,
  });
});
afterAll(() => kernel.close());

describe('a command that may be asked for only a few times a minute', () => {
  it('is taken that often from each person, and again when the minute is over', async () => {
    for (let n = 0; n < 3; n++) expect((await kernel.say(maria, 'knock')).kind).toBe('request');
    expect(told(await kernel.say(maria, 'knock'))).toBe(
      'You had `knock` look 3 times within a minute, so this one was not taken. Each look makes other machines work. Ask again in a minute.',
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

  it.each([
    ['call', 'before any host was asked', [0]],
    ['visit', 'before what is counted ran', [0, 1]],
  ] as const)('counts nothing for `%s` that is refused %s', async (name, _, free) => {
    clock.forward(2 * MINUTE);
    const ask = async (number: number) => (await kernel.ask(maria, `${name} ${number}`)).status;
    const slips = async () => {
      for (let n = 0; n < 4; n++) for (const number of free) expect(await ask(number)).toBe('refused');
    };
    for (let n = 0; n < 3; n++) {
      await slips();
      expect(await ask(2)).toBe('refused');
    }
    expect(told(await kernel.say(maria, `${name} 2`))).toContain('3 times within a minute');
    clock.forward(MINUTE + 1_000);
    expect(await ask(2)).toBe('refused');
  });

  it('counts what is asked for and not looked at yet, however many come at once', async () => {
    clock.forward(2 * MINUTE);
    const said = await Promise.all(Array.from({ length: 8 }, () => kernel.say(adam, 'visit 0')));
    expect(said.filter(({ kind }) => kind === 'request')).toHaveLength(3);
    await kernel.settle();
    expect((await kernel.say(adam, 'visit 0')).kind).toBe('request');
    await kernel.settle();
  });

  it('cannot be declared as never', () => {
    expect(() => createRegistry([knock('knock', 0)])).toThrow('may be asked for at no time');
  });
});
