import { z } from 'zod';
import { canonical, type JsonObject } from '../core/json.ts';
import type { PlaceStore, ShownPlace } from '../core/store.ts';
import { cleanObject, cleanText } from './clean.ts';
import type { Database } from './database.ts';

const place = z
  .object({
    kind: z.enum(['slack', 'discourse', 'terminal']),
    where: z.string(),
    purpose: z.enum(['origin', 'approvers']),
    state: z.string(),
    seq: z.number(),
  })
  .transform((row): ShownPlace => ({ ...row, state: JSON.parse(row.state) as JsonObject }));

const ids = z.array(z.object({ request: z.string() }).transform(({ request }) => request));

/** Where requests are shown. */
export function createPlaces(database: Database): PlaceStore {
  return {
    add: async (request, { kind, where, purpose }) => {
      await database.query(
        `insert into steward.places (request, kind, "where", purpose, state, keys, seq)
         values ($1, $2, $3, $4, '{}', array[$3], 0) on conflict do nothing`,
        [request, kind, cleanText(where), purpose],
      );
    },
    of: async (request) => {
      const rows = await database.query(
        'select kind, "where", purpose, state, seq from steward.places where request = $1 order by n',
        [request],
      );
      return z.array(place).parse(rows);
    },
    // Somebody slower never overwrites what somebody faster has shown.
    shown: async (request, where, state, seq) => {
      const cleaned = cleanObject(state);
      const values = Object.values(cleaned).filter((value) => typeof value === 'string');
      await database.query(
        `update steward.places set state = $3, seq = $4, keys = $5
         where request = $1 and "where" = $2 and seq <= $4`,
        [request, cleanText(where), canonical(cleaned), seq, [cleanText(where), ...values]],
      );
    },
    find: async (kind, where) => {
      const rows = await database.query(
        `select request from steward.places where kind = $1 and keys @> array[$2::text]
         group by request order by max(n) desc`,
        [kind, cleanText(where)],
      );
      return ids.parse(rows);
    },
    stale: async (kind, limit) => {
      const rows = await database.query(
        `select p.request from steward.places p join steward.requests r on r.id = p.request
         where p.kind = $1 and p.seq < r.seq group by p.request order by min(r.updated) limit $2`,
        [kind, limit],
      );
      return ids.parse(rows);
    },
  };
}
