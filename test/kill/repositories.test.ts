import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settings } from '../../commands/repositories/settings.ts';
import { hasCurl, MIRROR } from '../../sandbox/mirror/mirror.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from '../support/log.ts';
import { thorough } from '../support/thorough.ts';
import type { Asking, Part, Point } from './points.ts';
import { type KillSite, liveOnce, startKillSite } from './site.ts';
import { STORES, skippedText, startServers } from './stores.ts';

const stepPoints = (part: Part, ...calls: readonly Point[]): readonly Point[] => [
  `before step-started ${part}`,
  `after step-started ${part}`,
  ...calls,
  `before step-done ${part}`,
  `after step-done ${part}`,
];
const callPoints = (part: Part): readonly Point[] =>
  stepPoints(part, `in call ${part}`, `after call ${part}`);

/** In the order in which a request comes to them. */
const SYNC: readonly Point[] = [
  'after asked',
  'before planned',
  'after planned',
  'before approved',
  'after approved',
  'after lock',
  'before started',
  ...stepPoints('sync', 'in call sync', 'after call sync', 'while it runs', 'after it ended'),
  ...callPoints('newrepo'),
  ...stepPoints('ready'),
  ...stepPoints('announce', 'after call announce'),
  'before succeeded',
  'after succeeded',
];
const at = SYNC.indexOf('before step-started sync');
const create = SYNC.indexOf('before step-started newrepo');
const ADD: readonly Point[] = [
  ...SYNC.slice(0, at),
  ...callPoints('entry'),
  ...SYNC.slice(at, create),
  ...callPoints('create'),
  ...SYNC.slice(create),
];

/** One request, and the points at which its workers die, one after the other. */
interface Way {
  readonly key: string;
  readonly text: string;
  readonly points: readonly Point[];
}

/** Of two points beside each other one worker cannot die at both: a way has every other one, or fewer. */
function way(verb: 'add' | 'sync', points: readonly Point[], first: number, every: number): Way {
  const key = `${verb}${first}`;
  const text =
    verb === 'add'
      ? `repo add ${key}-1 from="os=http://mirror.example.org/os/$arch/" tag=${key}-2-build`
      : `repo sync ${key}-1`;
  return { key, text, points: points.filter((_, index) => index % every === first) };
}

/** Sampled, each store has a third of the points of one, and one of them a few of the other. */
function waysOf(servers: boolean): readonly Way[] {
  if (thorough) return [0, 1].flatMap((first) => [way('add', ADD, first, 2), way('sync', SYNC, first, 2)]);
  return servers ? [way('add', ADD, 2, 3), way('sync', SYNC.slice(at), 1, 4)] : [way('add', ADD, 0, 3)];
}

describe.concurrent('a worker that is killed again and again on a repository’s way', () => {
  for (const store of STORES)
    it.skipIf(store.missing !== null || !hasCurl)(
      `writes one entry, syncs once, and tells hub and people once: ${store.name}${skippedText(store)}`,
      { timeout: 1_800_000 },
      async ({ onTestFinished }) => {
        const servers = await startServers(store, onTestFinished);
        const ways = waysOf(store.redis);
        const site = await startMirrorKillSite(ways.map(({ key }) => key));
        onTestFinished(() => site.close());
        const before = configOf(site);
        const setup = { ...site.setup, ...SETTINGS, ...servers };

        for (const { points, ...asked } of ways) {
          // Also a worker that has just been started sees it go on.
          site.hosts.upstream?.behave(points.includes('while it runs') ? { slowMs: 5_000 } : 'well');
          for (const point of [...points, null]) {
            const asking: Asking = { ...asked, at: point };
            const ended = await liveOnce({ ...setup, askings: [asking] }, site.hub);
            expect([asked.key, point, ended.killed, ended.statuses]).toEqual([
              asked.key,
              point,
              point !== null,
              point === null ? { [asked.key]: 'succeeded' } : {},
            ]);
            if (point === 'while it runs') site.hosts.upstream?.behave('well');
          }
        }

        const added = ways.filter(({ text }) => text.startsWith('repo add'));
        expect(configOf(site).startsWith(before)).toBe(true);
        expect(
          configOf(site)
            .slice(before.length)
            .match(/^\[.*\]$/gm),
        ).toEqual(added.map(({ key }) => `[${key}-1]`));
        expect(syncsOf(site)).toEqual(ways.map(({ key }) => `${key}-1`));
        expect(site.hub.history().map(({ method, args }) => `${method} ${args[0]}`)).toEqual(
          ways.flatMap(({ key, text }) => [
            ...(text.startsWith('repo add')
              ? [`createExternalRepo ${key}-1-os`, `addExternalRepoToTag ${key}-2-build`]
              : []),
            `newRepo ${key}-2-build`,
          ]),
        );
        const database = await openDatabase({
          url: servers.databaseUrl ?? undefined,
          dir: setup.dir,
          log: keepLog(),
        });
        onTestFinished(() => database.close());
        const { requests, notices } = createStore(database);
        const told = (await notices.pending(100)).map(({ notice }) => notice.key.split(':')[0]);
        expect(told.toSorted()).toEqual((await requests.list({ limit: 100 })).map(({ id }) => id).toSorted());
        for (const { id } of await requests.list({ limit: 100 })) {
          const runs = (await requests.events(id)).filter(
            (event) => event.type === 'step-started' && event.data.key.startsWith('sync:'),
          );
          expect([id, runs.length]).toEqual([id, 1]);
        }
      },
    );
});

const REPOS = settings.parse({ host: 'mirror', announce: { audience: 'packagers' } });
const SETTINGS = {
  settings: { 'repo add': REPOS, 'repo sync': REPOS },
  inTurn: true,
  leaseMs: 2_500,
};

/** A mirror whose every run of mrepo is counted; those of `keys` that sync are configured and known already. */
async function startMirrorKillSite(keys: readonly string[]): Promise<KillSite> {
  const site = await startKillSite({
    version: '1.35',
    mirror: true,
    tags: keys.map((key) => `${key}-2-build`),
  });
  const { root } = site.hosts.world('mirror');
  const mrepo = join(root, 'usr/bin/mrepo');
  renameSync(mrepo, `${mrepo}-itself`);
  writeFileSync(mrepo, `#!/bin/sh\necho "$*" >>'${root}/mrepo-runs'\nexec '${mrepo}-itself' "$@"\n`);
  chmodSync(mrepo, 0o755);
  const there = keys.filter((key) => key.startsWith('sync'));
  const entries = there.map(
    (key) => `[${key}-1]\nname = ${key}\narch = x86_64\nos = ${site.hosts.upstream?.url}os/$arch/\n`,
  );
  writeFileSync(join(root, MIRROR.config), `${configOf(site)}\n${entries.join('\n')}`);
  there.forEach((key, index) => {
    const { world } = site.hub;
    const id = 4000 + index;
    const url = `file:///mnt/koji/external-repos/www/${key}-1-$arch/RPMS.os/`;
    world.externalRepos.push({ id, name: `${key}-1-os`, url });
    const tagId = world.tags.find(({ name }) => name === `${key}-2-build`)?.id ?? 0;
    world.tagExternalRepos.push({ tagId, repoId: id, priority: 50, mergeMode: 'koji', arches: null });
  });
  return site;
}

function configOf({ hosts }: KillSite): string {
  return readFileSync(join(hosts.world('mirror').root, MIRROR.config), 'utf8');
}

/** The label of each run of mrepo, in order. */
function syncsOf({ hosts }: KillSite): readonly string[] {
  const file = join(hosts.world('mirror').root, 'mrepo-runs');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').at(-1) ?? '');
}
