import type { Why } from './place-state.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The first pause after each refusal, and the longest; null: it is no use to try again. */
const PAUSES: Readonly<Record<Why, { readonly first: number; readonly longest: number } | null>> = {
  // Somebody has to change something: they do that in their own time.
  forbidden: { first: 10 * MINUTE_MS, longest: 6 * HOUR_MS },
  closed: { first: HOUR_MS, longest: 12 * HOUR_MS },
  // Looks only whether a moderator has let it through; never posted again.
  held: { first: 5 * MINUTE_MS, longest: 6 * HOUR_MS },
  // Costs no call while the last posts are ours.
  consecutive: { first: 2 * MINUTE_MS, longest: HOUR_MS },
  slow: { first: 15 * MINUTE_MS, longest: 6 * HOUR_MS },
  // The forum forgets after five minutes.
  similar: { first: 6 * MINUTE_MS, longest: HOUR_MS },
  invalid: { first: 30 * MINUTE_MS, longest: 6 * HOUR_MS },
  missing: null,
};

/** Days of trying, the last ones hours apart. */
const MOST_TRIES = 16;

/** Milliseconds until it is tried again, after so many times; null: never. `waitMs`: what the forum says. */
export function pauseOf(why: Why, tries: number, waitMs: number | undefined): number | null {
  const pause = PAUSES[why];
  if (pause === null || tries > MOST_TRIES) return null;
  return Math.max(waitMs ?? 0, Math.min(pause.longest, pause.first * 2 ** (tries - 1)));
}

/** What happened, for the one who asked. */
export const PARKED_WORDS: Readonly<Record<Why, string>> = {
  forbidden: 'the forum does not let me write there',
  missing: 'the topic, or my post in it, is not there any more',
  closed: 'the topic is closed or archived',
  held: 'the forum holds my post until a moderator has looked at it',
  consecutive: 'the last posts there are all mine, and the forum wants somebody else to write first',
  slow: 'the forum lets me write there only now and then',
  similar: 'the forum finds my post too like one of a moment ago',
  invalid: 'the forum does not take my post as it is',
};
