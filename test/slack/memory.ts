import type { JsonObject } from '../../src/core/json.ts';
import type { Place } from '../../src/core/person.ts';
import type { Inbox, PlaceStore, ShownPlace } from '../../src/core/store.ts';

/** An inbox in memory, which can be taken down. */
export function memoryInbox() {
  const rows = new Map<string, { body: JsonObject; at: number; done: boolean }>();
  const state = { down: false, slowMs: 0 };
  const inbox: Inbox = {
    async put({ id, body }) {
      if (state.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, state.slowMs));
      if (state.down) throw new Error('the database is down');
      if (rows.has(id)) return 'seen';
      rows.set(id, { body, at: Date.now(), done: false });
      return 'new';
    },
    async pending(_source, olderThanMs, limit) {
      const before = Date.now() - olderThanMs;
      return [...rows]
        .filter(([, row]) => !row.done && row.at <= before)
        .slice(0, limit)
        .map(([id, { body }]) => ({ id, body }));
    },
    async done(id) {
      const row = rows.get(id);
      if (row) row.done = true;
    },
  };
  return { inbox, rows, state };
}

/** Places in memory. `last` says how far each request has come. */
export function memoryPlaces(last: (request: string) => number): PlaceStore {
  const all: (ShownPlace & { request: string })[] = [];
  return {
    async add(request, place: Place) {
      const there = all.some(
        (one) => one.request === request && one.kind === place.kind && one.where === place.where,
      );
      if (!there) all.push({ ...place, request, state: {}, seq: 0 });
    },
    of: async (request) => all.filter((one) => one.request === request),
    async shown(request, where, state, seq) {
      const index = all.findIndex((one) => one.request === request && one.where === where);
      const old = all[index];
      if (old) all[index] = { ...old, state, seq };
    },
    find: async (kind, where) =>
      all
        .filter(
          (one) => one.kind === kind && (one.where === where || Object.values(one.state).includes(where)),
        )
        .map((one) => one.request)
        .reverse(),
    stale: async (kind) => [
      ...new Set(
        all.filter((one) => one.kind === kind && one.seq < last(one.request)).map((one) => one.request),
      ),
    ],
  };
}
