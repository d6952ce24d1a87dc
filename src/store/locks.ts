import { z } from 'zod';
import type { Fence, LockStore } from '../core/store.ts';
import { cleanText } from './clean.ts';
import type { Database, Queryable } from './database.ts';

/** A place in line that nobody asked for is given up after this. */
const FORGOTTEN = `interval '1 minute'`;

const lock = z.object({
  name: z.string(),
  owner: z.string().nullable(),
  holder: z.string().nullable(),
  token: z.coerce.number(),
  /** An attempt holds it. */
  live: z.boolean(),
  /** Nobody but its owner gets it. */
  kept: z.boolean(),
});
const waiting = z.object({ name: z.string(), owner: z.string(), place: z.coerce.number() });

/**
 * Do all the numbers of a fence still stand? Holds their rows until the caller's commit, so that nobody can
 * take a lock over in between. A lease that ran out unnoticed still stands while nobody took the lock.
 */
export async function stands(
  tx: Queryable,
  fence: Fence,
  mode: 'share' | 'update' = 'share',
): Promise<boolean> {
  if (fence.locks.length === 0) return true;
  const rows = await tx.query(
    `select name, owner, holder, token, true as live, true as kept from steward.locks where name = any($1)
     order by name collate "C" for ${mode}`,
    [fence.locks.map(({ name }) => name)],
  );
  const found = new Map(
    z
      .array(lock)
      .parse(rows)
      .map((row) => [row.name, row]),
  );
  return fence.locks.every(({ name, token }) => {
    const row = found.get(name);
    return row?.owner === fence.owner && row.token === token;
  });
}

/**
 * Locks as rows. Leases are measured with the database's clock, because the clocks of several machines differ;
 * `now` is for tests.
 */
export function createLocks(database: Database, now: (() => Date) | undefined): LockStore {
  const clock = (): string | null => now?.().toISOString() ?? null;
  const NOW = (n: number): string => `coalesce($${n}::timestamptz, clock_timestamp())`;

  return {
    acquire: (owner, holder, wanted, leaseMs) =>
      database.tx(async (tx) => {
        const names = [...new Set(wanted.map(cleanText))].sort();
        if (names.length === 0) return { held: true, fence: { owner, locks: [] } };
        await tx.query(
          `with gone as (
             delete from steward.lock_line where (owner = $2 and name <> all($1))
               or (name = any($1) and owner <> $2 and asked < ${NOW(3)} - ${FORGOTTEN})
           ) insert into steward.locks (name, token) select unnest($1::text[]), 0 on conflict do nothing`,
          [names, owner, clock()],
        );
        // Everybody takes the rows in the same order; from here on nobody else decides about these names.
        const locks = z.array(lock).parse(
          await tx.query(
            `select name, owner, holder, token, coalesce(until > ${NOW(2)}, false) as live,
               coalesce(kept > ${NOW(2)}, false) as kept from steward.locks
             where name = any($1) order by name collate "C" for update`,
            [names, clock()],
          ),
        );
        const line = z
          .array(waiting)
          .parse(
            await tx.query(
              'select name, owner, place from steward.lock_line where name = any($1) order by place',
              [names],
            ),
          );
        // One place for all its names: otherwise two could each wait for the other in different lines.
        const place = Math.min(...line.filter((one) => one.owner === owner).map((one) => one.place));
        for (const one of locks) {
          const mine = one.owner === owner;
          const taken =
            one.owner !== null && (mine ? one.live && one.holder !== holder : one.live || one.kept);
          // An earlier attempt of the same request: it needs no place in the line, it has the lock.
          if (taken && mine) return { held: false, name: one.name, owner, ahead: 1 };
          // It was only put down: those in line come after it.
          if (mine && one.kept) continue;
          const before = line.filter(
            (other) => other.name === one.name && other.owner !== owner && other.place < place,
          );
          const first = taken ? one.owner : before[0]?.owner;
          if (first === null || first === undefined) continue;
          await tx.query(
            `insert into steward.lock_line (name, owner, place, asked)
             select unnest($1::text[]), $2, $4, ${NOW(3)}
             on conflict (name, owner) do update set asked = excluded.asked`,
            [names, owner, clock(), Number.isFinite(place) ? place : await nextPlace(tx)],
          );
          const others = before.filter((other) => other.owner !== one.owner).length;
          return { held: false, name: one.name, owner: first, ahead: others + (taken ? 1 : 0) };
        }
        await tx.query(
          `with gone as (delete from steward.lock_line where owner = $2)
           update steward.locks set owner = $2, holder = $5, token = token + 1,
             kept = case when owner = $2 then kept end,
             until = ${NOW(3)} + $4::double precision * interval '1 millisecond' where name = any($1)`,
          [names, owner, clock(), leaseMs, holder],
        );
        return {
          held: true,
          fence: { owner, locks: locks.map(({ name, token }) => ({ name, token: token + 1 })) },
        };
      }),

    renew: (fence, leaseMs) =>
      database.tx(async (tx) => {
        if (!(await stands(tx, fence, 'update'))) return false;
        await tx.query(
          `update steward.locks set until = ${NOW(2)} + $3::double precision * interval '1 millisecond'
           where name = any($1)`,
          [fence.locks.map(({ name }) => name), clock(), leaseMs],
        );
        return true;
      }),

    park: (fence, forMs, how) =>
      database.tx(async (tx) => {
        if (!(await stands(tx, fence, 'update'))) return false;
        await tx.query(
          `update steward.locks set kept = ${NOW(2)} + $3::double precision * interval '1 millisecond',
             until = case when $4 then until end where name = any($1)`,
          [fence.locks.map(({ name }) => name), clock(), forMs, how === 'hold'],
        );
        return true;
      }),

    release: (owner, fence) =>
      database.tx(async (tx) => {
        await tx.query(
          `update steward.locks set owner = null, holder = null, until = null, kept = null where name in
             (select name from steward.locks where owner = $1
                and ($2::text[] is null or (name, token) in (select * from unnest($2::text[], $3::bigint[])))
              order by name collate "C" for update)`,
          [
            owner,
            fence?.locks.map(({ name }) => name) ?? null,
            fence?.locks.map(({ token }) => token) ?? null,
          ],
        );
        await tx.query('delete from steward.lock_line where owner = $1', [owner]);
      }),

    all: async () => {
      const rows = await database.query(
        `select name, owner, greatest(until, kept) as until from steward.locks
         where owner is not null and greatest(until, kept) > ${NOW(1)} order by name`,
        [clock()],
      );
      return z.array(z.object({ name: z.string(), owner: z.string(), until: z.date() })).parse(rows);
    },
  };
}

async function nextPlace(tx: Queryable): Promise<number> {
  const [row] = await tx.query(`select nextval('steward.lock_place') as place`);
  return z.coerce.number().parse(row?.place);
}
