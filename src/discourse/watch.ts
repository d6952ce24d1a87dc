import type { Log } from '../core/ports.ts';
import type { Inbox, NotesStore } from '../core/store.ts';
import { createCursors } from './cursors.ts';
import type { Forum } from './forum.ts';
import { createHints, type Hinted, type TopicHints } from './hints.ts';
import { createIntake } from './intake.ts';
import { createLook } from './looking.ts';
import { readHinted, STOPPING, type Trouble } from './reading.ts';
import { createRereading, type Rereads } from './rereading.ts';

/** Reads the category: what is new, edited or gone comes into the inbox, whether webhooks tell of it or not. */
export interface Watch {
  /** Looks now, and then each `pollMs`. */
  start(): void;
  /** One look, as the poll does it. */
  tick(): Promise<void>;
  /** Somebody says that there is something: looks sooner. Of a hint nothing but these numbers is believed. */
  hint(topic: number, post: Hinted): void;
  /** Looks no more. Resolves when the last look ends: stop the budget too, or that may wait for its turn. */
  stop(): Promise<void>;
  /** When the category was last read without trouble; null: not yet. */
  lastRead(): Date | null;
}

/** Hints of one moment are gathered. */
const GATHER_MS = 250;
/** So many hinted topics are read one by one; for more the list is read, which may be shorter. */
const ONE_BY_ONE = 2;
/** So many topics are looked at again in one go; the others wait for the next. */
const AGAIN = 4;

export interface WatchDeps {
  readonly forum: Forum;
  readonly inbox: Inbox;
  readonly notes: NotesStore;
  readonly now: () => Date;
  readonly log: Log;
  /** Our own user id. */
  readonly self: number;
  /** Id of the watched category. */
  readonly category: number;
  readonly pollMs: number;
  readonly rereads: Rereads;
  readonly heard: (topic: number, number: number, ours: boolean) => void;
  readonly onItems: () => void;
  readonly gatherMs?: number;
  /** For tests: how often posts of open requests are read again, at most. */
  readonly rereadMs?: number;
}

export function createWatch(deps: WatchDeps): Watch {
  const { forum, inbox, notes, now, log, category, pollMs, gatherMs = GATHER_MS } = deps;
  const cursors = createCursors(notes, category);
  const intake = createIntake({ inbox, cursors, self: deps.self, heard: deps.heard, onItems: deps.onItems });
  const reading = { forum, cursors, intake, category, stopped: () => stopped };
  const looking = createLook({
    ...reading,
    now,
    isOpen: (topic) => deps.rereads().some((one) => one.topic === topic),
  });
  const rereading = createRereading({
    ...reading,
    rereads: deps.rereads,
    ...(deps.rereadMs === undefined ? {} : { rereadMs: deps.rereadMs }),
  });
  const hints = createHints(gatherMs, () => void inTurn(followHints));
  let stopped = false;
  let last: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let trouble: Trouble = null;
  let lastRead: Date | null = null;

  /** One piece of work at a time: they share the cursors. */
  function inTurn(work: () => Promise<Trouble>): Promise<void> {
    last = last.then(async () => {
      if (!stopped) told(await work().catch((error: unknown) => String(error)));
    });
    return last;
  }

  /** Says once that it does not go, and once that it goes again. */
  function told(now: Trouble): void {
    if (now === STOPPING || stopped) return;
    if (now !== null && trouble === null) {
      log.warn('the forum cannot be read; nothing is lost, it is tried again at each poll', {
        says: now,
        pollMs,
      });
    }
    if (now === null && trouble !== null) log.info('the forum can be read again');
    trouble = now;
  }

  async function poll(): Promise<Trouble> {
    const missed = await looking.look('look');
    if (missed !== null) return missed;
    lastRead = now();
    return rereading.turn();
  }

  async function followHints(): Promise<Trouble> {
    const taken = hints.take();
    // Before the first look nothing is known of the category, and that look finds what is new.
    if (taken.length === 0 || lastRead === null) return null;
    const isNew = ({ topic, posts, whole }: TopicHints): boolean => {
      const read = cursors.read(topic);
      return read === null
        ? whole || posts.size > 0
        : [...posts.values()].some(({ number }) => number > read);
    };
    const fresh = taken.filter(isNew);
    const again = taken.map((one) => ({ ...one, posts: seenBefore(one) }));
    const missed = await readFresh(fresh);
    return (await readAgain(again)) ?? missed;
  }

  /** Posts that were read before something happened to them. */
  function seenBefore({ topic, posts }: TopicHints): TopicHints['posts'] {
    const read = cursors.read(topic) ?? (rereading.isOpen(topic) ? Number.POSITIVE_INFINITY : 0);
    return new Map([...posts].filter(([, { number, made }]) => !made && number <= read));
  }

  async function readFresh(fresh: readonly TopicHints[]): Promise<Trouble> {
    if (fresh.length === 0) return null;
    // A topic without a cursor may be of another category by now: only the list tells.
    const known = fresh.every(({ topic }) => cursors.read(topic) !== null);
    if (!known || fresh.length > ONE_BY_ONE) return looking.look('answer');
    let missed: Trouble = null;
    for (const { topic } of fresh) missed = (await readHinted(reading, topic, 'answer')) ?? missed;
    return fresh.length > 1 ? null : missed;
  }

  async function readAgain(again: readonly TopicHints[]): Promise<Trouble> {
    let missed: Trouble = null;
    let calls = 0;
    for (const { topic, posts, whole } of again) {
      const asked = whole && rereading.isOpen(topic);
      if (posts.size === 0 && !asked) continue;
      if (calls >= AGAIN) {
        for (const post of posts.values()) hints.add(topic, post);
        if (asked) hints.add(topic, null);
        continue;
      }
      calls += 1;
      missed =
        (posts.size > 0 ? await rereading.posts(topic, [...posts.keys()], 'progress') : null) ??
        (asked ? await rereading.topic(topic, 'progress') : null) ??
        missed;
    }
    return calls > 1 ? null : missed;
  }

  function next(): void {
    if (stopped) return;
    const began = performance.now();
    void inTurn(poll).then(() => {
      // A look that took long is not followed by the next at once.
      const rest = Math.max(pollMs / 4, pollMs - (performance.now() - began));
      if (!stopped) timer = setTimeout(next, rest);
    });
  }

  return {
    start: next,
    tick: () => inTurn(poll),
    hint: (topic, post) => hints.add(topic, post),
    lastRead: () => lastRead,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      hints.stop();
      await last;
    },
  };
}
