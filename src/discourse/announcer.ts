import type { Card } from '../core/card.ts';
import type { Desk } from '../core/desk.ts';
import { createLocks } from '../core/keyed-lock.ts';
import type { Log } from '../core/ports.ts';
import { Unavailable } from '../core/refused.ts';
import type { LockStore, PlaceStore } from '../core/store.ts';
import type { Urgency } from './budget.ts';
import type { Forum } from './forum.ts';
import { markerOf } from './marker.ts';
import type { Messages } from './messages.ts';
import { createParker } from './parker.ts';
import { NOT_NOTICING, NOT_PARKED, NOT_POSTING, PARKED } from './place-state.ts';
import { endPost, requestPost, type Showing } from './request-post.ts';
import {
  decisionOf,
  hasEnded,
  isDecidedHere,
  isReminder,
  isUnderWay,
  isWholeNews,
  type Notice,
  noticeOf,
} from './showing.ts';
import { createSpots, type Spot } from './spot.ts';
import type { Looked, Writer } from './writer.ts';

/** Shows requests in the forum, and keeps what is shown as the record says. */
export interface Announcer {
  /** Brings every topic of the request up to date. Throws nothing that trying again later would not mend. */
  announce(request: string): Promise<void>;
  /** Requests whose report was put off, and may be tried again now. */
  due(): Promise<readonly string[]>;
}

/** Accounts and names that are called in posts. */
interface Callable {
  accountOf(person: string): Promise<number | null>;
  usernameOf(userId: number): Promise<string | null>;
  mentionOf(roles: readonly string[]): string | null;
}

/** So long the first post waits for a plan or an answer. */
const FIRST_MS = 10_000;
/** What is no decision and no end is shown so often at most. */
const PROGRESS_MS = 60_000;
/** What was approved has often ended by then, and one edit says both. */
const UNDER_WAY_MS = 2_000;
/** Edits of a request in the whole forum; the last is kept for the end. */
const MOST_EDITS = 3;
/** After something that failed without a clear answer it is let alone for a moment, longer each time. */
const REST_MS = 2_000;
const LONGEST_REST_MS = 60_000;
/** How often it is looked at what was put off. */
const DUE_MS = 10_000;
const USERNAME = /^[\p{L}\p{N}\p{M}_][\p{L}\p{N}\p{M}_.-]{0,59}$/u;

export function createAnnouncer(deps: {
  readonly desk: Pick<Desk, 'card'>;
  readonly places: PlaceStore;
  readonly locks: LockStore;
  readonly writer: Writer;
  readonly forum: Pick<Forum, 'topic'>;
  readonly messages: Messages;
  readonly people: Callable;
  /** Our own account's name. */
  readonly bot: string;
  readonly log: Log;
  readonly now: () => Date;
}): Announcer {
  const { desk, writer, people, bot, log, now } = deps;
  const spots = createSpots(deps.places, deps.locks);
  const { park, tell, meaning } = createParker({ ...deps, accountOf: people.accountOf });
  const turns = createLocks();
  /** When a request that has no post yet was first seen in a topic. */
  const seen = new Map<string, number>();
  /** When a request was first seen under way, which may be over in a moment. */
  const begun = new Map<string, number>();
  const resting = new Map<string, { tries: number; until: number }>();
  let lookedAt = Number.NEGATIVE_INFINITY;

  const passed = (since: string | undefined, ms: number): boolean =>
    since === undefined || now().getTime() - Date.parse(since) >= ms;
  const isParked = (spot: Spot): boolean =>
    spot.state().parked !== undefined && !passed(spot.state().parkedUntil, 0);

  async function askerMention(card: Card): Promise<string | null> {
    const account = await people.accountOf(card.asker);
    const name = account === null ? null : await people.usernameOf(account);
    return name !== null && USERNAME.test(name) ? `@${name}` : null;
  }

  /** `call`: it is a new post, in which people can be called. */
  async function showingOf(card: Card, notice: Notice | null, call: boolean): Promise<Showing> {
    const groups = people.mentionOf(card.decideRoles);
    const mayDecideHere = isDecidedHere(card, groups);
    const mention =
      !call || notice === null ? null : notice.kind === 'end' ? await askerMention(card) : groups;
    const calls = mention !== null && (notice?.kind === 'end' || mayDecideHere);
    return { bot, mayDecideHere, ...(calls ? { mention } : {}) };
  }

  function urgencyOf(card: Card, notice: Notice | null): Urgency {
    return notice !== null || hasEnded(card) ? 'decision' : 'answer';
  }

  /** Where a new post can stand at the earliest; null when the topic is gone. */
  async function nextNumber(spot: Spot, urgency: Urgency): Promise<number | null> {
    const last = await writer.lastNumber(spot.topic, urgency);
    if (last.kind === 'away') throw new Unavailable('the forum', `The forum does not answer: ${last.says}`);
    return last.kind === 'ok' ? last.value + 1 : null;
  }

  /** Finishes what was begun and not recorded: the process died, or the answer was lost. False: it goes no further now. */
  async function finish(card: Card, spot: Spot): Promise<boolean> {
    const { posting, postingFrom = 1, postingSeq, noticing, noticingFrom = 1 } = spot.state();
    if (posting !== undefined) {
      const looked = await lookFor(spot, posting, postingFrom);
      if (looked.kind === 'gone') return isGone(card, spot);
      const { noticed, postingNotice = noticed, postingDecision: decision } = spot.state();
      if (looked.kind === 'ok') {
        await spot.keep(
          {
            ...posted(spot, looked, posting),
            shows: postingSeq,
            decision,
            noticed: postingNotice,
            ...NOT_POSTING,
            ...NOT_PARKED,
          },
          postingSeq,
        );
      }
    }
    if (noticing !== undefined) {
      const looked = await lookFor(spot, noticing, noticingFrom);
      if (looked.kind === 'gone') return isGone(card, spot);
      if (looked.kind === 'ok') await spot.keep({ noticed: noticing, ...NOT_NOTICING, ...NOT_PARKED });
    }
    if (spot.state().parkedWhy !== 'held') return true;
    await park(card, spot, { kind: 'held' });
    return false;
  }

  async function lookFor(spot: Spot, what: string, from: number): Promise<Looked> {
    const looked = await writer.find(spot.topic, markerOf(spot.request, what), from, 'answer');
    if (looked.kind === 'unknown')
      throw new Unavailable('the forum', 'The forum does not say what is there.');
    return looked;
  }

  async function isGone(card: Card, spot: Spot): Promise<false> {
    await park(card, spot, { kind: 'refused', why: 'missing', says: 'the topic is gone' });
    return false;
  }

  function posted(spot: Spot, { post, number }: { post: number; number: number }, what: string) {
    return { post, at: `${spot.topic}/${number}`, what, editedAt: now().toISOString(), fixed: undefined };
  }

  /** Posts the request whole; the post is its status from then on. False: the last posts are all ours. */
  async function postStatus(card: Card, spot: Spot, what: string): Promise<boolean> {
    const notice = noticeOf(card, spot.place);
    const decision = decisionOf(card);
    const urgency = urgencyOf(card, notice);
    const from = await nextNumber(spot, urgency);
    if (from === null) return !(await isGone(card, spot));
    await spot.keep({
      ...{ posting: what, postingFrom: from, postingSeq: card.seq },
      ...{ postingNotice: notice?.key, postingDecision: decision },
    });
    const raw = requestPost(card, await showingOf(card, notice, true));
    const marker = markerOf(card.id, what);
    const written = await writer.post({ topic: spot.topic, replyTo: null, raw, marker, urgency, from });
    if (written.kind === 'unknown')
      throw new Unavailable('the forum', `The forum did not say whether it took ${card.id}.`);
    if (written.kind === 'ok') {
      const noticed = notice?.key ?? spot.state().noticed;
      await spot.keep(
        {
          ...posted(spot, written, what),
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
    await park(card, spot, written);
    return true;
  }

  /** The first post waits for something to say, but not for long. */
  async function postFirst(card: Card, spot: Spot): Promise<void> {
    const key = `${card.id} ${spot.place.where}`;
    const since = seen.get(key) ?? now().getTime();
    if (card.status === 'asked' && now().getTime() - since < FIRST_MS) {
      if (seen.size > 5000) seen.clear();
      seen.set(key, since);
      return;
    }
    await postStatus(card, spot, spot.state().replaced ? 'request-again' : 'request');
    seen.delete(key);
  }

  function hasRunFor(card: Card, ms: number): boolean {
    const key = `${card.id} ${card.plan}`;
    const since = begun.get(key) ?? now().getTime();
    if (begun.size > 5000) begun.clear();
    begun.set(key, since);
    return now().getTime() - since >= ms;
  }

  /** Edits the status post. `skipped`: it does not show what is now, and need not. `stopped`: another time, or elsewhere. */
  async function edit(card: Card, spot: Spot): Promise<'shown' | 'skipped' | 'stopped'> {
    const { post, what = 'request', fixed, editedAt, edits = 0 } = spot.state();
    const made = (await spots.of(card.id)).reduce((sum, one) => sum + (one.state().edits ?? 0), 0);
    const ended = hasEnded(card);
    const decision = decisionOf(card);
    const urgent = decision !== spot.state().decision;
    if ((spot.state().shows ?? 0) >= card.seq) return 'shown';
    if (post === undefined || fixed || made >= MOST_EDITS - (ended ? 0 : 1)) return 'skipped';
    if (!urgent && !passed(editedAt, PROGRESS_MS)) return 'stopped';
    if (isUnderWay(card) && !hasRunFor(card, UNDER_WAY_MS)) return 'stopped';
    await spot.keep({ edits: edits + 1, editedAt: now().toISOString() });
    const written = await writer.edit({
      post,
      raw: requestPost(card, await showingOf(card, null, false)),
      marker: markerOf(card.id, what),
      reason: `${card.id}: ${card.status}`,
      urgency: urgent ? 'decision' : 'progress',
    });
    if (written.kind === 'unknown')
      throw new Unavailable('the forum', `The forum did not say whether it shows ${card.id} as it is.`);
    if (written.kind === 'ok') await spot.keep({ decision, shows: card.seq });
    if (written.kind !== 'refused') return 'shown';
    const { why } = await meaning(spot, written);
    log.warn('a post of ours cannot be edited', { request: card.id, post, why, says: written.says });
    if (written.why === 'missing') return replace(card, spot);
    // An end is told in a post of its own, which may be taken all the same.
    await spot.keep({ fixed: true });
    if (!ended) await tell(card, spot, why);
    return 'skipped';
  }

  /** Somebody deleted the status post: once there is a new one. */
  async function replace(card: Card, spot: Spot): Promise<'stopped'> {
    if (spot.state().replaced) {
      await park(card, spot, { kind: 'refused', why: 'missing', says: 'my post was deleted twice' });
      return 'stopped';
    }
    await spot.keep({ post: undefined, at: undefined, shows: undefined, replaced: true });
    await postFirst(card, spot);
    return 'stopped';
  }

  /** A post of its own for what has to be noticed, once. True when the news is out. */
  async function notify(card: Card, spot: Spot, notice: Notice, isShown: boolean): Promise<boolean> {
    const showing = await showingOf(card, notice, spot.place.purpose === 'origin');
    const done = { noticed: notice.key, ...NOT_NOTICING };
    if (isReminder(notice) && !showing.mention) {
      await spot.keep(done);
      return true;
    }
    const from = await nextNumber(spot, 'decision');
    if (from === null) return isGone(card, spot);
    await spot.keep({ noticing: notice.key, noticingFrom: from });
    const written = await writer.post({
      ...{ topic: spot.topic, replyTo: null, from, urgency: 'decision' },
      raw: endPost(card, showing),
      marker: markerOf(card.id, notice.key),
    });
    if (written.kind === 'unknown')
      throw new Unavailable('the forum', `A notice of ${card.id} may have got lost.`);
    if (written.kind === 'ok') await spot.keep(done);
    else if (written.kind === 'refused' && written.why === 'consecutive' && isShown) {
      // It stands in the topic already, and the one who asked is told in private.
      await spot.keep(done);
      await tell(card, spot, written.why);
    } else {
      await park(card, spot, written);
      return false;
    }
    return true;
  }

  /** What was put off is not among those that are behind: it has to be found again until its post shows what is. */
  async function comeBack(card: Card, spot: Spot): Promise<void> {
    const { post, shows = 0 } = spot.state();
    if (post === undefined || shows >= card.seq || spot.seq() < card.seq) return;
    const parkedUntil = new Date(now().getTime() + UNDER_WAY_MS).toISOString();
    await spot.keep({ ...NOT_PARKED, parked: PARKED, parkedUntil });
  }

  async function showAt(request: string, where: string): Promise<void> {
    const card = await desk.card(request);
    const spot = await spots.at(request, where);
    if (!card || !spot) return;
    const wasParked = spot.state().parked !== undefined;
    if (spot.seq() >= card.seq && (!wasParked || isParked(spot))) return;
    const why = spot.state().gone ?? (isParked(spot) ? spot.state().parkedWhy : undefined);
    if (why) {
      await spot.keep({}, card.seq);
      if (hasEnded(card)) await tell(card, spot, why);
      return;
    }
    if (!(await finish(card, spot))) return;
    if (spot.state().post === undefined) return postFirst(card, spot);
    const notice = noticeOf(card, spot.place);
    const news = notice !== null && notice.key !== spot.state().noticed ? notice : null;
    if (news && isWholeNews(news)) {
      if (await postStatus(card, spot, news.key)) return;
    }
    const edited = await edit(card, spot);
    if (edited === 'stopped') return comeBack(card, spot);
    // Where nobody is called, the end is told anew only if the post above does not show it.
    const end = edited === 'skipped' && news === null && hasEnded(card) ? card.notice : null;
    if (end && end.key !== spot.state().noticed && !(await notify(card, spot, end, false))) return;
    if (news && !isWholeNews(news) && !(await notify(card, spot, news, edited === 'shown'))) return;
    if (news && isWholeNews(news)) {
      await spot.keep({ noticed: news.key });
      await tell(card, spot, 'consecutive');
    }
    await spot.keep(NOT_PARKED, card.seq);
  }

  /** One at a time for each topic of a request; what failed rests for a moment. */
  async function turn(request: string, where: string): Promise<void> {
    const key = `${request} ${where}`;
    const rest = resting.get(key);
    if (rest && rest.until > now().getTime()) return;
    try {
      await showAt(request, where);
      resting.delete(key);
    } catch (error) {
      const tries = (rest?.tries ?? 0) + 1;
      const ms = Math.min(LONGEST_REST_MS, REST_MS * 2 ** (tries - 1));
      if (resting.size > 5000) resting.clear();
      resting.set(key, { tries, until: now().getTime() + ms });
      throw error;
    }
  }

  return {
    async announce(request) {
      const all = await spots.of(request);
      const shown = await Promise.allSettled(
        all.map(({ place }) => turns.run(`${request} ${place.where}`, () => turn(request, place.where))),
      );
      const failed = shown.filter((one) => one.status === 'rejected');
      if (failed.length === 0) return;
      throw new AggregateError(
        failed.map((one): unknown => one.reason),
        `${request} is not shown everywhere in the forum: ${failed.map((one) => String(one.reason)).join('; ')}`,
      );
    },
    async due() {
      if (now().getTime() - lookedAt < DUE_MS) return [];
      lookedAt = now().getTime();
      const due: string[] = [];
      for (const request of await spots.with(PARKED)) {
        const there = await spots.of(request);
        if (there.some((spot) => spot.state().parked !== undefined && !isParked(spot))) due.push(request);
      }
      return due;
    },
  };
}
