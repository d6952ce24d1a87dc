import { afterEach, beforeAll, expect, it } from 'vitest';
import { hashOf, type NewEvent, STEWARD } from '../../src/core/events.ts';
import type { Store, Summary } from '../../src/core/store.ts';
import { rowOf } from '../../src/store/record.ts';
import { createStore } from '../../src/store/store.ts';
import { describeDatabases } from '../support/databases.ts';

const SUMMARY: Summary = { status: 'failed', command: 'x', text: 'x', asker: 'a', title: '', due: null };
const failed = (says: string): NewEvent => ({ type: 'failed', by: STEWARD, data: { says } });

describeDatabases('the hash chain', ({ database }) => {
  let store: Store;
  let head: unknown;

  beforeAll(async () => {
    store = createStore(database());
    for (let n = 1; n <= 3; n++) {
      await store.requests.create(`o${n}`, () => ({ events: [failed('a'), failed('b')], summary: SUMMARY }));
      await store.ledger.note('frozen', STEWARD, { because: `n${n}` });
    }
    head = await store.ledger.verify();
    expect(head).toMatchObject({ ok: true, rows: 9 });
    await database().query('create table steward.kept as select * from steward.record');
    await database().query('create table steward.kept_head as select * from steward.head');
    await database().query('alter table steward.record disable trigger only_added_to');
  });

  afterEach(async () => {
    await database().tx(async (tx) => {
      await tx.query('delete from steward.record');
      await tx.query('insert into steward.record select * from steward.kept');
      await tx.query('update steward.head set n = kept.n, hash = kept.hash from steward.kept_head kept');
    });
    expect(await store.ledger.verify()).toEqual(head);
  });

  const COLUMNS = [
    ['request', `'r77'`],
    ['request', 'null'],
    ['seq', '9'],
    ['type', `'answered'`],
    ['v', '2'],
    ['at', `'2001-01-01T00:00:00.000Z'`],
    ['by_id', `'mallory'`],
    ['by_name', `'Steward '`],
    ['data', `'{"says":"c"}'`],
    ['data', `'{"says": "a"}'`],
    ['data', `'nonsense'`],
    ['prev', `repeat('1', 64)`],
    ['hash', `repeat('1', 64)`],
  ] as const;
  for (const [column, value] of COLUMNS) {
    it(`notices that ${column} of a row became ${value}`, async () => {
      await database().query(`update steward.record set ${column} = ${value} where n = 4`);
      expect(await store.ledger.verify()).toMatchObject({ ok: false, row: 4 });
    });
  }

  it('notices a row that is missing, first, last or between', async () => {
    for (const n of [1, 5, 9]) {
      await database().query('delete from steward.record where n = $1', [n]);
      expect(await store.ledger.verify()).toMatchObject({ ok: false, row: n });
      await database().query('insert into steward.record select * from steward.kept where n = $1', [n]);
    }
  });

  it('notices rows in another order', async () => {
    await database().query('update steward.record set n = 99 where n = 4');
    await database().query('update steward.record set n = 4 where n = 5');
    await database().query('update steward.record set n = 5 where n = 99');
    expect(await store.ledger.verify()).toMatchObject({ ok: false, row: 4 });
  });

  it('notices a row that was rewritten with a hash that fits it', async () => {
    const [found] = await database().query('select * from steward.record where n = 4');
    const { row } = rowOf(found);
    const hash = hashOf({ ...row, by: { id: 'mallory', name: 'M' } });
    await database().query(
      `update steward.record set by_id = 'mallory', by_name = 'M', hash = $1 where n = 4`,
      [hash],
    );
    expect(await store.ledger.verify()).toMatchObject({ ok: false, row: 5 });
  });

  it('notices a cut tail by its head, and a row or a head that was put there', async () => {
    await database().query(`update steward.head set hash = repeat('1', 64)`);
    expect(await store.ledger.verify()).toMatchObject({ ok: false, row: 9 });
    await database().query(
      'update steward.head set n = 8, hash = (select hash from steward.record where n = 8)',
    );
    expect(await store.ledger.verify()).toMatchObject({ ok: false, row: 9 });
    await database().query('delete from steward.record where n = 9');
    const cut = await store.ledger.verify();
    // Whoever can rewrite everything can cut the tail: then only the head that was kept elsewhere tells.
    expect(cut).toMatchObject({ ok: true, rows: 8 });
    expect(cut).not.toEqual(head);
    await database().query('delete from steward.head');
    expect(await store.ledger.verify()).toMatchObject({ ok: false });
    await database().query('insert into steward.head (n, hash) select n, hash from steward.kept_head');
  });

  it('refuses to change or delete what is in the record', async () => {
    await database().query('alter table steward.record enable trigger only_added_to');
    for (const sql of [
      `update steward.record set type = 'x'`,
      'delete from steward.record where n = 1',
      'truncate steward.record',
    ]) {
      await expect(database().query(sql)).rejects.toThrow('only ever added to');
    }
    await database().query('alter table steward.record disable trigger only_added_to');
  });

  it('gives rows for export, with their numbers', async () => {
    const rows = await store.ledger.rows(7, 5);
    expect(rows.map(({ n }) => n)).toEqual([8, 9]);
    expect(rows[1]?.row).toMatchObject({ request: null, type: 'frozen', data: { because: 'n3' } });
  });
});
