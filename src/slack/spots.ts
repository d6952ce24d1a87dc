import type { Card } from '../core/card.ts';
import { asJson } from '../core/json.ts';
import { createLocks } from '../core/keyed-lock.ts';
import type { PlaceStore, ShownPlace } from '../core/store.ts';
import { type PlaceState, readState } from './place-state.ts';

/** The places of requests in Slack, as they are remembered. */
export interface Spots {
  of(request: string): Promise<readonly ShownPlace[]>;
  at(request: string, where: string): Promise<ShownPlace | undefined>;
  /** Changes what is remembered of a place. Never moves back what is shown. */
  remember(card: Card, where: string, change: Partial<PlaceState>, seq: number): Promise<void>;
}

export function createSpots(places: PlaceStore): Spots {
  const locks = createLocks();

  async function of(request: string): Promise<readonly ShownPlace[]> {
    return (await places.of(request)).filter((place) => place.kind === 'slack');
  }

  async function at(request: string, where: string): Promise<ShownPlace | undefined> {
    return (await of(request)).find((place) => place.where === where);
  }

  async function remember(
    card: Card,
    where: string,
    change: Partial<PlaceState>,
    seq: number,
  ): Promise<void> {
    await locks.run(`state ${card.id} ${where}`, async () => {
      const place = await at(card.id, where);
      if (!place) return;
      const state = { ...readState(place.state), ...change };
      await places.shown(card.id, where, asJson(state), Math.max(seq, place.seq));
    });
  }

  return { of, at, remember };
}
