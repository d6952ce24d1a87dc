import { asJson } from '../core/json.ts';
import { postedByOne } from '../core/posted-by-one.ts';
import type { LockStore, PlaceStore, ShownPlace } from '../core/store.ts';
import { type PlaceState, readState } from './place-state.ts';

/** A request in one topic, as it is remembered. In one pair of hands at a time. */
export interface Spot {
  readonly request: string;
  readonly place: ShownPlace;
  readonly topic: number;
  state(): PlaceState;
  /** Sequence number of the last event that is shown here. */
  seq(): number;
  /** Remembers before anything is done on it. `seq`: what is shown now, which never goes back. */
  keep(change: Partial<PlaceState>, seq?: number): Promise<void>;
}

/** The places of requests in the forum. */
export interface Spots {
  of(request: string): Promise<readonly Spot[]>;
  at(request: string, where: string): Promise<Spot | undefined>;
  /** Requests that have a place with this among its values. */
  with(value: string): Promise<readonly string[]>;
}

export function createSpots(all: PlaceStore, locks: LockStore): Spots {
  const places = postedByOne(all, locks);

  function spotOf(request: string, place: ShownPlace): Spot {
    let state = readState(place.state);
    let { seq } = place;
    return {
      request,
      place,
      topic: Number(place.where),
      state: () => state,
      seq: () => seq,
      async keep(change, shown = 0) {
        const next = { ...state, ...change };
        const nextSeq = Math.max(seq, shown);
        await places.shown(request, place.where, asJson(next), nextSeq);
        state = next;
        seq = nextSeq;
      },
    };
  }

  async function of(request: string): Promise<readonly Spot[]> {
    const found = await places.of(request);
    return found.filter((place) => place.kind === 'discourse').map((place) => spotOf(request, place));
  }

  return {
    of,
    at: async (request, where) => (await of(request)).find((spot) => spot.place.where === where),
    with: (value) => places.find('discourse', value),
  };
}
