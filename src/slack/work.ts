import { randomUUID } from 'node:crypto';
import type { Log } from '../core/ports.ts';
import { Unavailable } from '../core/refused.ts';
import type { Inbox } from '../core/store.ts';
import type { Conversation } from './conversation.ts';
import type { Incoming } from './incoming.ts';
import type { ViewAnswer } from './intake.ts';
import { brokenReply, instead } from './replies.ts';
import type { Router } from './router.ts';

/** After this many failures something is dropped: it would fail for ever. One a sweep, about. */
const MOST_TRIES = 5;
/** The same while a service is away: about twenty minutes. */
const MOST_TRIES_AWAY = 40;

/** Carries on with something stored: once at a time, and it is done only when it is done. */
export type Work = (incoming: Incoming) => Promise<ViewAnswer | null>;

export function createWork(deps: {
  readonly inbox: Pick<Inbox, 'done'>;
  readonly router: Router;
  readonly conversation: Pick<Conversation, 'broken'>;
  readonly isStopped: () => boolean;
  readonly log: Log;
}): Work {
  const { inbox, router, conversation, isStopped, log } = deps;
  const working = new Set<string>();
  const tries = new Map<string, number>();
  return async (incoming) => {
    if (working.has(incoming.id) || isStopped()) return null;
    working.add(incoming.id);
    try {
      const answer = await router.route(incoming);
      tries.delete(incoming.id);
      await inbox
        .done(incoming.id)
        .catch((error: unknown) => log.warn('not marked as done', { error: String(error) }));
      return answer;
    } catch (error) {
      const reference = randomUUID().slice(0, 8);
      const failed = (tries.get(incoming.id) ?? 0) + 1;
      tries.set(incoming.id, failed);
      const reply = brokenReply(error, reference);
      log.error('what came from slack could not be carried out', {
        reference,
        id: incoming.id,
        failed,
        error,
      });
      if (failed >= (error instanceof Unavailable ? MOST_TRIES_AWAY : MOST_TRIES)) {
        tries.delete(incoming.id);
        await inbox.done(incoming.id).catch(() => undefined);
      } else if (failed === 1 && incoming.kind !== 'view') {
        await conversation.broken(incoming, reply).catch(() => undefined);
      }
      return incoming.kind === 'view' ? instead(reply, () => Promise.resolve()) : null;
    } finally {
      working.delete(incoming.id);
    }
  };
}
