import type { Card } from '../core/card.ts';
import type { Log } from '../core/ports.ts';
import { inline } from './escape.ts';
import type { LookFor } from './lost.ts';
import type { People } from './people.ts';
import { readState, splitWhere } from './place-state.ts';
import { noticeMarker } from './posted.ts';
import { postingOf } from './posting.ts';
import { linkLine } from './request-message.ts';
import type { Scheduler } from './scheduler.ts';
import { callsFor, noticeFor } from './showing.ts';
import type { Spots } from './spots.ts';

/** A reply that makes people look, once for each notice. False: it is still to come, in another process. */
export type Notify = (card: Card, where: string) => Promise<boolean>;

export function createNotify(deps: {
  readonly spots: Spots;
  readonly scheduler: Scheduler;
  readonly people: People;
  readonly lookFor: LookFor;
  readonly log: Log;
  readonly now: () => Date;
  readonly approversChannel: string | null;
}): Notify {
  const { spots, scheduler, people, lookFor, log, now, approversChannel } = deps;
  return async (card, where) => {
    const place = await spots.at(card.id, where);
    if (!place) return true;
    const state = readState(place.state);
    const notice = noticeFor(card, place, approversChannel);
    if (
      state.channel === undefined ||
      state.ts === undefined ||
      notice === null ||
      state.noticed === notice.key
    )
      return true;
    const { channel } = state;
    const { key } = notice;
    const at = { channel, thread: splitWhere(state.thread ?? '').thread ?? state.ts };
    const marker = noticeMarker(card.id, where, key);
    async function done(): Promise<true> {
      await spots.remember(card, where, { noticed: key, noticing: undefined, noticingAt: undefined }, 0);
      return true;
    }
    if (state.noticing === key && (await lookFor(at, state.noticingAt ?? '', marker)) !== null) {
      return done();
    }
    const since = now().toISOString();
    await spots.remember(card, where, { noticing: key, noticingAt: since }, 0);
    const account = notice.kind === 'end' || place.purpose === 'origin' ? people.accountOf(card.asker) : null;
    const asker = account ? `<@${account}>` : null;
    const called = callsFor(card, place, approversChannel)
      ? await people.mentionOf(card.decideRoles, card.asker)
      : asker;
    const links = card.links.length > 0 ? `\n${linkLine(card)}` : '';
    const text = `${called ? `${called} ` : ''}${inline(notice.text, 2500)}${links}`;
    const written = await scheduler.write(postingOf(at, { text, blocks: [] }, 'end', marker));
    if (written.kind === 'ok') return done();
    if (written.kind === 'error') {
      log.warn('a notice cannot be posted', { request: card.id, where, error: written.error });
      return done();
    }
    if (written.kind === 'stopped') return false;
    if ((await lookFor(at, since, marker)) === null)
      throw new Error(`a notice of ${card.id} got lost on its way`);
    return done();
  };
}
