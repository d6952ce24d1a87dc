import { z } from 'zod';
import { canonical, type JsonObject } from '../core/json.ts';
import type { Inbox } from '../core/store.ts';
import { cleanObject, cleanText } from './clean.ts';
import type { Database } from './database.ts';
import { databaseAway } from './unavailable.ts';

/** After this a `put` gives up: chat services want their answer within 3 s. */
const DEADLINE_MS = 1_500;
/** What comes within this joins the commit. */
const GATHER_MS = 2;
const GROUP = 500;

interface Waiting {
  /** Cleaned and short enough, so that no item can spoil the statement for the others. */
  readonly item: { readonly id: string; readonly source: string; readonly body: string };
  resolve(how: 'new' | 'seen'): void;
  reject(error: unknown): void;
  gone: boolean;
}

const stored = z.array(z.object({ id: z.string(), body: z.string() }));

/** The inbox, committed in groups: one commit is the price of one and of five hundred. */
export function createInbox(database: Database, now: () => Date): Inbox {
  let waiting: Waiting[] = [];
  let busy = false;

  const insert = async (items: readonly Waiting['item'][]): Promise<Set<string>> => {
    const rows = await database.query(
      `insert into steward.inbox (id, source, body, at)
       select id, source, body, $2 from json_to_recordset($1::json) as item(id text, source text, body text)
       on conflict (id) do nothing returning id`,
      [JSON.stringify(items), now().toISOString()],
      DEADLINE_MS,
    );
    return new Set(
      z
        .array(z.object({ id: z.string() }))
        .parse(rows)
        .map(({ id }) => id),
    );
  };

  const store = async (group: readonly Waiting[]): Promise<void> => {
    const first = new Map<string, Waiting>();
    for (const one of group) if (!first.has(one.item.id)) first.set(one.item.id, one);
    try {
      const made = await insert([...first.values()].map(({ item }) => item));
      for (const one of group) {
        one.resolve(first.get(one.item.id) === one && made.has(one.item.id) ? 'new' : 'seen');
      }
    } catch (error) {
      for (const one of group) one.reject(error);
    }
  };

  const work = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    while (waiting.length > 0) {
      const group = waiting.slice(0, GROUP).filter((one) => !one.gone);
      waiting = waiting.slice(GROUP);
      if (group.length > 0) await store(group);
    }
    busy = false;
  };

  return {
    put: (item) =>
      new Promise((resolve, reject) => {
        const id = cleanText(item.id);
        if (id === '' || id.length > 500) throw new Error('an inbox id of 1 to 500 characters');
        const body = canonical(cleanObject(item.body));
        const one: Waiting = {
          item: { id, source: cleanText(item.source), body },
          resolve: (how) => {
            clearTimeout(timer);
            resolve(how);
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
          gone: false,
        };
        // What is not on its way yet is taken back; what is may still be stored, and is found by `pending`.
        const timer = setTimeout(() => {
          one.gone = true;
          reject(databaseAway(new Error(`not stored within ${DEADLINE_MS} ms`)));
        }, DEADLINE_MS);
        waiting.push(one);
        void work();
      }),

    pending: async (source, olderThanMs, limit) => {
      const before = new Date(now().getTime() - olderThanMs).toISOString();
      const rows = await database.query(
        `select id, body from steward.inbox where source = $1 and done is null and at <= $2 order by n limit $3`,
        [source, before, limit],
      );
      return stored.parse(rows).map(({ id, body }) => ({ id, body: JSON.parse(body) as JsonObject }));
    },

    // The id stays, so that the same event is recognised for ever; what was said in it does not.
    done: async (id) => {
      await database.query(`update steward.inbox set done = $2, body = '{}' where id = $1 and done is null`, [
        cleanText(id),
        now().toISOString(),
      ]);
    },
  };
}
