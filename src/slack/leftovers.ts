import { z } from 'zod';
import type { Log } from '../core/ports.ts';
import type { Inbox, PlaceStore } from '../core/store.ts';
import type { Incoming } from './incoming.ts';

/** What a live process is surely not working on any more. */
const LEFT_OVER_MS = 30_000;
const KINDS = z.enum(['command', 'action', 'view', 'shortcut', 'event']);

/** What was begun and not finished: deliveries of a process that died, and requests that are not shown as they are. */
export interface Leftovers {
  /** Carries on with what was stored longer ago than `olderThanMs` and not finished. Gives how many there were. */
  drain(olderThanMs: number): Promise<number>;
  /** Looks for all of it, now and every `everyMs`. */
  sweep(): Promise<void>;
  stop(): void;
}

export function createLeftovers(deps: {
  readonly inbox: Pick<Inbox, 'pending' | 'done'>;
  readonly places: Pick<PlaceStore, 'stale'>;
  /** Was somebody told that this was not stored? */
  readonly isDisowned: (id: string) => boolean;
  readonly carryOn: (incoming: Incoming) => void;
  /** Must not throw. */
  readonly announce: (request: string) => Promise<void>;
  readonly everyMs: number;
  readonly log: Log;
}): Leftovers {
  const { inbox, places, isDisowned, carryOn, announce, everyMs, log } = deps;
  let sweeper: NodeJS.Timeout | undefined;
  let stopped = false;

  async function drain(olderThanMs: number): Promise<number> {
    const left = await inbox.pending('slack', olderThanMs, 200);
    for (const { id, body } of left) {
      const kind = /^slack:(command|action|view|shortcut|event):/u.exec(id)?.[1];
      if (kind === undefined || isDisowned(id)) await inbox.done(id);
      else carryOn({ id, kind: KINDS.parse(kind), body });
    }
    return left.length;
  }

  async function sweep(): Promise<void> {
    try {
      await drain(LEFT_OVER_MS);
      for (const request of await places.stale('slack', 50)) await announce(request);
    } catch (error) {
      log.warn('slack is not swept', { error: String(error) });
    } finally {
      if (!stopped) sweeper = setTimeout(() => void sweep(), everyMs);
      sweeper?.unref();
    }
  }

  return {
    drain,
    sweep,
    stop() {
      stopped = true;
      clearTimeout(sweeper);
    },
  };
}
