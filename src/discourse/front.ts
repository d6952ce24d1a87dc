import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Desk } from '../core/desk.ts';
import type { Log } from '../core/ports.ts';
import { Unavailable } from '../core/refused.ts';
import type { Inbox, LinkStore, LockStore, NotesStore, PlaceStore, RequestStore } from '../core/store.ts';
import { createAnnouncer } from './announcer.ts';
import { createDiscourseApi } from './api.ts';
import { createBudget } from './budget.ts';
import { createConversation } from './conversation.ts';
import { createForum } from './forum.ts';
import { inboxItem } from './inbox-item.ts';
import { createLeader } from './leader.ts';
import { createMemory } from './memory.ts';
import { createMessages } from './messages.ts';
import { createPeople, type PeopleOptions } from './people.ts';
import { createRuns } from './runs.ts';
import { createTally } from './tally.ts';
import { createWatch } from './watch.ts';
import { createWebhook } from './webhook.ts';
import { createWriter } from './writer.ts';

/** The forum, as whom we speak there, and what of it is ours. */
export interface DiscourseFrontOptions {
  /** Without a slash at the end. */
  readonly url: string;
  readonly username: string;
  readonly key: string;
  /** `development/infra/24`. */
  readonly category: string;
  /** Without it no webhook is taken. */
  readonly webhookSecret?: string;
  readonly pollMs: number;
  /** Does the bot moderate the category? */
  readonly moderates: boolean;
  readonly people: PeopleOptions;
  readonly desk: Desk;
  readonly inbox: Inbox;
  readonly places: PlaceStore;
  readonly locks: LockStore;
  readonly notes: NotesStore;
  readonly links: LinkStore;
  readonly requests: Pick<RequestStore, 'list'>;
  readonly log: Log;
  readonly now: () => Date;
  /** Counts what happens at the webhook. */
  readonly count?: (what: string) => void;
  /** For tests. */
  readonly times?: {
    readonly beatMs?: number;
    readonly perMinute?: number;
    readonly lookMs?: readonly number[];
  };
}

/** The forum, as the rest of the program sees it. */
export interface DiscourseFront {
  /** Takes the forum's webhook; says whether it was one. */
  readonly http: (req: IncomingMessage, res: ServerResponse) => Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Brings every place of the request in the forum up to date, if this process is the one that speaks there. */
  announce(request: string): Promise<void>;
  /** Did the forum answer the last time? */
  connected(): boolean;
}

/** How often this process looks at what is to be done, in milliseconds. */
const BEAT_MS = 500;
/** The lead is renewed this often. */
const HOLD_MS = 4_000;
/** What one account may ask for in an hour. */
const MOST_AN_HOUR = 30;
const HOUR_MS = 3_600_000;
/** So often something that fails is tried again before it is dropped; while the forum is away, for most of a day. */
const MOST_TRIES = 5;
const MOST_TRIES_AWAY = 300;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** Open requests whose posts are read again. */
const MOST_OPEN = 200;

export function createDiscourseFront(options: DiscourseFrontOptions): DiscourseFront {
  const { url, username, key, category, desk, inbox, places, locks, notes, links, log, now } = options;
  const { beatMs = BEAT_MS, perMinute, lookMs } = options.times ?? {};
  const site = new URL(url).host;
  const api = createDiscourseApi({ url, key, username, deadlineMs: 15_000, log });
  const budget = createBudget({ api, log, ...(perMinute ? { perMinute } : {}) });
  const forum = createForum({ budget, category });
  const people = createPeople({ options: options.people, forum, links, notes });
  const memory = createMemory(notes);
  const self = { username };
  const runs = createRuns({ moderates: options.moderates });
  const writer = createWriter({ forum, runs, self, log, now, ...(lookMs ? { lookMs } : {}) });
  const messages = createMessages({ forum, notes, usernameOf: (id) => people.usernameOf(id), log, now });
  const announcer = createAnnouncer({
    desk,
    places,
    locks,
    writer,
    forum,
    messages,
    people,
    bot: username,
    log,
    now,
  });
  const conversation = createConversation({
    bot: username,
    desk,
    forum,
    people,
    places,
    announcer,
    writer,
    messages,
    memory,
    tally: createTally({ most: MOST_AN_HOUR, windowMs: HOUR_MS, now }),
    log,
  });
  const watch = createWatch({
    forum,
    inbox,
    notes,
    self,
    pollMs: options.pollMs,
    rereads,
    heard: (topic, number, ours) => runs.heard(topic, number, ours),
    onItems: () => void beat(),
    now,
    log,
  });
  const webhook = options.webhookSecret
    ? createWebhook({
        secret: options.webhookSecret,
        instance: url,
        category,
        inbox,
        hinted: () => void beat(),
        count: options.count ?? (() => undefined),
        log,
      })
    : null;
  const leader = createLeader({ name: `forum:${site}`, locks, log });
  const failed = new Map<string, { tries: number; until: number }>();
  let heldAt = 0;
  let running: Promise<void> | null = null;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  /** The posts that open requests came from: whether they were edited or deleted, nobody tells without a webhook. */
  async function rereads(): Promise<readonly { readonly topic: number; readonly post: number }[]> {
    const open = await options.requests.list({
      status: ['asked', 'planned', 'approved', 'running'],
      limit: MOST_OPEN,
    });
    const sources = await Promise.all(open.map((one) => memory.sourceOf(one.id)));
    return sources.filter((one) => one !== null);
  }

  /** One at a time; what comes meanwhile makes another. */
  function beat(): Promise<void> {
    again = true;
    running ??= turns().finally(() => {
      running = null;
    });
    return running;
  }

  async function turns(): Promise<void> {
    while (again && !stopped) {
      again = false;
      await turn().catch((error: unknown) =>
        log.warn('the forum is not looked after', { error: String(error) }),
      );
    }
  }

  async function turn(): Promise<void> {
    if (Date.now() - heldAt > HOLD_MS || !leader.isLeading()) {
      const leading = await leader.hold();
      heldAt = Date.now();
      if (leading) watch.start();
      else await watch.stop();
    }
    if (!leader.isLeading()) return;
    for (const { id, body } of await inbox.pending('discourse-hook', 0, 200)) {
      watch.hint(body);
      await inbox.done(id);
    }
    for (const { id, body } of await inbox.pending('discourse', 0, 100)) {
      if (stopped) return;
      if ((failed.get(id)?.until ?? 0) <= Date.now()) await work(id, body);
    }
    for (const request of await places.stale('discourse', 50)) await announce(request);
  }

  async function work(id: string, body: unknown): Promise<void> {
    const item = inboxItem.safeParse(body);
    try {
      if (item.success) await conversation.handle(item.data);
      else log.error('something in the inbox cannot be read', { id });
      failed.delete(id);
      await inbox.done(id);
    } catch (error) {
      const tries = (failed.get(id)?.tries ?? 0) + 1;
      const away = error instanceof Unavailable;
      failed.set(id, { tries, until: Date.now() + Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** tries) });
      log[away ? 'warn' : 'error']('a post could not be worked on', { id, tries, error });
      if (tries < (away ? MOST_TRIES_AWAY : MOST_TRIES)) return;
      failed.delete(id);
      await inbox.done(id);
    }
  }

  async function announce(request: string): Promise<void> {
    if (!leader.isLeading()) return;
    await announcer.announce(request).catch((error: unknown) => {
      log.warn('a request is not shown in the forum yet', { request, error: String(error) });
    });
  }

  function next(): void {
    timer = setTimeout(() => {
      void beat().finally(() => {
        if (!stopped) next();
      });
    }, beatMs);
  }

  return {
    http: async (req, res) => (webhook ? webhook(req, res) : false),
    announce,
    connected: () => watch.isUp(),
    async start() {
      await beat();
      next();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await watch.stop();
      budget.stop();
      api.stop();
      await running;
      await leader.release().catch((error: unknown) => log.warn('the lead is not given back', { error }));
    },
  };
}
