import { createLocks } from '../core/keyed-lock.ts';
import type { Log } from '../core/ports.ts';
import { Unavailable } from '../core/refused.ts';
import type { Inbox } from '../core/store.ts';
import { type InboxGone, type InboxPost, inboxItem } from './items.ts';

/** Works on what is in the inbox: the posts of one topic in their order, topics beside each other. */
export interface Handling {
  /** Looks at what waits, and begins with it. */
  take(handle: (item: InboxPost | InboxGone) => Promise<void>): Promise<void>;
  /** Resolves when nothing is being worked on. */
  idle(): Promise<void>;
}

/** A post that waits for its turn at the forum's limits must not keep a decision in another topic waiting. */
const TOGETHER = 200;
/** So often something that fails is tried again before it is dropped; while the forum is away, for most of a day. */
const MOST_TRIES = 5;
const MOST_TRIES_AWAY = 300;
const LONGEST_PAUSE_MS = 5 * 60_000;

export function createHandling(deps: { readonly inbox: Inbox; readonly log: Log }): Handling {
  const { inbox, log } = deps;
  const topics = createLocks();
  const failed = new Map<string, { tries: number; until: number }>();
  const working = new Map<string, Promise<void>>();

  async function work(
    id: string,
    item: InboxPost | InboxGone,
    handle: (item: InboxPost | InboxGone) => Promise<void>,
  ): Promise<void> {
    try {
      await handle(item);
      failed.delete(id);
      await inbox.done(id);
    } catch (error) {
      const tries = (failed.get(id)?.tries ?? 0) + 1;
      const away = error instanceof Unavailable;
      failed.set(id, { tries, until: Date.now() + Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** tries) });
      log[away ? 'warn' : 'error']('a post could not be worked on', { id, tries, error });
      if (tries < (away ? MOST_TRIES_AWAY : MOST_TRIES)) return;
      failed.delete(id);
      await inbox.done(id).catch(() => undefined);
    }
  }

  return {
    async take(handle) {
      if (working.size >= TOGETHER) return;
      for (const { id, body } of await inbox.pending('discourse', 0, 400)) {
        if (working.has(id) || working.size >= TOGETHER || (failed.get(id)?.until ?? 0) > Date.now())
          continue;
        const item = inboxItem.safeParse(body);
        if (!item.success) {
          log.error('something in the inbox cannot be read', { id });
          await inbox.done(id);
          continue;
        }
        const done = topics
          .run(String(item.data.topic), () => work(id, item.data, handle))
          .finally(() => working.delete(id));
        working.set(id, done);
      }
    },
    async idle() {
      await Promise.all(working.values());
    },
  };
}
