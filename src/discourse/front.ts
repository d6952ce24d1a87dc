import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Outlet } from '../core/courier.ts';
import type { Desk } from '../core/desk.ts';
import type { Log } from '../core/ports.ts';
import type { Inbox, LinkStore, LockStore, NotesStore, PlaceStore, RequestStore } from '../core/store.ts';
import { createDiscourseApi } from './api.ts';
import { createBudget } from './budget.ts';
import { parseCategory } from './category.ts';
import { createForum } from './forum.ts';
import { createHandling } from './handling.ts';
import { inboxHint } from './hints.ts';
import { createLeader } from './leader.ts';
import { createMemory } from './memory.ts';
import type { PeopleOptions } from './people.ts';
import { createSpeaker, type Speaker } from './speaker.ts';
import { createWebhook } from './webhook.ts';

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
  /** Calls to the forum; 18 if not given. */
  readonly perMinute?: number;
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
    readonly postGapMs?: number;
    readonly rereadMs?: number;
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
  /** Says messages that belong to no request. */
  readonly outlet: Outlet;
  /** Did the forum answer the last time? */
  connected(): boolean;
}

/** How often this process looks at what is to be done, in milliseconds. */
const BEAT_MS = 500;
/** The lead is renewed this often. */
const HOLD_MS = 4_000;
/** Open requests whose posts are read again, and how often that list is made anew. */
const MOST_OPEN = 200;
const OPEN_MS = 5_000;

export function createDiscourseFront(options: DiscourseFrontOptions): DiscourseFront {
  const { url, username, key, category, inbox, places, locks, notes, log } = options;
  const { beatMs = BEAT_MS, postGapMs } = options.times ?? {};
  const perMinute = options.times?.perMinute ?? options.perMinute;
  const api = createDiscourseApi({ url, key, username, deadlineMs: 15_000, log });
  const budget = createBudget({
    api,
    log,
    ...(perMinute ? { perMinute } : {}),
    ...(postGapMs === undefined ? {} : { postGapMs }),
  });
  const forum = createForum({ api, budget, category });
  const categoryId = parseCategory(category).id;
  const memory = createMemory(notes);
  const leader = createLeader({ name: `forum:${new URL(url).host}`, locks, log });
  const webhook = options.webhookSecret
    ? createWebhook({
        secret: options.webhookSecret,
        instance: url,
        category: categoryId,
        self: () => self,
        inbox,
        hinted: () => void beat(),
        count: (what) => options.count?.(`forum-${what}`),
        log,
      })
    : null;
  const handling = createHandling({ inbox, log });
  const announcing = new Map<string, Promise<void>>();
  let open: readonly { readonly topic: number; readonly posts: readonly number[] }[] = [];
  let openAt = 0;
  let heldAt = 0;
  let self: number | null = null;
  let speaker: Speaker | null = null;
  let running: Promise<void> | null = null;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

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
    const speaking = await speak();
    if (speaking === null) return;
    const hooks = await inbox.pending('discourse-hook', 0, 200);
    await listOpen(hooks.length > 0);
    for (const { id, body } of hooks) {
      const read = inboxHint.safeParse(body);
      if (read.success) speaking.hint(read.data.topic, read.data.post);
      await inbox.done(id);
    }
    await handling.take(speaking.handle);
    // Not waited for: what waits for its turn at the forum's limits must not keep the rest from being seen.
    const behind = [...(await places.stale('discourse', 50)), ...(await speaking.due())];
    for (const request of behind) void announce(request);
  }

  /** Takes or keeps the lead; null while another process has it, or the forum does not say who we are. */
  async function speak(): Promise<Speaker | null> {
    const isHeld = leader.isLeading() && Date.now() - heldAt < HOLD_MS;
    heldAt = isHeld ? heldAt : Date.now();
    if (!isHeld && !(await leader.hold())) {
      const before = speaker;
      speaker = null;
      await before?.stop();
      return null;
    }
    self ??= await ownId();
    if (self === null || stopped) return null;
    speaker ??= createSpeaker({
      options,
      forum,
      memory,
      self,
      category: categoryId,
      rereads: () => open,
      onItems: () => void beat(),
    });
    return speaker;
  }

  async function ownId(): Promise<number | null> {
    const found = await forum.account(username, 'look');
    if (found.kind === 'ok') return found.value.id;
    log.warn('the forum does not say who we are there', { username, outcome: found });
    return null;
  }

  /** The posts that open requests came from: whether they were edited or deleted, nobody tells without a webhook. */
  async function listOpen(anew: boolean): Promise<void> {
    if (!anew && Date.now() - openAt < OPEN_MS) return;
    openAt = Date.now();
    const status = ['asked', 'planned', 'approved', 'running'] as const;
    const listed = await options.requests.list({ status, limit: MOST_OPEN });
    const sources = await Promise.all(listed.map((one) => memory.sourceOf(one.id)));
    const topics = new Map<number, number[]>();
    for (const source of sources)
      if (source) topics.set(source.topic, [...(topics.get(source.topic) ?? []), source.post]);
    open = [...topics].map(([topic, posts]) => ({ topic, posts }));
  }

  /** One at a time for each request; the announcer draws what stands when its turn comes. */
  function announce(request: string): Promise<void> {
    const showing = announcing.get(request);
    if (showing || speaker === null) return showing ?? Promise.resolve();
    const shown = speaker
      .announce(request)
      .catch((error: unknown) => {
        // What a stop cut off is looked for at the next start.
        const say = stopped ? log.info : log.warn;
        say('a request is not shown in the forum yet', { request, error: String(error) });
      })
      .finally(() => announcing.delete(request));
    announcing.set(request, shown);
    return shown;
  }

  function next(): void {
    timer = setTimeout(() => {
      void beat().finally(() => {
        if (!stopped) next();
      });
    }, beatMs);
  }

  const elsewhere = async () => ({ kind: 'not-now', says: 'another process speaks in the forum' }) as const;
  const outlet: Outlet = {
    service: 'discourse',
    isOpen: () => speaker !== null && !stopped,
    aim: (notice, at) => speaker?.outlet.aim(notice, at) ?? elsewhere(),
    say: (notice, at, aim, again) => speaker?.outlet.say(notice, at, aim, again) ?? elsewhere(),
  };

  return {
    outlet,
    http: async (req, res) => (webhook ? webhook(req, res) : false),
    announce,
    // Another process may be the one that reads it.
    connected: () => !leader.isLeading() || (speaker?.lastRead() ?? null) !== null,
    async start() {
      void beat();
      next();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      const stopping = speaker?.stop();
      await budget.stop();
      api.stop();
      await Promise.all([running, stopping, handling.idle(), ...announcing.values()]);
      await leader.release().catch((error: unknown) => log.warn('the lead is not given back', { error }));
    },
  };
}
