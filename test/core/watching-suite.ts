import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import type { Concern, WatchView } from '../../src/core/concern.ts';
import { noticeTrouble } from '../../src/core/notice.ts';
import type { Site } from '../../src/core/planner.ts';
import { ruleOf } from '../../src/core/policy.ts';
import { Unavailable } from '../../src/core/refused.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { createWatcher } from '../../src/core/watching.ts';
import type { World } from '../../src/core/world.ts';
import type { Database } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from '../support/log.ts';
import { HOUR, MINUTE, makeClock } from './support.ts';

const DAY = 24 * HOUR;

/** What the made-up command sees when it looks, and how often it looked. */
const sight: { concerns: readonly Concern[]; away: boolean; looks: number; views: WatchView[] } = {
  concerns: [],
  away: false,
  looks: 0,
  views: [],
};
const command = defineCommand({
  name: 'milk list',
  summary: 'List the milk',
  params: z.object({}),
  risk: 'read',
  ask: ['packager'],
  examples: ['milk list'],
  plan: async () => ({ kind: 'answer', title: 'Milk', verdict: 'ok' }),
  async watch(view) {
    sight.looks += 1;
    sight.views.push(view);
    if (sight.away) throw new Unavailable('the fridge', 'The fridge does not answer.');
    return sight.concerns;
  },
});

const none = () => Promise.reject(new Error('not needed'));
const world: World = {
  hubReader: { read: none, account: none },
  hubWriter: { carryOut: none },
  hostReader: { names: () => [], read: none },
  hostWriter: { run: none },
  hostJobs: { start: none, poll: none, stop: none },
  jobLogs: { last: none },
};
const registry = createRegistry([command]);
const site: Site = {
  registry,
  rule: () => ruleOf(command, undefined),
  settings: () => undefined,
  kojiUser: () => null,
  audiences: new Set(),
};

/** What a watch does, on a database that is there. */
export function watchTests(databaseOf: () => Database): void {
  /** A site on which nothing was ever looked at, at 10 o'clock; it looks at 6. */
  async function begin() {
    const database = databaseOf();
    await database.query('delete from steward.notices');
    await database.query('delete from steward.notes');
    Object.assign(sight, { concerns: [], away: false, looks: 0, views: [] });
    const clock = makeClock();
    const store = createStore(database, { now: clock.now });
    const today = clock.now();
    clock.forward(
      Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate(), 10) - today.getTime(),
    );
    const log = keepLog();
    const process = () => {
      const { notices, notes, locks } = store;
      const owner = async (user: string) => (user === 'maria' ? 'maria' : null);
      const watcher = createWatcher({
        site,
        world,
        notices,
        notes,
        locks,
        owner,
        hour: 6,
        now: clock.now,
        log,
      });
      return () => watcher.tick(new AbortController().signal);
    };
    return {
      clock,
      log,
      process,
      messages: async () => (await store.notices.pending(100)).map((one) => one.notice),
    };
  }

  const concern = (key: string, over: Partial<Concern> = {}): Concern => ({
    key,
    to: { kind: 'approvers' },
    title: `About ${key}`,
    lines: [`${key} is old`],
    ...over,
  });

  describe('a watch', () => {
    it('looks once a day at its hour; what was missed, a few minutes after the start', async () => {
      const { clock, process } = await begin();
      const tick = process();
      await tick();
      expect(sight.looks).toBe(0);
      clock.forward(4 * MINUTE);
      await tick();
      await tick();
      expect(sight.looks).toBe(1);
      clock.forward(19 * HOUR);
      await tick();
      expect(sight.looks).toBe(1);
      clock.forward(HOUR);
      await tick();
      await tick();
      expect(sight.looks).toBe(2);
      expect(sight.views[0]).toMatchObject({ asker: { id: 'steward', accounts: {} } });
      expect(await sight.views[0]?.owner('maria')).toBe('maria');
    });

    it('is made by one process only, however many there are', async () => {
      const { clock, process } = await begin();
      const ticks = [process(), process(), process()];
      clock.forward(4 * MINUTE);
      sight.concerns = [concern('a')];
      await Promise.all(ticks.map((tick) => tick()));
      await Promise.all(ticks.map((tick) => tick()));
      expect(sight.looks).toBe(1);
    });

    it('tells of each thing once, for ever, and what it covers never', async () => {
      const { clock, process, messages } = await begin();
      const tick = process();
      clock.forward(4 * MINUTE);
      sight.concerns = [concern('cow:7', { covers: ['cow:30', 'cow:14'] })];
      await tick();
      for (const key of ['cow:7', 'cow:14', 'cow:30', 'cow:1']) {
        clock.forward(DAY);
        sight.concerns = [concern(key)];
        await tick();
      }
      expect((await messages()).map(({ key }) => key)).toEqual([
        'watch:milk list:cow:7',
        'watch:milk list:cow:1',
      ]);
    });

    it('puts together what belongs together, and is silent of it afterwards', async () => {
      const { clock, process, messages } = await begin();
      const tick = process();
      clock.forward(4 * MINUTE);
      const together = { key: 'cows:7', title: 'Cows grow old', says: 'All of these:' };
      const cow = (n: number) => concern(`cow${n}:7`, { covers: [`cow${n}:30`], together });
      sight.concerns = Array.from({ length: 300 }, (_, n) => cow(n));
      await tick();
      const [one, ...more] = await messages();
      expect(more).toEqual([]);
      expect(one).toMatchObject({ title: 'Cows grow old', lines: { length: 32 } });
      expect(one?.lines.slice(0, 2)).toEqual(['All of these:', 'cow0:7 is old']);
      expect(one?.lines.at(-1)).toBe('… and 270 more.');
      clock.forward(DAY);
      sight.concerns = [...sight.concerns, cow(300)];
      await tick();
      expect((await messages()).map(({ title }) => title)).toEqual(['Cows grow old', 'About cow300:7']);
    });

    it('tells of the others where one of them can be no message, and tries that again', async () => {
      const { clock, process, messages, log } = await begin();
      const tick = process();
      clock.forward(4 * MINUTE);
      sight.concerns = [
        concern('cow1:7'),
        concern('cow2:7', { lines: ['x'.repeat(501)] }),
        concern('cow3:7'),
      ];
      await tick();
      const told = (await messages()).map(({ title }) => title).sort();
      expect(told).toEqual(['About cow1:7', 'About cow3:7']);
      expect(log.lines.join('\n')).toContain('a watch failed');
      sight.concerns = [concern('cow1:7'), concern('cow2:7'), concern('cow3:7')];
      clock.forward(11 * MINUTE);
      await tick();
      expect((await messages()).map(({ title }) => title).sort()).toEqual([
        'About cow1:7',
        'About cow2:7',
        'About cow3:7',
      ]);
    });

    it('puts no more together than fits into a message, and says how many are left out', async () => {
      const { clock, process, messages } = await begin();
      const tick = process();
      clock.forward(4 * MINUTE);
      const together = { key: 'cows:7', title: 'Cows grow old', says: 'All of these:' };
      sight.concerns = Array.from({ length: 30 }, (_, n) =>
        concern(`cow${n}:7`, { lines: [`${n} ${'x'.repeat(490)}`], together }),
      );
      await tick();
      const [one, ...more] = await messages();
      expect(more).toEqual([]);
      expect(one && noticeTrouble(one)).toBeNull();
      expect(one?.lines.length).toBeGreaterThan(5);
      expect(one?.lines.at(-1)).toBe(`… and ${30 - ((one?.lines.length ?? 0) - 2)} more.`);
    });

    it('is repeated while what it looks at is away; after three days the approvers are told, once', async () => {
      const { clock, process, messages, log } = await begin();
      const tick = process();
      clock.forward(4 * MINUTE);
      sight.away = true;
      await tick();
      await tick();
      expect(sight.looks).toBe(1);
      clock.forward(11 * MINUTE);
      await tick();
      expect(sight.looks).toBe(2);
      expect(log.lines.join('\n')).toContain('a watch failed');
      clock.forward(2 * DAY);
      await tick();
      expect(await messages()).toEqual([]);
      for (let day = 0; day < 3; day++) {
        clock.forward(DAY);
        await tick();
      }
      expect(await messages()).toEqual([
        expect.objectContaining({
          to: { kind: 'approvers' },
          title: expect.stringMatching(/^The daily look of milk list has failed since 20/),
          lines: ['The fridge does not answer.', expect.stringMatching(/this is said once/)],
        }),
      ]);
      sight.away = false;
      sight.concerns = [concern('cow:1')];
      clock.forward(11 * MINUTE);
      await tick();
      expect((await messages()).map(({ key }) => key)).toContain('watch:milk list:cow:1');
    });

    it('goes on by the right time after a clock that was wrong, and tells nothing twice', async () => {
      const { clock, process, messages } = await begin();
      const tick = process();
      clock.forward(400 * DAY);
      sight.concerns = [concern('cow:1')];
      await tick();
      expect(sight.looks).toBe(1);
      clock.forward(-400 * DAY + 4 * MINUTE);
      await tick();
      expect(sight.looks).toBe(2);
      clock.forward(DAY);
      await tick();
      expect(sight.looks).toBe(3);
      expect(await messages()).toHaveLength(1);
    });
  });
}
