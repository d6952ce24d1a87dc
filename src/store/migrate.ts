import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Database } from './database.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { codeOf } from './unavailable.ts';

const applied = z.array(z.object({ n: z.number(), name: z.string(), hash: z.string() }));

/**
 * Brings the tables up to `migrations`, in one transaction. Refuses a database that a newer program has
 * changed, and one whose migrations are not those that this program knows.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  // Two processes that start at once on an empty database both create the schema: one loses, and looks again.
  for (let tries = 0; ; tries++) {
    try {
      await run(database, migrations);
      return;
    } catch (error) {
      const raced = ['23505', '42P06', '42P07', '42710', '40P01', 'XX000'].includes(codeOf(error));
      if (!raced || tries >= 4) throw error;
    }
  }
}

async function run(database: Database, migrations: readonly Migration[]): Promise<void> {
  await database.tx(async (tx) => {
    await tx.query('create schema if not exists steward');
    await tx.query(`create table if not exists steward.migrations (
      n integer primary key, name text not null, hash text not null, at timestamptz not null default now())`);
    await tx.query('lock table steward.migrations in exclusive mode');
    const done = applied.parse(await tx.query('select n, name, hash from steward.migrations order by n'));
    for (const { n, name, hash } of done) {
      const known = migrations[n - 1];
      if (known === undefined) {
        throw new Error(
          `the database was changed by a newer Steward (${n} ${name}): start that one, or restore a backup`,
        );
      }
      if (hashOf(known) !== hash) {
        throw new Error(`migration ${n} (${known.name}) is not the one that ran on this database as ${name}`);
      }
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < done.length) continue;
      for (const statement of migration.statements) await tx.query(statement, [], 60_000);
      await tx.query('insert into steward.migrations (n, name, hash) values ($1, $2, $3)', [
        index + 1,
        migration.name,
        hashOf(migration),
      ]);
    }
  });
}

function hashOf(migration: Migration): string {
  return createHash('sha256').update(migration.statements.join(';\n')).digest('hex');
}
