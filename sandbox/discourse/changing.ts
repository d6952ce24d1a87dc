import type { Post, Topic, User } from './model.ts';
import { noteAction, type World } from './posting.ts';
import { EDITS } from './rates.ts';
import { invalidAccess, notFound, Refusal, tooMany } from './refusal.ts';
import { textErrors } from './rules.ts';

const NINJA_MS = 5 * 60_000;
const TAKEN_BACK = '(post deleted by author)';

export interface Edit {
  readonly raw: string;
  readonly reason?: string | undefined;
  /** What the editor believes to be there. */
  readonly original?: string | undefined;
}

/** Gives the post as it is now. Throws a Refusal. */
export function editPost(world: World, user: User, id: number, edit: Edit, way: 'api' | 'web'): Post {
  const { state, guardian, rates, hooks } = world;
  const post = state.posts.get(id);
  if (post === undefined || (post.deleted && !guardian.isStaff(user))) throw notFound();
  if (!guardian.mayEdit(user, post)) throw invalidAccess();
  if (edit.original !== undefined && edit.original.trim() !== post.raw)
    throw new Refusal(409, {
      errors: ['That post was edited by another person and your changes can no longer be saved.'],
      error_type: 'edit_conflict',
    });
  const raw = edit.raw.trim();
  if (raw === post.raw) return post;
  const topic = state.topics.get(post.topic);
  const errors = textErrors(raw, topic?.category === null);
  if (errors.length > 0) throw new Refusal(422, { errors });
  if (way === 'api' && !guardian.isStaff(user)) {
    const wait = rates.take(`edit ${user.id}`, EDITS);
    if (wait > 0) throw tooMany(wait);
  }
  const at = world.now();
  const reason = edit.reason ?? '';
  const ninja =
    user.id === post.userId &&
    at - post.versionAt < NINJA_MS &&
    (reason === '' || reason === post.editReason);
  const edited: Post = {
    ...post,
    raw,
    updatedAt: at,
    editReason: reason === '' ? null : reason,
    ...(!ninja && { version: post.version + 1, versionAt: at }),
  };
  // A ninja edit never bumps; another one does when it is of the last post.
  if (!ninja && topic !== undefined && lastOf(world, topic)?.id === id)
    state.topics.put({ ...topic, bumpedAt: at });
  state.posts.put(edited);
  hooks.post('post_edited', id);
  return edited;
}

/**
 * Staff removes it. Its author only takes it back: other words stand there for a day, then it goes.
 * The first post goes with its topic.
 */
export function deletePost(world: World, user: User, id: number): void {
  const { state, guardian, hooks } = world;
  const post = state.posts.get(id);
  if (post === undefined || post.deleted) throw notFound();
  const topic = state.topics.get(post.topic);
  if (topic === undefined) throw notFound();
  if (post.postNumber === 1) {
    deleteTopic(world, user, topic.id);
    return;
  }
  if (guardian.isStaff(user) || guardian.moderates(user, topic)) {
    state.posts.put({ ...post, deleted: true });
    const last = lastOf(world, topic);
    if (last !== undefined) state.topics.put({ ...topic, bumpedAt: last.createdAt });
  } else if (post.userId === user.id) {
    const at = world.now();
    state.posts.put({
      ...post,
      raw: TAKEN_BACK,
      userDeleted: true,
      version: post.version + 1,
      updatedAt: at,
      versionAt: at,
    });
  } else throw invalidAccess();
  hooks.post('post_destroyed', id);
}

export function recoverPost(world: World, user: User, id: number): void {
  const post = world.state.posts.get(id);
  if (post === undefined) throw notFound();
  if (!world.guardian.isStaff(user)) throw invalidAccess();
  world.state.posts.put({ ...post, deleted: false });
  world.hooks.post('post_recovered', id);
}

export function deleteTopic(world: World, user: User, id: number): void {
  const { state, guardian, hooks } = world;
  const topic = state.topics.get(id);
  if (topic === undefined || topic.deleted) throw notFound();
  const posts = state.postsOf(id).filter((post) => !post.deleted);
  const own = topic.userId === user.id && posts.length <= 1;
  if (!guardian.isStaff(user) && !guardian.moderates(user, topic) && !own) throw invalidAccess();
  state.topics.put({ ...topic, deleted: true });
  const first = posts.find((post) => post.postNumber === 1);
  if (first !== undefined) {
    state.posts.put({ ...first, deleted: true });
    hooks.post('post_destroyed', first.id);
  }
  hooks.topic('topic_destroyed', id);
}

/** Closes or archives, or the other way round. Says so in the topic. */
export function changeStatus(
  world: World,
  user: User,
  topic: Topic,
  what: 'closed' | 'archived',
  on: boolean,
): void {
  if (topic[what] === on) return;
  const reopened = what === 'closed' && !on;
  world.state.topics.put({ ...topic, [what]: on, ...(reopened && { bumpedAt: world.now() }) });
  noteAction(world, user, topic, `${what}.${on ? 'enabled' : 'disabled'}`);
  world.hooks.topic(`topic_${what}_status_updated`, topic.id);
}

/** The newest post that somebody wrote and that is still there. */
function lastOf({ state }: World, topic: Topic): Post | undefined {
  return state
    .postsOf(topic.id)
    .filter((post) => !post.deleted && !post.userDeleted && post.action === null)
    .at(-1);
}
