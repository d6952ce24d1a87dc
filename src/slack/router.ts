import { App } from '@slack/bolt';
import type { Log } from '../core/ports.ts';
import { loggerOf } from './api.ts';
import type { Conversation } from './conversation.ts';
import type { Incoming } from './incoming.ts';
import type { ViewAnswer } from './intake.ts';

/** Brings what is in the inbox to the one part of the conversation that it is for. */
export interface Router {
  /** The answer, for a submitted modal. Throws what the conversation throws. */
  route(incoming: Incoming): Promise<ViewAnswer | null>;
}

/** Who we are in Slack, so that our own messages are no events to us; null while Slack has not said. */
export interface Self {
  readonly botId: string;
  readonly botUserId: string;
}

/**
 * Bolt is the router behind the inbox: everything it is given is stored and acknowledged already. Its receivers
 * are not used, because they acknowledge before anything is stored.
 */
export function createRouter(deps: {
  readonly conversation: Conversation;
  readonly self: () => Promise<Self | null>;
  readonly log: Log;
}): Router {
  const { conversation, self, log } = deps;
  const app = new App({
    receiver: { init: () => undefined, start: () => Promise.resolve(), stop: () => Promise.resolve() },
    authorize: async () => ({ ...(await self()) }),
    logger: loggerOf(log),
    ignoreSelf: true,
  });
  const idOf = (context: object) =>
    'inbox' in context && typeof context.inbox === 'string' ? context.inbox : '';

  app.command(/.*/u, ({ body, context }) => conversation.command(body, idOf(context)));
  app.event('app_mention', ({ body, context }) => conversation.said(body, idOf(context)));
  app.event('message', ({ body, context }) => conversation.said(body, idOf(context)));
  app.event('app_home_opened', ({ body }) => conversation.home(body));
  app.event('subteam_members_changed', () => conversation.groupsChanged());
  app.event('subteam_updated', () => conversation.groupsChanged());
  app.action(/^steward:/u, ({ body, context }) => conversation.action(body, idOf(context)));
  app.shortcut(/.*/u, ({ body }) => conversation.shortcut(body));
  app.view(/^steward:/u, async ({ body, context }) => {
    const take: unknown = context.take;
    const answer = await conversation.view(body, idOf(context));
    if (typeof take === 'function') take(answer);
  });
  app.error((error) => {
    const original = 'original' in error && error.original instanceof Error ? error.original : error;
    return Promise.reject(original);
  });

  return {
    async route({ body, id }) {
      let answer: ViewAnswer | null = null;
      const take = (given: ViewAnswer) => {
        answer = given;
      };
      await app.processEvent({
        body: { ...body },
        customProperties: { inbox: id, take },
        ack: () => Promise.resolve(),
      });
      return answer;
    },
  };
}
