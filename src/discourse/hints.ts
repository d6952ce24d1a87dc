/** A post that a webhook told of; null: the topic itself. */
export type Hinted = { readonly id: number; readonly number: number } | null;

/** What was told of one topic since the last time. */
export interface TopicHints {
  readonly topic: number;
  /** Post numbers by id. */
  readonly posts: ReadonlyMap<number, number>;
  /** The topic itself was named. */
  readonly whole: boolean;
}

/** More topics than this are not remembered: the poll finds what is in them. */
const MOST = 1000;

/** Gathers hints for a moment, so that fifty posts at once do not make fifty calls. */
export interface Hints {
  add(topic: number, post: Hinted): void;
  /** What has been gathered, which is forgotten with that. */
  take(): readonly TopicHints[];
  stop(): void;
}

export function createHints(gatherMs: number, ready: () => void): Hints {
  let topics = new Map<number, { readonly posts: Map<number, number>; whole: boolean }>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  return {
    add(topic, post) {
      if (stopped || (topics.size >= MOST && !topics.has(topic))) return;
      const known = topics.get(topic) ?? { posts: new Map<number, number>(), whole: false };
      if (post) known.posts.set(post.id, post.number);
      else known.whole = true;
      topics.set(topic, known);
      timer ??= setTimeout(() => {
        timer = undefined;
        ready();
      }, gatherMs);
    },
    take() {
      const taken = [...topics].map(([topic, { posts, whole }]) => ({ topic, posts, whole }));
      topics = new Map();
      return taken;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
