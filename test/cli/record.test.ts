import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportAudit, verifyAudit } from '../../src/cli/audit.ts';
import { issueToken, listTokens, revokeToken } from '../../src/cli/tokens.ts';
import { Refused } from '../../src/core/refused.ts';
import type { Store } from '../../src/core/store.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from '../support/log.ts';
import { keepIo } from './terminal.ts';

let database: Database;
let store: Store;
beforeAll(async () => {
  database = await openDatabase({ dir: ':memory:', log: keepLog() });
  store = createStore(database);
});
afterAll(() => database.close());

async function call(work: (io: ReturnType<typeof keepIo>['io']) => Promise<number>) {
  const { io, said } = keepIo();
  const code = await work(io);
  return { code, ...said };
}

const known = ['maria', 'adam'];
const exported = async (after = 0) => {
  const { out } = await call((io) => exportAudit(store.ledger, after, io));
  return { out, types: [...out.matchAll(/"type":"([^"]+)"/g)].map(([, type]) => type) };
};

describe('tokens and the record', () => {
  it('keeps a record of every token, and never the token', async () => {
    const about = { person: 'maria', label: 'laptop', known };
    const issued = await call((io) => issueToken(store, about, io));
    const token = issued.out.trim();
    expect(await store.tokens.check(token)).toBe('maria');
    const id = /Token (t[0-9a-f]{8})/.exec(issued.err)?.[1] ?? '';

    const listed = await call((io) => listTokens(store, false, io));
    expect(listed.out).toMatch(new RegExp(`${id}\\s+maria\\s+laptop\\s+20`));
    expect(JSON.parse((await call((io) => listTokens(store, true, io))).out)).toMatchObject([
      { id, person: 'maria' },
    ]);

    const head = /head ([0-9a-f]{64})/.exec(
      (await call((io) => verifyAudit(store.ledger, undefined, io))).out,
    )?.[1];
    expect((await call((io) => revokeToken(store, id, io))).code).toBe(0);
    expect(await store.tokens.check(token)).toBeNull();
    await expect(call((io) => revokeToken(store, id, io))).rejects.toThrow(Refused);
    expect((await call((io) => listTokens(store, false, io))).out).toBe('There are no tokens.\n');

    const { out, types } = await exported();
    expect(types).toEqual(['token-issued', 'token-revoked']);
    expect(out).not.toContain(token);
    expect(out).toContain('on the server');
    expect((await exported(1)).types).toEqual(['token-revoked']);

    expect(await call((io) => verifyAudit(store.ledger, head, io))).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 rows'),
    });
    const cut = await call((io) => verifyAudit(store.ledger, 'f'.repeat(64), io));
    expect(cut).toMatchObject({
      code: 1,
      err: expect.stringContaining('the head that you gave is not in it'),
    });
  });

  it('takes a token back that could not be recorded', async () => {
    const ledger = { ...store.ledger, note: () => Promise.reject(new Error('disk full')) };
    const about = { person: 'adam', label: '', known };
    await expect(call((io) => issueToken({ tokens: store.tokens, ledger }, about, io))).rejects.toThrow(
      'disk full',
    );
    expect(await store.tokens.list()).toEqual([]);
  });

  it('refuses somebody whom the config does not know, with whom was meant', async () => {
    const about = { person: 'mria', label: '', known };
    await expect(call((io) => issueToken(store, about, io))).rejects.toThrow('Did you mean maria?');
  });

  it('says in which row the record was changed', async () => {
    // As somebody who owns the database could.
    await database.query('alter table steward.record disable trigger user');
    await database.query(`update steward.record set by_name = 'somebody else' where n = 1`);
    const broken = await call((io) => verifyAudit(store.ledger, undefined, io));
    expect(broken).toMatchObject({
      code: 1,
      err: expect.stringContaining('broken at row 1: the row was changed'),
    });
  });
});
