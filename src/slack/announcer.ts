import type { Card } from '../core/card.ts';
import type { Desk } from '../core/desk.ts';
import { shownEverywhere } from '../core/everywhere.ts';
import { createLocks } from '../core/keyed-lock.ts';
import type { Log } from '../core/ports.ts';
import type { FileStore, PlaceStore } from '../core/store.ts';
import { createShareFile } from './file-reply.ts';
import { createLookFor } from './lost.ts';
import { createNotify } from './news-reply.ts';
import type { People } from './people.ts';
import { readState, splitWhere } from './place-state.ts';
import type { Scheduler } from './scheduler.ts';
import { createSpots } from './spots.ts';
import { createStatusMessage } from './status-message.ts';
import type { Voice } from './voice.ts';

/** Shows requests in Slack, and keeps what is shown as the record says. */
export interface Announcer {
  /** Brings every Slack place of the request up to date. Throws nothing that trying again later would not mend. */
  announce(request: string): Promise<void>;
}

export function createAnnouncer(deps: {
  readonly desk: Desk;
  readonly places: PlaceStore;
  readonly files: Pick<FileStore, 'get'>;
  readonly uploadHosts: (host: string) => boolean;
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
  const spots = createSpots(places);
  const lookFor = createLookFor({ scheduler, log, now, lookMs: deps.lookMs ?? [200, 2000] });
  const locks = createLocks();
  const shared = { spots, scheduler, people, lookFor, log, now, approversChannel };
  const status = createStatusMessage({ ...shared, voice, locks });
  const notify = createNotify(shared);
  const { files, uploadHosts } = deps;
  const shareFile = createShareFile({ spots, scheduler, files, lookFor, uploadHosts, log, now });

  async function addApprovers(card: Card): Promise<void> {
    if (!card.actions.some((action) => action.verb === 'approve')) return;
    const there = await spots.of(card.id);
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

  async function showAt(first: Card, where: string): Promise<void> {
    const posting = await locks.run(`post ${first.id} ${where}`, () => status.first(first, where));
    // While it was posted, or waited for its turn, more may have happened.
    const card = posting ? ((await desk.card(first.id)) ?? first) : first;
    const place = await spots.at(card.id, where);
    if (!place) return;
    const state = readState(place.state);
    const behind = place.seq < card.seq;
    if (state.gone && behind) await spots.remember(card, where, {}, card.seq);
    if (state.gone || state.ts === undefined) return;
    if (!behind) return;
    const upToDate = await status.update(card, place);
    // Somebody with newer news takes it from here.
    if (!upToDate) return;
    // What a stop kept from being said stays due.
    if (!(await locks.run(`post ${card.id} ${where}`, () => notify(card, where)))) return;
    await locks.run(`file ${card.id} ${where}`, () => shareFile(card, where));
    await spots.remember(card, where, {}, card.seq);
  }

  return {
    async announce(request) {
      const card = await desk.card(request);
      if (!card) return;
      await addApprovers(card);
      const all = await spots.of(request);
      await shownEverywhere(
        request,
        all.map((place) => showAt(card, place.where)),
      );
    },
  };
}
