import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import builderList from '../../commands/builder-list/command.ts';
import { defineCommand } from '../../src/core/command.ts';
import { drawCard } from '../../src/core/drawing.ts';
import { hashOf, upcast, VERSIONS } from '../../src/core/events.ts';
import { choice } from '../../src/core/fields.ts';
import { fold } from '../../src/core/fold.ts';
import { historyReply } from '../../src/core/listing.ts';
import { plainText } from '../../src/core/plain-text.ts';
import { plan } from '../../src/core/planning.ts';
import { ruleOf } from '../../src/core/policy.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { type Running, run } from '../../src/core/runner.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { PEOPLE } from '../support/kernel.ts';
import { keepLog } from '../support/log.ts';
import { type Bench, type BUILDER_COMMANDS, startBench, told } from './support.ts';

const { maria, adam } = PEOPLE;

const folder = new URL('../fixtures/events/', import.meta.url);
const fixture = z.object({
  rows: z.array(z.looseObject({ type: z.string(), v: z.number() })).min(1),
  request: z.record(z.string(), z.unknown()),
});
const fixtures = readdirSync(folder).map((name) => ({
  name,
  ...fixture.parse(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))),
}));

describe('a record that was written once', () => {
  it('has an example of every type of event in every version', () => {
    const kept = new Set(fixtures.flatMap(({ rows }) => rows.map(({ type, v }) => `${type} v${v}`)));
    const known = Object.entries(VERSIONS).flatMap(([type, latest]) =>
      Array.from({ length: latest }, (_, index) => `${type} v${index + 1}`),
    );
    expect(known.filter((one) => !kept.has(one))).toEqual([]);
  });

  it.each(fixtures)('$name reads as the same request for ever', ({ rows, request }) => {
    const folded = fold(rows.map(upcast));
    expect(JSON.parse(JSON.stringify(folded))).toMatchObject(request);
  });

  it.each(fixtures)('$name is drawn in plain words', ({ rows }) => {
    const events = rows.map(upcast);
    const card = drawCard(fold(events), 'low');
    const history = historyReply(fold(events).id, events);
    expect(history.table?.rows).toHaveLength(rows.length);
    for (const text of [card.title, card.line, card.next ?? '', card.footer, card.notice?.text ?? '']) {
      expect(text).not.toMatch(/undefined|null|NaN|\[object|\bError\b/);
      expect(text).toBe(text.trim());
    }
    if (card.status !== 'answered') expect(card.line).toMatch(/[.?…]$/);
  });

  it('by a newer Steward is refused, not guessed at', () => {
    const [row] = fixtures[0]?.rows ?? [];
    expect(() => upcast({ ...row, v: 99 })).toThrow(/written by a newer Steward/);
    expect(() => upcast({ ...row, type: 'teleported' })).toThrow(/written by a newer Steward/);
  });

  it('that does not begin with what was asked is no request', () => {
    const [first] = fixtures;
    expect(() => fold((first?.rows ?? []).slice(1).map(upcast))).toThrow(/does not begin with asked/);
  });
});

describe('the hash chain', () => {
  it('names the row that somebody changed, took out or moved', async () => {
    const database = await openDatabase({ dir: ':memory:', log: keepLog() });
    try {
      const store = createStore(database);
      for (let n = 1; n <= 6; n++) await store.ledger.note('frozen', { id: 'adam', name: 'adam' }, { n });
      const whole = await store.ledger.verify();
      expect(whole).toMatchObject({ ok: true, rows: 6 });
      const tampered = async (sql: string) => {
        await database.query(sql);
        return store.ledger.verify();
      };
      // Whatever guards the table against a slip does not guard it against its owner.
      await database.query('alter table steward.record disable trigger user');
      expect(await tampered(`update steward.record set by_name = 'bea' where n = 4`)).toMatchObject({
        ok: false,
        row: 4,
        says: 'the row was changed',
      });
      await database.query(`update steward.record set by_name = 'adam' where n = 4`);
      expect(await store.ledger.verify()).toEqual(whole);
      expect(await tampered('delete from steward.record where n = 3')).toMatchObject({ ok: false, row: 3 });
    } finally {
      await database.close();
    }
  });

  it('covers every field of a row', () => {
    const row = {
      request: 'r1',
      seq: 1,
      type: 'asked',
      v: 1,
      at: '2026-03-02T09:00:00.000Z',
      by: { id: 'a', name: 'A' },
      data: { x: 1 },
      prev: '0'.repeat(64),
    };
    const others = [
      { ...row, request: null },
      { ...row, seq: 2 },
      { ...row, type: 'denied' },
      { ...row, v: 2 },
      { ...row, at: '2026-03-02T09:00:00.001Z' },
      { ...row, by: { id: 'b', name: 'A' } },
      { ...row, by: { id: 'a', name: 'B' } },
      { ...row, data: { x: 2 } },
      { ...row, prev: '1'.repeat(64) },
    ];
    expect(new Set([row, ...others].map(hashOf)).size).toBe(others.length + 1);
  });
});

describe('a Steward that was upgraded', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.kernel.close());
  beforeEach(() => bench.reset());

  /** The same store and world, with other commands. */
  function upgraded(...commands: readonly (typeof BUILDER_COMMANDS)[number][]): Running {
    const registry = createRegistry(commands);
    const rule = (name: string) => {
      const command = registry.get(name);
      if (!command) throw new Error(`no command ${name}`);
      return ruleOf(command);
    };
    return { ...bench.kernel.work, site: { ...bench.kernel.site, registry, rule } };
  }
  const alive = () => new AbortController().signal;

  it('says so when it no longer has the command of a request, at planning and at running', async () => {
    const asked = await bench.kernel.say(maria, 'builder capacity builder2 8');
    const approved = await bench.kernel.ask(maria, 'builder capacity builder3 9');
    if (asked.kind !== 'request') throw new Error('not asked');
    bench.kernel.hinted.length = 0;
    await bench.kernel.say(adam, `approve ${approved.id}`);
    const work = upgraded(builderList);
    await run(approved.id, work, alive());
    expect(await bench.kernel.load(approved.id)).toMatchObject({
      status: 'failed',
      says: 'This Steward has no command `builder capacity` any more.',
    });
    const { id } = await bench.kernel.requests.create('upgrade', {
      type: 'asked',
      by: { id: 'maria', name: 'maria' },
      data: {
        askings: [{ command: 'builder capacity', given: { host: 'builder2', capacity: '8' } }],
        text: 'builder capacity builder2 8',
        place: { kind: 'terminal', where: 'test', purpose: 'origin' },
      },
    });
    await plan(id, work, alive());
    expect(await bench.kernel.load(id)).toMatchObject({
      status: 'refused',
      says: 'This Steward has no command `builder capacity` any more.',
      next: 'Ask again with `help`.',
    });
    expect(bench.calls('editHost')).toBe(0);
  });

  it('says so when the command takes other parameters now', async () => {
    const { id } = await bench.kernel.ask(maria, 'builder enable builder3');
    const { id: other } = await bench.kernel.ask(maria, 'builder capacity builder3 9');
    expect((await bench.kernel.load(id)).status).toBe('succeeded');
    await bench.kernel.say(adam, `approve ${other}`);
    const capacity = defineCommand({
      name: 'builder capacity',
      summary: 'x',
      params: z.object({
        size: choice({ title: 'Size', hint: 'x', example: 'big' }, ['small', 'big']),
      }),
      risk: 'low',
      ask: ['admin'],
      examples: ['builder capacity big'],
      locks: ({ size }) => [size],
      plan: async () => ({ kind: 'plan', title: 'x', steps: [] }),
    });
    await run(other, upgraded(capacity), alive());
    expect(await bench.kernel.load(other)).toMatchObject({
      status: 'failed',
      says: 'This Steward takes `builder capacity` in another form than when this was asked for.',
    });
  });
});

describe('bad input', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.kernel.close());

  const LINES = [
    ...['0', '1', '-3', '1e309', 'NaN', '8; reboot'].map((value) => `builder capacity builder2 ${value}`),
    ...['-oProxyCommand=x', '$(reboot)', '../x', 'bu\u202eilder2', 'builder2\u0000', '\ud800'].flatMap(
      (host) => [`builder capacity ${host} 8`, `builder disable ${host} because=x`],
    ),
  ];

  it.each(LINES)('%j comes back as a form with the field’s problem, and makes no request', async (line) => {
    const before = (await bench.kernel.store.requests.list({ limit: 100 })).length;
    const said = await bench.kernel.say(maria, line);
    expect(said.kind).toBe('form');
    expect(told(said)).toMatch(/^(host|capacity): (“.*” |Give a number above 1)/);
    expect(told(said)).toBe(plainText(told(said)));
    expect(await bench.kernel.store.requests.list({ limit: 100 })).toHaveLength(before);
  });

  it('of forty thousand characters is answered, and makes no request', async () => {
    const said = await bench.kernel.say(maria, `builder disable builder2 because=${'x'.repeat(40_000)}`);
    expect(told(said)).toBe('That is 40033 characters; I read at most 4000. Nothing was done.');
  });

  it('in a form that nobody drew is answered as in a line', async () => {
    const place = { kind: 'slack', where: 'C1/1', purpose: 'origin' } as const;
    const submit = (command: string, given: Record<string, string>, n: number) =>
      bench.kernel.desk.submit({ who: maria, command, given, place, origin: `form${n}` });
    expect(told(await submit('builder capacity', { host: 'builder2', capacity: '1' }, 1))).toContain(
      'above 1',
    );
    expect(told(await submit('no such\u202e thing', {}, 2))).toContain(
      'There is no command called “no such thing”.',
    );
    expect(
      told(await submit('builder capacity', { host: 'builder2', capacity: '8', extra: 'x' }, 3)),
    ).not.toContain('request');
  });

  it('with characters that no database takes is kept without them, and is a request', async () => {
    const asked = await bench.kernel.ask(
      maria,
      'builder disable builder2 because=\u202efull\u0000 \ud800disk\u0007',
    );
    expect(asked).toMatchObject({ status: 'planned', text: 'builder disable builder2 because= full �disk' });
    expect([asked.plan?.title, ...(asked.plan?.notes ?? [])].join(' ')).toContain(': full �disk');
    expect(await bench.kernel.store.ledger.verify()).toMatchObject({ ok: true });
  });

  it('that names a builder that is not there gets a suggestion', async () => {
    expect(await bench.kernel.ask(maria, 'builder enable bulider2')).toMatchObject({
      status: 'refused',
      says: 'The hub has no builder called bulider2. Did you mean builder2?',
      next: '`builder list` shows all of them.',
    });
  });
});

describe('the same thing coming in twice', () => {
  it('makes one request', async () => {
    const bench = await startBench();
    try {
      const place = { kind: 'slack', where: 'C1/1', purpose: 'origin' } as const;
      const twice = { who: maria, text: 'builder capacity builder2 8', place, origin: 'slack:Ev1' };
      const [one, two] = await Promise.all([bench.kernel.desk.say(twice), bench.kernel.desk.say(twice)]);
      const three = await bench.kernel.desk.say(twice);
      if (one.kind !== 'request' || two.kind !== 'request' || three.kind !== 'request') throw new Error('?');
      expect(new Set([one.id, two.id, three.id]).size).toBe(1);
      expect([one.isNew, two.isNew].filter(Boolean)).toHaveLength(1);
      expect(three.isNew).toBe(false);
    } finally {
      await bench.kernel.close();
    }
  });
});
