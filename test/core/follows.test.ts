import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand, type View } from '../../src/core/command.ts';
import { hostName } from '../../src/core/fields.ts';
import type { Intent, Step } from '../../src/core/plan.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { run } from '../../src/core/runner.ts';
import { onlyCrash, startMortal } from '../support/crash.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { step } from './support.ts';

const { maria, bea } = PEOPLE;
const TAG = 'foreman-nightly-el8-build';

/** Enables a builder, and makes a repository anew because of it: only the first can be seen in the world. */
const wake = defineCommand({
  name: 'builder wake',
  summary: 'Enable a builder and make a repository anew',
  params: z.object({ host: hostName({ title: 'Builder', hint: 'One.', example: 'builder3' }) }),
  risk: 'low',
  ask: ['packager'],
  examples: ['builder wake builder3'],
  async plan({ host }, view: View) {
    const { enabled } = z
      .object({ enabled: z.boolean() })
      .parse(await view.hub.read({ method: 'getHost', args: [host] }, view.signal));
    const key = `enable:${host}`;
    const steps: readonly Step[] = [
      step(key, `Enable ${host}`, 'set', 'enableHost', [host]),
      { ...step('regen', `Make ${TAG} anew`, 'once', 'newRepo', [TAG]), follows: [key] },
    ];
    return { kind: 'plan', title: `Wake ${host}`, steps: enabled ? [] : steps };
  },
  happened: async ({ at }: Intent, view: View) => {
    const tasks = z
      .array(z.object({ method: z.string(), create_ts: z.number() }))
      .parse(await view.hub.read({ method: 'listTasks', args: [{ method: 'newRepo' }] }, view.signal));
    return tasks.some((task) => task.create_ts * 1000 >= at.getTime() - 1_000) ? 'done' : 'not-done';
  },
});

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({ registry: createRegistry([wake]) });
});
afterAll(() => kernel.close());

const { signal } = new AbortController();
const calls = (): readonly string[] => kernel.hub.history().map(({ method }) => method);

async function approved(): Promise<string> {
  const { id } = await kernel.ask(maria, 'builder wake builder3');
  await kernel.say(bea, `approve ${id}`);
  kernel.hinted.length = 0;
  return id;
}

beforeEach(() => {
  for (const host of kernel.hub.world.hosts) host.enabled = host.name !== 'builder3';
  kernel.hub.world.tasks = [];
  kernel.hub.world.changes = [];
});

describe('a step that follows from another one', () => {
  it('is taken once wherever the worker dies, though the world no longer asks for it', {
    timeout: 120_000,
  }, async () => {
    const dry = startMortal(kernel, 0);
    await run(await approved(), dry.work, signal);
    for (let at = 1; at <= dry.crossings.length; at++) {
      for (const host of kernel.hub.world.hosts) host.enabled = host.name !== 'builder3';
      kernel.hub.world.tasks = [];
      kernel.hub.world.changes = [];
      const id = await approved();
      const mortal = startMortal(kernel, at);
      await run(id, mortal.work, signal).catch(onlyCrash);
      await kernel.lapse();
      await run(id, kernel.work, signal);
      const where = mortal.crossings.at(-1);
      expect([where, (await kernel.load(id)).status]).toEqual([where, 'succeeded']);
      expect([where, calls()]).toEqual([where, ['enableHost', 'newRepo']]);
    }
  });

  it('is not owed by a request that found the other one done by somebody else', async () => {
    const [first, second] = [await approved(), await approved()];
    await run(first, kernel.work, signal);
    await run(second, kernel.work, signal);
    expect(calls()).toEqual(['enableHost', 'newRepo']);
    expect(await kernel.load(second)).toMatchObject({ status: 'succeeded', says: /somebody else/ });
  });
});
