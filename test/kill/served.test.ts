import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasCurl, MIRROR } from '../../sandbox/mirror/mirror.ts';
import { type SandboxSite, startSite } from '../../sandbox/site.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from '../support/log.ts';
import { thorough } from '../support/thorough.ts';
import { startBot } from './bot.ts';
import {
  announcementOf,
  cardsOf,
  labelOf,
  prepare,
  shown,
  stagesOf,
  TAG,
  type Victim,
  type Way,
  walk,
} from './stages.ts';
import { EMBEDDED, type KillStore, SERVERS, STORES, skippedText, startServers } from './stores.ts';

const REPOS = { host: 'mirror', announce: { audience: 'packagers' }, deletions: { count: 0, percent: 0 } };

/** In one process the worker is the bot; a worker alone over PGlite dies in `repositories.test.ts`. */
const VICTIMS = new Map<KillStore, readonly Victim[]>([
  [EMBEDDED, ['bot', 'connection', 'sync']],
  [SERVERS, ['bot', 'worker', 'connection', 'sync']],
]);
const TABLE = new Map(
  [...VICTIMS].map(([store, victims]) => [
    store,
    (['add', 'sync'] as const).flatMap((verb) =>
      victims.map((victim): Way => ({ verb, victim, stages: stagesOf(verb, victim) })),
    ),
  ]),
);
/** A few of each store, so that everything dies somewhere. */
const SAMPLE = new Map<KillStore, readonly Way[]>([
  [EMBEDDED, [{ verb: 'add', victim: 'bot', stages: ['asked', 'fetching', 'linked', 'announced'] }]],
  [
    SERVERS,
    [
      { verb: 'add', victim: 'connection', stages: ['begun', 'linked'] },
      { verb: 'sync', victim: 'worker', stages: ['asks again', 'verifying', 'newrepo'] },
    ],
  ],
]);

describe.concurrent('a served Steward of which something dies at each stage of a repository’s way', () => {
  for (const store of STORES)
    it.skipIf(store.missing !== null || !hasCurl)(
      `does all of it once, and says each thing once in the thread, the channel and the forum: ${store.name}${skippedText(store)}`,
      { timeout: 1_800_000 },
      async ({ onTestFinished }) => {
        const ways = (thorough ? TABLE : SAMPLE).get(store) ?? [];
        const at = await startServers(store, onTestFinished);
        const dir = await mkdtemp(join(tmpdir(), 'steward-served-'));
        onTestFinished(() => rm(dir, { recursive: true, force: true }));
        const site = await startSite({ dir });
        onTestFinished(() => site.close());
        prepare(ways, site);
        const bot = await startBot(site, at, REPOS);
        onTestFinished(() => bot.kill());

        const syncs: number[] = [];
        for (const way of ways) {
          const before = site.hub.history().length;
          syncs.push((await walk(way, site, bot)).syncs);
          const calls = site.hub.history().slice(before);
          expect([labelOf(way), calls.map(({ method, args }) => `${method} ${args[0]}`)]).toEqual([
            labelOf(way),
            [
              ...(way.verb === 'add'
                ? [`createExternalRepo ${labelOf(way)}-os`, `addExternalRepoToTag ${TAG}`]
                : []),
              `newRepo ${TAG}`,
              'newRepo katello-nightly-el8-build',
            ],
          ]);
        }
        await bot.told(150_000);
        expect(await bot.stop()).toEqual(bot.roles.map(() => 0));
        for (const way of ways) expectOnce(way, site);
        await expectWhole(site, join(dir, 'data'), at.databaseUrl, syncs);
      },
    );
});

/** Its entry, its packages and every message of it are there, each once. */
function expectOnce(way: Way, site: SandboxSite): void {
  const { root } = site.hosts.world('mirror');
  const label = labelOf(way);
  const config = readFileSync(join(root, MIRROR.config), 'utf8');
  const announced = announcementOf(way);
  const title =
    way.verb === 'add' ? `New external repository: ${label}-os` : `Fresh content: ${label} was synced`;
  const cards = cardsOf(way, site);
  expect({
    label,
    entries: config.split('\n').filter((line) => line === `[${label}]`).length,
    packages: readdirSync(join(root, MIRROR.srcdir, `${label}-x86_64/os`))
      .filter((name) => name.endsWith('.rpm'))
      .map((name) => name.split('-')[0]),
    metadata: existsSync(join(root, `${MIRROR.wwwdir}/${label}-x86_64/RPMS.os/repodata/repomd.xml`)),
    said: shown(site).filter(({ text }) => announced.test(text)).length,
    topics: site.forum.topics().filter((topic) => topic.title === title).length,
    cards: cards.length,
    // Nothing is left to press, and every one of them says how it ended.
    open: cards.filter((text) => /\[(Approve|Resume|Cancel)\]/.test(text)),
    unended: cards.filter((text) => !/All \d+ steps are done, and checked/.test(text)),
  }).toEqual({
    label,
    entries: 1,
    packages: ['bash', 'koji', 'ruby'],
    metadata: true,
    said: 1,
    topics: 1,
    cards: 2,
    open: [],
    unended: [],
  });
}

/** The record: a chain without a gap, no lock that anybody holds, and no sync more than these. */
async function expectWhole(
  site: SandboxSite,
  dir: string,
  url: string | null,
  syncs: readonly number[],
): Promise<void> {
  const database = await openDatabase({ url: url ?? undefined, dir, log: keepLog() });
  try {
    const { requests, ledger, locks, notices } = createStore(database);
    expect((await ledger.verify()).ok).toBe(true);
    expect((await locks.all()).filter(({ owner }) => /^r\d+$/.test(owner))).toEqual([]);
    expect(await notices.pending(10)).toEqual([]);
    const all = await requests.list({ limit: 100 });
    expect(all.map(({ status }) => status)).toEqual(syncs.map(() => 'succeeded'));
    const begun = all.map(async ({ id }) => {
      const events = await requests.events(id);
      return events.filter((one) => one.type === 'step-started' && one.data.key.startsWith('sync:')).length;
    });
    expect((await Promise.all(begun)).reverse()).toEqual(syncs);
  } finally {
    await database.close();
  }
  const runs = join(site.hosts.world('mirror').root, 'var/lib/steward-jobs/mrepo/runs');
  const running = readdirSync(runs).filter((run) => !existsSync(join(runs, run, 'code')));
  // A killed one leaves no code, and no process.
  const alive = running.filter((run) => isAlive(readFileSync(join(runs, run, 'began'), 'utf8')));
  expect(alive).toEqual([]);
}

function isAlive(began: string): boolean {
  return existsSync(`/proc/${began.split(' ')[0]}`);
}
