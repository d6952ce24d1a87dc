import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { drawCard } from '../../src/core/drawing.ts';
import type { HowFar, Intent, Step } from '../../src/core/plan.ts';
import { Unavailable } from '../../src/core/refused.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { HOUR, MINUTE, makeClock, step } from './support.ts';

const { maria, bea } = PEOPLE;
const clock = makeClock();
const far: { now: HowFar | Error; asked: (readonly Intent[])[] } = {
  now: { kind: 'done', says: '' },
  asked: [],
};

const plain = { changes: [], evidence: [], guards: [] } as const;
const regen = (tag: string): Step => step(`newrepo:${tag}`, `Make ${tag} anew`, 'once', 'newRepo', [tag]);

/** Makes two repositories anew, waits for both, and tells people. */
const make = defineCommand({
  name: 'repo make',
  summary: 'Make two repositories anew and tell people when they are there',
  params: z.object({}),
  risk: 'low',
  ask: ['packager'],
  examples: ['repo make'],
  locks: () => ['mrepo'],
  plan: async () => ({
    kind: 'plan',
    title: 'Make both anew',
    steps: [
      regen('foreman-nightly-el8-build'),
      regen('katello-nightly-el8-build'),
      {
        ...plain,
        key: 'ready',
        title: 'Wait until both are ready',
        kind: 'once',
        effect: {
          kind: 'wait',
          for: ['newrepo:foreman-nightly-el8-build', 'newrepo:katello-nightly-el8-build'],
          hours: 2,
        },
      },
      {
        ...plain,
        key: 'announce',
        title: 'Tell packagers',
        kind: 'once',
        effect: { kind: 'notice', audience: 'packagers', title: 'Both are ready', text: 'Use them.' },
      },
    ],
  }),
  howFar: async (begun) => {
    far.asked.push(begun);
    if (far.now instanceof Error) throw far.now;
    return far.now;
  },
});

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({ registry: createRegistry([make]), now: clock.now });
});
afterAll(() => kernel?.close());
beforeEach(() => {
  far.now = { kind: 'goes-on', says: 'both are made' };
  far.asked = [];
  kernel.hub.world.changes = [];
  kernel.hinted.length = 0;
});

const told = async (id: string): Promise<number> =>
  (await kernel.store.notices.pending(50)).filter(({ notice }) => notice.key.startsWith(`${id}:`)).length;

async function begun(): Promise<string> {
  const { id } = await kernel.ask(maria, 'repo make');
  await kernel.say(bea, `approve ${id}`);
  await kernel.settle();
  return id;
}
async function later(id: string, ms: number) {
  clock.forward(ms);
  await kernel.sweep();
  await kernel.settle();
  return kernel.load(id);
}

describe('a plan that waits for what it began', () => {
  it('says so in what is approved, asks for what it began, and tells people once, when it is so', async () => {
    const { id } = await kernel.ask(maria, 'repo make');
    const asked = await kernel.load(id);
    expect(drawCard(asked, 'low').steps[2]?.call).toBe(
      'wait for newrepo:foreman-nightly-el8-build, newrepo:katello-nightly-el8-build: 2 hours at most',
    );
    await kernel.say(bea, `approve ${id}`);
    await kernel.settle();
    const waits = drawCard(await later(id, MINUTE), 'low');
    expect([waits.line, waits.tone, waits.steps[2]?.says]).toEqual([
      'The hub goes on with it by itself. I wait for that, for 2 hours at most.',
      'info',
      'both are made',
    ]);
    expect(far.asked.at(-1)?.map(({ step }) => step.key)).toEqual([
      'newrepo:foreman-nightly-el8-build',
      'newrepo:katello-nightly-el8-build',
    ]);
    expect(await told(id)).toBe(0);
    far.now = { kind: 'done', says: 'both are ready' };
    const done = await later(id, MINUTE);
    expect([done.status, done.says, await told(id)]).toEqual([
      'succeeded',
      'All 4 steps are done, and checked.',
      1,
    ]);
    expect(drawCard(done, 'low').steps[2]?.says).toBe('both are ready');
  });

  it('tells nobody when it fails, makes anew what failed after `resume`, and tells then', async () => {
    const id = await begun();
    far.now = { kind: 'failed', says: 'task 7 failed', again: ['newrepo:katello-nightly-el8-build'] };
    const failed = await later(id, MINUTE);
    expect([failed.status, failed.says]).toEqual([
      'failed',
      '“Wait until both are ready” failed: task 7 failed. 1 of 4 steps is done, and stays done.',
    ]);
    expect(drawCard(failed, 'low').next).toContain(`\`resume ${id}\``);
    expect(await told(id)).toBe(0);
    far.now = { kind: 'done', says: 'both are ready' };
    await kernel.say(maria, `resume ${id}`);
    await kernel.settle();
    expect([(await later(id, MINUTE)).status, await told(id)]).toEqual(['succeeded', 1]);
    expect(kernel.hub.history().map(({ args }) => args[0])).toEqual([
      'foreman-nightly-el8-build',
      'katello-nightly-el8-build',
      'katello-nightly-el8-build',
    ]);
  });

  it('goes on without it after its hours, says so, and tells nobody what is not so yet', async () => {
    const id = await begun();
    await later(id, MINUTE);
    const late = await later(id, 2 * HOUR);
    expect([late.status, late.says]).toEqual([
      'succeeded',
      '2 of 4 steps are done, and checked. “Wait until both are ready”: Not ended yet after 2 hours, so I wait no longer. ' +
        'both are made. Nobody else was told of it, because it is not so yet.',
    ]);
    expect(await told(id)).toBe(0);
  });

  it('does not fail where it cannot be looked at: the log has a cause of ours, and its hours still end it', async () => {
    const id = await begun();
    far.now = new Unavailable('the hub', 'The hub does not answer.');
    const away = await later(id, MINUTE);
    expect(drawCard(away, 'low').steps[2]?.says).toBe(
      'How far it is cannot be seen now. The hub does not answer. I look again by myself.',
    );
    far.now = new Error('a bug');
    const wrong = await later(id, MINUTE);
    expect([
      wrong.status,
      kernel.log.lines.some((line) => line.includes('a wait cannot be looked at')),
    ]).toEqual(['running', true]);
    expect((await later(id, 2 * HOUR)).status).toBe('succeeded');
  });

  it('lets others have its locks meanwhile, and takes them again for what follows', async () => {
    const id = await begun();
    await kernel.store.locks.acquire('r999', 'somebody', ['mrepo'], HOUR * 10);
    far.now = { kind: 'done', says: 'both are ready' };
    const over = await later(id, MINUTE);
    expect([over.waiting?.reason, over.plan?.steps[2]?.state, await told(id)]).toEqual(['lock', 'done', 0]);
    await kernel.store.locks.release('r999');
    expect([(await later(id, MINUTE)).status, await told(id)]).toEqual(['succeeded', 1]);
  });

  it('waits no longer after `cancel`, whoever is looking at that moment', async () => {
    const id = await begun();
    await later(id, MINUTE);
    const card = drawCard(await kernel.load(id), 'low');
    expect(card.actions.map(({ verb, confirm }) => [verb, confirm])).toEqual([
      ['cancel', 'It is waited for no longer. What the hub is at goes on there.'],
    ]);
    await kernel.say(maria, `cancel ${id} because=enough`);
    far.now = { kind: 'done', says: 'both are ready' };
    const ended = await later(id, MINUTE);
    expect(drawCard(ended, 'low').line).toBe(
      'Cancelled by maria: enough. 2 of 4 steps are done, and stay done. It was not waited for any longer: both are made.',
    );
    expect(await told(id)).toBe(0);
  });
});
