import type { Log } from '../core/ports.ts';
import { lookForPosted, type Sought } from './posted.ts';
import type { Target } from './posting.ts';
import type { Scheduler } from './scheduler.ts';

/** Looks for a message of a request whose answer was lost; null: it is not there. Throws where Slack does not say. */
export type LookFor = (at: Target, since: string, sought: Sought) => Promise<string | null>;

export function createLookFor(deps: {
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly now: () => Date;
  /** When to look: Slack may still be at it. */
  readonly lookMs: readonly number[];
}): LookFor {
  return async (at, since, sought) => {
    const when = Number.isNaN(Date.parse(since)) ? deps.now() : new Date(since);
    const found = await lookForPosted(deps, { channel: at.channel, thread: at.thread, since: when }, sought);
    if (found === 'unknown') throw new Error('Slack does not say whether the message is there');
    return found;
  };
}
