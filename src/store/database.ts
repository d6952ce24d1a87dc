import type { PgPool } from 'bullmq';
import type { Log } from '../core/ports.ts';
import { migrate } from './migrate.ts';
import { openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';

/** Rows as PostgreSQL gave them: timestamps are Dates, bigints are text. Checked with zod by whoever asks. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

/** Something that takes one statement with parameters. */
export interface Queryable {
  /**
   * One statement. Throws `Unavailable` when the database does not answer; the statement may then have been
   * carried out or not. `deadlineMs` is 10 s unless told.
   */
  query(sql: string, params?: readonly unknown[], deadlineMs?: number): Promise<Rows>;
}

/** PostgreSQL, or PostgreSQL in this process. */
export interface Database extends Queryable {
  readonly kind: 'postgres' | 'pglite';
  /**
   * All or nothing; after a deadlock `fn` runs again. It may only await statements of `tx`: on PGlite everybody else waits meanwhile, and a
   * statement on the database itself from inside would wait for ever, so it throws.
   */
  tx<T>(fn: (tx: Queryable) => Promise<T>): Promise<T>;
  /** The server's version. Throws `Unavailable` within 2 s. */
  ping(): Promise<string>;
  /** For BullMQ's PostgreSQL backend: its schema is there, and the search path leads to it. Closed with the database. */
  bullmqConnection(): Promise<PgPool>;
  close(): Promise<void>;
}

/**
 * Opens the database and brings its tables up to date. With `url` it is that PostgreSQL; otherwise PGlite in
 * `dir`, which no second process can open (`:memory:` keeps nothing).
 */
export async function openDatabase(options: {
  readonly url?: string | undefined;
  readonly dir?: string | undefined;
  readonly log: Log;
}): Promise<Database> {
  const database =
    options.url === undefined
      ? await openPglite(options.dir ?? ':memory:', options.log)
      : await openPostgres(options.url, options.log);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}
