import { z } from 'zod';
import type { SlackApi } from './api.ts';
import type { Self } from './router.ts';

const whoami = z.looseObject({ user_id: z.string(), bot_id: z.string() });

/** Our own account, asked once; asked again when Slack did not say. */
export function createOwnAccount(api: Pick<SlackApi, 'call'>): () => Promise<Self | null> {
  let known: Promise<Self | null> | null = null;
  return () => {
    known ??= api.call('auth.test', {}).then((called) => {
      const read = called.kind === 'ok' ? whoami.safeParse(called.data) : null;
      if (!read?.success) {
        known = null;
        return null;
      }
      return { botId: read.data.bot_id, botUserId: read.data.user_id };
    });
    return known;
  };
}
