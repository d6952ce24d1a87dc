import { type ForumOptions, startForum } from '../../sandbox/discourse/forum.ts';
import type { Outlet } from '../../src/core/courier.ts';
import type { Person } from '../../src/core/person.ts';
import { createAnnouncer } from '../../src/discourse/announcer.ts';
import { createDiscourseApi } from '../../src/discourse/api.ts';
import { createBudget } from '../../src/discourse/budget.ts';
import { createForum } from '../../src/discourse/forum.ts';
import { createMessages } from '../../src/discourse/messages.ts';
import { createOutlet } from '../../src/discourse/outlet.ts';
import { createRuns } from '../../src/discourse/runs.ts';
import { createWriter } from '../../src/discourse/writer.ts';
import type { Kernel } from '../support/kernel.ts';
import { keepLog } from '../support/log.ts';

/** Accounts of the pretend forum, by person. */
const ACCOUNTS: Readonly<Record<string, number>> = { maria: 101, adam: 102, bea: 103, carl: 104 };

export interface Clock {
  now(): Date;
  forward(ms: number): void;
}

/** A clock that a test can put forward. */
export function makeClock(): Clock {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    forward: (ms) => {
      ahead += ms;
    },
  };
}

/** The pretend forum, our port to it, and what writes through that. */
export async function startWriting(options: {
  readonly kernel: Pick<Kernel, 'desk' | 'store'>;
  readonly clock: Clock;
  readonly moderates?: boolean;
  /** Whether the forum itself thinks so. */
  readonly isModerator?: boolean;
  readonly forum?: ForumOptions;
  readonly deadlineMs?: number;
}) {
  const { kernel, clock, moderates = true, isModerator = moderates } = options;
  const pretend = await startForum({
    now: () => clock.now().getTime(),
    rateScale: Number.POSITIVE_INFINITY,
    botIsCategoryModerator: isModerator,
    ...options.forum,
  });
  const log = keepLog();
  const { now } = clock;
  const self = pretend.bot.id;
  const names = new Map(pretend.users.map((user) => [user.id, user.username]));
  const people = {
    accountOf: async (person: string) => ACCOUNTS[person] ?? null,
    usernameOf: async (userId: number) => names.get(userId) ?? null,
    mentionOf: (roles: readonly string[]) => (roles.includes('admin') ? '@koji-admins' : null),
  };

  function build() {
    const api = createDiscourseApi({
      url: pretend.url,
      key: pretend.apiKey,
      username: pretend.bot.username,
      deadlineMs: options.deadlineMs ?? 1_000,
      log,
    });
    const budget = createBudget({ api, log, perMinute: 10_000, postGapMs: 0 });
    const forum = createForum({ api, budget, category: pretend.category.path });
    const runs = createRuns({ forum, self, moderates });
    const writer = createWriter({ forum, runs, self, log, now, lookMs: [10, 60] });
    const messages = createMessages({
      forum,
      notes: kernel.store.notes,
      usernameOf: people.usernameOf,
      log,
      now,
      repeatAfterMs: 5,
    });
    const { places, locks } = kernel.store;
    const announcer = createAnnouncer({
      ...{ desk: kernel.desk, places, locks, writer, forum, messages, people, log, now },
      bot: pretend.bot.username,
    });
    const bot = pretend.bot.username;
    const says = createOutlet({ forum, writer, messages, people, bot, self, log, now });
    const outlet: Outlet = { service: 'discourse', isOpen: () => true, ...says };
    return { api, budget, forum, runs, writer, messages, announcer, outlet };
  }
  let built = build();
  let asked = 0;

  const mine = (topic: number) =>
    pretend.posts(topic).filter((post) => post.userId === self && !post.deleted && post.action === null);

  return {
    pretend,
    log,
    names,
    ours: () => built,
    /** A process of its own: it remembers nothing but what is stored. */
    again() {
      built.api.stop();
      built = build();
    },
    /** One more process beside the first. */
    another: build,
    /** A topic of Maria's. */
    async topic(): Promise<number> {
      asked += 1;
      const { topic } = await pretend
        .as('maria')
        .topic(`Could somebody help with builders, case ${asked}`, 'I need something from you, please.');
      return topic;
    },
    /** Asks in a topic of its own; gives the request. */
    async ask(who: Person, text: string, topic?: number): Promise<{ id: string; topic: number }> {
      const where = topic ?? (await this.topic());
      const place = { kind: 'discourse', where: String(where), purpose: 'origin' } as const;
      const origin = `discourse:${pretend.url}:${where}:${text}`;
      const said = await kernel.desk.say({ who, text, place, origin });
      if (said.kind !== 'request') throw new Error(`not a request: ${JSON.stringify(said)}`);
      await kernel.store.places.add(said.id, place);
      return { id: said.id, topic: where };
    },
    /** The posts of ours that are there, oldest first. */
    mine,
    raws: (topic: number) => mine(topic).map((post) => post.raw),
    /** Private messages that this person got, each as its title and text. */
    messages: (username: string) =>
      pretend.messages(username).map(
        (topic) =>
          `${topic.title}\n${pretend
            .posts(topic.id)
            .map((post) => post.raw)
            .join('\n')}`,
      ),
    /** Calls that would write, as `POST /posts.json`. */
    writes: () =>
      pretend
        .callLog()
        .filter((call) => call.method !== 'GET')
        .map((call) => `${call.method} ${call.path} ${call.status}`),
    async close() {
      built.api.stop();
      await built.budget.stop();
      await pretend.close();
    },
  };
}

export type Writing = Awaited<ReturnType<typeof startWriting>>;
