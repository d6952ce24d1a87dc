import { z } from 'zod';

/** A hint as the inbox keeps it, under the source `discourse-hook`, for the process that reads the forum. */
export const inboxHint = z.object({
  topic: z.number(),
  /** Null: the topic itself. */
  post: z
    .object({
      id: z.number(),
      number: z.number(),
      /** It was made, and not edited or deleted: when it was read already, there is nothing to do. */
      made: z.boolean(),
    })
    .readonly()
    .nullable(),
});

/** A post that a webhook told of; null: the topic itself. */
export type Hinted = z.infer<typeof inboxHint>['post'];

/** What was told of one topic since the last time. */
export interface TopicHints {
  readonly topic: number;
  /** By id. */
  readonly posts: ReadonlyMap<number, NonNullable<Hinted>>;
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
  let topics = new Map<number, { readonly posts: Map<number, NonNullable<Hinted>>; whole: boolean }>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  return {
    add(topic, post) {
      if (stopped || (topics.size >= MOST && !topics.has(topic))) return;
      const known = topics.get(topic) ?? { posts: new Map(), whole: false };
      if (post) {
        const made = post.made && (known.posts.get(post.id)?.made ?? true);
        known.posts.set(post.id, { ...post, made });
      } else known.whole = true;
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
