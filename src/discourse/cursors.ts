import { z } from 'zod';
import type { NotesStore } from '../core/store.ts';
import type { ListedTopic } from './model.ts';

/** Posts of a topic that are read once more: some come to light a little after those with a higher number. */
const OVERLAP = 3;
/** Posts in one answer. */
const PAGE = 20;
/** The watermark is taken this much earlier, for what was being written while the list was read. */
const OVERLAP_MS = 2 * 60_000;
/** After so long a topic may hold many new posts. */
const FAR_MS = 30 * 60_000;
/** Topics with a cursor of their own; of the others only what is newer than `floor` has not been seen. */
const MOST_TOPICS = 500;
const KEPT_TOPICS = 400;

const date = z.iso.datetime().transform((text) => new Date(text));
const kept = z.object({
  began: date,
  floor: date,
  watermark: date,
  walked: z.int().nullable(),
  newest: z.int().nullable(),
  topics: z.record(z.string().regex(/^\d+$/u), z.object({ number: z.int(), at: date })),
});

type Kept = z.infer<typeof kept>;

/** What is to be read of a topic: from this number on, posts made after this moment. */
export interface Unread {
  readonly topic: number;
  readonly title: string | null;
  /** Null: the last ones first, because nobody knows where the new ones begin. */
  readonly from: number | null;
  readonly highest: number;
  readonly after: Date;
  readonly bumpedAt: Date;
  /** Something was changed, and nothing added. */
  readonly edited: boolean;
}

/** How far the forum has been read, kept through restarts. */
export interface Cursors {
  /** False: this is the very first start. */
  load(): Promise<boolean>;
  /** Begins after all that is there now. `post`: the newest post of the whole forum, where it may be known. */
  begin(at: Date, listed: readonly ListedTopic[], post: number | null): void;
  /** Writes down what has changed, if anything has. */
  save(): Promise<void>;
  /** What has to be read of it; null: nothing. */
  unread(listed: ListedTopic): Unread | null;
  /** The number of the last post read in a topic that has a cursor. */
  read(topic: number): number | null;
  /** The number to read such a topic from. */
  from(topic: number): number;
  saw(topic: number, number: number, at: Date): void;
  sawPost(id: number): void;
  /** Posts of before the first start are left alone. */
  began(): Date;
  /** May there be something unseen in a list behind topics of this age? */
  isPast(bumpedAt: Date): boolean;
  /** Is this so long after the last look that there may be much? */
  isFar(bumpedAt: Date): boolean;
  /** All posts of the watched category with ids up to here were seen; null: nobody knows. */
  walked(): number | null;
  walkedTo(id: number): void;
  /** The newest post that was seen. */
  newest(): number | null;
  /** Everything up to this moment has been read. */
  complete(watermark: Date): void;
}

export function createCursors(notes: NotesStore, category: number): Cursors {
  const key = `discourse:cursors:${category}`;
  let state: Kept | null = null;
  let saved = '';

  function now(): Kept {
    if (state === null) throw new Error('the cursors were not loaded');
    return state;
  }

  function from(topic: number): number {
    return Math.max(1, (now().topics[topic]?.number ?? 0) - OVERLAP + 1);
  }

  function later(a: Date, b: Date): Date {
    return a > b ? a : b;
  }

  return {
    async load() {
      const value = await notes.get(key);
      if (value === null) return false;
      state = kept.parse(value);
      saved = JSON.stringify(state);
      return true;
    },
    begin(at, listed, post) {
      const topics = listed.map((one) => [`${one.id}`, { number: one.highest, at: one.bumpedAt }] as const);
      state = {
        began: at,
        floor: at,
        watermark: at,
        walked: post,
        newest: post,
        topics: Object.fromEntries(topics),
      };
    },
    async save() {
      const text = JSON.stringify(now());
      if (text === saved) return;
      await notes.set(key, z.record(z.string(), z.json()).parse(JSON.parse(text)));
      saved = text;
    },
    unread({ id, title, highest, createdAt, bumpedAt }) {
      const { topics, floor, began } = now();
      const known = topics[id];
      const about = { topic: id, title, highest, bumpedAt };
      if (known) {
        if (highest <= known.number && bumpedAt <= known.at) return null;
        return { ...about, from: from(id), after: began, edited: highest <= known.number };
      }
      if (bumpedAt <= floor) return null;
      return { ...about, from: createdAt > floor ? 1 : null, after: floor, edited: false };
    },
    from,
    read: (topic) => now().topics[topic]?.number ?? null,
    saw(topic, number, at) {
      const known = now().topics[topic];
      now().topics[topic] = known
        ? { number: Math.max(number, known.number), at: later(at, known.at) }
        : { number, at };
    },
    sawPost(id) {
      now().newest = Math.max(id, now().newest ?? 0);
    },
    began: () => now().began,
    isPast: (bumpedAt) => bumpedAt.getTime() <= now().watermark.getTime() - OVERLAP_MS,
    isFar: (bumpedAt) => bumpedAt.getTime() > now().watermark.getTime() + FAR_MS,
    walked: () => now().walked,
    walkedTo(id) {
      now().walked = Math.max(id, now().walked ?? 0);
    },
    newest: () => now().newest,
    complete(watermark) {
      const one = now();
      one.watermark = later(watermark, one.watermark);
      const topics = Object.entries(one.topics);
      if (topics.length <= MOST_TOPICS) return;
      topics.sort(([, a], [, b]) => b.at.getTime() - a.at.getTime());
      for (const [, { at }] of topics.slice(KEPT_TOPICS)) one.floor = later(at, one.floor);
      one.topics = Object.fromEntries(topics.slice(0, KEPT_TOPICS));
    },
  };
}

/** How many calls it takes to read that, at least. */
export function callsFor({ from, highest }: Unread): number {
  return from === null ? 1 : Math.max(1, Math.ceil((highest - from + 1) / PAGE));
}

/** The number to go on from after this answer; past the highest: nothing is left. */
export function after(from: number, last: number | undefined): number {
  return last === undefined ? from + PAGE : last + 1;
}
