import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import { anyPrivateKey } from '../core/private-key.ts';
import { storable } from '../core/storable.ts';
import type { Post } from './model.ts';

const id = z.int().nonnegative();
const date = z.iso.datetime().transform((text) => new Date(text));

/** A post as the inbox keeps it: new, or seen again with another text. */
export const inboxPost = z.object({
  kind: z.literal('post'),
  id,
  topic: id,
  number: id,
  userId: z.int(),
  username: z.string(),
  name: z.string(),
  trustLevel: z.int().nullable(),
  /** Empty for one that was burnt. */
  raw: z.string(),
  version: z.int(),
  createdAt: date,
  updatedAt: date,
  viaEmail: z.boolean(),
  isRegular: z.boolean(),
  replyTo: z.int().nullable(),
  /** The topic's, where it was read with the post; for the first post of a new topic it always is. */
  title: z.string().nullable(),
  /** It held a private key, and nothing of its text was kept. */
  burnt: z.boolean(),
});

export type InboxPost = z.infer<typeof inboxPost>;

/** A post that is not there any more. */
export const inboxGone = z.object({ kind: z.literal('gone'), post: id, topic: id });

export type InboxGone = z.infer<typeof inboxGone>;

/** All that the watch puts into the inbox, under the source `discourse`. */
export const inboxItem = z.discriminatedUnion('kind', [inboxPost, inboxGone]);

/** What `Inbox.put` takes. */
export interface Item {
  readonly id: string;
  readonly source: 'discourse';
  readonly body: JsonObject;
}

/** A post with its topic's title, where that was read too. */
export type TitledPost = Post & { readonly title: string | null };

/** The same id however often and however a post is seen, until its text is another one. */
export function postItem(post: TitledPost): Item {
  const hash = createHash('sha256').update(post.raw).digest('hex').slice(0, 12);
  const { createdAt, updatedAt, ...rest } = post;
  const burnt = anyPrivateKey([post.raw, post.title, post.name, post.username]);
  const body = storable({
    kind: 'post',
    ...rest,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    burnt,
    ...(burnt ? { raw: '', title: null, name: '' } : {}),
  });
  return { id: `discourse:post:${post.id}:${post.version}:${hash}`, source: 'discourse', body };
}

export function goneItem(post: number, topic: number): Item {
  return { id: `discourse:gone:${post}`, source: 'discourse', body: { kind: 'gone', post, topic } };
}
