import { randomUUID } from 'node:crypto';
import { Unavailable } from './refused.ts';
import type { LockStore, PlaceStore } from './store.ts';

/** Longer than a post takes; a process that died in the middle of one keeps the others off no longer than this. */
const POSTING_MS = 30_000;

/**
 * Several web processes may come to post the same message in the same moment. Whoever first notes in the place's
 * state that it is at it (`posting`, `noticing` for a reply, or `sharing` for a file) does it; the others throw `Unavailable`, come
 * back, and find it there.
 */
export function postedByOne(places: PlaceStore, locks: LockStore): PlaceStore {
  const self = randomUUID();
  return {
    ...places,
    async shown(request, where, state, seq) {
      const { posting, noticing, sharing } = state;
      const what =
        posting !== undefined ? 'post' : (noticing ?? (sharing === undefined ? undefined : 'file'));
      if (typeof what === 'string') {
        const name = `show:${request}:${where}:${what}`;
        // Not given back: whoever read the state before this post was noted may still be about to note its own.
        const { held } = await locks.acquire(name, self, [name], POSTING_MS);
        if (!held)
          throw new Unavailable('the place', `Another process is showing ${request} at this moment.`);
      }
      await places.shown(request, where, state, seq);
    },
  };
}
