import { z } from 'zod';
import type { NotesStore } from '../core/store.ts';

/** What is remembered of a post that was answered or acted on. */
export interface PostMemory {
  /** What it said to us: lines and forms, digested. */
  readonly asked: string;
  /** The version that was read. */
  readonly version: number;
  /** Requests that came from it. */
  readonly requests: readonly string[];
  /** What is to be said about it; null: nothing. */
  readonly reply: string | null;
  /** Has it been said? Intent and outcome: a reply that may have been posted is looked for first. */
  readonly replied: 'no' | 'begun' | 'yes';
  /** The author was told that an edit changes nothing. */
  readonly toldOfEdit: boolean;
}

/** What comes of a post, before it is remembered. `explains`: how often its author has been told by then how to ask. */
export type Made = Pick<PostMemory, 'requests' | 'reply'> & { readonly explains?: number };

/** Posts that we have dealt with, and where requests came from. Small notes in the store, so that they survive. */
export interface Memory {
  post(id: number): Promise<PostMemory | null>;
  keep(id: number, memory: PostMemory): Promise<void>;
  /** The post that a request was asked in; null when it was asked elsewhere. */
  sourceOf(request: string): Promise<{ readonly topic: number; readonly post: number } | null>;
  cameFrom(request: string, source: { readonly topic: number; readonly post: number }): Promise<void>;
  /** Who was told in this topic how to ask, and how often; null: nobody. */
  explainedTo(topic: number): Promise<{ readonly user: number; readonly times: number } | null>;
  explained(topic: number, user: number, times: number): Promise<void>;
}

const post = z.object({
  asked: z.string(),
  version: z.number(),
  requests: z.array(z.string()),
  reply: z.string().nullable(),
  replied: z.enum(['no', 'begun', 'yes']),
  toldOfEdit: z.boolean(),
});
const explained = z.object({ user: z.number(), times: z.number() });
const source = z.object({ topic: z.number(), post: z.number() });

export function createMemory(notes: NotesStore): Memory {
  return {
    async post(id) {
      const note = await notes.get(`discourse:post:${id}`);
      return note === null ? null : post.parse(note);
    },
    keep: (id, memory) => notes.set(`discourse:post:${id}`, { ...memory }),
    async sourceOf(request) {
      const note = await notes.get(`discourse:from:${request}`);
      return note === null ? null : source.parse(note);
    },
    cameFrom: (request, from) => notes.set(`discourse:from:${request}`, { ...from }),
    async explainedTo(topic) {
      const note = await notes.get(`discourse:explained:${topic}`);
      return note === null ? null : (explained.safeParse(note).data ?? { user: 0, times: 2 });
    },
    explained: (topic, user, times) => notes.set(`discourse:explained:${topic}`, { user, times }),
  };
}
