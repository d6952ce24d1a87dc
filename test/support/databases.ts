import { afterAll, beforeAll, describe } from 'vitest';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { noPostgres, startPostgres, type TestPostgres } from './postgres.ts';
import { quietLog } from './process.ts';

/** The same suite over PGlite and PostgreSQL; the second is skipped by name where it is missing. */
export function describeDatabases(
  title: string,
  suite: (context: { database(): Database; postgres(): TestPostgres | undefined }) => void,
): void {
  for (const kind of ['pglite', 'postgres'] as const) {
    const missing = kind === 'postgres' ? noPostgres : null;
    const name = `${title} on ${kind}${missing === null ? '' : ` (skipped: ${missing})`}`;
    describe.skipIf(missing !== null)(name, () => {
      let database: Database | undefined;
      let postgres: TestPostgres | undefined;
      beforeAll(async () => {
        if (kind === 'postgres') postgres = await startPostgres();
        const url = await postgres?.fresh();
        database = await openDatabase({ url, dir: ':memory:', log: quietLog() });
      });
      afterAll(async () => {
        await database?.close();
        await postgres?.stop();
      });
      suite({
        database: () => {
          if (database === undefined) throw new Error('not open');
          return database;
        },
        postgres: () => postgres,
      });
    });
  }
}
