import { createHash } from 'node:crypto';
import { z } from 'zod';
import { editPost } from './changing.ts';
import type { Draft, Post } from './model.ts';
import { createPost, holdPost } from './posting.ts';
import { invalidAccess, invalidParameters, notFound, Refusal } from './refusal.ts';
import { type Answer, type Ask, numberLike, ok, type Route } from './route.ts';

const WINDOW = 50;
const MEMO_MS = 120_000;

const createShape = z.looseObject({
  raw: z.string().default(''),
  title: z.string().optional(),
  topic_id: numberLike.optional(),
  category: numberLike.optional(),
  reply_to_post_number: numberLike.nullish(),
  archetype: z.string().optional(),
  target_recipients: z.string().optional(),
});
const updateShape = z.object({
  raw: z.string(),
  edit_reason: z.string().nullish(),
  original_text: z.string().nullish(),
  bypass_bump: z.boolean().optional(),
});

export const postRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: /^\/posts$/,
    permit: () => ({ scope: 'posts:list' }),
    answer: latestPosts,
  },
  {
    method: 'POST',
    pattern: /^\/posts$/,
    permit: (_path, body) => ({
      scope: 'topics:write',
      parameters: { topic_id: body.topic_id === undefined ? undefined : String(body.topic_id) },
    }),
    answer: create,
  },
  {
    method: 'PUT',
    pattern: /^\/posts\/(?<id>\d+)$/,
    permit: ({ id }) => ({ scope: 'posts:edit', parameters: { id } }),
    answer: update,
  },
  {
    method: 'GET',
    pattern: /^\/posts\/(?<id>\d+)$/,
    permit: () => ({ scope: null }),
    answer(ask) {
      const post = ask.world.state.posts.get(Number(ask.path.id));
      if (post === undefined || !ask.world.guardian.seesPost(ask.user, post)) throw notFound();
      return ok(ask.wire.postAbroad(post));
    },
  },
  {
    method: 'GET',
    pattern: /^\/raw\/(?<topic>\d+)\/(?<number>\d+)$/,
    permit: () => ({ scope: null }),
    answer(ask) {
      const post = ask.world.state
        .postsOf(Number(ask.path.topic))
        .find((one) => one.postNumber === Number(ask.path.number));
      if (post === undefined || !ask.world.guardian.seesPost(ask.user, post)) throw notFound();
      return ok(post.raw);
    },
  },
];

/**
 * For years a window of ids, `before` within it: a page may be short, or empty, and not be the end.
 * The newest servers give so many posts instead, all with lower ids than `before`.
 */
function latestPosts(ask: Ask): Answer {
  const { state, guardian, postList } = ask.world;
  const asked = Math.floor(Number(ask.query.get('before') ?? 0));
  const newest = state.newId('post') - 1;
  const isShown = (post: Post) => {
    const topic = state.topics.get(post.topic);
    const isPublic = topic !== undefined && topic.category !== null && topic.visible && !topic.deleted;
    return isPublic && !post.deleted && post.action === null && guardian.seesPost(ask.user, post);
  };
  const from = asked <= 0 ? newest : postList === 'rows' ? asked - 1 : asked;
  const end = postList === 'rows' ? 0 : from - WINDOW;
  const shown: Post[] = [];
  for (let id = from; id > end && shown.length < WINDOW; id -= 1) {
    const post = state.posts.get(id);
    if (post !== undefined && isShown(post)) shown.push(post);
  }
  return ok({ latest_posts: shown.map((post) => ask.wire.postAbroad(post)) });
}

function create(ask: Ask): Answer {
  const { user, world } = ask;
  if (user === null) throw invalidAccess();
  if (ask.fault?.silenced) throw invalidAccess('You are not permitted to do that: your account is silenced.');
  const parsed = createShape.safeParse(ask.body);
  if (!parsed.success) throw invalidParameters(`invalid value: ${parsed.error.issues[0]?.path.join('.')}`);
  const given = parsed.data;
  const message = given.archetype === 'private_message';
  const draft: Draft = {
    raw: given.raw,
    ...(given.title !== undefined && { title: given.title }),
    ...(given.topic_id !== undefined && { topic: given.topic_id }),
    ...(given.category !== undefined && { category: given.category }),
    ...(given.reply_to_post_number != null && { replyTo: given.reply_to_post_number }),
    ...(message && { recipients: given.target_recipients ?? '' }),
  };
  return memoised(ask, user.id, () => {
    if (ask.fault?.enqueue) {
      const held = holdPost(world, user, draft, 'api');
      return {
        status: 200,
        body: {
          action: 'enqueued',
          success: true,
          pending_count: [...world.state.held.all()].filter((one) => one.userId === user.id).length,
          reason: 'fast_typer',
          pending_post: ask.wire.held(held),
        },
      };
    }
    const post = createPost(world, user, draft, 'api');
    return ok({
      ...ask.wire.post(post, true),
      draft_sequence: 0,
      post_url: ask.wire.postAbroad(post).post_url,
    });
  });
}

/**
 * The same person with the same words within two minutes gets the first answer again, and nothing is done.
 * That holds for a post that was unfit too; not for one that was not looked at (too many, not permitted).
 */
function memoised(ask: Ask, userId: number, work: () => Answer): Answer {
  const { state, now } = ask.world;
  const fields = Object.entries(ask.body).sort(([a], [b]) => (a < b ? -1 : 1));
  const id = createHash('sha1')
    .update(JSON.stringify([userId, ask.from, fields]))
    .digest('hex');
  for (const memo of [...state.memos.all()]) if (now() - memo.at >= MEMO_MS) state.memos.remove(memo.id);
  const known = state.memos.get(id);
  if (known !== undefined) return { status: known.status, body: known.body };
  const answer = attempt(work);
  state.memos.put({ id, at: now(), status: answer.status, body: answer.body });
  return answer;
}

function attempt(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 422) throw error;
    return { status: 422, body: error.body };
  }
}

function update(ask: Ask): Answer {
  if (ask.user === null) throw invalidAccess();
  if (ask.fault?.silenced) throw invalidAccess('You are not permitted to do that: your account is silenced.');
  const parsed = updateShape.safeParse(ask.body.post);
  if (!parsed.success) throw invalidParameters('param is missing or the value is empty: post');
  const { raw, edit_reason, original_text } = parsed.data;
  const edit = {
    raw,
    reason: edit_reason ?? undefined,
    original: original_text ?? undefined,
    bump: !(parsed.data.bypass_bump ?? ask.body.bypass_bump === true),
  };
  const post = editPost(ask.world, ask.user, Number(ask.path.id), edit, 'api');
  return ok({ post: { ...ask.wire.post(post, true), draft_sequence: 0 } });
}
