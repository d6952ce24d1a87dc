import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { hostName } from '../../src/core/fields.ts';
import type { Plan, Step } from '../../src/core/plan.ts';
import { raised, ruleOf } from '../../src/core/policy.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { step, told } from './support.ts';

const { maria, adam, bea } = PEOPLE;

const now: { risk: 'high' | null } = { risk: null };

/** `builder open <host>`: declared low, the asker may say yes, and what its plan says of itself is up to the test. */
const open = defineCommand({
  name: 'builder open',
  summary: 'Enable a builder',
  params: z.object({ host: hostName({ title: 'Host', hint: 'A builder.', example: 'builder3' }) }),
  risk: 'low',
  ask: ['packager', 'admin'],
  approval: { ownRequest: true },
  examples: ['builder open builder3'],
  async plan({ host }, view): Promise<Plan> {
    const { enabled } = z
      .object({ enabled: z.boolean() })
      .parse(await view.hub.read({ method: 'getHost', args: [host] }, view.signal));
    const enable: Step = {
      ...step(`enabled:${host}`, `Enable ${host}`, 'set', 'enableHost', [host]),
      inverse: { command: 'builder open', given: { host }, restores: 'full' },
    };
    return {
      kind: 'plan',
      title: `Enable ${host}`,
      steps: enabled ? [] : [enable],
      ...(now.risk ? { risk: now.risk } : {}),
    };
  },
});

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({ registry: createRegistry([open]) });
});
afterAll(() => kernel.close());
beforeEach(() => {
  now.risk = null;
  for (const host of kernel.hub.world.hosts) host.enabled = false;
});

const enabled = (name: string) => kernel.hub.world.hosts.find((host) => host.name === name)?.enabled;

it('a plan that says it is risky needs two people, neither of them the asker, whatever the command declares', async () => {
  now.risk = 'high';
  const { id, plan } = await kernel.ask(adam, 'builder open builder1');
  expect(plan?.needs).toEqual({ roles: ['admin'], people: 2, ownRequest: false });
  expect(told(await kernel.say(adam, `approve ${id}`))).toContain('somebody else has to approve it');
  await kernel.say(bea, `approve ${id}`);
  await kernel.settle();
  expect([(await kernel.load(id)).status, enabled('builder1')]).toEqual(['planned', false]);
  await kernel.say(PEOPLE.carl, `approve ${id}`);
  await kernel.settle();
  expect([(await kernel.load(id)).status, enabled('builder1')]).toEqual(['succeeded', true]);
});

it('a plan that does not say so needs what the command declares', async () => {
  const { id } = await kernel.ask(adam, 'builder open builder1');
  await kernel.say(adam, `approve ${id}`);
  await kernel.settle();
  expect(await kernel.load(id)).toMatchObject({ status: 'succeeded' });
});

it('a plan that has become risky since the yes is not carried out: it asks again', async () => {
  const { id } = await kernel.ask(maria, 'builder open builder1');
  await kernel.say(adam, `approve ${id}`);
  now.risk = 'high';
  await kernel.settle();
  expect(await kernel.load(id)).toMatchObject({
    status: 'planned',
    says: 'What it was approved by is not enough by the rules of now, so it was not done.',
    plan: { n: 2, needs: { people: 2, ownRequest: false }, approvals: [] },
  });
  expect(enabled('builder1')).toBe(false);
});

it('a plan that has become less risky still needs what its approvers were told', async () => {
  now.risk = 'high';
  const { id } = await kernel.ask(maria, 'builder open builder1');
  await kernel.say(adam, `approve ${id}`);
  now.risk = null;
  await kernel.settle();
  expect([(await kernel.load(id)).status, enabled('builder1')]).toEqual(['planned', false]);
});

it('an undo of several is as risky as the riskiest of them', async () => {
  const { id } = await kernel.ask(maria, 'builder open builder1');
  const askings = ['builder1', 'builder2'].map((host) => ({ command: 'builder open', given: { host } }));
  const asked = await kernel.requests.create('test:undo', {
    type: 'asked',
    by: { id: 'maria', name: 'maria' },
    data: {
      askings,
      text: `undo ${id}`,
      undoes: id,
      place: { kind: 'terminal', where: 't', purpose: 'origin' },
    },
  });
  now.risk = 'high';
  await kernel.settle();
  expect((await kernel.load(asked.id)).plan).toMatchObject({ needs: { people: 2 }, steps: [{}, {}] });
});

it('raises nothing that is stricter already', () => {
  const rule = ruleOf(open, { people: 3, expiresHours: 4 });
  expect(raised(rule, 'high').approval).toMatchObject({ people: 3, ownRequest: false, expiresHours: 4 });
  expect(raised(rule, undefined)).toBe(rule);
});
