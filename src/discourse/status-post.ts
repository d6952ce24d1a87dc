import type { Card } from '../core/card.ts';
import type { Log } from '../core/ports.ts';
import { Unavailable } from '../core/refused.ts';
import type { Urgency } from './budget.ts';
import type { Calling } from './calling.ts';
import { markerOf } from './marker.ts';
import type { Parker } from './parker.ts';
import { NOT_PARKED, NOT_POSTING } from './place-state.ts';
import { requestPost } from './request-post.ts';
import { decisionOf, hasEnded, isUnderWay, type Notice, noticeOf } from './showing.ts';
import type { Spot, Spots } from './spot.ts';
import { nextNumber, type Writer } from './writer.ts';

/** So long the first post waits for a plan or an answer. */
const FIRST_MS = 10_000;
/** What is no decision and no end is shown so often at most. */
const PROGRESS_MS = 60_000;
/** What was approved has often ended by then, and one edit says both. */
const UNDER_WAY_MS = 2_000;
/** Edits of a request in the whole forum; the last is kept for the end. */
const MOST_EDITS = 3;

/** The post that shows a request whole in one topic, and is kept as the record says. */
export interface StatusPost {
  /** Posts it where there is none. It waits for something to say, but not for long. */
  first(card: Card, spot: Spot): Promise<void>;
  /** Posts the request whole; the post is its status from then on. False: the last posts are all ours. */
  whole(card: Card, spot: Spot, what: string): Promise<boolean>;
  /** Edits it. `skipped`: it does not show what is now, and need not. `stopped`: another time, or elsewhere. */
  edit(card: Card, spot: Spot): Promise<'shown' | 'skipped' | 'stopped'>;
}

export function createStatusPost(deps: {
  readonly spots: Pick<Spots, 'of'>;
  readonly writer: Writer;
  readonly parker: Parker;
  readonly calling: Calling;
  readonly log: Log;
  readonly now: () => Date;
}): StatusPost {
  const { spots, writer, parker, calling, log, now } = deps;
  /** When a request that has no post yet was first seen in a topic. */
  const seen = new Map<string, number>();
  /** When a request was first seen under way, which may be over in a moment. */
  const begun = new Map<string, number>();

  async function whole(card: Card, spot: Spot, what: string): Promise<boolean> {
    const notice = noticeOf(card, spot.place);
    const decision = decisionOf(card);
    const urgency = urgencyOf(card, notice);
    const from = await nextNumber(writer, spot.topic, urgency);
    if (from === null) return !(await parker.gone(card, spot));
    await spot.keep({
      ...{ posting: what, postingFrom: from, postingSeq: card.seq },
      ...{ postingNotice: notice?.key, postingDecision: decision },
    });
    const raw = requestPost(card, await calling(card, notice, true));
    const marker = markerOf(card.id, what);
    const written = await writer.post({ topic: spot.topic, replyTo: null, raw, marker, urgency, from });
    if (written.kind === 'unknown')
      throw new Unavailable('the forum', `The forum did not say whether it took ${card.id}.`);
    if (written.kind === 'ok') {
      const noticed = notice?.key ?? spot.state().noticed;
      await spot.keep(
        {
          ...postedAt(spot, written, what, now()),
          shows: card.seq,
          decision,
          noticed,
          ...NOT_POSTING,
          ...NOT_PARKED,
        },
        card.seq,
      );
      return true;
    }
    if (written.kind === 'refused' && written.why === 'consecutive' && spot.state().post !== undefined) {
      await spot.keep(NOT_POSTING);
      return false;
    }
    await parker.park(card, spot, written);
    return true;
  }

  async function first(card: Card, spot: Spot): Promise<void> {
    const key = `${card.id} ${spot.place.where}`;
    const since = seen.get(key) ?? now().getTime();
    if (card.status === 'asked' && now().getTime() - since < FIRST_MS) {
      if (seen.size > 5000) seen.clear();
      seen.set(key, since);
      return;
    }
    await whole(card, spot, spot.state().replaced ? 'request-again' : 'request');
    seen.delete(key);
  }

  function hasRunFor(card: Card, ms: number): boolean {
    const key = `${card.id} ${card.plan}`;
    const since = begun.get(key) ?? now().getTime();
    if (begun.size > 5000) begun.clear();
    begun.set(key, since);
    return now().getTime() - since >= ms;
  }

  async function edit(card: Card, spot: Spot): Promise<'shown' | 'skipped' | 'stopped'> {
    const { post, what = 'request', fixed, editedAt, edits = 0 } = spot.state();
    const made = (await spots.of(card.id)).reduce((sum, one) => sum + (one.state().edits ?? 0), 0);
    const ended = hasEnded(card);
    const decision = decisionOf(card);
    const urgent = decision !== spot.state().decision;
    if ((spot.state().shows ?? 0) >= card.seq) return 'shown';
    if (post === undefined || fixed || made >= MOST_EDITS - (ended ? 0 : 1)) return 'skipped';
    const since = editedAt === undefined ? Number.POSITIVE_INFINITY : now().getTime() - Date.parse(editedAt);
    if (!urgent && since < PROGRESS_MS) return 'stopped';
    if (isUnderWay(card) && !hasRunFor(card, UNDER_WAY_MS)) return 'stopped';
    await spot.keep({ edits: edits + 1, editedAt: now().toISOString() });
    const written = await writer.edit({
      post,
      raw: requestPost(card, await calling(card, null, false)),
      marker: markerOf(card.id, what),
      reason: `${card.id}: ${card.status}`,
      urgency: urgent ? 'decision' : 'progress',
    });
    if (written.kind === 'unknown')
      throw new Unavailable('the forum', `The forum did not say whether it shows ${card.id} as it is.`);
    if (written.kind === 'ok') await spot.keep({ decision, shows: card.seq });
    if (written.kind !== 'refused') return 'shown';
    const { why } = await parker.meaning(spot, written);
    log.warn('a post of ours cannot be edited', { request: card.id, post, why, says: written.says });
    if (written.why === 'missing') return replace(card, spot);
    // An end is told in a post of its own, which may be taken all the same.
    await spot.keep({ fixed: true });
    if (!ended) await parker.tell(card, spot, why);
    return 'skipped';
  }

  /** Somebody deleted the status post: once there is a new one. */
  async function replace(card: Card, spot: Spot): Promise<'stopped'> {
    if (spot.state().replaced) {
      await parker.park(card, spot, { kind: 'refused', why: 'missing', says: 'my post was deleted twice' });
      return 'stopped';
    }
    await spot.keep({ post: undefined, at: undefined, shows: undefined, replaced: true });
    await first(card, spot);
    return 'stopped';
  }

  return { first, whole, edit };
}

function urgencyOf(card: Card, notice: Notice | null): Urgency {
  return notice !== null || hasEnded(card) ? 'decision' : 'answer';
}

/** What is remembered of a status post that stands. */
export function postedAt(
  spot: Spot,
  { post, number }: { post: number; number: number },
  what: string,
  at: Date,
) {
  return { post, at: `${spot.topic}/${number}`, what, editedAt: at.toISOString(), fixed: undefined };
}
