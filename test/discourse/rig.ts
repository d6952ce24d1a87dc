import { type ForumOptions, startForum } from '../../sandbox/discourse/forum.ts';
import { createDiscourseApi } from '../../src/discourse/api.ts';
import { createBudget } from '../../src/discourse/budget.ts';
import { createForum } from '../../src/discourse/forum.ts';
import { inboxItem } from '../../src/discourse/items.ts';
import { createWatch, type WatchDeps } from '../../src/discourse/watch.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createInbox } from '../../src/store/inbox.ts';
import { createNotes } from '../../src/store/notes.ts';
import { keepLog } from '../support/log.ts';
import { createContract, hasContract } from './contract.ts';

const contract = createContract();

/** The pretend forum, and our side of the wire to it. */
export async function startRig(options: ForumOptions & { readonly perMinute?: number } = {}) {
  const sandbox = await startForum({ rateScale: Number.POSITIVE_INFINITY, ...options });
  const log = keepLog();
  const api = createDiscourseApi({
    url: sandbox.url,
    key: sandbox.apiKey,
    username: sandbox.bot.username,
    deadlineMs: 700,
    log,
  });
  const budget = createBudget({ api, log, perMinute: options.perMinute ?? 10_000, postGapMs: 0 });
  const forum = createForum({ api, budget, category: sandbox.category.path });
  let counted = 0;
  return {
    sandbox,
    api,
    budget,
    forum,
    log,
    /** What has been asked since the last time. */
    asked(): readonly string[] {
      const calls = sandbox.callLog().slice(counted);
      counted += calls.length;
      return calls.map(({ method, path }) => `${method} ${path}`);
    },
    async close(): Promise<void> {
      const told = hasContract ? sandbox.callLog().flatMap(contract) : [];
      await budget.stop();
      api.stop();
      await sandbox.close();
      // Whatever a test is about, what it sent has to be what Discourse says it takes.
      if (told.length > 0) throw new Error(`against the description of the API: ${told.join('; ')}`);
    },
  };
}

export type Rig = Awaited<ReturnType<typeof startRig>>;

/** A database for a file of tests. */
export function openMemory(): Promise<Database> {
  return openDatabase({ dir: ':memory:', log: keepLog() });
}

/** A watch over a rig, with real stores, and what it brought. */
export function watchOf(rig: Rig, database: Database, more: Partial<WatchDeps> = {}) {
  const heard: string[] = [];
  let woken = 0;
  const watch = createWatch({
    forum: rig.forum,
    inbox: createInbox(database, () => new Date()),
    notes: createNotes(database),
    now: () => new Date(),
    log: rig.log,
    self: rig.sandbox.bot.id,
    category: rig.sandbox.category.id,
    pollMs: 60_000,
    gatherMs: 30,
    rereadMs: 0,
    rereads: () => [],
    heard: (topic, number, ours) => heard.push(`${topic}:${number}${ours ? ' ours' : ''}`),
    onItems: () => {
      woken += 1;
    },
    ...more,
  });
  return { watch, heard, woken: () => woken };
}

/** All that was ever put, oldest first. */
export async function itemsIn(database: Database) {
  const rows = await database.query(
    "select id, body from steward.inbox where source = 'discourse' order by n",
    [],
  );
  return rows.map(({ id, body }) => ({ id: String(id), item: inboxItem.parse(JSON.parse(String(body))) }));
}

/** The texts of the posts that were put. */
export async function rawsIn(database: Database): Promise<readonly string[]> {
  const items = await itemsIn(database);
  return items.map(({ item }) => (item.kind === 'post' ? item.raw : `gone ${item.post}`));
}

export async function emptied(database: Database): Promise<void> {
  await database.query('delete from steward.inbox', []);
  await database.query('delete from steward.notes', []);
}
