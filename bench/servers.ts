import { noPostgres, startPostgres } from '../test/support/postgres.ts';
import { noRedis, startRedis } from '../test/support/redis.ts';
import type { Scope } from './scope.ts';

/** Where the truth and the queue are; null: PGlite in a directory, and the queue in it. */
export interface Servers {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** Why there is no PostgreSQL with Redis here; null when there is. */
export function noServers(): string | null {
  const missing = noPostgres ?? noRedis;
  return missing && `${missing} here`;
}

/** Starts a PostgreSQL that really writes to the disk at each commit, and a Redis with an append-only file. */
export async function startServers(scope: Scope): Promise<Servers & { fresh(): Promise<Servers> }> {
  const redis = await startRedis();
  scope.later(() => redis.stop());
  const postgres = await startPostgres({ durable: true });
  scope.later(() => postgres.stop());
  const redisUrl = redis.url;
  return {
    databaseUrl: postgres.url,
    redisUrl,
    /** The same servers with a new, empty database. */
    fresh: async () => ({ databaseUrl: await postgres.fresh(), redisUrl }),
  };
}
