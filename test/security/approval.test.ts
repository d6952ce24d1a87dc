import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STEWARD } from '../../src/core/events.ts';
import type { Person } from '../../src/core/person.ts';
import { ruleOf, type Tightening } from '../../src/core/policy.ts';
import { summaryOf } from '../../src/core/requests.ts';
import { added, chain, type Entry, headOf } from '../../src/store/record.ts';
import { type Bench, HOUR, startBench, told } from '../core/support.ts';
import { PEOPLE } from '../support/kernel.ts';

const { maria, adam, bea } = PEOPLE;

let bench: Bench;
const tighten: Record<string, Tightening> = {};
beforeAll(async () => {
  bench = await startBench();
  const { site } = bench.kernel;
  // The same site, with rules that a test can change as an admin does between two starts.
  const { registry } = site;
  site.rule = (name) => {
    const command = registry.get(name);
    if (!command) throw new Error(`no command ${name}`);
    return ruleOf(command, tighten[name]);
  };
});
afterAll(() => bench.kernel.close());
beforeEach(async () => {
  for (const name of Object.keys(tighten)) delete tighten[name];
  await bench.reset();
});

const say = async (who: Person, line: string) => told(await bench.kernel.say(who, line));

/** Adds to the record as somebody does who has the database's password: the chain is sound, the words are theirs. */
async function forge(id: string, entries: readonly Pick<Entry, 'type' | 'by' | 'data'>[]): Promise<void> {
  const { database, requests, hints, store } = bench.kernel;
  const { seq } = await bench.kernel.load(id);
  await database.tx(async (tx) => {
    const last = headOf((await tx.query('select n, hash from steward.head for update'))[0]);
    const rows = entries.map((entry, index) => ({ ...entry, request: id, seq: seq + index + 1, v: 1 }));
    await tx.query(`with ${added()} select 1`, [...chain(last, new Date(), rows)]);
  });
  const forged = await requests.load(id);
  if (!forged) throw new Error('gone');
  expect(await store.ledger.verify()).toMatchObject({ ok: true });
  await database.query('update steward.requests set seq = $2, status = $3 where id = $1', [
    id,
    forged.seq,
    summaryOf(forged, new Date(), { remindHours: 4 }).status,
  ]);
  await hints.send({ kind: 'run', request: id, round: forged.seq });
  await bench.kernel.settle();
}

describe('whoever can write to the database', () => {
  it('cannot have another call carried out under the digest of an approved one', async () => {
    const asked = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    const [now] = asked.plan?.steps ?? [];
    if (!now || !asked.plan) throw new Error('no plan');
    const evil = { kind: 'hub', method: 'editHost', args: ['builder1'], kwargs: { capacity: 1000 } };
    const data = {
      n: 2,
      title: asked.plan.title,
      steps: [{ ...now.step, effect: evil }],
      digests: [now.digest],
      notes: [],
      needs: asked.plan.needs,
      expiresAt: null,
      tooLong: false,
    };
    await forge(asked.id, [
      { type: 'planned', by: STEWARD, data },
      {
        type: 'approved',
        by: { id: 'adam', name: 'adam' },
        data: { n: 2, digests: [now.digest], via: 'slack' },
      },
    ]);
    expect(bench.calls('editHost')).toBe(0);
    expect(bench.builder('builder1').capacity).not.toBe(1000);
    expect(await bench.kernel.load(asked.id)).toMatchObject({ status: 'failed' });
    expect(bench.kernel.log.lines.join('\n')).toContain('tampered with');
  });

  it('cannot have a call carried out that no command plans, with a digest of its own', async () => {
    const asked = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    const [now] = asked.plan?.steps ?? [];
    if (!now || !asked.plan) throw new Error('no plan');
    const { digestOfEffect } = await import('../../src/core/planner.ts');
    const effect = { kind: 'hub', method: 'deleteTag', args: ['foreman'] } as const;
    const digests = [digestOfEffect(effect)];
    const { title, needs } = asked.plan;
    const steps = [{ ...now.step, effect }];
    await forge(asked.id, [
      {
        type: 'planned',
        by: STEWARD,
        data: { n: 2, title, steps, digests, notes: [], needs, expiresAt: null, tooLong: false },
      },
      { type: 'approved', by: { id: 'adam', name: 'adam' }, data: { n: 2, digests, via: 'slack' } },
    ]);
    expect(bench.calls('deleteTag')).toBe(0);
    expect(await bench.kernel.load(asked.id)).toMatchObject({
      status: 'planned',
      plan: { n: 3, approvals: [] },
    });
  });

  it('cannot do with a yes of the asker, of nobody, of the program, or to something else', async () => {
    const wrong = async (by: { id: string; name: string }, change: (digests: string[]) => string[]) => {
      const asked = await bench.kernel.ask(maria, 'builder capacity builder2 8');
      const digests = change(asked.plan?.steps.map((one) => one.digest) ?? []);
      await forge(asked.id, [{ type: 'approved', by, data: { n: 1, digests, via: 'slack' } }]);
      return bench.kernel.load(asked.id);
    };
    const same = (digests: string[]) => digests;
    const drawn = await wrong({ id: 'maria', name: 'adam' }, same);
    expect(drawn).toMatchObject({ status: 'planned', plan: { n: 2, approvals: [] } });
    expect(await wrong(STEWARD, same)).toMatchObject({ status: 'planned', plan: { n: 2 } });
    expect(await wrong({ id: 'adam', name: 'adam' }, () => [])).toMatchObject({
      status: 'planned',
      plan: { n: 1 },
    });
    expect(bench.calls('editHost')).toBe(0);
  });

  it('cannot count one person twice, nor ask for fewer people than the rule', async () => {
    const asked = await bench.kernel.ask(maria, 'builder comment builder2 being mended');
    const digests = asked.plan?.steps.map((one) => one.digest);
    const yes = { type: 'approved', by: { id: 'adam', name: 'adam' }, data: { n: 1, digests, via: 'slack' } };
    await forge(asked.id, [yes, yes]);
    expect(await bench.kernel.load(asked.id)).toMatchObject({
      status: 'planned',
      plan: { n: 2, approvals: [] },
    });
    expect(bench.calls('editHost')).toBe(0);
  });
});

describe('a yes', () => {
  it('behind words that quote it, or say on what it hangs, is none; behind friendly ones it is', async () => {
    const { id } = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    const place = { kind: 'slack', where: 'C1/1', purpose: 'origin' } as const;
    const hear = (lead: string) =>
      bench.kernel.desk.say({ who: adam, text: `approve ${id}`, lead, place, origin: `lead:${lead}` });
    for (const lead of ['&gt; ', 'Never say\n', 'Once bea agrees, '])
      expect(told(await hear(lead))).toContain('Nothing was done');
    expect((await bench.kernel.load(id)).status).toBe('planned');
    expect(told(await hear('Hi, please '))).toContain('approved');
  });
});

describe('a rule that became stricter after the yes', () => {
  it('holds for what has not been done yet: the request asks again, and goes on with enough', async () => {
    const asked = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    expect(await say(adam, `approve ${asked.id}`)).toContain('approved');
    tighten['builder capacity'] = { people: 2 };
    await bench.kernel.settle();
    expect(await bench.kernel.load(asked.id)).toMatchObject({
      status: 'planned',
      plan: { n: 2, approvals: [], needs: { people: 2 } },
    });
    expect(bench.calls('editHost')).toBe(0);
    await say(adam, `approve ${asked.id} plan=2`);
    await say(bea, `approve ${asked.id} plan=2`);
    await bench.kernel.settle();
    expect(await bench.kernel.load(asked.id)).toMatchObject({ status: 'succeeded' });
    expect(bench.calls('editHost')).toBe(1);
  });
});

describe('one human with two accounts', () => {
  it('is one person from the moment that the config links them', async () => {
    const before: Person = {
      id: 'slack:T1/U9',
      name: 'Adam',
      roles: adam.roles,
      accounts: { slack: 'T1/U9' },
    };
    const linked: Person = { ...adam, accounts: { slack: 'T1/U9' } };
    const asked = await bench.kernel.ask(before, 'builder capacity builder2 8');
    expect(await say(linked, `approve ${asked.id}`)).toContain('You asked for');

    const other = await bench.kernel.ask(maria, 'builder comment builder2 being mended');
    expect(await say(before, `approve ${other.id}`)).toContain('counts');
    expect(await say(linked, `approve ${other.id}`)).toContain('approved');
    expect(await bench.kernel.load(other.id)).toMatchObject({ status: 'planned' });
  });
});

describe('a yes of long ago', () => {
  it('does not let the asker go on alone; somebody who may approve can', async () => {
    const asked = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    await say(adam, `approve ${asked.id}`);
    await bench.kernel.requests.change(asked.id, () => ({
      events: [
        { type: 'started', by: STEWARD, data: { n: 1 } },
        { type: 'failed', by: STEWARD, data: { says: 'The hub refused it.' } },
      ],
      result: undefined,
    }));
    bench.clock.forward(100 * HOUR);
    expect(await say(maria, `resume ${asked.id}`)).toContain('too old');
    expect(await bench.kernel.load(asked.id)).toMatchObject({ status: 'failed' });
    expect(await say(bea, `resume ${asked.id}`)).toContain('goes on');
    await bench.kernel.settle();
    expect(await bench.kernel.load(asked.id)).toMatchObject({ status: 'succeeded' });
  });
});

describe('an asker who may approve', () => {
  it('cannot have a step done again by saying that it did not happen', async () => {
    const asked = await bench.kernel.ask(adam, 'repo regen foreman-nightly-el8-build');
    await say(bea, `approve ${asked.id}`);
    const [now] = (await bench.kernel.load(asked.id)).plan?.steps ?? [];
    if (!now) throw new Error('no step');
    const about = { key: now.step.key, digest: now.digest };
    await bench.kernel.requests.change(asked.id, () => ({
      events: [
        { type: 'started', by: STEWARD, data: { n: 1 } },
        { type: 'step-started', by: STEWARD, data: about },
        { type: 'step-unknown', by: STEWARD, data: { ...about, says: 'Its answer never came.' } },
        { type: 'unknown', by: STEWARD, data: { says: 'I cannot tell.' } },
      ],
      result: undefined,
    }));
    expect(await say(adam, `resolve ${asked.id} not-done`)).toContain('somebody else');
    expect(await bench.kernel.load(asked.id)).toMatchObject({ status: 'unknown' });
    expect(await say(bea, `resolve ${asked.id} not-done`)).toContain('goes on');
  });
});
