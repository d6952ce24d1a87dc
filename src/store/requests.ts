import { z } from 'zod';
import { type NewEvent, upcast, VERSIONS } from '../core/events.ts';
import { STATUSES } from '../core/request.ts';
import type { Fence, Listed, RequestStore, Summary } from '../core/store.ts';
import { cleanText } from './clean.ts';
import type { Database, Queryable } from './database.ts';
import { stands } from './locks.ts';
import { added, COLUMNS, chain, type Entry, headOf, rowOf } from './record.ts';

const listed = z
  .object({
    id: z.string(),
    seq: z.number(),
    status: z.enum(STATUSES),
    command: z.string(),
    text: z.string(),
    asker: z.string(),
    title: z.string(),
    due_kind: z.enum(['plan', 'run', 'expire', 'remind']).nullable(),
    due_at: z.date().nullable(),
    updated: z.date(),
  })
  .transform(({ due_kind, due_at, ...rest }): Listed => {
    return { ...rest, due: due_kind === null || due_at === null ? null : { kind: due_kind, at: due_at } };
  });

const numbered = z.object({ made: z.string().nullable(), n: z.coerce.number().int() });

const LISTED = 'id, seq, status, command, text, asker, title, due_kind, due_at, updated';

/** Requests and their events. */
export function createRequests(database: Database, now: () => Date): RequestStore {
  const madeFrom = async (on: Queryable, origin: string): Promise<string | null> => {
    const [row] = await on.query('select id from steward.requests where origin = $1', [origin]);
    return row === undefined ? null : z.string().parse(row.id);
  };

  return {
    create: async (from, make) => {
      const origin = cleanText(from);
      const [first] = await database.query(
        `select (select id from steward.requests where origin = $1) as made, nextval('steward.request_number') as n`,
        [origin],
      );
      const { made, n } = numbered.parse(first);
      if (made !== null) return { id: made, isNew: false };
      const id = `r${n}`;
      const { events, summary } = make(id);
      return database.tx(async (tx) => {
        // The head first: so nobody waits here for another request from the same origin while holding it up.
        const last = headOf((await tx.query('select n, hash from steward.head for update'))[0]);
        const at = now();
        const found = await tx.query(
          `with made as (
             insert into steward.requests (num, origin, ${LISTED})
             values ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             on conflict (origin) do nothing returning id
           ), ${added('exists (select from made)')}
           select id from made`,
          [
            ...chain(last, at, entriesOf(id, 0, events)),
            n,
            origin,
            id,
            events.length,
            ...summaryParams(summary),
            at.toISOString(),
          ],
        );
        if (found.length === 0) return { id: z.string().parse(await madeFrom(tx, origin)), isNew: false };
        return { id, isNew: true };
      });
    },

    madeFrom: (origin) => madeFrom(database, cleanText(origin)),

    events: async (id, after = 0) => {
      const rows = await database.query(
        `select ${COLUMNS} from steward.record where request = $1 and seq > $2 order by seq`,
        [cleanText(id), after],
      );
      return rows.map((found) => upcast(rowOf(found).row));
    },

    append: (id, after, events, summary, fence?: Fence) =>
      database.tx(async (tx) => {
        const [found] = await tx.query(
          `select r.seq, h.n, h.hash from steward.requests r, steward.head h where r.id = $1 for update`,
          [id],
        );
        if (found === undefined) throw new Error(`there is no request ${id}`);
        if (found.seq !== after) return 'conflict';
        if (fence !== undefined && !(await stands(tx, fence))) return 'fenced';
        const at = now();
        await tx.query(
          `with ${added()}
           update steward.requests set seq = $5, status = $6, command = $7, text = $8, asker = $9, title = $10,
             due_kind = $11, due_at = $12, updated = $13 where id = $4`,
          [
            ...chain(headOf(found), at, entriesOf(id, after, events)),
            id,
            after + events.length,
            ...summaryParams(summary),
            at.toISOString(),
          ],
        );
        return 'written';
      }),

    putOff: (id, after, due, fence) =>
      database.tx(async (tx) => {
        const [found] = await tx.query('select seq from steward.requests where id = $1 for update', [id]);
        if (found === undefined) throw new Error(`there is no request ${id}`);
        if (found.seq !== after) return 'conflict';
        if (fence !== undefined && !(await stands(tx, fence))) return 'fenced';
        await tx.query('update steward.requests set due_kind = $2, due_at = $3 where id = $1', [
          id,
          due.kind,
          due.at.toISOString(),
        ]);
        return 'written';
      }),

    list: async ({ status, asker, limit }) => {
      const rows = await database.query(
        `select ${LISTED} from steward.requests
         where ($1::text[] is null or status = any($1)) and ($2::text is null or asker = $2)
         order by num desc limit $3`,
        [status ?? null, asker ?? null, limit],
      );
      return z.array(listed).parse(rows);
    },

    askedSince: async (asker, command, since, origin) => {
      // The first row of a request's record is its asking. Times are ISO text, so they compare as they are.
      const [row] = await database.query(
        `select count(*) as n from (
           select r.id from steward.requests r join steward.record e on e.request = r.id and e.seq = 1
           where r.asker = $1 and r.command = $2 and r.origin <> $4 and r.updated >= $5 and e.at > $3
             and not exists (
               select from steward.record x
               where x.request = r.id and x.type = 'refused' and x.data::json ->> 'early' = 'true'
             )
           limit 100
         ) counted`,
        [cleanText(asker), command, since.toISOString(), cleanText(origin), since.toISOString()],
      );
      return z.object({ n: z.coerce.number() }).parse(row).n;
    },

    due: async (at, limit) => {
      const rows = await database.query(
        `select ${LISTED} from steward.requests where due_at <= $1 order by due_at, num limit $2`,
        [at.toISOString(), limit],
      );
      return z.array(listed).parse(rows);
    },
  };
}

function entriesOf(request: string, after: number, events: readonly NewEvent[]): Entry[] {
  return events.map(({ type, by, data }, index) => {
    return { request, seq: after + index + 1, type, v: VERSIONS[type], by, data };
  });
}

function summaryParams(summary: Summary): unknown[] {
  const { status, command, text, asker, title, due } = summary;
  const cleaned = [command, text, asker, title].map(cleanText);
  return [status, ...cleaned, due?.kind ?? null, due?.at.toISOString() ?? null];
}
