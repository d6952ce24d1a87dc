import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand, type View } from '../../src/core/command.ts';
import { accountName } from '../../src/core/fields.ts';
import type { Plan } from '../../src/core/plan.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { told } from './support.ts';

const { maria, adam, nobody } = PEOPLE;

/** Whom the view knew the asker as, at the last look. */
const seen: { koji: string | undefined } = { koji: undefined };

/** `badge make [for=…]`: anybody for themselves, only an admin for somebody else. */
const badge = defineCommand({
  name: 'badge make',
  summary: 'Enable a builder, and note who wants it',
  params: z.object({
    for: accountName({ title: 'For', hint: 'Somebody.', example: 'pat', named: true }).optional(),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  narrower: ({ for: other }) => (other ? { roles: ['admin'], what: 'badge make for=…' } : null),
  examples: ['badge make'],
  async plan(_, view: View): Promise<Plan> {
    seen.koji = view.asker.accounts.koji;
    const step = {
      key: 'badge',
      title: 'Enable builder3',
      kind: 'set',
      effect: { kind: 'hub', method: 'enableHost', args: ['builder3'] },
      changes: [],
      evidence: [],
      guards: [],
      inverse: { command: 'badge make', given: { for: 'pat' }, restores: 'full' },
    } as const;
    const { enabled } = z
      .object({ enabled: z.boolean() })
      .parse(await view.hub.read({ method: 'getHost', args: ['builder3'] }, view.signal));
    return { kind: 'plan', title: 'Make a badge', steps: enabled ? [] : [step] };
  },
});

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel({
    registry: createRegistry([badge]),
    hubWorld: (world) => {
      for (const host of world.hosts) host.enabled = host.name !== 'builder3';
    },
  });
});
afterAll(() => kernel.close());

describe('a part of a command that is for fewer people', () => {
  it('is refused to others, in words, and the refusal stands in the record', async () => {
    const said = await kernel.say(maria, 'badge make for=pat');
    expect(told(said)).toBe(
      'You may not ask for `badge make for=…`: it is for an admin, and you are a packager. Ask one of the admins to ask for it.',
    );
    const rows = await kernel.store.ledger.rows(0, 100);
    expect(JSON.stringify(rows)).toContain('asking-refused');
  });

  it('is open to those, and the rest of it to everybody', async () => {
    expect((await kernel.say(adam, 'badge make for=pat')).kind).toBe('request');
    expect((await kernel.say(maria, 'badge make')).kind).toBe('request');
    expect(told(await kernel.say(nobody, 'badge make'))).toContain('You may not ask for `badge make`');
  });

  it('is not had by way of undo either', async () => {
    const { id } = await kernel.ask(maria, 'badge make');
    await kernel.say(adam, `approve ${id}`);
    await kernel.settle();
    expect((await kernel.load(id)).status).toBe('succeeded');
    expect(told(await kernel.say(maria, `undo ${id}`))).toContain(`You may not ask for \`undo ${id}\``);
    expect((await kernel.say(adam, `undo ${id}`)).kind).toBe('request');
  });
});

it('a command is told who the asker is on the hub, where the config knows it', async () => {
  await kernel.ask(maria, 'badge make');
  expect(seen.koji).toBe('maria');
  await kernel.ask({ ...maria, id: 'slack:T1/U9' }, 'badge make');
  expect(seen.koji).toBeUndefined();
});
