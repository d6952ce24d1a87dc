import type { Urgency } from './budget.ts';
import { after, type Cursors, type Unread } from './cursors.ts';
import type { Forum } from './forum.ts';
import type { Intake } from './intake.ts';
import type { TitledPost } from './items.ts';
import type { LatestPost, Post } from './model.ts';

/** Null: it was read. Else why it was not, and it is tried again later. */
export type Trouble = string | null;

/** Said when the rest is left for the next start. */
export const STOPPING = 'stopping';

/** The topic is not there, or may not be read. */
export const GONE = 'gone';

/** A window of post ids that one answer of the whole forum's list covers. */
const WINDOW = 50;
/** Posts in one answer about a topic, when there are more. */
const FULL = 20;

/** What reading needs. */
export interface Reading {
  readonly forum: Forum;
  readonly cursors: Cursors;
  readonly intake: Intake;
  readonly category: number;
  readonly stopped: () => boolean;
}

/** Reads what is new in one topic, and moves its cursor. */
export async function readTopic(reading: Reading, unread: Unread, urgency: Urgency): Promise<Trouble> {
  const { cursors } = reading;
  const trouble =
    unread.from === null
      ? await readTail(reading, unread, urgency)
      : await readOn(reading, unread, unread.from, urgency);
  if (trouble !== null) return trouble;
  cursors.saw(unread.topic, unread.highest, unread.bumpedAt);
  await cursors.save();
  return null;
}

/** Reads what is new in a topic of which only a hint says that there is something: no number of it is believed. */
export async function readHinted(reading: Reading, topic: number, urgency: Urgency): Promise<Trouble> {
  const { forum, cursors, intake, stopped } = reading;
  for (let more = true; more; ) {
    if (stopped()) return STOPPING;
    const seen = await forum.postsFrom(topic, cursors.from(topic), urgency);
    if (seen.kind === 'gone') return null;
    if (seen.kind === 'away') return seen.says;
    const before = cursors.read(topic) ?? 0;
    await intake.posts(titled(seen.value, null), cursors.began());
    const last = seen.value.at(-1);
    if (last) cursors.saw(topic, last.number, last.createdAt);
    more = last !== undefined && last.number > before && seen.value.length >= FULL;
  }
  await cursors.save();
  return null;
}

/** From one number to the end; the cursor follows each answer. */
async function readOn(
  { forum, cursors, intake, stopped }: Reading,
  unread: Unread,
  first: number,
  urgency: Urgency,
): Promise<Trouble> {
  let from = first;
  while (from <= unread.highest) {
    if (stopped()) return STOPPING;
    const seen = await forum.postsFrom(unread.topic, from, urgency);
    if (seen.kind === 'gone') return GONE;
    if (seen.kind === 'away') return seen.says;
    await intake.posts(titled(seen.value, unread.title), unread.after);
    const last = seen.value.at(-1);
    if (last) cursors.saw(unread.topic, last.number, last.createdAt);
    from = after(from, last?.number);
  }
  return null;
}

/** The last posts, back to one that is not new. All of them are put before the cursor moves, the oldest first. */
async function readTail(
  { forum, intake, stopped }: Reading,
  { topic, title, highest, after }: Unread,
  urgency: Urgency,
): Promise<Trouble> {
  const pages: (readonly Post[])[] = [];
  let from = highest + 1;
  do {
    if (stopped()) return STOPPING;
    from = Math.max(1, from - FULL);
    const seen = await forum.postsFrom(topic, from, urgency);
    if (seen.kind === 'gone') return GONE;
    if (seen.kind === 'away') return seen.says;
    pages.unshift(seen.value);
  } while (from > 1 && (pages[0]?.[0]?.createdAt ?? new Date()) > after);
  const posts = new Map(pages.flat().map((post) => [post.number, post]));
  await intake.posts(titled([...posts.values()], title), after);
  return null;
}

/** The title belongs to the first post. */
function titled(posts: readonly Post[], title: string | null): readonly TitledPost[] {
  return posts.map((post) => ({ ...post, title: post.number === 1 ? title : null }));
}

/** A walk over the posts of the whole forum, which costs the same whatever topics they are in. */
export interface Walk {
  /** Calls that are left to do. */
  readonly calls: number;
  readonly from: number;
  /** The newest posts, which are read already: all from this id on. */
  readonly until: number;
  readonly newest: readonly LatestPost[];
}

/**
 * Looks how long the walk would be: one call, which is its last answer too. `gone`: the key may not read the list of
 * all posts. Null: nobody knows how long, this time.
 */
export async function sizeWalk(
  { forum, cursors }: Reading,
  urgency: Urgency,
): Promise<Walk | 'gone' | null | { readonly says: string }> {
  const walked = cursors.walked();
  if (walked === null) return null;
  const seen = await forum.latest(null, urgency);
  if (seen.kind === 'gone') return 'gone';
  if (seen.kind === 'away') return { says: seen.says };
  const until = Math.min(...seen.value.map(({ id }) => id));
  // There is only what we may not see among the newest.
  if (!Number.isFinite(until)) return null;
  // A post may come to light after one with a higher id.
  const from = Math.max(0, walked - WINDOW);
  return { calls: Math.max(0, Math.ceil((until - 1 - from) / WINDOW)), from, until, newest: seen.value };
}

/** Walks from the oldest to the newest, and remembers how far it came. */
export async function walk(
  reading: Reading,
  { from, until, newest }: Walk,
  urgency: Urgency,
): Promise<Trouble> {
  const { forum, cursors, intake, category, stopped } = reading;

  async function take(answer: readonly LatestPost[], upTo: number): Promise<void> {
    const ours = answer.filter(({ categoryId }) => categoryId === category).toSorted((a, b) => a.id - b.id);
    const posts = ours.map(({ categoryId: _, title, ...post }) => ({
      ...post,
      title: post.number === 1 ? title : null,
    }));
    await intake.posts(posts, cursors.began());
    for (const { topic, number, createdAt } of posts) cursors.saw(topic, number, createdAt);
    cursors.walkedTo(upTo);
    await cursors.save();
  }

  for (let low = from; low < until - 1; low += WINDOW) {
    if (stopped()) return STOPPING;
    const before = Math.min(low + WINDOW, until - 1);
    const seen = await forum.latest(before, urgency);
    if (seen.kind !== 'ok') return seen.kind === 'gone' ? 'the list of all posts was taken away' : seen.says;
    await take(seen.value, before);
  }
  await take(newest, Math.max(...newest.map(({ id }) => id)));
  return null;
}
