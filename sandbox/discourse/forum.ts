import { createServer } from 'node:http';
import { createAgenda } from '../agenda.ts';
import { waitFor } from '../wait-for.ts';
import { createActor, type ForumActor } from './actor.ts';
import { changeStatus } from './changing.ts';
import type { ForumFault } from './faults.ts';
import { createGuardian } from './guardian.ts';
import { createKeys, DEFAULT_SCOPES } from './keys.ts';
import type { Call, ForumPost, ForumTopic, ForumUser, Topic } from './model.ts';
import { createPayloads } from './payloads.ts';
import { BOT_USER, CATEGORIES, INFRA } from './people.ts';
import { approveHeld, type World } from './posting.ts';
import { createRates } from './rates.ts';
import { createState } from './state.ts';
import { createWebApi } from './web-api.ts';
import { createHooks, type Hooks } from './webhooks.ts';
import { cookedOf } from './wire.ts';

export type { ForumActor, ForumFault, ForumPost, ForumTopic, ForumUser };

export interface ForumOptions {
  /** 0 or absent: any free one. */
  readonly port?: number;
  /** A file that keeps all that was said over a restart. Each change is in it before it is answered. */
  readonly statePath?: string;
  /** Milliseconds since 1970; a test may move it. */
  readonly now?: () => number;
  /** Multiplies every rate limit; 1 is the real service, `Infinity` has none. */
  readonly rateScale?: number;
  /** What the key may do; without it exactly what the bot needs. An empty list is a key that may do everything. */
  readonly scopes?: readonly string[];
  /** As such it may write more than three replies in a row. */
  readonly botIsCategoryModerator?: boolean;
  /** How `/posts.json` pages: by a window of ids, as for years (the default), or by rows, as the newest servers do. */
  readonly postList?: 'window' | 'rows';
  /** So many old topics are in the category. Only a new state file gets them. */
  readonly seedTopics?: number;
}

/** A pretend Discourse forum that listens on 127.0.0.1. */
export interface SandboxForum {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  readonly bot: { readonly id: number; readonly username: string };
  readonly category: { readonly id: number; readonly path: string; readonly name: string };
  readonly categories: readonly { readonly id: number; readonly path: string; readonly name: string }[];
  readonly users: readonly ForumUser[];
  readonly groups: readonly {
    readonly name: string;
    /** User ids. */
    readonly members: readonly number[];
    readonly messageable: boolean;
    readonly public: boolean;
  }[];
  /**
   * Where events go. Without `categoryOnly` those of every category and of private messages go there too.
   * Without `retries`, as for real, each goes once; with them again after `retryMs` (1, 5, 25 and 125 minutes).
   */
  setWebhook(
    url: string | undefined,
    options?: {
      readonly categoryOnly?: boolean;
      readonly retries?: boolean;
      readonly retryMs?: readonly number[];
    },
  ): void;
  /** Acts as this person. Throws for a name that nobody has. */
  as(username: string): ForumActor;
  /** Not the private messages; oldest first, also deleted ones. */
  topics(category?: number): readonly ForumTopic[];
  /** Oldest first, also deleted ones. */
  posts(topic: number): readonly ForumPost[];
  /** Private messages that this person is in, themselves or through a group. */
  messages(username: string): readonly ForumTopic[];
  misbehave(fault: ForumFault): void;
  behave(): void;
  callLog(): readonly Call[];
  readonly webhooks: Pick<Hooks, 'sent' | 'again' | 'raw' | 'hold' | 'drop' | 'shuffle' | 'twice' | 'ping'>;
  rename(username: string, to: string): void;
  /** Messageable and public unless told. */
  makeGroup(
    name: string,
    members: readonly string[],
    options?: { readonly messageable?: boolean; readonly public?: boolean },
  ): void;
  changeGroup(name: string, usernames: readonly string[]): void;
  setTopic(
    id: number,
    change: {
      readonly closed?: boolean;
      readonly archived?: boolean;
      readonly slowModeSeconds?: number;
      readonly pinned?: boolean;
      readonly visible?: boolean;
      /** Moves it. */
      readonly category?: number;
    },
  ): void;
  /** What was held for approval becomes posts. */
  approveQueued(): void;
  /** Looks after every change until `look` gives something; throws after `ms` (5000). */
  waitFor<T>(look: () => T | undefined | null | false, ms?: number): Promise<T>;
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
const RETRY_MS = [1, 5, 25, 125].map((minutes) => minutes * MINUTE_MS);

/** Starts the pretend forum. */
export async function startForum(options: ForumOptions = {}): Promise<SandboxForum> {
  const now = options.now ?? Date.now;
  const state = createState({
    statePath: options.statePath,
    now,
    botModerates: options.botIsCategoryModerator ?? true,
    seedTopics: options.seedTopics ?? 0,
  });
  const guardian = createGuardian(state);
  const faults = createAgenda<ForumFault>();
  const rates = createRates(now, options.rateScale ?? 1);
  let url = '';
  const hooks = createHooks({
    secret: state.secrets.webhook,
    now,
    instance: () => url,
    changed: state.changed,
    payloads: createPayloads(state, guardian),
  });
  const postList = options.postList ?? 'window';
  const world: World = { state, guardian, rates, hooks, now, url: () => url, postList };
  const keys = createKeys({
    key: state.secrets.apiKey,
    owner: () => state.users.get(BOT_USER),
    scopes: options.scopes ?? DEFAULT_SCOPES,
    rates,
  });
  const handle = createWebApi({ world, keys, faults });
  const server = createServer((request, response) => {
    handle(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the pretend forum has no port');
  url = `http://127.0.0.1:${address.port}`;

  const person = (username: string) => {
    const user = state.user(username);
    if (user === undefined) throw new Error(`nobody in the pretend forum is called ${username}`);
    return user;
  };
  const whole = (topic: Topic): ForumTopic => {
    const posts = state.postsOf(topic.id).filter((post) => !post.deleted);
    return { ...topic, postsCount: posts.length, highestPostNumber: posts.at(-1)?.postNumber ?? 0 };
  };
  const category = state.category(INFRA);
  if (category === undefined) throw new Error('the pretend forum has no category');

  return {
    url,
    apiKey: state.secrets.apiKey,
    webhookSecret: state.secrets.webhook,
    get bot() {
      return { id: BOT_USER, username: state.users.get(BOT_USER)?.username ?? 'steward' };
    },
    category: { id: category.id, path: category.path, name: category.name },
    categories: CATEGORIES.map(({ id, path, name }) => ({ id, path, name })),
    get users() {
      return [...state.users.all()].map((user) => ({
        ...user,
        groups: [...state.groups.all()]
          .filter(({ members }) => members.includes(user.id))
          .map(({ name }) => name),
      }));
    },
    get groups() {
      return [...state.groups.all()];
    },
    setWebhook(to, { categoryOnly = false, retries = false, retryMs = RETRY_MS } = {}) {
      hooks.set(to, { category: categoryOnly ? INFRA : undefined, retries, retryMs });
    },
    as: (username) => createActor(world, person(username).id),
    topics: (id) =>
      [...state.topics.all()]
        .filter((topic) => topic.category !== null && (id === undefined || topic.category === id))
        .map(whole),
    posts: (topic) =>
      state
        .postsOf(topic)
        .map((post) => ({ ...post, cooked: cookedOf(post), userDeleted: post.takenBack !== null })),
    messages(username) {
      const { id } = person(username);
      const isIn = (topic: Topic) =>
        topic.users.includes(id) || topic.groups.some((name) => state.group(name)?.members.includes(id));
      return [...state.topics.all()].filter((topic) => topic.category === null && isIn(topic)).map(whole);
    },
    misbehave: faults.add,
    behave: faults.clear,
    callLog: () => state.calls,
    webhooks: hooks,
    rename(username, to) {
      if (state.user(to) !== undefined) throw new Error(`somebody is called ${to} already`);
      state.users.put({ ...person(username), username: to });
    },
    makeGroup(name, members, rules = {}) {
      state.groups.put({
        id: state.newId('group'),
        name,
        members: members.map((one) => person(one).id),
        messageable: rules.messageable ?? true,
        public: rules.public ?? true,
      });
    },
    changeGroup(name, usernames) {
      const group = state.group(name);
      if (group === undefined) throw new Error(`there is no group ${name}`);
      state.groups.put({ ...group, members: usernames.map((one) => person(one).id) });
    },
    setTopic(id, { closed, archived, ...rest }) {
      const topic = state.topics.get(id);
      if (topic === undefined) throw new Error(`there is no topic ${id}`);
      state.topics.put({ ...topic, ...rest });
      const root = person('root_admin');
      for (const [what, on] of [
        ['closed', closed],
        ['archived', archived],
      ] as const) {
        const there = state.topics.get(id);
        if (on !== undefined && there !== undefined) changeStatus(world, root, there, what, on);
      }
    },
    approveQueued: () => approveHeld(world),
    waitFor: (look, ms) => waitFor(state.onChange, look, ms),
    onChange: state.onChange,
    async close() {
      await hooks.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
