import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Log } from '../src/core/ports.ts';
import { createDiscourseApi } from '../src/discourse/api.ts';
import { createBudget } from '../src/discourse/budget.ts';
import { createForum } from '../src/discourse/forum.ts';
import { createWatch, type Watch } from '../src/discourse/watch.ts';
import { openDatabase } from '../src/store/database.ts';
import { createStore } from '../src/store/store.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { median } from './numbers.ts';
import type { Scope } from './scope.ts';

const TOPICS = 10_000;
const WARM = 3;
const POLLS = 20;
const POSTS = 200;
/** New posts in so many topics, with so many new posts in other categories of the forum. */
const DAYS = [
  { topics: 1, others: 0 },
  { topics: 20, others: 100 },
  { topics: 100, others: 100 },
  { topics: 200, others: 0 },
  { topics: 200, others: 200 },
] as const;

/** What reading the forum costs: the forum in requests, and us in computing. */
export const forum: readonly Benchmark[] = [
  {
    name: 'forum.poll',
    what: 'one look at a category of 10,000 topics with nothing new',
    lacks: () => null,
    run: poll,
  },
  {
    name: 'forum.catchup',
    what: 'two hundred new posts after a day away',
    lacks: () => null,
    run: catchUp,
  },
];

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

async function poll({ scope, say }: Bench): Promise<readonly Figure[]> {
  const site = await startForumApart(scope, TOPICS);
  const { watch, calls } = await startWatch(scope, site);
  for (let n = 0; n < WARM; n++) await watch.tick();
  const seen: { requests: number; ms: number }[] = [];
  for (let n = 0; n < POLLS; n++) {
    const before = calls();
    const began = process.cpuUsage();
    await watch.tick();
    const { user, system } = process.cpuUsage(began);
    seen.push({ requests: calls() - before, ms: (user + system) / 1000 });
  }
  say(`CPU ${seen.map(({ ms }) => ms.toFixed(1)).join(' ')} ms`);
  return [
    {
      name: 'forum.poll.requests',
      ours: Math.max(...seen.map(({ requests }) => requests)),
      peer: null,
      unit: 'requests',
      target: { of: 'ours', is: 'at most', value: 1 },
    },
    {
      name: 'forum.poll.cpu',
      ours: median(seen.map(({ ms }) => ms)),
      peer: null,
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 50 },
    },
  ];
}

async function catchUp({ scope, say }: Bench): Promise<readonly Figure[]> {
  const site = await startForumApart(scope, TOPICS);
  const { watch, calls, stored } = await startWatch(scope, site);
  await watch.tick();
  const seen: number[] = [];
  for (const { topics, others } of DAYS) {
    const [before, posts] = [calls(), await stored()];
    await site.away(topics, POSTS, others);
    await watch.tick();
    const read = (await stored()) - posts;
    if (read !== POSTS) throw new Error(`${read} of ${POSTS} posts in ${topics} topics were read`);
    seen.push(calls() - before);
    say(`${POSTS} posts in ${topics} topics, ${others} elsewhere: ${seen.at(-1)} requests`);
  }
  return [
    {
      name: 'forum.catchup',
      ours: Math.max(...seen),
      peer: null,
      unit: 'requests',
      target: { of: 'ours', is: 'at most', value: 15 },
    },
  ];
}

/** The watch over PGlite, with a budget that does not hold it up. */
async function startWatch(
  scope: Scope,
  site: Site,
): Promise<{ readonly watch: Watch; readonly calls: () => number; readonly stored: () => Promise<number> }> {
  const database = scope.keep(await openDatabase({ dir: ':memory:', log: silent }));
  const { inbox, notes } = createStore(database);
  const { url, apiKey: key, bot, category } = site;
  const api = createDiscourseApi({ url, key, username: bot.username, deadlineMs: 10_000, log: silent });
  let calls = 0;
  const counting: typeof api = {
    ...api,
    call: (call) => {
      calls += 1;
      return api.call(call);
    },
  };
  const budget = createBudget({ api: counting, log: silent, perMinute: 100_000 });
  scope.later(() => budget.stop());
  const watch = createWatch({
    forum: createForum({ api, budget, category: category.path }),
    inbox,
    notes,
    now: () => new Date(),
    log: silent,
    self: bot.id,
    category: category.id,
    pollMs: 60_000,
    rereads: () => [],
    heard: () => {},
    onItems: () => {},
  });
  scope.later(() => watch.stop());
  const stored = async (): Promise<number> => {
    const [row] = await database.query(`select count(*)::int as n from steward.inbox`, []);
    return z.int().parse(row?.n);
  };
  return { watch, calls: () => calls, stored };
}

const said = z.object({
  url: z.string(),
  apiKey: z.string(),
  bot: z.object({ id: z.number(), username: z.string() }),
  category: z.object({ id: z.number(), path: z.string() }),
});

type Site = z.infer<typeof said> & {
  away(topics: number, posts: number, others: number): Promise<void>;
};

/** The pretend forum in a process of its own, so that what it computes costs the measured process nothing. */
export async function startForumApart(scope: Scope, seedTopics: number): Promise<Site> {
  const program = fileURLToPath(new URL('./forum-child.ts', import.meta.url));
  const child = scope.spawn(process.execPath, ['--import', 'tsx', program, `${seedTopics}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('the pretend forum has no pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error('the pretend forum ended');
    return line.value;
  };
  const site = said.parse(JSON.parse(await next()));
  return {
    ...site,
    async away(topics, posts, others) {
      stdin.write(`away ${topics} ${posts} ${others}\n`);
      await next();
    },
  };
}
