import { randomUUID } from 'node:crypto';
import type { Log } from '../core/ports.ts';
import type { Fence, LockStore } from '../core/store.ts';

/** One of several web processes: the budget of calls is one for the whole site, and so is the one who spends it. */
export interface Leader {
  /** Takes or keeps the lead; false when another has it. */
  hold(): Promise<boolean>;
  isLeading(): boolean;
  /** Lets another take over at once. */
  release(): Promise<void>;
}

/** A leader that died is followed after this long. */
const LEASE_MS = 15_000;

export function createLeader(deps: {
  readonly name: string;
  readonly locks: LockStore;
  readonly log: Log;
}): Leader {
  const { name, locks, log } = deps;
  const self = randomUUID();
  let fence: Fence | null = null;
  return {
    isLeading: () => fence !== null,
    async hold() {
      if (fence !== null && (await locks.renew(fence, LEASE_MS))) return true;
      const before = fence;
      fence = null;
      if (before !== null) log.warn('another process speaks in the forum now', { name });
      const acquired = await locks.acquire(name, self, [name], LEASE_MS);
      if (acquired.held) fence = acquired.fence;
      return acquired.held;
    },
    async release() {
      if (fence === null) return;
      const held = fence;
      fence = null;
      await locks.release(name, held);
    },
  };
}
