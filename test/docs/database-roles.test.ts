import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openQueue } from '../../jobs/queue.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations.ts';
import { createStore } from '../../src/store/store.ts';
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { quietLog } from '../support/process.ts';

const skipped = noPostgres === null ? '' : ` (skipped: ${noPostgres})`;

/** The two roles of docs/running.md, on a server of this test's own. */
describe.skipIf(noPostgres !== null)(`the database roles that the docs make${skipped}`, () => {
  let server: TestPostgres;
  let database: Database;
  let ownerUrl = '';
  let programUrl = '';

  async function asOwner(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: ownerUrl });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
  const as = (url: string, role: string): string => url.replace('//steward@', `//${role}@`);

  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.fresh();
    const name = new URL(url).pathname.slice(1);
    const superuser = new pg.Client({ connectionString: url });
    await superuser.connect();
    // The cluster's superuser is called steward here, so the program's role has another name.
    await superuser.query(
      `create role steward_owner login; create role program login; alter database ${name} owner to steward_owner`,
    );
    await superuser.end();
    ownerUrl = as(url, 'steward_owner');
    programUrl = as(url, 'program');
    await (await openDatabase({ url: ownerUrl, log: quietLog() })).close();
    const grants = await readFile(new URL('../../deploy/postgres-grants.sql', import.meta.url), 'utf8');
    await asOwner(
      grants.replace(/\b(to|from) steward;/g, '$1 program;').replace("to steward'", "to program'"),
    );
    database = await openDatabase({ url: programUrl, log: quietLog() });
  });
  afterAll(async () => {
    await database?.close();
    await server?.stop();
  });

  it('lets the program do all its work', async () => {
    const store = createStore(database);
    const by = { id: 'maria', name: 'Maria' };
    const { id } = await store.requests.create('test:1', () => ({
      events: [
        {
          type: 'asked',
          by,
          data: {
            askings: [{ command: 'builder list', given: {} }],
            text: 'builder list',
            place: { kind: 'terminal', where: 'maria', purpose: 'origin' },
          },
        },
      ],
      summary: { status: 'asked', command: 'builder list', text: '', asker: 'maria', title: '', due: null },
    }));
    const lock = await store.locks.acquire(id, 'holder', ['host:builder2'], 5_000);
    expect(lock.held).toBe(true);
    await store.locks.release(id);
    await store.inbox.put({ id: 'slack:event:1', source: 'slack', body: {} });
    await store.inbox.done('slack:event:1');
    await store.places.add(id, { kind: 'slack', where: 'C1/1', purpose: 'origin' });
    await store.notes.set('freeze', null);
    await store.notices.put({ key: 'k', to: { kind: 'approvers' }, title: 'A message', lines: [] }, [
      'covered',
    ]);
    await store.notices.keep('k', 'approvers', { tries: 1 });
    await store.notices.delivered('k');
    await store.files.put(id, 'a log');
    expect(await store.files.get(id)).not.toBeNull();
    const { id: token } = await store.tokens.issue('maria', 'laptop');
    expect(await store.tokens.revoke(token)).toBe(true);
    await store.ledger.note('token-revoked', by, { token });
    expect(await store.ledger.verify()).toMatchObject({ ok: true, rows: 2 });
  });

  it('lets the program keep its queue there where it has no Redis', async () => {
    const queue = await openQueue({ database, log: quietLog(), prefix: 'roles' });
    try {
      expect(await queue.hints.send({ kind: 'plan', request: 'r1', round: 1 })).toBe(true);
    } finally {
      await queue.close();
    }
  });

  it('keeps the program from changing, deleting and truncating the record, and from switching off its trigger', async () => {
    const refused = [
      `update steward.record set by_name = 'nobody'`,
      'delete from steward.record',
      'truncate steward.record',
      'alter table steward.record disable trigger only_added_to',
      'drop trigger only_added_to on steward.record',
      'create or replace function steward.refuse_change() returns trigger language plpgsql as $$ begin return null; end $$',
      'insert into steward.head (n, hash) values (0, repeat($$0$$, 64))',
      'delete from steward.head',
      'drop schema steward cascade',
      'set session_replication_role = replica',
    ];
    for (const sql of refused)
      await expect(database.query(sql), sql).rejects.toThrow(/permission denied|must be owner/);
  });

  it('keeps a program that is newer than its tables from starting, until the owner has brought them up to date', async () => {
    const newer = [
      ...MIGRATIONS,
      { name: 'one more', statements: ['alter table steward.notes add column x text'] },
    ];
    await expect(migrate(database, newer)).rejects.toThrow(/must be owner/);
    const owner = await openDatabase({ url: ownerUrl, log: quietLog() });
    await migrate(owner, newer).finally(() => owner.close());
    await migrate(database, newer);
    await expect(migrate(database)).rejects.toThrow(/newer Steward/);
  });
});
