import { z } from 'zod';
import type { Account, ListedTopic } from './model.ts';

// What Discourse's answers have in common over its versions: unknown fields are dropped, what newer or older servers
// leave out has a default, and nothing else is believed.

export const id = z.int().nonnegative();
export const date = z.string().transform((text, context) => {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) context.addIssue('not a date');
  return at;
});
export const flag = z
  .boolean()
  .nullish()
  .transform((one) => one === true);
export const text = z
  .string()
  .nullish()
  .transform((one) => one ?? '');

const listed = z
  .object({
    id,
    title: text,
    slug: text,
    category_id: z.int().nullish(),
    highest_post_number: id,
    created_at: date,
    bumped_at: date.nullish(),
    pinned: flag,
    closed: flag,
    archived: flag,
  })
  .transform(
    (one): ListedTopic => ({
      id: one.id,
      title: one.title,
      slug: one.slug,
      categoryId: one.category_id ?? 0,
      highest: one.highest_post_number,
      createdAt: one.created_at,
      bumpedAt: one.bumped_at ?? one.created_at,
      pinned: one.pinned,
      closed: one.closed,
      archived: one.archived,
    }),
  );

/** One page of a category. */
export const listShape = z
  .object({
    topic_list: z.object({
      topics: z.array(listed),
      per_page: z.int().positive().nullish(),
      more_topics_url: z.string().nullish(),
    }),
  })
  .transform(({ topic_list: { topics, per_page, more_topics_url } }) => ({
    topics,
    // Servers that have no such field at all may still have another page.
    more: more_topics_url === undefined ? topics.length >= (per_page ?? 30) : more_topics_url !== null,
  }));

/** A topic, and whether it was deleted: moderators of its category are still shown it. */
export const topicShape = z
  .object({
    title: text,
    category_id: z.int().nullish(),
    closed: flag,
    archived: flag,
    slow_mode_seconds: z.number().nonnegative().nullish(),
    highest_post_number: id,
    deleted_at: z.string().nullish(),
    // Left out where it is not so.
    details: z.object({ can_create_post: flag }).nullish(),
  })
  .transform((one) => ({
    deleted: Boolean(one.deleted_at),
    topic: {
      title: one.title,
      categoryId: one.category_id ?? null,
      closed: one.closed,
      archived: one.archived,
      slowModeSeconds: one.slow_mode_seconds ?? 0,
      mayPost: one.details?.can_create_post === true,
      highest: one.highest_post_number,
    },
  }));

export const accountShape = z
  .object({
    user: z.object({
      id: z.int(),
      username: z.string().min(1),
      name: text,
      // Left out of a hidden profile.
      trust_level: z.int().nullish(),
      groups: z.array(z.object({ name: z.string() })).nullish(),
    }),
  })
  .transform(
    ({ user }): Account => ({
      id: user.id,
      username: user.username,
      name: user.name,
      trustLevel: user.trust_level ?? 0,
      groups: (user.groups ?? []).map(({ name }) => name),
    }),
  );

const allowed = z
  .array(z.coerce.string())
  .or(z.coerce.string().transform((one) => [one]))
  .nullish()
  .transform((one) => one ?? []);

export const scopesShape = z
  .object({
    scopes: z
      .array(
        z.object({
          resource: z.string(),
          // Newer servers show people `read lists` here, and have the name in `key`.
          action: z.string(),
          key: z.string().nullish(),
          allowed_parameters: z.record(z.string(), allowed).nullish(),
        }),
      )
      .nullish(),
  })
  .transform(({ scopes }) =>
    (scopes ?? []).map(({ resource, action, key, allowed_parameters }) => ({
      scope: `${resource}:${(key ?? action).replaceAll(' ', '_')}`,
      params: allowed_parameters ?? {},
    })),
  );

const place = z.object({ id, topic_id: id, post_number: id });

/** What a piece of writing became. Some versions answer with the post, some with the post inside of what was done. */
export const writtenShape = z.union([
  z.object({ action: z.literal('enqueued') }).transform(() => 'held' as const),
  z.object({ post: place }).transform((one) => one.post),
  place,
]);
