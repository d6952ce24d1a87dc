import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { hostName } from '../../src/core/fields.ts';
import type { Plan } from '../../src/core/plan.ts';
import { Unavailable } from '../../src/core/refused.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { run } from '../../src/core/runner.ts';
import { onlyCrash, startMortal } from '../support/crash.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { MINUTE, makeClock, step } from './support.ts';

const { maria, adam } = PEOPLE;

/** How often the result was looked up, and what looking comes to. */
const looks = { count: 0, away: false };

const host = z.object({ id: z.number(), name: z.string(), enabled: z.boolean() });
const look = async (name: string, view: View) =>
  host.parse(await view.hub.read({ method: 'getHost', args: [name] }, view.signal));

/** `builder open <host>`: what it has to show is the hub's own number for the builder. */
const open = defineCommand({
  name: 'builder open',
  summary: 'Enable a builder',
  params: z.object({ host: hostName({ title: 'Host', hint: 'A builder.', example: 'builder3' }) }),
  risk: 'low',
  ask: ['packager', 'admin'],
  examples: ['builder open builder3'],
  async plan({ host: name }, view): Promise<Plan> {
    const { enabled } = await look(name, view);
    const enable = step(`enabled:${name}`, `Enable ${name}`, 'set', 'enableHost', [name]);
    return { kind: 'plan', title: `Enable ${name}`, steps: enabled ? [] : [enable] };
  },
  async result({ host: name }, view): Promise<Answer> {
    looks.count += 1;
    if (looks.away) throw new Unavailable('the register', 'The register does not answer.');
    const { id, enabled } = await look(name, view);
    return {
      kind: 'answer',
      title: `The number of ${name}`,
      verdict: 'ok',
      texts: [{ title: 'Keep it', text: `number ${id}\n  enabled ${enabled}\n` }],
    };
  },
});

const clock = makeClock();
let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({ registry: createRegistry([open]), now: clock.now });
});
afterAll(() => kernel.close());
beforeEach(() => {
  Object.assign(looks, { count: 0, away: false });
  for (const one of kernel.hub.world.hosts) one.enabled = one.name !== 'builder3';
  kernel.hub.world.changes = [];
});

const alive = () => new AbortController().signal;
const shown = (id: number | undefined) => ({
  title: 'The number of builder3',
  texts: [{ title: 'Keep it', text: `number ${id}\n  enabled true\n` }],
});
const number = () => kernel.hub.world.hosts.find(({ name }) => name === 'builder3')?.id;

async function approved(): Promise<string> {
  const { id } = await kernel.ask(maria, 'builder open builder3');
  await kernel.say(adam, `approve ${id}`);
  kernel.hinted.length = 0;
  return id;
}

it('what a finished request has to show is looked up when nothing is left to do, and stays in the record', async () => {
  const id = await approved();
  expect(looks.count).toBe(0);
  await run(id, kernel.work, alive());
  expect(await kernel.load(id)).toMatchObject({ status: 'succeeded', answer: shown(number()) });
  expect(await kernel.desk.card(id)).toMatchObject({ tone: 'good', answer: shown(number()) });
  const end = (await kernel.store.requests.events(id)).at(-1);
  expect(end).toMatchObject({
    type: 'succeeded',
    data: { says: 'Done, and checked.', result: shown(number()) },
  });
  expect(looks.count).toBe(1);
});

it('a request that finds everything done already shows the same', async () => {
  for (const one of kernel.hub.world.hosts) one.enabled = true;
  const request = await kernel.ask(maria, 'builder open builder3');
  expect(request).toMatchObject({ status: 'succeeded', answer: shown(number()), plan: { steps: [] } });
});

it('a worker may die at any moment: the change is made once, and what there is to show is shown', {
  timeout: 120_000,
}, async () => {
  for (let at = 1; ; at++) {
    for (const one of kernel.hub.world.hosts) one.enabled = one.name !== 'builder3';
    kernel.hub.world.changes = [];
    const id = await approved();
    const mortal = startMortal(kernel, at);
    await run(id, mortal.work, alive()).catch(onlyCrash);
    await kernel.lapse();
    await run(id, kernel.work, alive());
    const where = mortal.crossings.at(-1);
    expect([where, await kernel.load(id)]).toMatchObject([
      where,
      { status: 'succeeded', answer: shown(number()) },
    ]);
    expect([where, kernel.hub.history().length]).toEqual([where, 1]);
    if (!mortal.died()) break;
  }
});

it('while it cannot be looked up the request waits and looks again, and nothing is run again', async () => {
  looks.away = true;
  const id = await approved();
  await run(id, kernel.work, alive());
  expect(await kernel.load(id)).toMatchObject({
    status: 'running',
    waiting: { reason: 'unavailable', says: 'The register does not answer.' },
    plan: { steps: [{ state: 'done' }] },
  });
  looks.away = false;
  clock.forward(MINUTE);
  await kernel.until(id, 'succeeded');
  expect((await kernel.load(id)).answer).toMatchObject(shown(number()));
  expect(kernel.hub.history()).toHaveLength(1);
});

it('after half an hour it says so, and `resume` looks once more', async () => {
  looks.away = true;
  const id = await approved();
  for (let minutes = 0; minutes < 40 && (await kernel.load(id)).status !== 'failed'; minutes++) {
    await run(id, kernel.work, alive());
    clock.forward(MINUTE);
  }
  expect(await kernel.load(id)).toMatchObject({
    status: 'failed',
    says: 'The register does not answer. I tried for half an hour.',
  });
  looks.away = false;
  await kernel.say(maria, `resume ${id}`);
  await kernel.settle();
  expect(await kernel.load(id)).toMatchObject({ status: 'succeeded', answer: shown(number()) });
  expect(kernel.hub.history()).toHaveLength(1);
});

it('what did not come about has nothing to show', async () => {
  const account = kernel.hub.world.users.find(({ name }) => name === 'steward');
  const id = await approved();
  const permissions = account?.permissions.splice(0) ?? [];
  await run(id, kernel.work, alive());
  account?.permissions.push(...permissions);
  expect(await kernel.load(id)).toMatchObject({ status: 'failed', answer: null });
  expect(looks.count).toBe(0);
});
