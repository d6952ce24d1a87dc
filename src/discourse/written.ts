import type { Answered } from './budget.ts';
import { saysOf } from './found.ts';
import type { Written } from './model.ts';
import type { Called } from './outcome.ts';
import { writtenShape } from './shapes.ts';

type Refusal = Extract<Written, { kind: 'refused' }>;

/**
 * What Discourse says in English, where it has neither a status nor a type of its own for it. A forum in another
 * language ends as `invalid`, which is treated no worse: it is looked up what can be said in the topic.
 */
const BY_TEXT: readonly (readonly [RegExp, Refusal['why']])[] = [
  [/slow mode/iu, 'slow'],
  [/consecutive repl/iu, 'consecutive'],
  [/too similar/iu, 'similar'],
  [/\b(?:closed|archived)\b/iu, 'closed'],
];

const WAITS = /too many times|too quickly|please wait/iu;

/** How a piece of writing ended. */
export function writtenOf(called: Answered): Written {
  switch (called.kind) {
    case 'stopped':
      return called;
    case 'error':
      return refusalOf(called);
    case 'limited':
      return limitedRefusal(called.retryAfterMs);
    case 'ok': {
      const read = writtenShape.safeParse(called.data);
      if (!read.success) return { kind: 'lost', says: 'an answer that cannot be understood' };
      if (read.data === 'held') return { kind: 'held' };
      return { kind: 'ok', post: read.data.id, topic: read.data.topic_id, number: read.data.post_number };
    }
    default:
      return { kind: 'lost', says: saysOf(called) };
  }
}

/** Discourse's no to a piece of writing: nothing was written. */
function refusalOf(error: Extract<Called, { kind: 'error' }>): Refusal | { readonly kind: 'conflict' } {
  const { status, type, extras } = error;
  if (status === 409 || type === 'edit_conflict') return { kind: 'conflict' };
  const says = error.says.join(' ');
  const refused = (why: Refusal['why'], waitMs?: number): Refusal => ({
    kind: 'refused',
    why,
    says,
    ...(waitMs === undefined ? {} : { waitMs }),
  });
  const wait = Number(extras.wait_seconds);
  const waitMs = Number.isFinite(wait) && wait > 0 ? wait * 1000 : undefined;
  if (status === 404 || status === 410 || type === 'not_found') return refused('missing');
  const why = BY_TEXT.find(([text]) => text.test(says))?.[1];
  if (why !== undefined && why !== 'slow') return refused(why);
  if (why === 'slow' || waitMs !== undefined || WAITS.test(says)) return refused('slow', waitMs);
  return refused(status === 401 || status === 403 ? 'forbidden' : 'invalid');
}

/** A limit of one kind of writing that is too far off to be waited for here. */
function limitedRefusal(retryAfterMs: number): Refusal {
  const says = `the forum takes no more of this kind for ${Math.ceil(retryAfterMs / 60_000)} minutes`;
  return { kind: 'refused', why: 'slow', says, waitMs: retryAfterMs };
}
