import { AsyncLocalStorage } from 'node:async_hooks';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite, type Results, types } from '@electric-sql/pglite';
import type { PgPool } from 'bullmq';
import type { Log } from '../core/ports.ts';
import type { Database, Queryable, Rows } from './database.ts';
import { lockDirectory } from './directory-lock.ts';
import { createSharedPool } from './pglite-pool.ts';
import { refuseBareTransaction } from './statement.ts';
import { asText } from './text-params.ts';

const VACUUM_MS = 10 * 60_000;

/** What the adapters need of the one session: statements one after the other, never two at once. */
export interface Session {
  /** Waits for its turn, then has the session alone until `work` settles. */
  alone<T>(work: (run: RunOne) => Promise<T>): Promise<T>;
  /** Every notification of this session, whoever listens. */
  onNotification(listener: (channel: string, payload: string) => void): void;
}

/** One statement with parameters, or several without. */
export type RunOne = (
  sql: string,
  params?: readonly unknown[],
) => Promise<{ rows: Record<string, unknown>[]; rowCount: number }>;

/** PostgreSQL in this process, in a directory that no second process can open. `:memory:` keeps nothing. */
export async function openPglite(dir: string, log: Log): Promise<Database> {
  const inMemory = dir === ':memory:';
  if (!inMemory) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await closeToOthers(dir, log);
  }
  const lock = inMemory ? null : await lockDirectory(dir);
  const pglite = await PGlite.create({
    ...(inMemory ? {} : { dataDir: join(dir, 'data') }),
    // The default buffers cost about 150 MB of memory, and this database is small.
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=8MB'],
    serializers: SERIALIZERS,
    parsers: { [types.INT8]: String, [types.NUMERIC]: String },
  }).catch(async (error: unknown) => {
    await lock?.release();
    throw error;
  });

  const session = createSession(pglite);
  const inside = new AsyncLocalStorage<{ open: boolean }>();
  let pool: Promise<PgPool> | undefined;
  let writes = 0;

  const query: Queryable['query'] = async (sql, params = []) => {
    refuseBareTransaction(sql);
    if (inside.getStore()?.open) throw new Error('a statement on the database inside its own tx()');
    writes++;
    return session.alone(async (run) => (await run(sql, params)).rows);
  };

  const tx: Database['tx'] = async (fn) => {
    if (inside.getStore()?.open) throw new Error('tx() inside tx()');
    writes++;
    return session.alone(async (run) => {
      const scope = { open: true };
      await run('begin');
      try {
        const result = await inside.run(scope, () =>
          fn({
            query: async (sql, params = []): Promise<Rows> => {
              refuseBareTransaction(sql);
              if (!scope.open) throw new Error('a statement after the end of its tx()');
              return (await run(sql, params)).rows;
            },
          }),
        );
        scope.open = false;
        await run('commit');
        return result;
      } catch (error) {
        scope.open = false;
        await run('rollback');
        throw error;
      }
    });
  };

  // PGlite has no autovacuum.
  let vacuumed = 0;
  const vacuum = setInterval(() => {
    if (writes === vacuumed) return;
    vacuumed = writes;
    session
      .alone((run) => run('vacuum'))
      .catch((error: unknown) => log.warn('vacuum failed', { error: String(error) }));
  }, VACUUM_MS);
  vacuum.unref();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    clearInterval(vacuum);
    await session.alone(() => pglite.close());
    await lock?.release();
  };

  return {
    kind: 'pglite',
    query,
    tx,
    ping: async () => String((await query('show server_version'))[0]?.server_version),
    bullmqConnection: () => {
      pool ??= createSharedPool(session);
      return pool;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** A directory that was there before may be open: everything is in it, and what PGlite makes anybody may read. */
async function closeToOthers(dir: string, log: Log): Promise<void> {
  const { mode, uid } = await stat(dir);
  if ((mode & 0o077) === 0) return;
  if (uid === process.getuid?.()) await chmod(dir, 0o700);
  else log.warn('others may look into the database', { dir });
}

function createSession(pglite: PGlite): Session {
  let last: Promise<unknown> = Promise.resolve();
  const run: RunOne = async (sql, params = []) => {
    // PGlite settles in microtasks: without a turn of the event loop in between, a busy producer starves
    // timers, sockets and the workers.
    await new Promise((resolve) => setImmediate(resolve));
    if (params.length > 0) return counted(await pglite.query(sql, params.map(asText)));
    const results = await pglite.exec(sql);
    return counted(results.at(-1) ?? { rows: [], fields: [] });
  };
  return {
    alone: (work) => {
      const mine = last.then(() => work(run));
      last = mine.catch(() => undefined);
      return mine;
    },
    onNotification: (listener) => {
      pglite.onNotification(listener);
    },
  };
}

function counted(results: Results): { rows: Record<string, unknown>[]; rowCount: number } {
  return { rows: results.rows, rowCount: results.rowCount ?? results.affectedRows ?? 0 };
}

// Parameters arrive as text already, like those of node-postgres; PGlite's own encoders would encode them twice.
const SERIALIZERS: Record<number, (value: unknown) => string> = Object.fromEntries(
  Object.values(types)
    .filter((type) => typeof type === 'number')
    .map((oid) => [oid, (value: unknown) => String(value)]),
);
