import { randomUUID } from 'node:crypto';
import type { Log } from './ports.ts';
import type { Fence, LockStore } from './store.ts';

interface Keeping {
  readonly locks: Pick<LockStore, 'renew'>;
  readonly log: Log;
  /** How long the locks of a dead process stand, in milliseconds. */
  readonly leaseMs: number;
}

/** Renews locks until it is told to stop. One that was lost is for those to notice who write under it. */
export function keepRenewed(
  fence: Fence,
  { locks, log, leaseMs }: Keeping,
  about: Readonly<Record<string, unknown>>,
): () => void {
  const renewing = setInterval(() => {
    locks.renew(fence, leaseMs).catch((error: unknown) => log.warn('lock not renewed', { ...about, error }));
  }, leaseMs / 4);
  return () => clearInterval(renewing);
}

/**
 * Work that one process does at a time: does it under the lock of this name, and does nothing where another is at it. Gives
 * the lock back whatever becomes of the work.
 */
export function createTurns(
  keeping: Keeping & { readonly locks: LockStore },
): (name: string, work: (fence: Fence) => Promise<void>) => Promise<void> {
  const { locks, log, leaseMs } = keeping;
  const self = randomUUID();
  return async (name, work) => {
    const acquired = await locks.acquire(name, self, [name], leaseMs);
    if (!acquired.held) return;
    const { fence } = acquired;
    const stop = keepRenewed(fence, keeping, { lock: name });
    try {
      await work(fence);
    } finally {
      stop();
      await locks
        .release(name, fence)
        .catch((error: unknown) => log.warn('lock not given back', { lock: name, error }));
    }
  };
}
