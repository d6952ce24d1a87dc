import type { Urgency } from './budget.ts';
import { type Reading, STOPPING, type Trouble } from './reading.ts';

/** Posts of open requests, by topic. */
export type Rereads = () => readonly { readonly topic: number; readonly posts: readonly number[] }[];

/** Calls for it in one poll, and how often at most. */
const EACH_POLL = 2;
const EVERY_MS = 55_000;
const PAGE = 20;

/** Reads posts once more, for edits and deletions: no list of the forum's tells of those. */
export interface Rereading {
  /** A few of the open requests' posts, others each time. */
  turn(): Promise<Trouble>;
  /** These posts now. */
  posts(topic: number, posts: readonly number[], urgency: Urgency): Promise<Trouble>;
  /** Is the topic of an open request still there? */
  topic(topic: number, urgency: Urgency): Promise<Trouble>;
  /** Is a request open in this topic? */
  isOpen(topic: number): boolean;
}

export function createRereading(
  reading: Reading & {
    readonly rereads: Rereads;
    /** For tests: how often at most. */
    readonly rereadMs?: number;
  },
): Rereading {
  const { forum, intake, rereads, stopped, rereadMs = EVERY_MS } = reading;
  let turn = 0;
  let last = Number.NEGATIVE_INFINITY;

  function openPosts(topic: number): readonly number[] {
    return rereads().flatMap((one) => (one.topic === topic ? one.posts : []));
  }

  /** A key that may read no topic any more says the same as a topic that is gone, so others are asked for too. */
  async function topicGone(topic: number, urgency: Urgency): Promise<Trouble> {
    const list = await forum.topics(0, urgency);
    if (list.kind !== 'ok') return list.kind === 'away' ? list.says : 'the category cannot be read';
    const { topics } = list.value;
    if (topics.some(({ id }) => id === topic)) return `topic ${topic} is listed and cannot be read`;
    const other = topics[0] ? await forum.topic(topics[0].id, urgency) : null;
    if (other && other.kind !== 'ok') return other.kind === 'away' ? other.says : 'no topic can be read';
    await intake.gone(topic, openPosts(topic));
    return null;
  }

  async function readPosts(topic: number, posts: readonly number[], urgency: Urgency): Promise<Trouble> {
    for (let at = 0; at < posts.length; at += PAGE) {
      if (stopped()) return STOPPING;
      const some = posts.slice(at, at + PAGE);
      const seen = await forum.postsById(topic, some, urgency);
      if (seen.kind === 'away') return seen.says;
      if (seen.kind === 'gone') return topicGone(topic, urgency);
      await intake.again(seen.value);
      const there = new Set(seen.value.map(({ id }) => id));
      const missing = some.filter((id) => !there.has(id));
      if (missing.length > 0) await intake.gone(topic, missing);
    }
    return null;
  }

  /** A moderator of the category is shown the posts of a deleted topic, so the topic itself is asked for too. */
  async function readTopic(topic: number, urgency: Urgency): Promise<Trouble> {
    const seen = await forum.topic(topic, urgency);
    if (seen.kind === 'away') return seen.says;
    return seen.kind === 'gone' ? topicGone(topic, urgency) : null;
  }

  return {
    posts: readPosts,
    topic: readTopic,
    isOpen: (topic) => rereads().some((one) => one.topic === topic),
    async turn() {
      if (performance.now() - last < rereadMs) return null;
      last = performance.now();
      const all = rereads().flatMap(({ topic, posts }) => [
        ...chunks(posts).map((some) => () => readPosts(topic, some, 'look')),
        () => readTopic(topic, 'look'),
      ]);
      for (let n = 0; n < Math.min(EACH_POLL, all.length); n++) {
        if (stopped()) return STOPPING;
        const trouble = await all[turn++ % all.length]?.();
        if (trouble) return trouble;
      }
      return null;
    },
  };
}

function chunks(posts: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(posts.length / PAGE) }, (_, at) =>
    posts.slice(at * PAGE, at * PAGE + PAGE),
  );
}
