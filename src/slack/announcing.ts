import type { Log } from '../core/ports.ts';
import type { Announcer } from './announcer.ts';

/** Shows requests, and leaves to itself what has to wait for Slack's limits. */
export interface Announcing {
  /** What is not shown after `waitMs` goes on by itself; throws when something went wrong before that. */
  announce(request: string, waitMs: number): Promise<void>;
  /** Settles when nothing is being shown. */
  settled(): Promise<void>;
  /** For what went wrong later: it is tried again by itself. */
  logLate(request: string): (error: unknown) => void;
}

export function createAnnouncing(announcer: Announcer, log: Log): Announcing {
  const announcing = new Set<Promise<unknown>>();

  const logLate = (request: string) => (error: unknown) =>
    log.warn('a request is not shown yet', { request, error: String(error) });

  async function announce(request: string, waitMs: number): Promise<void> {
    const shown = announcer.announce(request);
    announcing.add(shown);
    shown.then(
      () => announcing.delete(shown),
      () => announcing.delete(shown),
    );
    let timer: NodeJS.Timeout | undefined;
    const handed = new Promise<'handed'>((resolve) => {
      timer = setTimeout(() => resolve('handed'), waitMs);
    });
    const ended = await Promise.race([shown, handed]).finally(() => clearTimeout(timer));
    if (ended === 'handed') shown.catch(logLate(request));
  }

  return {
    announce,
    logLate,
    async settled() {
      await Promise.allSettled(announcing);
    },
  };
}
