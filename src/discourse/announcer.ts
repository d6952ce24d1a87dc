import type { Card } from '../core/card.ts';
import type { Desk } from '../core/desk.ts';
import { shownEverywhere } from '../core/everywhere.ts';
import { createLocks } from '../core/keyed-lock.ts';
import type { Log } from '../core/ports.ts';
import type { LockStore, PlaceStore } from '../core/store.ts';
import { createCalling } from './calling.ts';
import type { Forum } from './forum.ts';
import type { Messages } from './messages.ts';
import { createNotify } from './news-post.ts';
import { createParker } from './parker.ts';
import { NOT_PARKED, PARKED } from './place-state.ts';
import { hasEnded, isWholeNews, noticeOf } from './showing.ts';
import { createSpots, type Spot } from './spot.ts';
import { createStatusPost } from './status-post.ts';
import { createFinish } from './unfinished.ts';
import type { Writer } from './writer.ts';

/** Shows requests in the forum, and keeps what is shown as the record says. */
export interface Announcer {
  /** Brings every topic of the request up to date. Throws nothing that trying again later would not mend. */
  announce(request: string): Promise<void>;
  /** Requests whose report was put off, and may be tried again now. */
  due(): Promise<readonly string[]>;
}

/** What was skipped because it is under way is looked at again after so long. */
const COME_BACK_MS = 2_000;
/** After something that failed without a clear answer it is let alone for a moment, longer each time. */
const REST_MS = 2_000;
const LONGEST_REST_MS = 60_000;
/** How often it is looked at what was put off. */
const DUE_MS = 10_000;

export function createAnnouncer(deps: {
  readonly desk: Pick<Desk, 'card'>;
  readonly places: PlaceStore;
  readonly locks: LockStore;
  readonly writer: Writer;
  readonly forum: Pick<Forum, 'topic'>;
  readonly messages: Messages;
  readonly people: Parameters<typeof createCalling>[0];
  /** Our own account's name. */
  readonly bot: string;
  readonly log: Log;
  readonly now: () => Date;
}): Announcer {
  const { desk, writer, people, bot, log, now } = deps;
  const spots = createSpots(deps.places, deps.locks);
  const parker = createParker({ ...deps, accountOf: people.accountOf });
  const calling = createCalling(people, bot);
  const status = createStatusPost({ spots, writer, parker, calling, log, now });
  const notify = createNotify({ writer, parker, calling });
  const finish = createFinish({ writer, parker, now });
  const turns = createLocks();
  const resting = new Map<string, { tries: number; until: number }>();
  let lookedAt = Number.NEGATIVE_INFINITY;

  /** Was it put off, and for longer than until now? */
  function isParked(spot: Spot): boolean {
    const { parked, parkedUntil } = spot.state();
    return parked !== undefined && parkedUntil !== undefined && now().getTime() < Date.parse(parkedUntil);
  }

  /** What was put off is not among those that are behind: it has to be found again until its post shows what is. */
  async function comeBack(card: Card, spot: Spot): Promise<void> {
    const { post, shows = 0 } = spot.state();
    if (post === undefined || shows >= card.seq || spot.seq() < card.seq) return;
    const parkedUntil = new Date(now().getTime() + COME_BACK_MS).toISOString();
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
      if (hasEnded(card)) await parker.tell(card, spot, why);
      return;
    }
    if (!(await finish(card, spot))) return;
    if (spot.state().post === undefined) return status.first(card, spot);
    const notice = noticeOf(card, spot.place);
    const news = notice !== null && notice.key !== spot.state().noticed ? notice : null;
    if (news && isWholeNews(news)) {
      if (await status.whole(card, spot, news.key)) return;
    }
    const edited = await status.edit(card, spot);
    if (edited === 'stopped') return comeBack(card, spot);
    // Where nobody is called, the end is told anew only if the post above does not show it.
    const end = edited === 'skipped' && news === null && hasEnded(card) ? card.notice : null;
    if (end && end.key !== spot.state().noticed && !(await notify(card, spot, end, false))) return;
    if (news && !isWholeNews(news) && !(await notify(card, spot, news, edited === 'shown'))) return;
    if (news && isWholeNews(news)) {
      await spot.keep({ noticed: news.key });
      await parker.tell(card, spot, 'consecutive');
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
      const shown = all.map(({ place }) =>
        turns.run(`${request} ${place.where}`, () => turn(request, place.where)),
      );
      await shownEverywhere(request, shown);
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
