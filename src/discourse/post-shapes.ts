import { z } from 'zod';
import type { LatestPost, Post } from './model.ts';
import { date, flag, id, text } from './shapes.ts';

const REGULAR = 1;
/** A post whose post_type is this is a moderator's, written like any other. */
const MODERATOR = 2;

const post = z
  .object({
    id,
    topic_id: id,
    post_number: id,
    // Null for an account that was deleted; -1 is the forum itself.
    user_id: z.int().nullish(),
    username: text,
    name: text,
    trust_level: z.int().nullish(),
    // Of a hidden post only staff and its author are given it.
    raw: z.string().nullish(),
    version: z.int().positive().nullish(),
    created_at: date,
    updated_at: date.nullish(),
    via_email: flag,
    post_type: z.int().nullish(),
    reply_to_post_number: z.int().nullish().or(z.coerce.number().pipe(z.int())),
    deleted_at: z.string().nullish(),
    user_deleted: flag,
    hidden: flag,
    category_id: z.int().nullish(),
    topic_title: z.string().nullish(),
  })
  .transform((one) => ({
    // Moderators of a category are shown what was deleted too.
    there: !one.deleted_at && !one.user_deleted,
    categoryId: one.category_id ?? null,
    title: one.topic_title ?? null,
    post: {
      id: one.id,
      topic: one.topic_id,
      number: one.post_number,
      userId: one.user_id ?? 0,
      username: one.username,
      name: one.name,
      trustLevel: one.trust_level ?? null,
      raw: one.raw ?? '',
      version: one.version ?? 1,
      createdAt: one.created_at,
      updatedAt: one.updated_at ?? one.created_at,
      viaEmail: one.via_email,
      // What is hidden is there and says nothing: it neither asks, nor does its request go.
      isRegular:
        [REGULAR, MODERATOR].includes(one.post_type ?? REGULAR) && !one.hidden && typeof one.raw === 'string',
      replyTo: one.reply_to_post_number ?? null,
    } satisfies Post,
  }));

/** One post that cannot be read must not keep the others from being heard; if none can, the forum has changed. */
const posts = z.array(z.unknown()).transform((all, context) => {
  const read = all.map((one) => post.safeParse(one));
  const good = read.flatMap((one) => (one.success ? [one.data] : []));
  const [first] = read;
  if (good.length === 0 && first && !first.success)
    context.addIssue({ code: 'custom', message: z.prettifyError(first.error).slice(0, 300) });
  return good;
});

const stream = z
  .object({ posts })
  .transform((one) => one.posts.filter(({ there }) => there).map((one) => one.post))
  .transform((posts): readonly Post[] => posts.toSorted((a, b) => a.number - b.number));

/** Posts of one topic, those that are still there. */
export const postsShape = z.object({ post_stream: stream }).transform((one) => one.post_stream);

/** A topic's first posts. */
export const pageShape = z
  .object({ post_stream: stream, deleted_at: z.string().nullish() })
  .transform((one) => ({ posts: one.post_stream, deleted: Boolean(one.deleted_at) }));

/** Posts of the whole forum, those that are still there. */
export const latestShape = z
  .object({ latest_posts: posts })
  .transform(({ latest_posts }) =>
    latest_posts
      .filter(({ there }) => there)
      .map((one): LatestPost => ({ ...one.post, categoryId: one.categoryId, title: one.title })),
  );
