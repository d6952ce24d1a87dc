import { AsyncLocalStorage } from 'node:async_hooks';
import type { PgPool } from 'bullmq';
import pg from 'pg';
import type { Log } from '../core/ports.ts';
import type { Database, Queryable, Rows } from './database.ts';
import { refuseBareTransaction } from './statement.ts';
import { withoutNul } from './text-params.ts';
import { asUnavailable, codeOf } from './unavailable.ts';

const STATEMENT_MS = 10_000;
const CONNECT_MS = 5_000;

/** PostgreSQL through a pool; connections that break are replaced by the next statement. */
export async function openPostgres(url: string, log: Log): Promise<Database> {
  const pool = openPool(url, 'steward', 10, [], log);
  const inside = new AsyncLocalStorage<{ open: boolean }>();
  let forBullmq: Promise<pg.Pool> | undefined;

  const run = async (
    on: pg.Pool | pg.PoolClient,
    sql: string,
    params: readonly unknown[],
    deadlineMs: number,
  ): Promise<Rows> => {
    try {
      // query_timeout is the client's own deadline, for a server that is there and does not answer.
      const config = { text: sql, values: params.map(withoutNul), query_timeout: deadlineMs };
      return (await on.query<Record<string, unknown>>(config)).rows;
    } catch (error) {
      throw asUnavailable(error);
    }
  };

  const query: Queryable['query'] = async (sql, params = [], deadlineMs = STATEMENT_MS) => {
    refuseBareTransaction(sql);
    if (inside.getStore()?.open) throw new Error('a statement on the database inside its own tx()');
    return run(pool, sql, params, deadlineMs);
  };

  const once = async <T>(fn: (tx: Queryable) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw asUnavailable(error);
    });
    const scope = { open: true };
    let broken = false;
    try {
      await run(client, 'begin', [], STATEMENT_MS);
      const result = await inside.run(scope, () =>
        fn({
          query: async (sql, params = [], deadlineMs = STATEMENT_MS) => {
            refuseBareTransaction(sql);
            if (!scope.open) throw new Error('a statement after the end of its tx()');
            return run(client, sql, params, deadlineMs);
          },
        }),
      );
      scope.open = false;
      await run(client, 'commit', [], STATEMENT_MS);
      return result;
    } catch (error) {
      scope.open = false;
      await run(client, 'rollback', [], STATEMENT_MS).catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  };

  const tx: Database['tx'] = async (fn) => {
    if (inside.getStore()?.open) throw new Error('tx() inside tx()');
    for (let tries = 0; ; tries++) {
      try {
        return await once(fn);
      } catch (error) {
        // A deadlock undid it whole.
        if (tries >= 3 || !['40P01', '40001'].includes(codeOf(error))) throw error;
      }
    }
  };

  const openForBullmq = async (): Promise<pg.Pool> => {
    // Each worker keeps one connection for LISTEN, so more than the store needs.
    const { runMigrations } = await import('bullmq');
    const own = openPool(url, 'steward-queue', 16, ['-c search_path=bullmq'], log);
    try {
      const client = await own.connect();
      try {
        await runMigrations(client);
      } finally {
        client.release();
      }
      return own;
    } catch (error) {
      await own.end();
      throw asUnavailable(error);
    }
  };

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const other = await forBullmq?.catch(() => undefined);
    await Promise.all([pool.end(), other?.end()]);
  };

  return {
    kind: 'postgres',
    query,
    tx,
    ping: async () => String((await query('show server_version', [], 2_000))[0]?.server_version),
    bullmqConnection: async (): Promise<PgPool> => {
      forBullmq ??= openForBullmq();
      forBullmq.catch(() => {
        forBullmq = undefined;
      });
      // A real pool is one; the overloads of its `on` are written differently.
      return forBullmq as Promise<unknown> as Promise<PgPool>;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function openPool(url: string, name: string, max: number, settings: readonly string[], log: Log): pg.Pool {
  const pool = new pg.Pool({
    ...withOptions(url, settings),
    application_name: name,
    max,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: 15_000,
  });
  // Each of BullMQ's parts listens on the pool.
  pool.setMaxListeners(0);
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', (error) => log.warn('database connection lost', { pool: name, error: error.message }));
  // Nor does the pool listen to one that is lent out: its statement fails by itself.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** An `options` in the URL would replace ours, so the two are joined. */
function withOptions(
  url: string,
  settings: readonly string[],
): { connectionString: string; options?: string } {
  if (settings.length === 0) return { connectionString: url };
  const [start = '', search = ''] = url.split('?', 2);
  const params = new URLSearchParams(search);
  const given = params.get('options');
  params.delete('options');
  const rest = params.size === 0 ? '' : `?${params}`;
  return { connectionString: `${start}${rest}`, options: [given ?? '', ...settings].join(' ').trim() };
}
