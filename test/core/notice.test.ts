import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { hostName, words } from '../../src/core/fields.ts';
import type { Plan, Step } from '../../src/core/plan.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { run } from '../../src/core/runner.ts';
import { onlyCrash, startMortal } from '../support/crash.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { pointsUpTo } from '../support/thorough.ts';
import { step } from './support.ts';
import { watchTests } from './watching-suite.ts';

const { maria, adam } = PEOPLE;

const base = { changes: [], evidence: [], guards: [] };
const host = z.object({ enabled: z.boolean() });

/** `builder farewell <host> …`: disables it and tells the packagers; a disabled one needs nothing, and no message. */
const farewell = defineCommand({
  name: 'builder farewell',
  summary: 'Disable a builder and say so',
  params: z.object({
    host: hostName({ title: 'Host', hint: 'A builder.', example: 'builder2' }),
    text: words({ title: 'Text', hint: 'What people read.', example: 'it moves' }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  examples: ['builder farewell builder2 it moves'],
  async plan({ host: name, text }, view): Promise<Plan> {
    const { enabled } = host.parse(await view.hub.read({ method: 'getHost', args: [name] }, view.signal));
    const [audience, ...lines] = text.includes('/') ? text.split('/') : ['packagers', text];
    const steps: Step[] = [
      step('disable', `Disable ${name}`, 'set', 'disableHost', [name]),
      {
        ...base,
        key: 'tell',
        title: 'Tell the packagers',
        kind: 'once',
        effect: {
          kind: 'notice',
          audience: audience ?? '',
          title: `${name} is away`,
          text: lines.join('\n'),
        },
      },
    ];
    return { kind: 'plan', title: `Farewell to ${name}`, steps: enabled ? steps : [] };
  },
});

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({ registry: createRegistry([farewell]) });
});
afterAll(() => kernel.close());
beforeEach(() => {
  for (const one of kernel.hub.world.hosts) one.enabled = true;
  kernel.hub.world.changes = [];
});

const alive = () => new AbortController().signal;
const stored = async (id: string) =>
  (await kernel.store.notices.pending(500))
    .map((one) => one.notice)
    .filter((one) => one.key.startsWith(`${id}:`));

async function approved(line = 'builder farewell builder2 it moves to another rack'): Promise<string> {
  const { id } = await kernel.ask(maria, line);
  await kernel.say(adam, `approve ${id}`);
  kernel.hinted.length = 0;
  return id;
}

describe('a message as a step', () => {
  it('is shown word by word before it is approved, and stored when it runs', async () => {
    const id = await approved();
    const card = await kernel.desk.card(id);
    expect(card?.steps[1]?.call).toBe(
      'message to "packagers":\n  "builder2 is away"\n  "it moves to another rack"',
    );
    expect(await stored(id)).toEqual([]);
    await run(id, kernel.work, alive());
    const request = await kernel.load(id);
    expect(request.status).toBe('succeeded');
    expect(await stored(id)).toEqual([
      {
        key: `${id}:${request.plan?.steps[1]?.digest}`,
        to: { kind: 'audience', name: 'packagers' },
        title: 'builder2 is away',
        lines: ['it moves to another rack'],
        texts: [],
        next: [],
      },
    ]);
  });

  it('is stored exactly once, whatever dies on the way, also where the work was done before the crash', async () => {
    const dry = startMortal(kernel, 0);
    await run(await approved(), dry.work, alive());
    expect(dry.crossings).toContain('after notice put');
    for (const at of pointsUpTo(dry.crossings.length, 8)) {
      for (const one of kernel.hub.world.hosts) one.enabled = true;
      const id = await approved();
      const mortal = startMortal(kernel, at);
      await run(id, mortal.work, alive()).catch(onlyCrash);
      await kernel.lapse();
      await run(id, kernel.work, alive());
      const where = mortal.crossings.at(-1);
      const request = await kernel.load(id);
      expect([where, request.status, (await stored(id)).length]).toEqual([where, 'succeeded', 1]);
      expect(request.plan?.steps.map((now) => now.state)).toEqual(['done', 'done']);
    }
  });

  it('is not said where somebody else did the work meanwhile', async () => {
    const id = await approved();
    for (const one of kernel.hub.world.hosts) one.enabled = false;
    await run(id, kernel.work, alive());
    expect(await kernel.load(id)).toMatchObject({ status: 'succeeded' });
    expect(await stored(id)).toEqual([]);
  });

  it('goes to the approvers where the config has no such audience, and the plan says so', async () => {
    const request = await kernel.ask(maria, 'builder farewell builder2 strangers/it moves');
    expect(request.plan?.notes).toEqual([
      'The config names no audience strangers (`audiences`), so the message to them goes to the approvers.',
    ]);
  });

  it('is refused before anybody approves it where it cannot be sent', async () => {
    const long = await kernel.ask(maria, `builder farewell builder2 packagers/${'line/'.repeat(41)}`);
    expect(long).toMatchObject({
      status: 'refused',
      says: expect.stringMatching(/cannot be sent: it has 42 lines, of 40 at most/),
    });
  });
});

it('the form of a line is there to be shown, filled as far as the line goes; the line asks for nothing', async () => {
  const before = await kernel.store.requests.list({ limit: 1 });
  const form = kernel.desk.form('builder farewell builder2 text=…');
  expect(form?.fields.map(({ name, value }) => [name, value])).toEqual([
    ['host', 'builder2'],
    ['text', ''],
  ]);
  expect(kernel.desk.form('approve r1')).toBeNull();
  expect(kernel.desk.form('no such command')).toBeNull();
  expect(await kernel.store.requests.list({ limit: 1 })).toEqual(before);
});

watchTests(() => kernel.database);
