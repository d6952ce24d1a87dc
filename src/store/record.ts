import { z } from 'zod';
import { type Actor, hashOf, type Row } from '../core/events.ts';
import { asJson, canonical, type JsonObject } from '../core/json.ts';
import type { Ledger } from '../core/store.ts';
import { cleanObject, cleanText } from './clean.ts';
import type { Database } from './database.ts';

/** What is added to the record; the chain gives it its place. */
export interface Entry {
  readonly request: string | null;
  readonly seq: number;
  readonly type: string;
  readonly v: number;
  readonly by: Actor;
  readonly data: unknown;
}

const BATCH = 500;

const head = z.object({ n: z.coerce.number(), hash: z.string() });

const kept = z.object({
  n: z.coerce.number(),
  request: z.string().nullable(),
  seq: z.number(),
  type: z.string(),
  v: z.number(),
  at: z.string(),
  by_id: z.string(),
  by_name: z.string(),
  data: z.string(),
  prev: z.string(),
  hash: z.string(),
});

const object = z.record(z.string(), z.json());

/** The columns of a row, for `rowOf`. */
export const COLUMNS = 'n, request, seq, type, v, at, by_id, by_name, data, prev, hash';

/** The end of the chain as it stands. */
export type Head = z.output<typeof head>;

/** Of `steward.head`, read with `for update`: whoever writes holds it until its commit, so the chain has one order. */
export function headOf(found: unknown): Head {
  return head.parse(found);
}

/** The rows that follow `last`, as one JSON text, and the head after them: the parameters of `ADDED`. */
export function chain(last: Head, at: Date, entries: readonly Entry[]): readonly [string, number, string] {
  let prev = last.hash;
  const rows = entries.map((entry, index) => {
    const row: Row = {
      request: entry.request,
      seq: entry.seq,
      type: entry.type,
      v: entry.v,
      at: at.toISOString(),
      by: { id: cleanText(entry.by.id), name: cleanText(entry.by.name) },
      data: cleanObject(asJson(entry.data)),
      prev,
    };
    prev = hashOf(row);
    return { n: last.n + index + 1, row, hash: prev };
  });
  // As one JSON text, so that the statement is the same for any number of rows. The data is text inside it:
  // the bytes that were hashed are the bytes that are kept.
  const list = rows.map(({ n, row, hash }) => ({
    ...row,
    n,
    by_id: row.by.id,
    by_name: row.by.name,
    data: canonical(row.data),
    hash,
  }));
  return [JSON.stringify(list), last.n + entries.length, prev];
}

/**
 * Adds to the record, as parts of a `with`: one statement then writes all that belongs together. $1 to $3 are
 * what `chain` gives; `only` is a condition.
 */
export const added = (only = 'true'): string => `added as (
    insert into steward.record (${COLUMNS})
    select ${COLUMNS} from json_to_recordset($1::json) as row(n bigint, request text, seq integer, type text,
      v integer, at text, by_id text, by_name text, data text, prev text, hash text)
    where ${only}
  ), moved as (update steward.head set n = $2, hash = $3 where ${only})`;

/** A kept row as the chain and `upcast` know it, with its number and the hash beside it. */
export function rowOf(found: unknown): { n: number; hash: string; row: Row; text: string } {
  const { n, hash, by_id, by_name, data, ...rest } = kept.parse(found);
  const row: Row = { ...rest, by: { id: by_id, name: by_name }, data: object.parse(JSON.parse(data)) };
  return { n, hash, row, text: data };
}

/** The chain as a whole. */
export function createLedger(database: Database, now: () => Date): Ledger {
  const page = async (after: number, limit: number) =>
    database.query(`select ${COLUMNS} from steward.record where n > $1 order by n limit $2`, [after, limit]);
  return {
    note: (type, by, data: JsonObject) =>
      database.tx(async (tx) => {
        const last = headOf((await tx.query('select n, hash from steward.head for update'))[0]);
        const entry = { request: null, seq: 0, type, v: 1, by, data };
        await tx.query(`with ${added()} select 1`, [...chain(last, now(), [entry])]);
      }),
    rows: async (after, limit) =>
      (await page(after, limit)).map((found) => {
        const { n, hash, row } = rowOf(found);
        return { n, row: { ...row, hash } };
      }),
    verify: async () => {
      // One statement, so one moment: rows that are added while this walks are beyond it.
      const [start] = await database.query(
        'select n, hash, (select coalesce(max(n), 0) from steward.record) as last from steward.head',
      );
      const end = head.extend({ last: z.coerce.number() }).safeParse(start);
      if (!end.success) return { ok: false, row: 0, says: 'the head of the record is missing' };
      let n = 0;
      let prev = '0'.repeat(64);
      while (n < end.data.n) {
        const found = await page(n, Math.min(BATCH, end.data.n - n));
        if (found.length === 0) return { ok: false, row: n + 1, says: 'the row is missing' };
        for (const raw of found) {
          const says = faultOf(raw, n + 1, prev);
          if (says !== null) return { ok: false, row: n + 1, says };
          const { hash } = rowOf(raw);
          n++;
          prev = hash;
        }
      }
      if (end.data.last > n) return { ok: false, row: n + 1, says: 'a row beyond the head of the record' };
      if (end.data.hash !== prev) return { ok: false, row: n, says: 'the head does not have the last hash' };
      return { ok: true, rows: n, head: prev };
    },
  };
}

/** What is wrong with a row that should be number `n` after the hash `prev`; null when nothing is. */
function faultOf(raw: unknown, n: number, prev: string): string | null {
  let read: ReturnType<typeof rowOf>;
  try {
    read = rowOf(raw);
  } catch {
    return 'the row cannot be read';
  }
  if (read.n !== n) return 'the row is missing';
  if (read.row.prev !== prev) return 'it does not follow the row before';
  if (canonical(read.row.data) !== read.text || hashOf(read.row) !== read.hash) return 'the row was changed';
  return null;
}
