import { describe, expect, it } from 'vitest';
import { noPostgres } from '../support/postgres.ts';
import { thorough } from '../support/thorough.ts';
import { type Asking, POINTS, type Point } from './points.ts';
import { type KillSite, liveOnce, startKillSite } from './site.ts';
import { EMBEDDED, SERVERS, skippedText, startServers } from './stores.ts';

const CAPACITY = 9;

/** The same two requests at every point: two capacities in one batch, and a restart, which must never be repeated. */
const askings: readonly Asking[] = POINTS.flatMap((at, index) => [
  { key: `capacity${index}`, text: `builder capacity capacity${index}-1,capacity${index}-2 ${CAPACITY}`, at },
  { key: `restart${index}`, text: `builder restart restart${index}-1 because=it hangs`, at },
]);
const names = (kind: string, count: number): string[] =>
  POINTS.flatMap((_, index) => Array.from({ length: count }, (_, n) => `${kind}${index}-${n + 1}`));
const CAPACITIES = names('capacity', 2);
const RESTARTS = names('restart', 1);

const stores = [
  { ...EMBEDDED, hub: '1.35' },
  { name: 'PostgreSQL, queue and all', hub: '1.20', postgres: true, redis: false, missing: noPostgres },
  { ...SERVERS, hub: '1.35' },
] as const;

describe.concurrent('a worker that is killed at every boundary of a request', () => {
  // Each takes half a minute, and each of the two parts that make the middle one stands in one of the others.
  for (const store of stores.filter(({ postgres, redis }) => thorough || postgres === redis)) {
    it.skipIf(store.missing !== null)(
      `changes everything exactly once, and every request ends: ${store.name}${skippedText(store)}`,
      { timeout: 300_000 },
      async ({ onTestFinished }) => {
        const servers = await startServers(store, onTestFinished);
        const site = await startKillSite({
          builders: [...CAPACITIES, ...RESTARTS],
          reachable: RESTARTS,
          version: store.hub,
        });
        onTestFinished(() => site.close());
        const setup = { ...site.setup, ...servers };

        const first = await liveOnce({ ...setup, askings }, site.hub);
        expect(first).toEqual({ killed: true, points: planOf(askings), statuses: {} });

        // The second life dies too: around the finding of what the first one left open.
        const again = askings.map((asking, index) => ({
          ...asking,
          at: index % 4 < 2 ? ('before step-done' as const) : ('after step-done' as const),
        }));
        const second = await liveOnce({ ...setup, askings: again }, site.hub);
        expect(second.killed).toBe(true);
        expect(Object.values(second.statuses).filter((status) => status !== 'succeeded')).toEqual([]);

        const third = await liveOnce(
          { ...setup, askings: askings.map((one) => ({ ...one, at: null })) },
          site.hub,
        );
        expect(third.killed).toBe(false);
        expect(third.statuses).toEqual(Object.fromEntries(askings.map(({ key }) => [key, 'succeeded'])));

        expect(editsOf(site)).toEqual(CAPACITIES.toSorted());
        expect(site.hub.writes()).toBe(CAPACITIES.length);
        expect(RESTARTS.filter((name) => site.hosts.restarts(name) !== 1)).toEqual([]);
      },
    );
  }
});

function planOf(all: readonly Asking[]): Record<string, Point | null> {
  return Object.fromEntries(all.map(({ key, at }) => [key, at]));
}

/** Whom the hub was told to change, with repeats. */
function editsOf(site: KillSite): string[] {
  return site.hub
    .history()
    .map((change) => `${change.args[0]}`)
    .toSorted();
}
