import type { Guardian } from './guardian.ts';
import type { Draft, Held, Post, Topic, User } from './model.ts';
import { MESSAGES, NEW_POST, NEW_TOPIC, type Rates } from './rates.ts';
import { invalidAccess, tooMany, unfit } from './refusal.ts';
import { checkManners, textErrors, tidy, titleErrors } from './rules.ts';
import { makePost, makeTopic, type State } from './state.ts';
import type { Hooks } from './webhooks.ts';

/** What the rules of the forum need. */
export interface World {
  readonly state: State;
  readonly guardian: Guardian;
  readonly rates: Rates;
  readonly hooks: Hooks;
  readonly now: () => number;
  readonly url: () => string;
  /** How `/posts.json` pages. */
  readonly postList: 'window' | 'rows';
}

/** Through the API every rule holds; in the web interface those about who, where and what, not those about how often. */
export type Way = 'api' | 'web';

/** A reply, a topic or a private message. Throws a Refusal. */
export function createPost(world: World, user: User, draft: Draft, way: Way): Post {
  const topic = check(world, user, draft, way);
  return write(world, user, draft, topic);
}

/** The same, held until somebody approves it. */
export function holdPost(world: World, user: User, draft: Draft, way: Way): Held {
  check(world, user, draft, way);
  const held = { id: world.state.newId('held'), userId: user.id, at: world.now(), draft };
  world.state.held.put(held);
  return held;
}

/** Everything that was held becomes posts, in its order. What has no topic any more is lost, as for real. */
export function approveHeld(world: World): void {
  const { state } = world;
  for (const held of [...state.held.all()]) {
    state.held.remove(held.id);
    const user = state.users.get(held.userId);
    const topic = held.draft.topic === undefined ? undefined : state.topics.get(held.draft.topic);
    if (user === undefined || (held.draft.topic !== undefined && topic?.deleted !== false)) continue;
    write(world, user, held.draft, topic);
  }
}

function check(world: World, user: User, draft: Draft, way: Way): Topic | undefined {
  const { state, guardian, now } = world;
  const topic = draft.topic === undefined ? undefined : state.topics.get(draft.topic);
  if (draft.topic !== undefined && (topic === undefined || !guardian.mayReply(user, topic)))
    throw unfit(
      'Something has gone wrong. Perhaps this topic was closed or deleted while you were looking at it?',
    );
  const message = topic === undefined ? draft.recipients !== undefined : topic.category === null;
  if (topic === undefined && !message) {
    const category = state.category(draft.category ?? null);
    if (draft.category !== undefined && !guardian.seesCategory(user, category)) throw invalidAccess();
  }
  const errors = [
    ...(topic === undefined ? titleErrors(draft.title ?? '', message) : []),
    ...textErrors(tidy(draft.raw), message),
  ];
  if (errors.length > 0) throw unfit(...errors);
  if (topic === undefined && message) addressees(state, draft.recipients ?? '');
  if (topic !== undefined) checkSlowMode(world, user, topic);
  if (way === 'api') {
    checkManners({ state, guardian, now }, user, draft, topic);
    checkRates(world, user, topic === undefined, message);
  }
  return topic;
}

function checkSlowMode({ state, guardian, now }: World, user: User, topic: Topic): void {
  if (topic.slowModeSeconds === 0 || guardian.isStaff(user)) return;
  const last = state
    .postsOf(topic.id)
    .filter((post) => post.userId === user.id && post.action === null)
    .at(-1);
  const left = last === undefined ? 0 : last.createdAt / 1000 + topic.slowModeSeconds - now() / 1000;
  if (left > 0)
    throw unfit(
      `This topic is in slow mode. Please wait ${Math.ceil(left)} seconds before you post here again.`,
    );
}

function checkRates({ rates, guardian }: World, user: User, opens: boolean, message: boolean): void {
  if (guardian.isStaff(user)) return;
  const wait = Math.max(
    rates.take(`create post ${user.id}`, NEW_POST),
    opens && !message ? rates.take(`create topic ${user.id}`, NEW_TOPIC) : 0,
    opens && message ? rates.take(`create message ${user.id}`, MESSAGES) : 0,
  );
  if (wait > 0) throw tooMany(wait);
}

/** A group's name comes before a person's, as in the real one. */
function addressees(state: State, recipients: string): Pick<Topic, 'users' | 'groups' | 'emails'> {
  const names = recipients
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw unfit('You must select a valid user to send this message to.');
  const users: number[] = [];
  const groups: string[] = [];
  const emails: string[] = [];
  for (const name of names) {
    const group = state.group(name);
    const user = state.user(name);
    if (group?.messageable) groups.push(group.name);
    else if (name.includes('@')) emails.push(name);
    else if (user !== undefined) users.push(user.id);
    else throw unfit('One of the users you are sending this message to could not be found.');
  }
  return { users, groups, emails };
}

function write(world: World, user: User, draft: Draft, topic: Topic | undefined): Post {
  const { state, hooks } = world;
  const at = world.now();
  const opened = topic === undefined ? open(world, user, draft) : topic;
  const post = makePost({
    id: state.newId('post'),
    topic: opened.id,
    userId: user.id,
    raw: tidy(draft.raw),
    at,
    postNumber: (state.postsOf(opened.id).at(-1)?.postNumber ?? 0) + 1,
    viaEmail: draft.viaEmail ?? false,
    replyTo: draft.replyTo ?? null,
  });
  // The topic first: a listener that is told of the post finds it there.
  state.topics.put({ ...opened, bumpedAt: at });
  state.posts.put(post);
  if (topic === undefined) hooks.topic('topic_created', opened.id);
  hooks.post('post_created', post.id);
  return post;
}

function open({ state, now }: World, user: User, draft: Draft): Topic {
  const to = draft.recipients === undefined ? null : addressees(state, draft.recipients);
  return {
    ...makeTopic({
      id: state.newId('topic'),
      title: (draft.title ?? '').trim(),
      // Without a category it goes to one of those that everybody sees.
      category: to === null ? (draft.category ?? 7) : null,
      userId: user.id,
      at: now(),
    }),
    ...(to !== null && { ...to, users: [...new Set([user.id, ...to.users])] }),
  };
}

/** Something that the forum itself says in a topic: that it was closed, say. It has no text. */
export function noteAction(world: World, user: User, topic: Topic, action: string): void {
  const { state, hooks } = world;
  const post = makePost({
    id: state.newId('post'),
    topic: topic.id,
    userId: user.id,
    raw: '',
    at: world.now(),
    postNumber: (state.postsOf(topic.id).at(-1)?.postNumber ?? 0) + 1,
    action,
  });
  state.posts.put(post);
  hooks.post('post_created', post.id);
}
