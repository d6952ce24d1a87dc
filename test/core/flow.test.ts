import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import builderCapacity from '../../commands/builder-capacity/command.ts';
import builderDisable from '../../commands/builder-disable/command.ts';
import builderEnable from '../../commands/builder-enable/command.ts';
import builderList from '../../commands/builder-list/command.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';

const { maria, adam, bea, nobody } = PEOPLE;

describe.each(['1.20', '1.35'] as const)('a request from asking to the end, hub %s', (version) => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await startKernel({
      version,
      registry: createRegistry([builderCapacity, builderDisable, builderEnable, builderList]),
    });
  });
  afterAll(() => kernel.close());

  const capacity = (name: string) => kernel.hub.world.hosts.find((host) => host.name === name)?.capacity;

  it('is planned, approved by somebody else, carried out once, and checked', async () => {
    const asked = await kernel.ask(maria, 'builder capacity builder2 8');
    expect(asked.status).toBe('planned');
    expect(asked.plan?.title).toBe('Raise the capacity of builder2 from 4 to 8');
    expect(capacity('builder2')).toBe(4);
    const own = await kernel.say(maria, `approve ${asked.id}`);
    expect(own).toMatchObject({ kind: 'decided', reply: { tone: 'bad' } });
    const yes = await kernel.say(adam, `approve ${asked.id}`);
    expect(yes).toMatchObject({ kind: 'decided', reply: { tone: 'good' } });
    await kernel.settle();
    const done = await kernel.load(asked.id);
    expect(kernel.log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
    expect(done.status).toBe('succeeded');
    expect(capacity('builder2')).toBe(8);
    expect(kernel.hub.history().filter((call) => call.method === 'editHost')).toHaveLength(1);
  });

  it('says so and ends when there is nothing to do', async () => {
    const again = await kernel.ask(maria, 'builder capacity builder2 8');
    expect(again).toMatchObject({ status: 'succeeded', says: 'Nothing to do: it is so already.' });
  });

  it('can be undone, as a request of its own that somebody approves', async () => {
    const asked = await kernel.ask(maria, 'builder capacity builder3 9.5');
    await kernel.say(adam, 'approve', asked.id);
    await kernel.settle();
    const undo = await kernel.ask(maria, `undo ${asked.id}`);
    expect(undo).toMatchObject({ status: 'planned', undoes: asked.id });
    await kernel.say(bea, `approve ${undo.id}`);
    await kernel.settle();
    expect(capacity('builder3')).toBe(8);
    expect((await kernel.load(asked.id)).undoneBy).toBe(undo.id);
    expect(await kernel.say(maria, `undo ${asked.id}`)).toMatchObject({ reply: { tone: 'warn' } });
  });

  it('stops and asks again when the world moved after the approval', async () => {
    const asked = await kernel.ask(maria, 'builder capacity builder* 10');
    const first = kernel.hub.world.hosts.find((host) => host.name === 'builder1');
    if (first) first.capacity = 10;
    kernel.hub.world.hosts.push({
      ...(first ?? kernel.hub.world.hosts[0]),
      id: 77,
      name: 'builder9',
      capacity: 3,
    } as never);
    kernel.hinted.length = 0;
    await kernel.say(adam, `approve ${asked.id}`);
    await kernel.settle();
    const drifted = await kernel.load(asked.id);
    expect(drifted).toMatchObject({ status: 'planned', plan: { n: 2, approvals: [] } });
    expect(await kernel.say(adam, `approve ${asked.id}`)).toMatchObject({ reply: { tone: 'warn' } });
    await kernel.say(adam, `approve ${asked.id} plan=2`);
    await kernel.settle();
    expect((await kernel.load(asked.id)).status).toBe('succeeded');
    expect(capacity('builder9')).toBe(10);
  });

  it('refuses who may not ask and says who can', async () => {
    expect(await kernel.say(nobody, 'builder capacity builder2 8')).toMatchObject({
      kind: 'reply',
      reply: { tone: 'bad' },
    });
  });

  it('answers a reading command without any approval', async () => {
    const answered = await kernel.ask(maria, 'builder list');
    expect(answered.status).toBe('answered');
    expect(answered.answer?.table?.rows.length).toBeGreaterThan(3);
  });

  it('has help for whoever asks in a sentence, and offers no line that would not be read', async () => {
    const told = async (text: string) => {
      const said = await kernel.say(maria, text);
      return said.kind === 'reply' ? said.reply : null;
    };
    for (const line of ['help please, what can you do', 'help please', 'help me!'])
      expect((await told(line))?.title, line).toBe('What you can ask for');
    expect((await told('help builder capacity, please'))?.title).toContain('builder capacity <');
    expect((await told('help builder capasity'))?.next).toEqual(['help builder capacity']);
    expect((await told('help nosuch'))?.title).toBe('There is no command called “nosuch”.');
    expect((await told('aprove builder1'))?.next).toEqual(['help approve']);
    expect((await told('aprove r1'))?.next).toEqual(['approve r1']);
  });

  it('keeps the record whole', async () => {
    expect(await kernel.store.ledger.verify()).toMatchObject({ ok: true });
  });
});
