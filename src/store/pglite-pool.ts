import { EventEmitter } from 'node:events';
import type { PgNotification, PgPool, PgPoolClient, PgQueryable } from 'bullmq';
import type { Session } from './pglite.ts';
import { refuseBareTransaction } from './statement.ts';

/**
 * The one session of PGlite in the shape of a node-postgres pool, for BullMQ: its schema is made and the
 * search path leads to it, so everything else names its schema.
 */
export async function createSharedPool(session: Session): Promise<PgPool> {
  const { runMigrations } = await import('bullmq');
  // BullMQ's migrations send their own BEGIN and COMMIT: they get the session for themselves.
  await session.alone(async (run) => {
    await runMigrations({ query: run as PgQueryable['query'] });
    await run('set search_path to bullmq');
  });
  const clients = new Set<(about: PgNotification) => void>();
  session.onNotification((channel, payload) => {
    for (const deliver of clients) deliver({ channel, payload });
  });
  // BullMQ says what rows it expects where it calls.
  const query = (async (sql, params) => {
    refuseBareTransaction(sql);
    return session.alone((run) => run(sql, params));
  }) as PgQueryable['query'];
  // There is no connection that could break: the emitter never emits.
  return Object.assign(new EventEmitter().setMaxListeners(0), {
    query,
    connect: async () => {
      const { client, deliver } = createClient(query, () => clients.delete(deliver));
      clients.add(deliver);
      return client;
    },
    end: async () => undefined,
  });
}

function createClient(
  query: PgQueryable['query'],
  released: () => void,
): { client: PgPoolClient; deliver(about: PgNotification): void } {
  const channels = new Set<string>();
  const events = new EventEmitter().setMaxListeners(0);
  // What arrived while nobody listened here. BullMQ looks first and listens after, so it would be lost.
  const kept = new Map<string, PgNotification>();
  events.on('newListener', (event) => {
    if (event !== 'notification' || kept.size === 0) return;
    const replay = [...kept.values()];
    kept.clear();
    setImmediate(() => {
      for (const about of replay) events.emit('notification', about);
    });
  });
  const listening = (async (text, params) => {
    const result = await query(text, params);
    const channel = /^\s*listen\s+"?(\w+)"?/im.exec(text)?.[1];
    if (channel !== undefined) channels.add(channel);
    return result;
  }) as PgQueryable['query'];
  return {
    client: Object.assign(events, { query: listening, release: released }),
    deliver: (about) => {
      if (!channels.has(about.channel)) return;
      if (events.listenerCount('notification') > 0) events.emit('notification', about);
      else kept.set(`${about.channel} ${about.payload}`, about);
    },
  };
}
