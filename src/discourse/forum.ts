import type { z } from 'zod';
import type { Call, DiscourseApi } from './api.ts';
import type { Budget, Urgency } from './budget.ts';
import { type Category, parseCategory } from './category.ts';
import { found, saysOf } from './found.ts';
import type { Account, Found, LatestPost, ListedTopic, Post, Written } from './model.ts';
import { latestShape, pageShape, postsShape } from './post-shapes.ts';
import { accountShape, listShape, scopesShape, topicShape } from './shapes.ts';
import { writtenOf } from './written.ts';

/**
 * The few things that we do on a Discourse forum, each one call, all through one budget. Nothing here throws for what
 * the forum answers, and nothing is repeated here: 429 waits for its turn again (nothing was done), all else is told.
 */
export interface Forum {
  /** One page of 30 of the category (or another), newest change first. `more`: there is another page. */
  topics(
    page: number,
    urgency: Urgency,
    of?: Category,
  ): Promise<Found<{ readonly topics: readonly ListedTopic[]; readonly more: boolean }>>;
  /** Posts of a topic from this number on, oldest first, 20 at most. */
  postsFrom(topic: number, number: number, urgency: Urgency): Promise<Found<readonly Post[]>>;
  /** These posts of a topic; what was deleted is not among them. 20 at most. */
  postsById(topic: number, posts: readonly number[], urgency: Urgency): Promise<Found<readonly Post[]>>;
  /**
   * The newest posts of the whole forum, those with ids in (before - 50, before]: there may be none without that being
   * the end. Without `before` from the newest. Each with its category. `gone` where the key has no scope for it.
   */
  latest(before: number | null, urgency: Urgency): Promise<Found<readonly LatestPost[]>>;
  /** What can be said in a topic now. */
  topic(
    id: number,
    urgency: Urgency,
  ): Promise<
    Found<{
      readonly title: string;
      readonly categoryId: number | null;
      readonly closed: boolean;
      readonly archived: boolean;
      readonly slowModeSeconds: number;
      readonly mayPost: boolean;
      readonly highest: number;
    }>
  >;
  /** By the name of now; compare the id before believing it. */
  account(username: string, urgency: Urgency): Promise<Found<Account>>;
  /** Is there a group of this name? Asked without the key, whose scopes do not cover it. */
  isGroup(name: string, urgency: Urgency): Promise<Found<boolean>>;
  reply(
    to: { readonly topic: number; readonly replyTo: number | null },
    raw: string,
    urgency: Urgency,
  ): Promise<Written>;
  /** A new topic in the category, or another. */
  open(title: string, raw: string, urgency: Urgency, of?: Category): Promise<Written>;
  /** `reason` is shown to those who open the post's history. */
  edit(post: number, raw: string, reason: string, urgency: Urgency): Promise<Written>;
  /** A private message to one account. Whoever calls this has made sure that the name is that account's and no group's. */
  message(username: string, title: string, raw: string, urgency: Urgency): Promise<Written>;
  /** Which scopes the key has, as `topics:read`; empty: it may do everything. */
  scopes(): Promise<
    Found<readonly { readonly scope: string; readonly params: Readonly<Record<string, readonly string[]>> }[]>
  >;
  /** The forum's clock against ours: milliseconds that it is ahead, from the last answer; null before one. */
  clockAheadMs(): number | null;
}

/** `category` as in its address: `development/infra/24`. */
export function createForum(deps: {
  readonly api: DiscourseApi;
  readonly budget: Budget;
  readonly category: string;
}): Forum {
  const { api, budget } = deps;
  const category = parseCategory(deps.category);

  async function read<T>(call: Call, shape: z.ZodType<T>, urgency: Urgency): Promise<Found<T>> {
    return found(await budget.call(call, urgency), shape);
  }

  async function write(call: Call, urgency: Urgency): Promise<Written> {
    return writtenOf(await budget.call(call, urgency));
  }

  const get = (path: Call['path'], query: NonNullable<Call['query']> = {}): Call => ({
    method: 'GET',
    path,
    query,
  });

  return {
    topics: (page, urgency, of = category) => {
      // A category can have another order of its own, by which nobody would see what is new.
      const query = { order: 'activity', ...(page > 0 ? { page } : {}) };
      return read(get(['c', ...of.slugs, of.id, 'l', 'latest.json'], query), listShape, urgency);
    },

    postsFrom: async (topic, number, urgency) => {
      // `post_number` means those after it, and there is none before the first: that comes with the topic.
      if (number <= 1) {
        const seen = await read(get(['t', `${topic}.json`], { include_raw: 1 }), pageShape, urgency);
        if (seen.kind !== 'ok') return seen;
        return seen.value.deleted ? { kind: 'gone' } : { kind: 'ok', value: seen.value.posts };
      }
      const query = { post_number: number - 1, asc: true, include_raw: true };
      const seen = await read(get(['t', topic, 'posts.json'], query), postsShape, urgency);
      // Where the post before is not there any more, the forum counts from one near it.
      return seen.kind === 'ok'
        ? { kind: 'ok', value: seen.value.filter((one) => one.number >= number) }
        : seen;
    },

    postsById: async (topic, posts, urgency) => {
      if (posts.length === 0) return { kind: 'ok', value: [] };
      const query = { post_ids: posts.slice(0, PAGE), include_raw: true };
      return read(get(['t', topic, 'posts.json'], query), postsShape, urgency);
    },

    latest: (before, urgency) =>
      read(get(['posts.json'], before === null ? {} : { before }), latestShape, urgency),

    topic: async (id, urgency) => {
      const seen = await read(get(['t', `${id}.json`]), topicShape, urgency);
      if (seen.kind !== 'ok') return seen;
      return seen.value.deleted ? { kind: 'gone' } : { kind: 'ok', value: seen.value.topic };
    },

    account: (username, urgency) => read(get(['u', `${username}.json`]), accountShape, urgency),

    isGroup: async (name, urgency) => {
      const called = await budget.call({ ...get(['groups', `${name}.json`]), anonymous: true }, urgency);
      if (called.kind === 'ok') return { kind: 'ok', value: true };
      if (called.kind === 'error' && [404, 410].includes(called.status)) return { kind: 'ok', value: false };
      // A group that may not be seen by everybody is still one, so a plain no says nothing.
      return { kind: 'away', says: saysOf(called) };
    },

    reply: ({ topic, replyTo }, raw, urgency) =>
      write(
        {
          method: 'POST',
          path: ['posts.json'],
          body: { raw, topic_id: topic, ...(replyTo === null ? {} : { reply_to_post_number: replyTo }) },
        },
        urgency,
      ),

    open: (title, raw, urgency, of = category) =>
      write({ method: 'POST', path: ['posts.json'], body: { title, raw, category: of.id } }, urgency),

    edit: (post, raw, reason, urgency) =>
      write(
        { method: 'PUT', path: ['posts', `${post}.json`], body: { post: { raw, edit_reason: reason } } },
        urgency,
      ),

    message: async (username, title, raw, urgency) => {
      // One with @ would go out as e-mail, and a comma begins another recipient.
      if (!ACCOUNT_NAME.test(username)) {
        return { kind: 'refused', why: 'invalid', says: 'not sent: that is no name of one account' };
      }
      const body = { title, raw, archetype: 'private_message', target_recipients: username };
      return write({ method: 'POST', path: ['posts.json'], body }, urgency);
    },

    scopes: () => read(get(['session', 'scopes.json']), scopesShape, 'answer'),
    clockAheadMs: () => api.clockAheadMs(),
  };
}

/** Posts in one answer, and topics' own first page. */
const PAGE = 20;

const ACCOUNT_NAME = /^[\p{L}\p{N}\p{M}_][\p{L}\p{N}\p{M}_.-]*$/u;
