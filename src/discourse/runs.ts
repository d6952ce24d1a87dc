import type { Urgency } from './budget.ts';
import type { Forum } from './forum.ts';
import type { Found } from './model.ts';

/** How many of the last posts of a topic are ours: a forum lets nobody go on for ever without an answer. */
export interface Runs {
  /** A post that was seen or written. In any order, and as often as one likes. */
  heard(topic: number, number: number, ours: boolean): void;
  /** May one more of ours follow? Looks where it is not known. */
  mayPost(topic: number, urgency: Urgency): Promise<Found<boolean>>;
  /** The number of the topic's last post; looks where it is not known. It may be higher by now. */
  highest(topic: number, urgency: Urgency): Promise<Found<number>>;
}

/** Discourse's own `max_consecutive_replies`. Those who moderate the category are free of it. */
const MOST_IN_A_ROW = 3;
const MOST_TOPICS = 5000;

interface Run {
  readonly highest: number;
  /** Null: the last one is ours, and what stands before it is not known. */
  readonly inARow: number | null;
}

export function createRuns(deps: {
  readonly forum: Pick<Forum, 'topic' | 'postsFrom'>;
  /** Our own user id. */
  readonly self: number;
  readonly moderates: boolean;
}): Runs {
  const { forum, self, moderates } = deps;
  const runs = new Map<number, Run>();

  function keep(topic: number, run: Run): Run {
    if (runs.size >= MOST_TOPICS && !runs.has(topic)) runs.clear();
    runs.set(topic, run);
    return run;
  }

  async function highest(topic: number, urgency: Urgency): Promise<Found<number>> {
    const known = runs.get(topic);
    if (known) return { kind: 'ok', value: known.highest };
    const found = await forum.topic(topic, urgency);
    return found.kind === 'ok' ? { kind: 'ok', value: found.value.highest } : found;
  }

  async function look(topic: number, urgency: Urgency): Promise<Found<number>> {
    const last = await highest(topic, urgency);
    if (last.kind !== 'ok') return last;
    // Numbers of deleted posts are missing, so there may be fewer than it seems.
    const found = await forum.postsFrom(topic, Math.max(1, last.value - 2 * MOST_IN_A_ROW), urgency);
    if (found.kind !== 'ok') return found;
    const posts = found.value.filter((post) => post.isRegular);
    const other = posts.findLastIndex((post) => post.userId !== self);
    const inARow = posts.length - 1 - other;
    keep(topic, { highest: Math.max(last.value, posts.at(-1)?.number ?? 0), inARow });
    return { kind: 'ok', value: inARow };
  }

  return {
    heard(topic, number, ours) {
      const known = runs.get(topic);
      if (known && number <= known.highest) return;
      const inARow = !ours
        ? 0
        : known?.inARow === undefined || known.inARow === null
          ? null
          : known.inARow + 1;
      keep(topic, { highest: number, inARow });
    },
    async mayPost(topic, urgency) {
      if (moderates) return { kind: 'ok', value: true };
      const known = runs.get(topic)?.inARow ?? null;
      const run: Found<number> = known === null ? await look(topic, urgency) : { kind: 'ok', value: known };
      return run.kind === 'ok' ? { kind: 'ok', value: run.value < MOST_IN_A_ROW } : run;
    },
    highest,
  };
}
