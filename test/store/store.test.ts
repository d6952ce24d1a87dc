import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type NewEvent, STEWARD } from '../../src/core/events.ts';
import type { Store, Summary } from '../../src/core/store.ts';
import { createStore } from '../../src/store/store.ts';
import { describeDatabases } from '../support/databases.ts';
import { noticeTests } from './notices-suite.ts';

const maria = { id: 'maria', name: 'Maria' };
const place = { kind: 'terminal', where: 'here', purpose: 'origin' } as const;

function asked(text = 'builder list'): NewEvent {
  return {
    type: 'asked',
    by: maria,
    data: { askings: [{ command: 'builder list', given: {} }], text, place },
  };
}

function failed(says: string): NewEvent {
  return { type: 'failed', by: STEWARD, data: { says } };
}

function summary(over: Partial<Summary> = {}): Summary {
  return {
    status: 'asked',
    command: 'builder list',
    text: 't',
    asker: 'maria',
    title: '',
    due: null,
    ...over,
  };
}

let made = 0;
async function newRequest(store: Store, over: Partial<Summary> = {}): Promise<string> {
  made++;
  const { id } = await store.requests.create(`origin-${made}`, () => ({
    events: [asked()],
    summary: summary(over),
  }));
  return id;
}

describeDatabases('the store', ({ database }) => {
  describe('messages that belong to no request', () => noticeTests(database));

  const open = (): Store => createStore(database());

  it('keeps the text of an answer’s file for a day, and the newest of a request', async () => {
    const clock = { now: new Date('2026-11-01T10:00:00Z') };
    const { files } = createStore(database(), { now: () => clock.now });
    const text = async (request: string): Promise<string | null> => {
      const packed = await files.get(request);
      return packed && gunzipSync(packed).toString();
    };
    const long = 'größer, 大きい\n'.repeat(100_000);
    await files.put('r1', 'first\n');
    await files.put('r1', long);
    expect([(await text('r1')) === long, await text('r2')]).toEqual([true, null]);
    clock.now = new Date('2026-11-02T10:00:01Z');
    expect(await text('r1')).toBeNull();
    await files.put('r2', '');
    expect(await text('r2')).toBe('');
    expect(await database().query('select request from steward.files')).toEqual([{ request: 'r2' }]);
  });

  it('makes one request from one origin, however often and at once it is asked', async () => {
    const store = open();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        store.requests.create('same', (id) => ({ events: [asked(id)], summary: summary() })),
      ),
    );
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await store.requests.events(answers[0]?.id ?? '')).toHaveLength(1);
  });

  it('gives events back as they were written, in order', async () => {
    const store = open();
    const id = await newRequest(store);
    expect(id).toMatch(/^r[1-9]\d*$/);
    expect(await store.requests.append(id, 1, [failed('a'), failed('b')], summary())).toBe('written');
    const events = await store.requests.events(id);
    expect(events.map(({ seq, type, request }) => [seq, type, request])).toEqual([
      [1, 'asked', id],
      [2, 'failed', id],
      [3, 'failed', id],
    ]);
    expect(events[0]).toMatchObject(asked());
    expect(events[0]?.at).toBeInstanceOf(Date);
    expect(await store.requests.events('r999999')).toEqual([]);
  });

  it('lets one of fifty concurrent writers have each sequence number', async () => {
    const store = open();
    const id = await newRequest(store);
    const all = Array.from({ length: 50 }, (_, n) => failed(`${n}`));
    const first = await Promise.all(all.map((event) => store.requests.append(id, 1, [event], summary())));
    expect(first.filter((how) => how === 'written')).toHaveLength(1);
    expect(first.filter((how) => how === 'conflict')).toHaveLength(49);
    // And then whoever lost tries again.
    const again = all.slice(0, 12).map(async (event) => {
      for (let how = ''; how !== 'written'; ) {
        const seq = (await store.requests.events(id)).length;
        how = await store.requests.append(id, seq, [event], summary());
      }
    });
    await Promise.all(again);
    const events = await store.requests.events(id);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 14 }, (_, n) => n + 1));
    expect(new Set(events.slice(2).map(({ data }) => JSON.stringify(data))).size).toBe(12);
    expect(await store.ledger.verify()).toMatchObject({ ok: true });
  });

  it('writes nothing when somebody else wrote first', async () => {
    const store = open();
    const id = await newRequest(store);
    expect(await store.requests.append(id, 1, [failed('a')], summary({ status: 'failed' }))).toBe('written');
    expect(await store.requests.append(id, 1, [failed('b')], summary({ status: 'asked' }))).toBe('conflict');
    expect(await store.requests.events(id)).toHaveLength(2);
    const [listed] = await store.requests.list({ limit: 1 });
    expect(listed).toMatchObject({ id, seq: 2, status: 'failed' });
  });

  it('keeps numbers, key orders and odd text so that the hashes still match', async () => {
    const store = open();
    const id = await newRequest(store);
    const data = {
      z: 8.5,
      a: 1e21,
      m: -0,
      tiny: 5e-324,
      big: 2 ** 53,
      text: 'a\0b \ud800 \u202e "\\',
      'k\0': [null],
    };
    await store.ledger.note('odd', { id: 'x\0', name: '\udfff' }, data);
    await store.requests.append(id, 1, [failed('nul \0 and \ud83d lone')], summary({ title: 'a\0\ud800' }));
    expect(await store.ledger.verify()).toMatchObject({ ok: true });
    const rows = await store.ledger.rows(0, 10_000);
    const odd = rows.map(({ row }) => row as { type: string; by: unknown; data: unknown });
    expect(odd.find(({ type }) => type === 'odd')).toMatchObject({
      by: { id: 'x', name: '\ufffd' },
      data: { z: 8.5, a: 1e21, m: 0, tiny: 5e-324, big: 2 ** 53, text: 'ab \ufffd \u202e "\\', k: [null] },
    });
    expect((await store.requests.events(id))[1]?.data).toEqual({ says: 'nul  and \ufffd lone' });
  });

  it('lists by status and asker, newest first, and says what is due, oldest first', async () => {
    const store = open();
    const at = (second: number): Date => new Date(Date.UTC(2001, 0, 1, 0, 0, second));
    const late = await newRequest(store, { asker: 'tom', due: { kind: 'run', at: at(20) } });
    const early = await newRequest(store, {
      asker: 'tom',
      status: 'planned',
      due: { kind: 'expire', at: at(10) },
    });
    await newRequest(store, { asker: 'tom', due: { kind: 'plan', at: at(30) } });
    const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);
    expect(ids(await store.requests.due(at(20), 10))).toEqual([early, late]);
    expect((await store.requests.due(at(10), 10))[0]?.due).toEqual({ kind: 'expire', at: at(10) });
    expect(ids(await store.requests.list({ asker: 'tom', limit: 2 }))).toHaveLength(2);
    expect(ids(await store.requests.list({ asker: 'tom', status: ['planned'], limit: 9 }))).toEqual([early]);
    expect(await store.requests.list({ status: [], limit: 9 })).toEqual([]);
  });

  it('keeps what is shown where, finds a request by it, and knows what is behind', async () => {
    const { places, requests } = open();
    const store = open();
    const id = await newRequest(store);
    const thread = { kind: 'slack', where: 'C1/17.1', purpose: 'origin' } as const;
    await places.add(id, thread);
    await places.add(id, thread);
    await places.add(id, { ...thread, where: 'C2', purpose: 'approvers' });
    expect(await places.of(id)).toMatchObject([
      { ...thread, state: {}, seq: 0 },
      { where: 'C2', purpose: 'approvers' },
    ]);
    expect(await places.stale('slack', 10)).toContain(id);
    expect(await places.stale('discourse', 10)).toEqual([]);
    await places.shown(id, 'C1/17.1', { ts: '17.2', n: 1 }, 1);
    await places.shown(id, 'C2', { ts: '18.9' }, 1);
    expect(await places.stale('slack', 10)).not.toContain(id);
    expect(await places.find('slack', '17.2')).toEqual([id]);
    expect(await places.find('slack', 'C1/17.1')).toEqual([id]);
    expect(await places.find('terminal', '17.2')).toEqual([]);
    await requests.append(id, 1, [failed('x')], summary());
    expect(await places.stale('slack', 10)).toContain(id);
    await places.shown(id, 'C1/17.1', { ts: '17.3' }, 2);
    await places.shown(id, 'C1/17.1', { ts: 'older' }, 1);
    expect((await places.of(id))[0]).toMatchObject({ state: { ts: '17.3' }, seq: 2 });
    const newer = await newRequest(store);
    await places.add(newer, thread);
    expect(await places.find('slack', 'C1/17.1')).toEqual([newer, id]);
  });

  it('keeps notes until they are taken away', async () => {
    const { notes } = open();
    expect(await notes.get('freeze')).toBeNull();
    await notes.set('freeze', { because: 'a\0b' });
    await notes.set('freeze', { because: 'c', at: 1 });
    expect(await notes.get('freeze')).toEqual({ because: 'c', at: 1 });
    await notes.set('freeze', null);
    expect(await notes.get('freeze')).toBeNull();
  });

  it('knows a token until it is revoked, and keeps only its hash', async () => {
    const { tokens } = open();
    const { id, token } = await tokens.issue('maria', 'laptop');
    expect(token).toMatch(/^kst_[\w-]{43}$/);
    expect(await tokens.check(token)).toBe('maria');
    expect(await tokens.check(`${token.slice(0, -2)}AA`)).toBeNull();
    expect(await tokens.check("' or 1=1 --")).toBeNull();
    expect(await tokens.list()).toMatchObject([{ id, person: 'maria', label: 'laptop' }]);
    const rows = await database().query('select * from steward.tokens');
    expect(JSON.stringify(rows)).not.toContain(token.slice(4));
    expect(await tokens.revoke(id)).toBe(true);
    expect(await tokens.revoke(id)).toBe(false);
    expect(await tokens.check(token)).toBeNull();
    expect(await tokens.list()).toEqual([]);
  });

  it('moves when a request is due without an event, unless somebody wrote or the lock was lost', async () => {
    const store = open();
    const id = await newRequest(store, { due: { kind: 'run', at: new Date(0) } });
    const at = (ms: number) => ({ kind: 'run', at: new Date(ms) }) as const;
    const due = async (now: number) =>
      (await store.requests.due(new Date(now), 500)).some((one) => one.id === id);
    expect(await store.requests.putOff(id, 1, at(5_000))).toBe('written');
    expect([await due(4_999), await due(5_000)]).toEqual([false, true]);
    expect(await store.requests.events(id)).toHaveLength(1);
    expect(await store.requests.putOff(id, 0, at(9_000))).toBe('conflict');
    const held = await store.locks.acquire(id, 'h', [`request:${id}`], 10_000);
    if (!held.held) throw new Error('not held');
    expect(await store.requests.putOff(id, 1, at(6_000), held.fence)).toBe('written');
    await store.locks.release(id);
    expect(await store.requests.putOff(id, 1, at(9_000), held.fence)).toBe('fenced');
    expect([await due(5_999), await due(6_000)]).toEqual([false, true]);
  });
});
