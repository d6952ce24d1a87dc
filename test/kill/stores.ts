import { noPostgres, startPostgres } from '../support/postgres.ts';
import { noRedis, startRedis } from '../support/redis.ts';

/** Where a Steward that is killed keeps its record and its queue. */
export interface KillStore {
  readonly name: string;
  readonly postgres: boolean;
  readonly redis: boolean;
  /** Why it cannot be tried here; null: it can. */
  readonly missing: string | null;
}

export const EMBEDDED: KillStore = {
  name: 'PGlite, in one process',
  postgres: false,
  redis: false,
  missing: null,
};
export const SERVERS: KillStore = {
  name: 'PostgreSQL and Redis',
  postgres: true,
  redis: true,
  missing: noPostgres ?? noRedis,
};
export const STORES = [EMBEDDED, SERVERS] as const;

/** What is behind the name of a test when it cannot be tried here. */
export function skippedText({ missing }: Pick<KillStore, 'missing'>): string {
  return missing === null ? '' : ` (skipped: ${missing})`;
}

/** Starts the servers of this store, for this test only. */
export async function startServers(
  { postgres, redis }: KillStore,
  later: (stop: () => Promise<void>) => void,
): Promise<{ readonly databaseUrl: string | null; readonly redisUrl: string | null }> {
  const database = postgres ? await startPostgres() : null;
  if (database) later(() => database.stop());
  const queue = redis ? await startRedis() : null;
  if (queue) later(() => queue.stop());
  return { databaseUrl: (await database?.fresh()) ?? null, redisUrl: queue?.url ?? null };
}
