import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Card } from '../core/card.ts';
import type { Desk } from '../core/desk.ts';
import { shownEverywhere } from '../core/everywhere.ts';
import { createLocks } from '../core/keyed-lock.ts';
import type { Log } from '../core/ports.ts';
import type { PlaceStore, ShownPlace } from '../core/store.ts';
import type { Message } from './blocks.ts';
import { inline } from './escape.ts';
import type { People } from './people.ts';
import { type PlaceState, readState, splitWhere, writeState } from './place-state.ts';
import { findPosted, type Marker, noticeMarker, requestMarker } from './posted.ts';
import { requestMessage, type Showing } from './request-message.ts';
import type { Scheduler, Urgency, Written } from './scheduler.ts';
import type { Voice } from './voice.ts';

/** Shows requests in Slack, and keeps what is shown as the record says. */
export interface Announcer {
  /** Brings every Slack place of the request up to date. Throws nothing that trying again later would not mend. */
  announce(request: string): Promise<void>;
}

/** Where it is only decided, nobody copies anything: on a phone that would be pages of it. */
const copyOf = (place: ShownPlace): Showing => (place.purpose === 'approvers' ? { withoutTexts: true } : {});

const posted = z.looseObject({ channel: z.string(), ts: z.string() });

/** Errors that say: this message is no longer there to be edited. */
const LOST_MESSAGE = /^(?:message_not_found|cant_update_message|edit_window_closed)$/u;
/** Errors of the blocks themselves. */
const BAD_BLOCKS = /block|too_long|table/u;

export function createAnnouncer(deps: {
  readonly desk: Desk;
  readonly places: PlaceStore;
  readonly scheduler: Scheduler;
  readonly voice: Voice;
  readonly people: People;
  readonly log: Log;
  readonly now: () => Date;
  readonly approversChannel: string | null;
  /** Roles whose people get a direct message of what waits for a decision. */
  readonly directMessageRoles: readonly string[];
  /** When to look for a message whose answer was lost: Slack may still be at it. */
  readonly lookMs?: readonly number[];
}): Announcer {
  const { desk, places, scheduler, voice, people, log, now, approversChannel, directMessageRoles } = deps;
  const lookMs = deps.lookMs ?? [200, 2000];
  const locks = createLocks();
  /** The newest state that was handed to the scheduler, by message: an older one must not follow it. */
  const newest = new Map<string, number>();
  /** Set once Slack has refused a table block here. */
  let plainTables = false;

  async function placesOf(request: string): Promise<readonly ShownPlace[]> {
    return (await places.of(request)).filter((place) => place.kind === 'slack');
  }

  async function placeAt(request: string, where: string): Promise<ShownPlace | undefined> {
    return (await placesOf(request)).find((place) => place.where === where);
  }

  /** Changes what is remembered of a place. Never moves back what is shown. */
  async function remember(
    card: Card,
    where: string,
    change: Partial<PlaceState>,
    seq: number,
  ): Promise<void> {
    await locks.run(`state ${card.id} ${where}`, async () => {
      const place = await placeAt(card.id, where);
      if (!place) return;
      const state = { ...readState(place.state), ...change };
      await places.shown(card.id, where, writeState(state), Math.max(seq, place.seq));
    });
  }

  async function addApprovers(card: Card): Promise<void> {
    if (!card.actions.some((action) => action.verb === 'approve')) return;
    const there = await placesOf(card.id);
    const inChannel = (channel: string) =>
      there.some((place) => (readState(place.state).channel ?? splitWhere(place.where).channel) === channel);
    const add = (where: string) => places.add(card.id, { kind: 'slack', where, purpose: 'approvers' });
    if (approversChannel !== null && !inChannel(approversChannel)) await add(approversChannel);
    if (directMessageRoles.length === 0) return;
    for (const user of await people.accountsWith(directMessageRoles)) {
      if (user === people.accountOf(card.asker)) continue;
      const channel = await voice.directMessage(user);
      if (channel !== null && !inChannel(channel)) await add(channel);
    }
  }

  /** Draws, and draws more plainly where Slack refuses. */
  async function drawn(
    card: Card,
    showing: Showing,
    send: (message: Message) => Promise<Written>,
  ): Promise<Written> {
    let written = await send(requestMessage(card, { ...showing, plainTables }));
    if (written.kind !== 'error' || !BAD_BLOCKS.test(written.error)) return written;
    log.warn('slack refuses our blocks', { request: card.id, error: written.error, says: written.says });
    const table = card.answer?.table !== undefined && !plainTables;
    if (table) {
      written = await send(requestMessage(card, { ...showing, plainTables: true }));
      if (written.kind === 'ok') plainTables = true;
      if (written.kind !== 'error' || !BAD_BLOCKS.test(written.error)) return written;
    }
    const { text } = requestMessage(card);
    return send({ text, blocks: [] });
  }

  function urgencyOf(card: Card): Urgency {
    return card.notice === null && card.answer === null ? 'progress' : 'end';
  }

  function post(
    at: { readonly channel: string; readonly thread: string | undefined },
    message: Message,
    marker: Marker,
    urgency: Urgency,
  ): Promise<Written> {
    return scheduler.write({
      method: 'chat.postMessage',
      urgency,
      channel: at.channel,
      repeatable: false,
      args: {
        channel: at.channel,
        ...(at.thread ? { thread_ts: at.thread } : {}),
        text: message.text,
        ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
        metadata: marker,
        unfurl_links: false,
        unfurl_media: false,
      },
    });
  }

  /** Was it posted after all? Looks more than once, as an answer may be lost before the work is done. */
  async function lookFor(
    at: { readonly channel: string; readonly thread: string | undefined },
    since: string,
    marker: Marker,
  ): Promise<string | null> {
    const when = Number.isNaN(Date.parse(since)) ? now() : new Date(since);
    for (const ms of lookMs) {
      await pause(ms);
      const found = await findPosted({ scheduler, log }, { ...at, since: when }, marker);
      if (found === 'unknown') throw new Error('Slack does not say whether the message is there');
      if (found !== null) return found;
    }
    return null;
  }

  /** Posts the request's message where it has none yet. Once, also after a crash or a lost answer. */
  async function postFirst(card: Card, where: string): Promise<boolean> {
    const place = await placeAt(card.id, where);
    if (!place) return false;
    const state = readState(place.state);
    if (state.ts || state.gone) return false;
    const marker = requestMarker(card.id, where);
    const home = splitWhere(where);
    const moved = state.channel !== undefined && state.channel !== home.channel;
    const at = moved ? { channel: state.channel ?? '', thread: undefined } : home;
    const aside = moved
      ? `I am not in the channel where you asked, so I answer here. \`/invite\` me there.`
      : undefined;

    const found = state.posting ? await lookFor(at, state.posting, marker) : null;
    if (found !== null) {
      await remember(card, where, { ...at, ts: found, thread: threadOf(at, found), posting: undefined }, 0);
      return false;
    }
    const since = now().toISOString();
    await remember(card, where, { channel: at.channel, posting: since }, 0);
    const mention = callsFor(card, place) ? await people.mentionOf(card.decideRoles, card.asker) : null;
    const showing = { ...copyOf(place), ...(aside ? { aside } : {}), ...(mention ? { mention } : {}) };
    const written = await drawn(card, showing, (message) => post(at, message, marker, 'new'));
    if (written.kind === 'ok') {
      const { channel, ts } = posted.parse(written.data);
      // The new message is itself what makes people look.
      const noticed = noticeFor(card, place)?.key;
      newest.set(`${channel}/${ts}`, card.seq);
      await remember(
        card,
        where,
        {
          channel,
          ts,
          thread: threadOf({ ...at, channel }, ts),
          posting: undefined,
          ...(noticed ? { noticed } : {}),
        },
        card.seq,
      );
      return true;
    }
    if (written.kind === 'error') return unwelcome(card, place, moved, written.error);
    if (written.kind === 'stopped') return false;
    const late = await lookFor(at, since, marker);
    if (late === null)
      throw new Error(`slack did not say whether ${card.id} was posted, and it is not there`);
    await remember(card, where, { ...at, ts: late, thread: threadOf(at, late), posting: undefined }, 0);
    return false;
  }

  /** Slack does not let us post there: tell the asker directly, once. */
  async function unwelcome(card: Card, place: ShownPlace, moved: boolean, error: string): Promise<boolean> {
    log.warn('slack does not let us post', { request: card.id, where: place.where, error });
    const account = people.accountOf(card.asker);
    const channel =
      !moved && place.purpose === 'origin' && account ? await voice.directMessage(account) : null;
    if (channel === null) {
      await remember(card, place.where, { gone: error, posting: undefined }, card.seq);
      return false;
    }
    await remember(card, place.where, { channel, posting: undefined }, 0);
    return postFirst(card, place.where);
  }

  async function update(card: Card, place: ShownPlace, showing: Showing, urgency: Urgency): Promise<boolean> {
    const { channel, ts } = readState(place.state);
    if (channel === undefined || ts === undefined) return false;
    const message = `${channel}/${ts}`;
    if ((newest.get(message) ?? 0) > card.seq) return false;
    newest.set(message, card.seq);
    if (newest.size > 2000) newest.clear();
    const written = await drawn(card, showing, ({ text, blocks }) =>
      scheduler.write({
        method: 'chat.update',
        urgency,
        message,
        repeatable: true,
        args: { channel, ts, text, ...(blocks.length > 0 ? { blocks } : {}) },
      }),
    );
    if (written.kind === 'ok') return true;
    if (written.kind === 'error' && LOST_MESSAGE.test(written.error)) {
      // Somebody deleted it, or it is too old to be edited: the request gets a new message.
      await remember(card, place.where, { ts: undefined, thread: undefined, noticed: undefined }, 0);
      return locks.run(`post ${card.id} ${place.where}`, () => postFirst(card, place.where));
    }
    if (written.kind === 'error') {
      await remember(card, place.where, { gone: written.error }, card.seq);
      log.warn('a message cannot be edited', { request: card.id, error: written.error });
    }
    if (written.kind === 'lost') throw new Error(`slack does not answer: ${written.says}`);
    return false;
  }

  /** The notice that belongs in this place: decisions where they are taken, the end where it was asked for. */
  function noticeFor(card: Card, place: ShownPlace): Card['notice'] {
    if (card.notice?.kind === 'end') return place.purpose === 'origin' ? card.notice : null;
    const decides = place.purpose === 'approvers' || splitWhere(place.where).channel === approversChannel;
    return decides || approversChannel === null ? card.notice : null;
  }

  /** Are those who decide to be called by name here? */
  function callsFor(card: Card, place: ShownPlace): boolean {
    return card.notice?.kind === 'decision' && noticeFor(card, place) !== null;
  }

  /** A reply that makes people look, once for each notice. */
  async function notify(card: Card, where: string): Promise<void> {
    const place = await placeAt(card.id, where);
    if (!place) return;
    const state = readState(place.state);
    const notice = noticeFor(card, place);
    if (
      state.channel === undefined ||
      state.ts === undefined ||
      notice === null ||
      state.noticed === notice.key
    )
      return;
    const { channel } = state;
    const at = { channel, thread: splitWhere(state.thread ?? '').thread ?? state.ts };
    const marker = noticeMarker(card.id, where, notice.key);
    const done = { noticed: notice.key, noticing: undefined, noticingAt: undefined };
    if (state.noticing === notice.key && (await lookFor(at, state.noticingAt ?? '', marker)) !== null) {
      return remember(card, where, done, 0);
    }
    const since = now().toISOString();
    await remember(card, where, { noticing: notice.key, noticingAt: since }, 0);
    const account = notice.kind === 'end' || place.purpose === 'origin' ? people.accountOf(card.asker) : null;
    const asker = account ? `<@${account}>` : null;
    const called = callsFor(card, place) ? await people.mentionOf(card.decideRoles, card.asker) : asker;
    const text = `${called ? `${called} ` : ''}${inline(notice.text, 2500)}`;
    const written = await post(at, { text, blocks: [] }, marker, 'end');
    if (written.kind === 'ok') return remember(card, where, done, 0);
    if (written.kind === 'error') {
      log.warn('a notice cannot be posted', { request: card.id, where, error: written.error });
      return remember(card, where, done, 0);
    }
    if (written.kind === 'stopped') return;
    if ((await lookFor(at, since, marker)) === null)
      throw new Error(`a notice of ${card.id} got lost on its way`);
    return remember(card, where, done, 0);
  }

  async function showAt(first: Card, where: string): Promise<void> {
    const posting = await locks.run(`post ${first.id} ${where}`, () => postFirst(first, where));
    // While it was posted, or waited for its turn, more may have happened.
    const card = posting ? ((await desk.card(first.id)) ?? first) : first;
    const place = await placeAt(card.id, where);
    if (!place) return;
    const state = readState(place.state);
    const behind = place.seq < card.seq;
    if (state.gone && behind) await remember(card, where, {}, card.seq);
    if (state.gone || state.ts === undefined) return;
    if (!behind) return;
    const upToDate = await update(card, place, copyOf(place), urgencyOf(card));
    // Somebody with newer news takes it from here.
    if (!upToDate) return;
    await locks.run(`post ${card.id} ${where}`, () => notify(card, where));
    await remember(card, where, {}, card.seq);
  }

  return {
    async announce(request) {
      const card = await desk.card(request);
      if (!card) return;
      await addApprovers(card);
      const all = await placesOf(request);
      await shownEverywhere(
        request,
        all.map((place) => showAt(card, place.where)),
      );
    },
  };
}

/** The thread that belongs to the request alone: the one it was asked in, or the one under its message. */
function threadOf(at: { readonly channel: string; readonly thread: string | undefined }, ts: string): string {
  return `${at.channel}/${at.thread ?? ts}`;
}
