import { z } from 'zod';
import type { Card } from '../core/card.ts';
import type { Locks } from '../core/keyed-lock.ts';
import type { Log } from '../core/ports.ts';
import type { ShownPlace } from '../core/store.ts';
import type { Message } from './blocks.ts';
import { owesFile } from './file-reply.ts';
import type { LookFor } from './lost.ts';
import type { People } from './people.ts';
import { readState, splitWhere } from './place-state.ts';
import { requestMarker } from './posted.ts';
import { areBadBlocks, postingOf } from './posting.ts';
import { requestMessage, type Showing } from './request-message.ts';
import type { Scheduler, Urgency, Written } from './scheduler.ts';
import { callsFor, noticeFor } from './showing.ts';
import type { Spots } from './spots.ts';
import type { Voice } from './voice.ts';

/** Where it is only decided, nobody copies anything: on a phone that would be pages of it. */
const copyOf = (place: ShownPlace): Showing => (place.purpose === 'approvers' ? { withoutTexts: true } : {});

const posted = z.looseObject({ channel: z.string(), ts: z.string() });

/** Errors that say: this message is no longer there to be edited. */
const LOST_MESSAGE = /^(?:message_not_found|cant_update_message|edit_window_closed)$/u;

/** The message that shows a request in one place, and is kept as the record says. */
export interface StatusMessage {
  /** Posts it where there is none yet. Once, also after a crash or a lost answer. True: it was posted now. */
  first(card: Card, where: string): Promise<boolean>;
  /** Edits it. False: somebody with newer news takes it from here, or it cannot be. */
  update(card: Card, place: ShownPlace): Promise<boolean>;
}

export function createStatusMessage(deps: {
  readonly spots: Spots;
  readonly scheduler: Scheduler;
  readonly voice: Pick<Voice, 'directMessage'>;
  /** One at a time for each place. */
  readonly locks: Locks;
  readonly people: People;
  readonly lookFor: LookFor;
  readonly log: Log;
  readonly now: () => Date;
  readonly approversChannel: string | null;
}): StatusMessage {
  const { spots, scheduler, voice, locks, people, lookFor, log, now, approversChannel } = deps;
  /** The newest state that was handed to the scheduler, by message: an older one must not follow it. */
  const newest = new Map<string, number>();
  /** Set once Slack has refused a table block here. */
  let plainTables = false;

  /** Draws, and draws more plainly where Slack refuses. */
  async function drawn(
    card: Card,
    showing: Showing,
    send: (message: Message) => Promise<Written>,
  ): Promise<Written> {
    let written = await send(requestMessage(card, { ...showing, plainTables }));
    if (!areBadBlocks(written)) return written;
    log.warn('slack refuses our blocks', { request: card.id, error: written.error, says: written.says });
    const table = card.answer?.table !== undefined && !plainTables;
    if (table) {
      written = await send(requestMessage(card, { ...showing, plainTables: true }));
      if (written.kind === 'ok') plainTables = true;
      if (!areBadBlocks(written)) return written;
    }
    const { text } = requestMessage(card);
    return send({ text, blocks: [] });
  }

  async function first(card: Card, where: string): Promise<boolean> {
    const place = await spots.at(card.id, where);
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
      await spots.remember(
        card,
        where,
        { ...at, ts: found, thread: threadOf(at, found), posting: undefined },
        0,
      );
      return false;
    }
    const since = now().toISOString();
    await spots.remember(card, where, { channel: at.channel, posting: since }, 0);
    const mention = callsFor(card, place, approversChannel)
      ? await people.mentionOf(card.decideRoles, card.asker)
      : null;
    const showing = { ...copyOf(place), ...(aside ? { aside } : {}), ...(mention ? { mention } : {}) };
    const written = await drawn(card, showing, (message) =>
      scheduler.write(postingOf(at, message, 'new', marker)),
    );
    if (written.kind === 'ok') {
      const { channel, ts } = posted.parse(written.data);
      // The new message is itself what makes people look.
      const noticed = noticeFor(card, place, approversChannel)?.key;
      newest.set(`${channel}/${ts}`, card.seq);
      await spots.remember(
        card,
        where,
        {
          channel,
          ts,
          thread: threadOf({ ...at, channel }, ts),
          posting: undefined,
          ...(noticed ? { noticed } : {}),
        },
        // What is still to come stays due.
        owesFile(card, place) ? card.seq - 1 : card.seq,
      );
      return true;
    }
    if (written.kind === 'error') return unwelcome(card, place, moved, written.error);
    if (written.kind === 'stopped') return false;
    const late = await lookFor(at, since, marker);
    if (late === null)
      throw new Error(`slack did not say whether ${card.id} was posted, and it is not there`);
    await spots.remember(card, where, { ...at, ts: late, thread: threadOf(at, late), posting: undefined }, 0);
    return false;
  }

  /** Slack does not let us post there: tell the asker directly, once. */
  async function unwelcome(card: Card, place: ShownPlace, moved: boolean, error: string): Promise<boolean> {
    log.warn('slack does not let us post', { request: card.id, where: place.where, error });
    const account = people.accountOf(card.asker);
    const channel =
      !moved && place.purpose === 'origin' && account ? await voice.directMessage(account) : null;
    if (channel === null) {
      await spots.remember(card, place.where, { gone: error, posting: undefined }, card.seq);
      return false;
    }
    await spots.remember(card, place.where, { channel, posting: undefined }, 0);
    return first(card, place.where);
  }

  async function update(card: Card, place: ShownPlace): Promise<boolean> {
    const { channel, ts } = readState(place.state);
    if (channel === undefined || ts === undefined) return false;
    const message = `${channel}/${ts}`;
    if ((newest.get(message) ?? 0) > card.seq) return false;
    newest.set(message, card.seq);
    if (newest.size > 2000) newest.clear();
    const written = await drawn(card, copyOf(place), ({ text, blocks }) =>
      scheduler.write({
        method: 'chat.update',
        urgency: urgencyOf(card),
        message,
        repeatable: true,
        args: { channel, ts, text, ...(blocks.length > 0 ? { blocks } : {}) },
      }),
    );
    if (written.kind === 'ok') return true;
    if (written.kind === 'error' && LOST_MESSAGE.test(written.error)) {
      // Somebody deleted it, or it is too old to be edited: the request gets a new message.
      await spots.remember(card, place.where, { ts: undefined, thread: undefined, noticed: undefined }, 0);
      return locks.run(`post ${card.id} ${place.where}`, () => first(card, place.where));
    }
    if (written.kind === 'error') {
      await spots.remember(card, place.where, { gone: written.error }, card.seq);
      log.warn('a message cannot be edited', { request: card.id, error: written.error });
    }
    if (written.kind === 'lost') throw new Error(`slack does not answer: ${written.says}`);
    return false;
  }

  return { first, update };
}

function urgencyOf(card: Card): Urgency {
  return card.notice === null && card.answer === null ? 'progress' : 'end';
}

/** The thread that belongs to the request alone: the one it was asked in, or the one under its message. */
function threadOf(at: { readonly channel: string; readonly thread: string | undefined }, ts: string): string {
  return `${at.channel}/${at.thread ?? ts}`;
}
