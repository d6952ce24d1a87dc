import { createCourier, type Outlet } from '../../src/core/courier.ts';
import { STEWARD } from '../../src/core/events.ts';
import type { Notice } from '../../src/core/notice.ts';
import { createRoutes, type RouteOptions } from '../../src/core/routes.ts';
import type { NoticeStore } from '../../src/core/store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { makeClock, startWriting } from '../discourse/writing.ts';
import { startRig as startSlackRig } from '../slack/rig.ts';
import { smallDesk } from '../slack/small-desk.ts';
import { keepLog } from '../support/log.ts';

/** What dies in the middle of something. */
export class Dead extends Error {}

const AUDIENCES: RouteOptions['audiences'] = {
  packagers: { slack: 'C0KOJI', forum: true },
  readers: { forum: { category: 'support/7' } },
  away: { slack: 'C0RANDOM' },
};

/** A pretend Slack and forum, our ends of both, and couriers between them and a real store. */
export async function startTelling() {
  const clock = makeClock();
  const log = keepLog();
  const database = await openDatabase({ dir: ':memory:', log });
  const store = createStore(database, { now: clock.now });
  const slack = await startSlackRig({ front: { places: store.places, now: clock.now } });
  const { desk } = smallDesk();
  const forum = await startWriting({ kernel: { desk, store }, clock, deadlineMs: 300 });
  let made = 0;

  /** A web process. `notices`: its store, which may die under it. */
  function courier(
    options: {
      readonly notices?: NoticeStore;
      readonly audiences?: RouteOptions['audiences'];
      readonly outlets?: readonly Outlet[];
      readonly approversChannel?: string | null;
    } = {},
  ) {
    const { audiences = AUDIENCES, approversChannel = 'C0ADMINS' } = options;
    const outlets = options.outlets ?? [slack.front().outlet, forum.ours().outlet];
    return createCourier({
      notices: options.notices ?? store.notices,
      locks: store.locks,
      outlets,
      routes: createRoutes({
        options: { slack: { approversChannel }, forum: true, audiences },
        requests: store.requests,
        places: store.places,
      }),
      nameOf: (id) => `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`,
      now: clock.now,
      log,
    });
  }

  return {
    clock,
    log,
    database,
    store,
    slack: slack.slack,
    slackRig: slack,
    forum,
    courier,
    /** Ends every lease, as time would: whoever held it is dead. */
    lapse: () => database.query(`update steward.locks set until = clock_timestamp() - interval '1 second'`),
    /** Does what couriers do until everything is told, an hour passing each time. */
    async told(...couriers: readonly ReturnType<typeof courier>[]): Promise<void> {
      const all = couriers.length > 0 ? couriers : [courier()];
      for (let round = 0; round < 12; round++) {
        await Promise.all(all.map((one) => one.tick()));
        await Promise.all(all.map((one) => one.idle()));
        if ((await store.notices.waiting()).count === 0) return;
        clock.forward(60 * 60_000);
      }
      throw new Error(
        `not told: ${JSON.stringify(await store.notices.pending(10))}\n${log.lines.join('\n')}`,
      );
    },
    /** A request of somebody that was asked in this place. */
    async asked(who: string, command: string, place: { kind: 'slack' | 'discourse'; where: string }) {
      made += 1;
      const asked = { type: 'asked', by: { id: who, name: who } } as const;
      const { id } = await store.requests.create(`test:${made}`, () => ({
        events: [
          {
            ...asked,
            data: {
              askings: [{ command, given: {} }],
              text: command,
              place: { ...place, purpose: 'origin' },
            },
          },
          { type: 'cancelled', by: STEWARD, data: { because: 'a test', via: 'terminal' } },
        ],
        summary: { status: 'cancelled', command, text: command, asker: who, title: '', due: null },
      }));
      await store.places.add(id, { ...place, purpose: 'origin' });
      return id;
    },
    async close() {
      await slack.close();
      await forum.close();
      await database.close();
    },
  };
}

export type Telling = Awaited<ReturnType<typeof startTelling>>;

export function notice(key: string, over: Partial<Notice> = {}): Notice {
  return {
    key,
    to: { kind: 'audience', name: 'packagers' },
    title: `The repository ${key} is gone`,
    lines: ['It was not used for a year. Say `help` for what else there is.', 'Second line.'],
    ...over,
  };
}
