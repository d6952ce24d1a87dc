import { z } from 'zod';
import { asJson, canonical, type JsonObject } from '../core/json.ts';
import { type Notice, noticeTrouble } from '../core/notice.ts';
import { Refused } from '../core/refused.ts';
import type { NoticeStore } from '../core/store.ts';
import { cleanObject, cleanText } from './clean.ts';
import type { Database } from './database.ts';

const body = z.object({
  to: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('audience'), name: z.string() }),
    z.object({ kind: z.literal('approvers') }),
    z.object({ kind: z.literal('person'), person: z.string(), likeCommands: z.array(z.string()) }),
  ]),
  title: z.string(),
  lines: z.array(z.string()),
  texts: z.array(z.object({ title: z.string(), text: z.string() })).default([]),
  next: z.array(z.string()).default([]),
});

const row = z
  .object({ key: z.string(), body: z.string(), ways: z.string() })
  .transform((read): { notice: Notice; ways: Record<string, JsonObject> } => ({
    notice: { key: read.key, ...body.parse(JSON.parse(read.body)) },
    ways: waysOf(read.ways),
  }));

const keys = z.array(z.object({ key: z.string() }).transform(({ key }) => key));
const waiting = z.object({ count: z.coerce.number(), since: z.date().nullable() });

/** Messages that belong to no request. */
export function createNotices(database: Database, now: () => Date): NoticeStore {
  return {
    async put(notice, covers = []) {
      const trouble = noticeTrouble(notice);
      if (trouble !== null)
        throw new Refused(`“${notice.title.slice(0, 80)}” cannot be a message: ${trouble}.`);
      const { key: named, to, title, lines, texts = [], next = [] } = notice;
      const key = cleanText(named);
      const text = canonical(cleanObject(asJson({ to, title, lines, texts, next })));
      const at = now().toISOString();
      return database.tx(async (tx) => {
        const made = await tx.query(
          `insert into steward.notices (key, body, ways, at, tried) values ($1, $2, '{}', $3, $3)
           on conflict (key) do nothing returning key`,
          [key, text, at],
        );
        if (made.length === 0) return 'seen';
        await tx.query(
          `insert into steward.notices (key, ways, at, tried, done)
           select one, '{}', $2, $2, $2 from unnest($1::text[]) as one order by one on conflict (key) do nothing`,
          [covers.map(cleanText), at],
        );
        return 'new';
      });
    },
    seen: async (wanted) => {
      const rows = await database.query('select key from steward.notices where key = any($1)', [
        wanted.map(cleanText),
      ]);
      return new Set(keys.parse(rows));
    },
    pending: async (limit) => {
      const rows = await database.query(
        'select key, body, ways from steward.notices where done is null order by tried, n limit $1',
        [limit],
      );
      // One that cannot be read keeps no other from being told.
      return rows.flatMap((one) => row.safeParse(one).data ?? []);
    },
    find: async (key) => {
      const [found] = await database.query(
        'select key, body, ways from steward.notices where key = $1 and done is null',
        [cleanText(key)],
      );
      return found === undefined ? null : row.parse(found);
    },
    // Two processes may be at two ways of one message.
    keep: (key, way, state) =>
      database.tx(async (tx) => {
        const [found] = await tx.query('select ways from steward.notices where key = $1 for update', [
          cleanText(key),
        ]);
        if (found === undefined) throw new Error(`there is no notice ${key}`);
        const ways = { ...waysOf(z.string().parse(found.ways)), [way]: cleanObject(state) };
        await tx.query('update steward.notices set ways = $2, tried = $3 where key = $1', [
          cleanText(key),
          canonical(ways),
          now().toISOString(),
        ]);
      }),
    delivered: async (key) => {
      await database.query('update steward.notices set done = $2 where key = $1 and done is null', [
        cleanText(key),
        now().toISOString(),
      ]);
    },
    waiting: async () => {
      const [found] = await database.query(
        'select count(*) as count, min(at) as since from steward.notices where done is null',
      );
      return waiting.parse(found);
    },
  };
}

function waysOf(text: string): Record<string, JsonObject> {
  return JSON.parse(text) as Record<string, JsonObject>;
}
