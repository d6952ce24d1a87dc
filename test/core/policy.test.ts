import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import builderCapacity from '../../commands/builder-capacity/command.ts';
import { defineCommand } from '../../src/core/command.ts';
import type { Plan } from '../../src/core/plan.ts';
import { loosens, ruleOf, strictest } from '../../src/core/policy.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { run } from '../../src/core/runner.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, HOUR, makeComment, makeRegen, startBench, told } from './support.ts';

const { maria, adam, bea, carl, nobody } = PEOPLE;
const comment = makeComment().command;
const regen = makeRegen().command;

describe('what the config says of a command', () => {
  it('may be stricter', () => {
    const by = { ask: ['admin'], people: 2, expiresHours: 4 };
    expect(loosens(builderCapacity, by)).toEqual([]);
    expect(ruleOf(builderCapacity, by)).toEqual({
      ask: ['admin'],
      approval: { roles: ['admin'], people: 2, ownRequest: false, expiresHours: 4 },
      risk: 'low',
    });
  });

  it('is told path by path what it would loosen, and cannot', () => {
    const by = { ask: ['everybody'], roles: ['packager'], people: 1, ownRequest: true, expiresHours: 999 };
    expect(loosens(comment, by).map((one) => one.path)).toEqual([
      'ask',
      'roles',
      'people',
      'ownRequest',
      'expiresHours',
    ]);
    expect(ruleOf(comment, by).approval).toMatchObject({ people: 2, ownRequest: false, expiresHours: 72 });
  });

  it('may forbid what a command allows: to approve one’s own request', () => {
    const own = defineCommand({ ...declaration, approval: { ownRequest: true } });
    expect(ruleOf(own).approval.ownRequest).toBe(true);
    expect(ruleOf(own, { ownRequest: false }).approval.ownRequest).toBe(false);
  });

  it('counts as the strictest of all for an undo of several commands', () => {
    const rule = strictest([
      ruleOf(builderCapacity, { expiresHours: 4 }),
      ruleOf(comment),
      ruleOf(regen, { ask: ['admin'] }),
    ]);
    expect(rule).toEqual({
      ask: ['admin'],
      approval: { roles: ['admin'], people: 2, ownRequest: false, expiresHours: 4 },
      risk: 'high',
    });
  });
});

const declaration = {
  name: 'own',
  summary: 'x',
  params: regen.params,
  risk: 'low',
  ask: ['admin'],
  examples: ['own x'],
  plan: async (): Promise<Plan> => ({ kind: 'plan', title: 'x', steps: [] }),
} as const;

describe('a declaration', () => {
  it('of risk high that one person could approve is refused at start', () => {
    const high = { ...declaration, risk: 'high' } as const;
    expect(() => createRegistry([defineCommand({ ...high, approval: { people: 1 } })])).toThrow(/two others/);
    expect(() => createRegistry([defineCommand({ ...high, approval: { ownRequest: true } })])).toThrow(
      /two others/,
    );
  });

  it('that changes something and needs nobody, or that is there twice, is refused at start', () => {
    expect(() => createRegistry([defineCommand({ ...declaration, approval: { people: 0 } })])).toThrow(
      /somebody must approve/,
    );
    expect(() => createRegistry([regen, regen])).toThrow(/twice/);
  });
});

describe('a decision', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.kernel.close());
  beforeEach(() => bench.reset());

  const say = async (who: (typeof PEOPLE)[keyof typeof PEOPLE], line: string) =>
    told(await bench.kernel.say(who, line));
  const ask = (line: string) => bench.kernel.ask(maria, line);

  it('of two approvers in the same second counts for both', async () => {
    const { id, plan } = await ask('builder comment builder2 being mended');
    expect(plan?.needs.people).toBe(2);
    const both = await Promise.all([say(adam, `approve ${id}`), say(bea, `approve ${id}`)]);
    expect(both.sort()).toEqual(
      [
        `Your yes to ${id} counts. It waits for 1 more.`,
        `${id} is approved. It starts as soon as nothing is in its way.`,
      ].sort(),
    );
    await bench.kernel.settle();
    const done = await bench.kernel.load(id);
    expect(done).toMatchObject({ status: 'succeeded' });
    expect(done.plan?.approvals.map((yes) => yes.by.id).sort()).toEqual(['adam', 'bea']);
    expect(bench.calls('editHost')).toBe(1);
  });

  it('in the forum counts for low risk, and is refused for high risk with where to say it', async () => {
    const inForum = async (who: (typeof PEOPLE)[keyof typeof PEOPLE], line: string) =>
      told(
        await bench.kernel.desk.say({
          who,
          text: line,
          place: { kind: 'discourse', where: '7', purpose: 'origin' },
          origin: `forum:${line}:${who.id}`,
        }),
      );
    const low = await ask('builder capacity builder2 8');
    expect(await inForum(adam, `approve ${low.id}`)).toMatch(/is approved/);
    await bench.kernel.settle();
    const high = await ask('builder comment builder2 being mended');
    expect(await inForum(adam, `approve ${high.id}`)).toMatch(/not decided in the forum.*in chat/);
    expect((await bench.kernel.load(high.id)).plan?.approvals).toEqual([]);
    expect(await inForum(bea, `deny ${high.id} because=not now`)).toMatch(/is denied/);
    expect(await inForum(adam, 'freeze because=I say so')).toMatch(/not taken from the forum/);
  });

  it('of the same person, twice in the same second, counts once', async () => {
    const { id } = await ask('builder comment builder2 being mended');
    const twice = await Promise.all([say(adam, `approve ${id}`), say(adam, `approve ${id}`)]);
    expect(twice).toContainEqual(`Your yes to ${id} counts. It waits for 1 more.`);
    expect(twice).toContainEqual(
      `You have approved ${id} already. It waits for 1 more admin (not maria, adam).`,
    );
    expect((await bench.kernel.load(id)).status).toBe('planned');
  });

  it('of a second approver where one was enough says who approved it', async () => {
    const { id } = await ask('builder capacity builder2 8');
    const both = await Promise.all([say(adam, `approve ${id}`), say(bea, `approve ${id}`)]);
    expect(both).toContainEqual(`${id} is approved. It starts as soon as nothing is in its way.`);
    expect(both).toContainEqual(
      expect.stringMatching(/does not wait for a decision: it was approved by (adam|bea) and is under way/),
    );
    await bench.kernel.settle();
    expect(bench.calls('editHost')).toBe(1);
  });

  it('to approve after a no changes nothing, and says whose no it was and why', async () => {
    const { id } = await ask('builder capacity builder2 8');
    expect(await say(adam, `deny ${id} because=it is being replaced`)).toContain(`${id} is denied.`);
    expect(await say(bea, `approve ${id}`)).toContain('it was denied by adam (it is being replaced)');
    await bench.kernel.settle();
    expect(bench.calls('editHost')).toBe(0);
  });

  it('about one’s own request is refused, unless it is to cancel it', async () => {
    const { id } = await bench.kernel.ask(adam, 'builder capacity builder2 8');
    expect(await say(adam, `approve ${id}`)).toBe(
      `You asked for ${id} yourself, so somebody else has to approve it. It waits for 1 admin (not adam).`,
    );
    expect(await say(adam, `cancel ${id}`)).toBe(`${id} is cancelled.`);
    expect(await say(bea, `approve ${id}`)).toContain('it was cancelled by adam');
  });

  it('of somebody without the role is refused, and stands in the audit trail', async () => {
    const { id } = await ask('builder capacity builder2 8');
    expect(await say(maria, `deny ${id} because=no`)).toContain('You may not deny');
    expect(await say(nobody, `approve ${id}`)).toContain(
      'that takes an admin, and you are nobody that I know',
    );
    expect(await say(nobody, `cancel ${id}`)).toContain(
      'Only maria, who asked, or one of the admins can cancel',
    );
    const rows = JSON.stringify(await bench.kernel.store.ledger.rows(0, 500));
    expect(rows.match(/decision-refused/g)?.length).toBeGreaterThanOrEqual(3);
  });

  it('about an older plan than the one that stands is refused, and the new one is named', async () => {
    const { id } = await ask('builder capacity builder1,builder2 12');
    await say(adam, `approve ${id}`);
    bench.builder('builder1').capacity = 12;
    // One is so already, which takes nothing away from the yes to the other.
    await bench.kernel.settle();
    expect(await bench.kernel.load(id)).toMatchObject({ status: 'succeeded', plan: { n: 1 } });

    const lower = await ask('builder capacity builder1 6');
    await say(adam, `approve ${lower.id}`);
    bench.builder('builder1').capacity = 5;
    // The same call, and now it would raise what was to be lowered: that is not what was read.
    await bench.kernel.settle();
    expect(await bench.kernel.load(lower.id)).toMatchObject({ status: 'planned', plan: { n: 2 } });

    const several = await ask('builder capacity builder* 20');
    bench.kernel.hub.world.hosts.push({ ...bench.builder('builder2'), id: 70, name: 'builder7' });
    await say(adam, `approve ${several.id}`);
    await bench.kernel.settle();
    expect(await bench.kernel.load(several.id)).toMatchObject({ status: 'planned', plan: { n: 2 } });
    const pressed = await bench.kernel.desk.press({
      who: adam,
      verb: 'approve',
      request: several.id,
      plan: 1,
      place: several.place,
      origin: 'old button',
    });
    expect(told(pressed)).toContain(`The plan of ${several.id} has changed: it is now plan 2.`);
    expect((await bench.kernel.load(several.id)).status).toBe('planned');
  });

  it('to deny needs a reason, from a button too', async () => {
    const { id, place } = await ask('builder capacity builder2 8');
    const pressed = { who: adam, verb: 'deny', request: id, plan: 1, place, origin: 'deny button' };
    expect(told(await bench.kernel.desk.press(pressed))).toContain('Say why');
    expect(await say(adam, `deny ${id}`)).toContain('needs');
    expect((await bench.kernel.load(id)).status).toBe('planned');
  });

  it('that cannot be read is mended with the request that was meant, never with another', async () => {
    const next = async (text: string, here?: string) => {
      const said = await bench.kernel.say(adam, text, here);
      return said.kind === 'reply' ? said.reply.next : said.kind;
    };
    expect(await next('deny r4')).toEqual(['deny r4 because=…']);
    expect(await next('deny 4 plan=2')).toEqual(['deny r4 plan=2 because=…']);
    expect(await next('deny', 'r5')).toEqual(['deny r5 because=…']);
    expect(await next('resolve r4')).toEqual(['resolve r4 done', 'resolve r4 not-done']);
    expect(await next('approve r4 plan=x')).toEqual(['approve r4']);
    for (const line of ['deny', 'approve', 'approve it']) expect(await next(line)).toEqual(['requests open']);
    expect(await next('freeze')).toEqual(['freeze because=…']);
  });

  it('to freeze or thaw is not taken from the forum, and comes with the line to say in chat', async () => {
    const place = { kind: 'discourse', where: '7', purpose: 'origin' } as const;
    const inForum = async (text: string) =>
      told(await bench.kernel.desk.say({ who: adam, text, place, origin: `forum ${text}` }));
    expect(await inForum('freeze because=the hub moves')).toContain(
      'say `/koji freeze because=the hub moves`;',
    );
    expect(await inForum('thaw')).toContain('say `/koji thaw`;');
  });

  it('on a request nobody knows, or on none, is answered', async () => {
    expect(await say(adam, 'approve r99999')).toBe('There is no request r99999.');
    expect(await say(adam, 'approve')).toContain('Which request do you mean?');
    expect(await say(adam, 'approve it, please')).toContain('Which request do you mean?');
    const { id } = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    const place = { kind: 'discourse', where: '7', purpose: 'origin' } as const;
    const said = await bench.kernel.desk.say({
      ...{ who: adam, text: 'deny because=not now', place, origin: 'of several' },
      among: [id, 'r99999'],
    });
    expect(said).toMatchObject({ reply: { next: [`deny ${id} because=not now`] } });
  });

  it('to cancel a request that has no plan yet is for its asker and for those who could approve it', async () => {
    await bench.kernel.hub.misbehave({ kind: 'down' });
    const { id, status } = await ask('builder capacity builder2 8');
    expect(status).toBe('asked');
    expect(await say(nobody, `cancel ${id}`)).toContain('Only maria');
    expect(await say(adam, `cancel ${id}`)).toBe(`${id} is cancelled.`);
  });

  it('by nobody is asked for once more after four hours, and after three days it expires', async () => {
    const { id } = await ask('builder capacity builder2 8');
    expect((await bench.later(3.9 * HOUR, id)).plan?.reminded).toBe(false);
    expect((await bench.later(0.2 * HOUR, id)).plan?.reminded).toBe(true);
    const card = await bench.kernel.desk.card(id);
    expect(card?.notice?.text).toContain('Still waiting');
    expect((await bench.later(67 * HOUR, id)).status).toBe('planned');
    const expired = await bench.later(HOUR, id);
    expect(expired.status).toBe('expired');
    expect(await say(adam, `approve ${id}`)).toContain('it expired, because nobody decided in time');
    expect((await bench.kernel.desk.card(id))?.next).toBe(
      'Ask again with `builder capacity builder2 8` if it is still wanted.',
    );
  });

  it('comes too late once the time is over, also where no sweeper has noticed', async () => {
    const { id } = await ask('builder capacity builder2 8');
    bench.clock.forward(73 * HOUR);
    expect(await say(adam, `approve ${id}`)).toContain(`${id} has expired`);
    expect((await bench.kernel.load(id)).plan?.approvals).toEqual([]);
  });

  it('of a no in the same second as a yes is one of the two, and the same everywhere', async () => {
    const { id } = await ask('builder capacity builder2 8');
    await Promise.all([say(adam, `approve ${id}`), say(bea, `deny ${id} because=not now`)]);
    await bench.kernel.settle();
    const { status } = await bench.kernel.load(id);
    expect([status, bench.calls('editHost')]).toEqual(status === 'denied' ? ['denied', 0] : ['succeeded', 1]);
  });

  it('is needed of nobody for a plan too long to be read, because nobody can give it', async () => {
    const host = bench.builder('builder2');
    for (let n = 0; n < 120; n++)
      bench.kernel.hub.world.hosts.push({ ...host, id: 200 + n, name: `farm${n}` });
    const { id, plan } = await ask('builder capacity farm* 9');
    expect(plan).toMatchObject({ tooLong: true });
    expect(plan?.steps).toHaveLength(120);
    const card = await bench.kernel.desk.card(id);
    expect(card?.actions.map((one) => one.verb)).toEqual(['deny', 'cancel']);
    expect(await say(adam, `approve ${id}`)).toContain('too long to be read whole');
    expect(await say(carl, `deny ${id} because=in smaller parts please`)).toContain('is denied');
  });

  it('of an undo needs the strictest of what it takes back, and an undo that was denied may be asked for again', async () => {
    const { id } = await ask('builder comment builder2 being mended');
    await say(adam, `approve ${id}`);
    await say(bea, `approve ${id}`);
    await bench.kernel.settle();
    const undo = await ask(`undo ${id}`);
    expect(undo.plan?.needs.people).toBe(2);
    expect(await say(maria, `undo ${id}`)).toBe(`${id} cannot be undone: ${undo.id} undoes it already.`);
    await say(adam, `deny ${undo.id} because=wait`);
    const again = await ask(`undo ${id}`);
    expect(again).toMatchObject({ status: 'planned', undoes: id });
    expect((await bench.kernel.load(id)).undoneBy).toBe(again.id);
  });

  it('is waited for, even where the job that runs comes too early', async () => {
    const { id } = await ask('builder capacity builder2 8');
    await run(id, bench.kernel.work, new AbortController().signal);
    expect((await bench.kernel.load(id)).seq).toBe(2);
  });
});
