import { expect, it } from 'vitest';
import { Unavailable } from '../../src/core/refused.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations.ts';
import { describeDatabases } from '../support/databases.ts';
import { freePort, quietLog } from '../support/process.ts';

describeDatabases('the database', ({ database, postgres }) => {
  it('does all of a transaction or nothing, also beside others', async () => {
    const db = database();
    await db.query('create table steward.t (n integer)');
    const failing = db.tx(async (tx) => {
      await tx.query('insert into steward.t values (1)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await Promise.all([
      db.tx((tx) => tx.query('insert into steward.t values (2)')),
      db.query('insert into steward.t values (3)'),
      db.tx((tx) => tx.query('insert into steward.nowhere values (4)')).catch(() => undefined),
      db.query('insert into steward.t values (5)'),
    ]);
    expect(await db.query('select n from steward.t order by n')).toEqual([{ n: 2 }, { n: 3 }, { n: 5 }]);
    expect(await db.tx(async (tx) => (await tx.query('select 1 as one'))[0])).toEqual({ one: 1 });
  });

  it('refuses a bare BEGIN, COMMIT and ROLLBACK, and itself inside its own transaction', async () => {
    const db = database();
    for (const sql of ['begin', ' COMMIT', '-- so\nrollback', 'start  transaction']) {
      await expect(db.query(sql)).rejects.toThrow('use tx()');
      await expect(db.tx((tx) => tx.query(sql))).rejects.toThrow('use tx()');
    }
    await expect(db.tx(() => db.query('select 1'))).rejects.toThrow('inside its own tx()');
    await expect(db.tx(() => db.tx(async () => 1))).rejects.toThrow('inside tx()');
    const late = await db.tx(async (tx) => tx);
    await expect(late.query('select 1')).rejects.toThrow('after the end');
  });

  it('gives the same types back on every database', async () => {
    const [row] = await database().query(
      `select 1::int as i, 2::bigint as b, 3.50::numeric as n, true as t, $1::text as s, $2::text[] as a,
         $3::timestamptz as at, $4::jsonb as j, null as nothing`,
      ['ä"\\', ['a,b', 'c"d\\', ''], '2030-01-02T03:04:05.678Z', { k: [1, null] }],
    );
    expect(row).toEqual({
      i: 1,
      b: '2',
      n: '3.50',
      t: true,
      s: 'ä"\\',
      a: ['a,b', 'c"d\\', ''],
      at: new Date('2030-01-02T03:04:05.678Z'),
      j: { k: [1, null] },
      nothing: null,
    });
  });

  it('takes NUL out of parameters, and can be closed twice', async () => {
    const [row] = await database().query('select $1::text as s, $2::text[] as a', ['a\0b', ['\0', 'c\0']]);
    expect(row).toEqual({ s: 'ab', a: ['', 'c'] });
    const url = await postgres()?.fresh();
    if (url === undefined) return;
    const db = await openDatabase({ url, log: quietLog() });
    await Promise.all([db.close(), db.close()]);
  });

  it('runs migrations once, in order, and refuses edited ones and a newer database', async () => {
    const db = database();
    await migrate(db);
    const more = [...MIGRATIONS, { name: 'more', statements: ['create table steward.more (n integer)'] }];
    const broken = [
      ...more,
      { name: 'broken', statements: ['create table steward.half (n integer)', 'nonsense'] },
    ];
    await migrate(db, more);
    await migrate(db, more);
    await expect(migrate(db, broken)).rejects.toThrow();
    expect(await db.query(`select to_regclass('steward.half') as half`)).toEqual([{ half: null }]);
    await expect(migrate(db)).rejects.toThrow(`newer Steward (${MIGRATIONS.length + 1} more)`);
    const edited = [...MIGRATIONS, { name: 'more', statements: ['create table steward.more (n bigint)'] }];
    await expect(migrate(db, edited)).rejects.toThrow(
      `migration ${MIGRATIONS.length + 1} (more) is not the one that ran`,
    );
    await migrate(db, more);
  });

  it('is migrated once by many processes that start together', async () => {
    const url = await postgres()?.fresh();
    if (url === undefined) return;
    const all = await Promise.all(Array.from({ length: 6 }, () => openDatabase({ url, log: quietLog() })));
    expect(await all[0]?.query('select n from steward.migrations')).toHaveLength(MIGRATIONS.length);
    const pools = await Promise.all(all.map((one) => one.bullmqConnection()));
    expect(pools).toHaveLength(6);
    await Promise.all(all.map((one) => one.close()));
  });

  it('says that it does not answer when it is away, and answers when it is back', async () => {
    const server = postgres();
    if (server === undefined) return;
    const url = `postgres://steward@127.0.0.1:${await freePort()}/x`;
    await expect(openDatabase({ url, log: quietLog() })).rejects.toThrow(Unavailable);
    const db = await openDatabase({ url: await server.fresh(), log: quietLog() });
    server.pause();
    const start = Date.now();
    await expect(db.ping()).rejects.toThrow('does not answer');
    expect(Date.now() - start).toBeLessThan(3_000);
    server.resume();
    await server.restart();
    // The first statement may meet a connection that died in the restart.
    await db.ping().catch(() => undefined);
    expect(await db.ping()).toMatch(/^\d+/);
    await db.close();
  });
});
