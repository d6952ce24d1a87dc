import type { HomeView, ModalView } from '@slack/types';
import { z } from 'zod';
import type { Reply } from '../core/card.ts';
import type { Log } from '../core/ports.ts';
import { replyMessage } from './answer-blocks.ts';
import type { SlackApi } from './api.ts';
import type { Message } from './blocks.ts';
import { areBadBlocks, channelOf, postingOf } from './posting.ts';
import type { Scheduler } from './scheduler.ts';

/** Where somebody is to be told something that only they see. */
export interface Ear {
  readonly user: string;
  /** Where they said or pressed something; null when it was nowhere, e.g. in a modal. */
  readonly channel: string | null;
  readonly thread?: string | undefined;
  /** Slack's one-off address of what they did; works where the bot is no member, for half an hour. */
  readonly responseUrl?: string | undefined;
}

/** Speaks to one person, at once: not held up by what waits to be written for everybody. */
export interface Voice {
  whisper(ear: Ear, said: Reply | Message): Promise<void>;
  /** Says it in the channel or thread, as an ordinary message. */
  say(channel: string, thread: string | undefined, said: Reply | Message): Promise<void>;
  /** False when the trigger was too old, or Slack refused. */
  openModal(trigger: string, view: ModalView): Promise<boolean>;
  publishHome(user: string, view: HomeView): Promise<void>;
  /** The channel of a direct message; null when Slack does not open one. */
  directMessage(user: string): Promise<string | null>;
  permalink(channel: string, ts: string): Promise<string | null>;
}

const linked = z.looseObject({ permalink: z.string().regex(/^https?:\/\/[^|>\s]+$/u) });

export function createVoice(deps: {
  readonly api: SlackApi;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Hosts that a response_url may name. */
  readonly responseHosts: (host: string) => boolean;
  readonly deadlineMs: number;
}): Voice {
  const { api, scheduler, log, responseHosts, deadlineMs } = deps;
  const directMessages = new Map<string, string>();

  const messageOf = (said: Reply | Message): Message => ('blocks' in said ? said : replyMessage(said));
  const plainOf = (said: Reply | Message): Message | null =>
    'blocks' in said ? null : replyMessage(said, { plainTables: true });

  async function respond(url: string, message: Message): Promise<boolean> {
    if (!URL.canParse(url) || !responseHosts(new URL(url).host)) return false;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, ...message }),
        redirect: 'error',
        signal: AbortSignal.timeout(deadlineMs),
      });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  }

  async function ephemeral(ear: Ear, message: Message): Promise<'said' | 'bad-blocks' | 'not-there'> {
    if (ear.channel === null) return 'not-there';
    const called = await api.call('chat.postEphemeral', {
      channel: ear.channel,
      user: ear.user,
      ...(ear.thread ? { thread_ts: ear.thread } : {}),
      text: message.text,
      blocks: message.blocks,
    });
    if (called.kind === 'ok') return 'said';
    return areBadBlocks(called) ? 'bad-blocks' : 'not-there';
  }

  async function say(channel: string, thread: string | undefined, said: Reply | Message): Promise<void> {
    for (const message of [messageOf(said), plainOf(said), { text: messageOf(said).text, blocks: [] }]) {
      if (message === null) continue;
      const written = await scheduler.write(postingOf({ channel, thread }, message, 'new'));
      if (areBadBlocks(written)) continue;
      if (written.kind !== 'ok') log.warn('a reply was not posted', { channel, outcome: written });
      return;
    }
  }

  async function directMessage(user: string): Promise<string | null> {
    const known = directMessages.get(user);
    if (known) return known;
    const called = await api.call('conversations.open', { users: user });
    if (called.kind !== 'ok') {
      log.warn('slack opens no direct message', { user, outcome: called });
      return null;
    }
    const channel = channelOf(called.data);
    directMessages.set(user, channel);
    return channel;
  }

  return {
    say,
    directMessage,
    async whisper(ear, said) {
      let message = messageOf(said);
      let heard = await ephemeral(ear, message);
      if (heard === 'bad-blocks') {
        message = plainOf(said) ?? { text: message.text, blocks: [] };
        heard = await ephemeral(ear, message);
      }
      if (heard === 'said') return;
      if (ear.responseUrl && (await respond(ear.responseUrl, message))) return;
      const channel = await directMessage(ear.user);
      if (channel !== null) await say(channel, undefined, message);
    },
    async openModal(trigger, view) {
      const called = await api.call('views.open', { trigger_id: trigger, view });
      if (called.kind !== 'ok')
        log.warn('a modal did not open', { callback: view.callback_id, outcome: called });
      return called.kind === 'ok';
    },
    async publishHome(user, view) {
      const called = await api.call('views.publish', { user_id: user, view });
      if (called.kind !== 'ok') log.warn('a Home was not published', { user, outcome: called });
    },
    async permalink(channel, ts) {
      const called = await api.call('chat.getPermalink', { channel, message_ts: ts });
      const read = called.kind === 'ok' ? linked.safeParse(called.data) : null;
      return read?.success ? read.data.permalink : null;
    },
  };
}
