import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { noPostgres, startPostgres } from '../support/postgres.ts';
import { until } from '../support/process.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import type { Hold } from './holding.ts';
import { startLife } from './life.ts';
import type { Asking, Point } from './points.ts';
import { liveOnce, startKillSite } from './site.ts';

const missing = noPostgres ?? noRedis;
const skipped = missing === null ? '' : ` (skipped: ${missing})`;

const first: Asking = { key: 'a1', text: 'builder capacity a1-1,a1-2 9', at: null };
const restart: Asking = { key: 'b1', text: 'builder restart b1-1 because=it hangs', at: null };
const second: Asking = { key: 'a2', text: 'builder capacity a2-1 9', at: null };
const BUILDERS = ['a1-1', 'a1-2', 'a2-1', 'b1-1'];

/** Stops the requests of these keys at a point until it is told to go on. */
function createGate(point: Point, keys: readonly string[]) {
  const here = new Set<string>();
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const hold: Hold = {
    isAt: () => false,
    async reached(key, at) {
      if (at !== point || !keys.includes(key)) return;
      here.add(key);
      await opened;
    },
  };
  return { hold, open, arrived: () => until(() => keys.every((key) => here.has(key)), 40_000) };
}

async function startScene(
  point: Point,
  options: { readonly concurrency: number; readonly held: readonly string[] },
) {
  const postgres = await startPostgres();
  const redis = await startRedis();
  const site = await startKillSite({ builders: BUILDERS, reachable: ['b1-1'] });
  const gate = createGate(point, options.held);
  const setup = { ...site.setup, databaseUrl: await postgres.fresh(), redisUrl: redis.url, askings: [] };
  const life = await startLife(setup, gate.hold, options.concurrency);
  return {
    redis,
    site,
    gate,
    life,
    async close() {
      gate.open();
      await life.stop();
      await Promise.all([site.close(), redis.stop(), postgres.stop()]);
    },
  };
}

describe.concurrent('when a server goes away in the middle of a run', { timeout: 120_000 }, () => {
  it.skipIf(missing !== null)(
    `loses nothing when Redis is emptied: what ran ends, and so does what only waited there${skipped}`,
    async ({ onTestFinished }) => {
      const scene = await startScene('after step-started', { concurrency: 1, held: ['a1'] });
      onTestFinished(() => scene.close());
      const { life, gate, redis, site } = scene;
      const running = life.see(first);
      await gate.arrived();
      // The one place is taken, so this one's hint waits in Redis.
      const waiting = life.see(second);
      await until(async () => (await life.queue.depth()).run > 1, 40_000);
      await redis.command('FLUSHALL');
      // Long enough for the worker to find that its job is gone.
      await sleep(3_500);
      gate.open();
      expect(await running).toBe('succeeded');
      expect(await waiting).toBe('succeeded');
      expect(edited(site)).toEqual(['a1-1', 'a1-2', 'a2-1']);
    },
  );

  it.skipIf(missing !== null)(
    `outlives a Redis that is killed and comes back; what was asked meanwhile is done then${skipped}`,
    async ({ onTestFinished }) => {
      const scene = await startScene('after step-started', { concurrency: 4, held: ['a1', 'b1'] });
      onTestFinished(() => scene.close());
      const { life, gate, redis, site } = scene;
      const running = Promise.all([life.see(first), life.see(restart)]);
      await gate.arrived();
      await redis.kill();
      const meanwhile = life.see(second);
      gate.open();
      // The truth is elsewhere: what runs goes on without the queue.
      expect(await running).toEqual(['succeeded', 'succeeded']);
      const [asked] = await life.store.requests.list({ status: ['asked'], limit: 5 });
      expect(asked?.text).toBe(second.text);
      await redis.start();
      expect(await meanwhile).toBe('succeeded');
      expect(edited(site)).toEqual(['a1-1', 'a1-2', 'a2-1']);
      expect(site.hosts.restarts('b1-1')).toBe(1);
    },
  );

  it.skipIf(noPostgres !== null)(
    `does nothing twice when PostgreSQL is restarted between a change and its record${noPostgres ? ` (skipped: ${noPostgres})` : ''}`,
    async ({ onTestFinished }) => {
      const postgres = await startPostgres();
      onTestFinished(() => postgres.stop());
      const site = await startKillSite({ builders: BUILDERS, reachable: ['b1-1'] });
      onTestFinished(() => site.close());
      const setup = { ...site.setup, databaseUrl: await postgres.fresh(), redisUrl: null };
      let restarting: Promise<void> | undefined;
      const held = [first, restart].map((one) => ({ ...one, at: 'after call' as const }));
      let ended = await liveOnce({ ...setup, askings: held }, site.hub, async () => {
        restarting = postgres.restart();
        // It goes on at once, and finds nobody to write to.
      });
      await restarting;
      // A process that dies of its lost connections is started anew, as an init system would.
      for (let lives = 1; ended.killed === null && lives < 4; lives++)
        ended = await liveOnce({ ...setup, askings: [first, restart] }, site.hub, async () => undefined);
      expect(ended.statuses).toEqual({ a1: 'succeeded', b1: 'succeeded' });
      expect(edited(site)).toEqual(['a1-1', 'a1-2']);
      expect(site.hosts.restarts('b1-1')).toBe(1);
    },
  );
});

function edited(site: { hub: { history(): readonly { args: readonly unknown[] }[] } }): string[] {
  return site.hub
    .history()
    .map(({ args }) => `${args[0]}`)
    .toSorted();
}
