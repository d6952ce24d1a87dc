import type { Urgency } from './budget.ts';
import { callsFor, type Unread } from './cursors.ts';
import type { ListedTopic } from './model.ts';
import {
  GONE,
  type Reading,
  readTopic,
  STOPPING,
  sizeWalk,
  type Trouble,
  type Walk,
  walk,
} from './reading.ts';

/** So few calls are made without looking whether a walk would take fewer. */
const FEW = 3;

/** Two hundred posts, in answers of twenty. */
const UNSURE = 10;

/** One look at the category: the list, and what in it is new. */
export interface Look {
  look(urgency: Urgency): Promise<Trouble>;
}

export function createLook(
  reading: Reading & {
    readonly now: () => Date;
    /** Does something wait in this topic? */
    readonly isOpen: (topic: number) => boolean;
  },
): Look {
  const { forum, cursors, category, stopped, now, isOpen } = reading;
  let loaded = false;
  /** The key may not read the list of all posts: found out once. */
  let noWalk = false;

  const ofCategory = (topics: readonly ListedTopic[]) => topics.filter((one) => one.categoryId === category);

  async function list(page: number, urgency: Urgency) {
    const seen = await forum.topics(page, urgency);
    if (seen.kind === 'ok') return { ...seen.value, trouble: null };
    const says = seen.kind === 'away' ? seen.says : 'the category is not there, or the key may not read it';
    return { topics: [], more: false, trouble: says };
  }

  /** What is older than the first start is left alone. */
  async function begin(topics: readonly ListedTopic[], urgency: Urgency): Promise<Trouble> {
    const latest = await forum.latest(null, urgency);
    if (latest.kind === 'away') return latest.says;
    const ids = latest.kind === 'ok' ? latest.value.map(({ id }) => id) : [];
    const newest = Math.max(...topics.map(({ bumpedAt }) => bumpedAt.getTime()));
    const at = topics.length > 0 ? newest : now().getTime() + (forum.clockAheadMs() ?? 0);
    cursors.begin(new Date(at), ofCategory(topics), ids.length > 0 ? Math.max(...ids) : null);
    await cursors.save();
    return null;
  }

  /** Lists what is unread; a walk that takes fewer calls ends the list, because it needs none. */
  async function survey(first: Awaited<ReturnType<typeof list>>, urgency: Urgency) {
    const unread = new Map<number, Unread>();
    let sized: Walk | null = null;
    let mayWalk = !noWalk;
    for (let page = first, number = 0; ; ) {
      const fresh = ofCategory(page.topics).flatMap((one) => cursors.unread(one) ?? []);
      for (const one of fresh) unread.set(one.topic, one);
      // Pinned topics stand first, however old.
      const rest = page.topics.filter(({ pinned }) => !pinned);
      const others = ofCategory(page.topics).length < page.topics.length;
      const recent = rest.every(({ bumpedAt }) => !cursors.isPast(bumpedAt));
      const goesOn = page.more && recent && (fresh.length > 0 || others);
      const calls = [...unread.values()].reduce((sum, one) => sum + callsFor(one), 0);
      if (mayWalk && (goesOn || calls > FEW)) {
        mayWalk = false;
        const size = await sizeWalk(reading, urgency);
        if (size === 'gone') noWalk = true;
        else if (size && 'says' in size) return { trouble: size.says };
        else sized = size;
      }
      const shorter = sized !== null && sized.calls <= calls + unsure(unread.values()) ? sized : null;
      if (shorter || !goesOn) return { trouble: null, unread: [...unread.values()], walk: shorter };
      if (stopped()) return { trouble: STOPPING };
      number += 1;
      page = await list(number, urgency);
      if (page.trouble !== null) return { trouble: page.trouble };
    }
  }

  /** Calls that it may take more: how much is new in a topic without a cursor, nobody knows after a long time away. */
  function unsure(unread: Iterable<Unread>): number {
    const long = [...unread].some(({ from, bumpedAt }) => from === null && cursors.isFar(bumpedAt));
    return long ? UNSURE : 0;
  }

  /** Reads what can be read: a topic that cannot is tried again next time, and keeps no other from being heard. */
  async function readAll(
    unread: readonly Unread[],
    urgency: Urgency,
  ): Promise<{ readonly trouble: Trouble; readonly failed: ReadonlySet<number> }> {
    const failed = new Set<number>();
    let trouble: Trouble = null;
    let unreadable = 0;
    // Where something waits may be its decision; then the oldest, so that what was said first is heard first.
    const late = (one: Unread): number => (isOpen(one.topic) ? 0 : 1);
    const inTurn = unread.toSorted(
      (a, b) => late(a) - late(b) || a.bumpedAt.getTime() - b.bumpedAt.getTime(),
    );
    for (const one of inTurn) {
      if (stopped()) return { trouble: STOPPING, failed };
      const missed = await readTopic(reading, one, urgency);
      if (missed === null) continue;
      if (missed === STOPPING) return { trouble: STOPPING, failed };
      trouble = missed;
      // Where others can be read, it was deleted since the list, or is not for us.
      if (missed !== GONE) failed.add(one.topic);
      unreadable += 1;
    }
    if (unreadable < unread.length || trouble === null) return { trouble: null, failed };
    const says = `topic ${unread[0]?.topic} is listed and cannot be read: has the key the scope topics:read?`;
    return { trouble: trouble === GONE ? says : trouble, failed };
  }

  return {
    async look(urgency) {
      const first = await list(0, urgency);
      if (first.trouble !== null) return first.trouble;
      if (!loaded && !(await cursors.load())) {
        const trouble = await begin(first.topics, urgency);
        if (trouble !== null) return trouble;
      }
      loaded = true;
      // What was seen before this look began is all that is surely complete after it.
      const before = cursors.newest();
      const { trouble, unread = [], walk: way = null } = await survey(first, urgency);
      if (trouble !== null) return trouble;
      const lost = way ? await walk(reading, way, urgency) : null;
      if (lost !== null) return lost;
      // The walk shows no edits, and not what the forum writes itself.
      const shown = ({ topic, highest }: Unread) => way !== null && (cursors.read(topic) ?? 0) >= highest;
      const { trouble: missed, failed } = await readAll(
        unread.filter((one) => one.edited || !shown(one)),
        urgency,
      );
      if (missed !== null) return missed;
      for (const { topic, highest, bumpedAt } of unread)
        if (!failed.has(topic)) cursors.saw(topic, highest, bumpedAt);
      if (failed.size > 0) {
        // The watermark stays, so that they are looked at again.
        await cursors.save();
        return null;
      }
      if (before !== null) cursors.walkedTo(before);
      const bumped = first.topics.map(({ bumpedAt }) => bumpedAt.getTime());
      if (bumped.length > 0) cursors.complete(new Date(Math.max(...bumped)));
      await cursors.save();
      return null;
    },
  };
}
