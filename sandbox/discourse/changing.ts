import { differsAtMost } from './diff.ts';
import type { Post, Topic, User } from './model.ts';
import { noteAction, type Way, type World } from './posting.ts';
import { EDITS } from './rates.ts';
import { invalidAccess, notFound, Refusal, tooMany } from './refusal.ts';
import { hasAlike, TOO_ALIKE, textErrors, tidy } from './rules.ts';
import type { State } from './state.ts';

const NINJA_MS = 5 * 60_000;
const NINJA_CHARACTERS = 400;
const NEW_NINJA_CHARACTERS = 100;
const TAKEN_BACK = '(post deleted by author)';

export interface Edit {
  readonly raw: string;
  readonly reason?: string | undefined;
  /** What the editor believes to be there. */
  readonly original?: string | undefined;
  /** False: the topic stays where it is in the list. */
  readonly bump?: boolean | undefined;
}

/** Gives the post as it is now. Throws a Refusal. */
export function editPost(world: World, user: User, id: number, edit: Edit, way: Way): Post {
  const { state, guardian } = world;
  const post = state.posts.get(id);
  if (post === undefined || (post.deleted && !guardian.isStaff(user))) throw notFound();
  if (!guardian.mayEdit(user, post)) throw invalidAccess();
  if (edit.original !== undefined && edit.original !== post.raw)
    throw new Refusal(409, {
      errors: ['That post was edited by another person and your changes can no longer be saved.'],
    });
  const raw = tidy(edit.raw);
  const reason = edit.reason === '' ? undefined : edit.reason;
  if (raw === post.raw && (reason === undefined || reason === post.editReason)) return post;
  const message = state.topics.get(post.topic)?.category === null;
  const errors = textErrors(raw, message);
  if (errors.length > 0) throw new Refusal(422, { errors });
  const alike =
    way === 'api' && !guardian.isStaff(user) && hasAlike(state, world.now(), user, raw, message, id);
  if (alike) throw new Refusal(422, { errors: [TOO_ALIKE] });
  const ninja = isNinja(world, user, post, raw, reason);
  if (way === 'api' && !ninja && !guardian.isStaff(user)) {
    const wait = world.rates.take(`edit ${user.id}`, EDITS);
    if (wait > 0) throw tooMany(wait);
  }
  return revise(world, user, post, { raw, reason, ninja, bump: edit.bump ?? true });
}

/**
 * Small, soon, by the same person and with no new reason: then no new version comes of it, and the topic is not
 * bumped. What is small is measured from the last version's words.
 */
function isNinja(world: World, user: User, post: Post, raw: string, reason: string | undefined): boolean {
  if (user.id !== post.editorId || world.now() - post.versionAt > NINJA_MS) return false;
  if (reason !== undefined && reason !== post.editReason) return false;
  const most = world.guardian.isStaff(user) || user.trustLevel > 1 ? NINJA_CHARACTERS : NEW_NINJA_CHARACTERS;
  return differsAtMost(post.versionRaw ?? post.raw, raw, most);
}

function revise(
  { state, now, hooks }: World,
  user: User,
  post: Post,
  to: {
    readonly raw: string;
    readonly reason?: string | undefined;
    readonly ninja: boolean;
    readonly bump: boolean;
  },
): Post {
  const at = now();
  const topic = state.topics.get(post.topic);
  const isLast = topic !== undefined && lastOf(state, topic)?.id === post.id;
  if (!to.ninja && to.bump && isLast) state.topics.put({ ...topic, bumpedAt: at });
  const edited: Post = {
    ...post,
    raw: to.raw,
    updatedAt: at,
    editorId: user.id,
    ...(to.ninja
      ? { versionRaw: post.versionRaw ?? post.raw }
      : { version: post.version + 1, versionAt: at, versionRaw: null, editReason: to.reason ?? null }),
  };
  state.posts.put(edited);
  hooks.post('post_edited', post.id);
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
    const last = lastOf(state, topic);
    if (last !== undefined) state.topics.put({ ...topic, bumpedAt: last.createdAt });
  } else if (post.userId === user.id && post.takenBack === null) {
    const edited = revise(world, user, post, { raw: TAKEN_BACK, ninja: false, bump: true });
    state.posts.put({ ...edited, takenBack: post.raw });
  } else throw invalidAccess();
  hooks.post('post_destroyed', id);
}

/** By staff what is gone, by its author what they took back. */
export function recoverPost(world: World, user: User, id: number): void {
  const post = world.state.posts.get(id);
  if (post === undefined) throw notFound();
  if (post.deleted && world.guardian.isStaff(user)) world.state.posts.put({ ...post, deleted: false });
  else if (post.takenBack !== null && (post.userId === user.id || world.guardian.isStaff(user)))
    revise(world, user, { ...post, takenBack: null }, { raw: post.takenBack, ninja: false, bump: true });
  else throw invalidAccess();
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
function lastOf(state: State, topic: Topic): Post | undefined {
  return state
    .postsOf(topic.id)
    .filter((post) => !post.deleted && post.takenBack === null && post.action === null)
    .at(-1);
}
