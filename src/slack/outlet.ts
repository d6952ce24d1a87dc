import { z } from 'zod';
import type { Outlet } from '../core/courier.ts';
import type { Desk } from '../core/desk.ts';
import type { Notice } from '../core/notice.ts';
import type { Log } from '../core/ports.ts';
import type { Spot } from '../core/routes.ts';
import type { PlaceStore } from '../core/store.ts';
import type { Message } from './blocks.ts';
import { noticeMessage } from './notice-message.ts';
import type { People } from './people.ts';
import { readState, splitWhere } from './place-state.ts';
import { lookForPosted, messageMarker } from './posted.ts';
import { areBadBlocks, channelOf, postingOf, type Target } from './posting.ts';
import type { Scheduler, Written } from './scheduler.ts';

/** Errors that say: not here, now or later. */
const CLOSED =
  /^(?:channel_not_found|not_in_channel|is_archived|thread_not_found|restricted_action.*|no_permission|user_not_found|users_not_found|user_disabled|cannot_dm_bot|access_denied|msg_too_long)$/u;

const aim = z.object({ channel: z.string(), thread: z.string().optional() });

/** Says messages in Slack that belong to no request. */
export function createOutlet(deps: {
  readonly desk: Pick<Desk, 'form'>;
  readonly places: Pick<PlaceStore, 'of'>;
  readonly people: Pick<People, 'accountOf'>;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** When to look for a message whose answer was lost: Slack may still be at it. */
  readonly lookMs: readonly number[];
}): Outlet {
  const { desk, places, people, scheduler, log, lookMs } = deps;

  type Answer = Exclude<Awaited<ReturnType<Outlet['aim']>>, { kind: 'aimed' }>;

  const closed = (says: string): Answer => ({ kind: 'closed', says });

  /** What an answer of Slack's means that is not a yes. */
  function refusal(written: Exclude<Written, { kind: 'ok' }>): Answer {
    if (written.kind === 'error' && CLOSED.test(written.error)) return closed(`Slack says ${written.error}`);
    const says = 'says' in written ? written.says : written.kind;
    return { kind: 'not-now', says: written.kind === 'error' ? `Slack says ${written.error}` : says };
  }

  async function directMessage(person: string): Promise<Target | Answer> {
    const account = people.accountOf(person);
    if (account === null) return closed('no account in Slack');
    const written = await scheduler.write({
      ...{ method: 'conversations.open', urgency: 'new', repeatable: true },
      args: { users: account },
    });
    if (written.kind !== 'ok') return refusal(written);
    return { channel: channelOf(written.data) };
  }

  /** The thread of a request, where it is shown now. */
  async function threadOf(request: string, where: string): Promise<Target | Answer> {
    const place = (await places.of(request)).find((one) => one.kind === 'slack' && one.where === where);
    const state = place ? readState(place.state) : {};
    if (state.gone !== undefined || state.thread === undefined)
      return closed('the request is not shown there');
    return splitWhere(state.thread);
  }

  async function targetOf(at: Spot): Promise<Target | Answer> {
    if (at.kind === 'channel') return { channel: at.channel };
    if (at.kind === 'direct') return directMessage(at.person);
    return at.kind === 'request' ? threadOf(at.request, at.where) : closed('no place in Slack');
  }

  function messageOf(notice: Notice, at: Spot): Message {
    const account = at.kind === 'request' ? people.accountOf(at.person) : null;
    const [line] = notice.next ?? [];
    const command = line === undefined ? null : (desk.form(line)?.command ?? null);
    return noticeMessage(notice, { mention: account === null ? null : `<@${account}>`, command });
  }

  async function isThere(key: string, { channel, thread }: Target): Promise<boolean | 'unknown'> {
    // Not by a time: clocks are put right, and then it would not be found.
    const found = await lookForPosted({ scheduler, log, lookMs }, { channel, thread }, messageMarker(key));
    return found === 'unknown' ? found : found !== null;
  }

  const post = (key: string, at: Target, message: Message): Promise<Written> =>
    scheduler.write(postingOf(at, message, 'new', messageMarker(key)));

  return {
    service: 'slack',
    isOpen: () => true,
    async aim(_notice, at) {
      const target = await targetOf(at);
      if ('kind' in target) return target;
      const { channel, thread } = target;
      return { kind: 'aimed', aim: { channel, ...(thread ? { thread } : {}) } };
    },
    async say(notice, at, aimed, again) {
      const target = aim.parse(aimed);
      const lost = { kind: 'not-now', says: 'Slack does not say whether it is there' } as const;
      if (again) {
        const there = await isThere(notice.key, target);
        if (there === 'unknown') return lost;
        if (there) return { kind: 'said' };
      }
      const message = messageOf(notice, at);
      let written = await post(notice.key, target, message);
      if (areBadBlocks(written)) {
        log.warn('slack refuses our blocks', { key: notice.key, error: written.error, says: written.says });
        written = await post(notice.key, target, { text: message.text, blocks: [] });
      }
      if (written.kind === 'ok') return { kind: 'said' };
      if (written.kind !== 'lost') return refusal(written);
      return (await isThere(notice.key, target)) === true ? { kind: 'said' } : lost;
    },
  };
}
