import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIRROR } from '../../sandbox/mirror/mirror.ts';
import type { SandboxSite } from '../../sandbox/site.ts';
import { namesOf } from '../../sandbox/slack/names.ts';
import { entryText } from '../../sandbox/slack/transcript.ts';
import type { Bot } from './bot.ts';
import { mirrorJobs } from './mirror-job.ts';

/** What dies: every process of the bot, the one that works, what it speaks to the host and the hub with, the sync. */
export type Victim = 'bot' | 'worker' | 'connection' | 'sync';
export type Verb = 'add' | 'sync';

/** How far a request is when something dies, as it can be seen from outside; in the order in which it comes to them. */
export const STAGES = [
  'asked', // acknowledged, and not looked at
  'begun', // the host has begun the sync, and its answer is on its way
  'counting',
  'asks again', // it would delete too much, and nobody has seen that yet
  'fetching',
  'verifying',
  'ended', // before the last look at it
  'linked', // the hub has the repository and its tag, and its answer is on its way
  'newrepo', // the hub has the call, and its answer is on its way
  'waiting', // for the new repositories
  'announced', // said, and perhaps not noted
] as const;
export type Stage = (typeof STAGES)[number];

export const KOJI = 'C0KOJI';
const ADMINS = 'C0ADMINS';
export const TAG = 'foreman-nightly-el8-build';
/** Of the hub, as `newRepo` has them: what is built with it as well. */
const TAGS = [TAG, 'katello-nightly-el8-build'];
const PATIENCE_MS = 240_000;
const OS = 'os/x86_64';
const FAILED = /failed: mirror: /;

/** Which of the stages a request with this verb comes to while what dies there is alive. */
export function stagesOf(verb: Verb, victim: Victim): readonly Stage[] {
  return STAGES.filter((stage) => {
    if (stage === 'linked' && verb === 'sync') return false;
    if (stage === 'asks again' && verb === 'add') return false;
    if (victim === 'sync') return ['begun', 'counting', 'fetching', 'verifying'].includes(stage);
    // What is between two calls has nothing to lose.
    if (victim === 'connection') return !['asked', 'announced'].includes(stage);
    return true;
  });
}

/** One request, and what dies on its way at which stages. */
export interface Way {
  readonly verb: Verb;
  readonly victim: Victim;
  readonly stages: readonly Stage[];
}

export const labelOf = ({ verb, victim }: Way): string => `${verb}-${victim}`;
const titleOf = (way: Way): RegExp =>
  new RegExp(`${way.verb === 'add' ? 'Mirror' : 'Sync'} ${labelOf(way)}\\b`);

/** The announcement of a way; the request's own message names it too. */
export function announcementOf(way: Way): RegExp {
  const says =
    way.verb === 'add'
      ? `New external repository: ${labelOf(way)}-os`
      : `Fresh content: ${labelOf(way)} was synced`;
  return new RegExp(`^(?![\\s\\S]*${titleOf(way).source})[\\s\\S]*${says}`);
}

/** Messages of a channel, as people see them. */
export function shown({ slack }: SandboxSite, channel = KOJI) {
  const names = namesOf(slack);
  return slack.messages(channel).map((message) => ({ ts: message.ts, text: entryText(message, names) }));
}

/** The messages of this way's request: where it was asked, and where it is approved. */
export function cardsOf(way: Way, site: SandboxSite): readonly string[] {
  return [KOJI, ADMINS].flatMap((channel) =>
    shown(site, channel)
      .map(({ text }) => text)
      .filter((text) => titleOf(way).test(text)),
  );
}

/** What a label that is only synced needs: an entry, packages of which upstream has one no more, and builds that use it. */
export function prepare(ways: readonly Way[], { hosts, hub }: SandboxSite): void {
  const { root } = hosts.world('mirror');
  hub.world.newRepos.endAfter = 1.2;
  for (const [index, way] of ways.filter(({ verb }) => verb === 'sync').entries()) {
    const label = labelOf(way);
    const config = join(root, MIRROR.config);
    const entry = `[${label}]\nname = ${label}\narch = x86_64\nos = ${hosts.upstream?.url}os/$arch/\n`;
    writeFileSync(config, `${readFileSync(config, 'utf8')}\n${entry}`);
    const packages = join(root, MIRROR.srcdir, `${label}-x86_64`, 'os');
    mkdirSync(packages, { recursive: true });
    writeFileSync(join(packages, 'gone-1.0-1.noarch.rpm'), 'gone');
    const id = 4000 + index;
    const url = `file:///mnt/koji/external-repos/www/${label}-$arch/RPMS.os/`;
    hub.world.externalRepos.push({ id, name: `${label}-os`, url });
    const tagId = hub.world.tags.find(({ name }) => name === TAG)?.id ?? 0;
    hub.world.tagExternalRepos.push({ tagId, repoId: id, priority: 50, mergeMode: 'koji', arches: null });
  }
}

/** Asks, says yes, and kills at each stage; ends when people are told that all of it is done. Gives how often it was synced. */
export async function walk(way: Way, site: SandboxSite, bot: Bot): Promise<{ readonly syncs: number }> {
  const { hosts, hub, slack } = site;
  const job = mirrorJobs(hosts.world('mirror').root);
  /** At once when it is so: the moment passes. */
  async function soon(so: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!so()) {
      if (Date.now() > end) throw new Error(`${label}: not so within ${PATIENCE_MS} ms: ${so}\n${state()}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  for (; job.hasBegun(); ) job.isOver();
  const label = labelOf(way);
  const called = hub.history().length;
  const fetched = hosts.upstream?.asked.length ?? 0;
  const calls = (method: string): number =>
    hub
      .history()
      .slice(called)
      .filter((call) => call.method === method).length;
  const state = (): string => `${job.text()}\n${cardsOf(way, site).join('\n')}`;
  const sees = (channel: string, ...patterns: readonly RegExp[]) =>
    slack
      .waitFor(
        () => shown(site, channel).findLast(({ text }) => patterns.every((one) => one.test(text))),
        PATIENCE_MS,
      )
      .catch(() => {
        throw new Error(`${label}: no message has ${patterns.join(' and ')}\n${state()}`);
      });
  const approve = async (...besides: readonly RegExp[]): Promise<void> => {
    const { ts } = await sees(ADMINS, titleOf(way), /\[Approve\]/, ...besides);
    await slack.as('U0BEA').press(ADMINS, ts, 'Approve');
  };

  const reached: Readonly<Record<Stage, () => boolean>> = {
    asked: () => true,
    begun: job.hasBegun,
    counting: () => job.isIn('count'),
    'asks again': () => job.code() === 75,
    fetching: () =>
      job.isIn('sync') &&
      (hosts.upstream?.asked.slice(fetched).some((path) => path.startsWith(`/${OS}/`)) ?? false),
    verifying: () => job.isIn('check'),
    ended: () => job.code() === 0,
    linked: () => calls('addExternalRepoToTag') > 0,
    newrepo: () => calls('newRepo') > 0,
    waiting: () => calls('newRepo') === TAGS.length && hub.world.tasks.every(({ state }) => state !== 0),
    announced: () => shown(site).some(({ text }) => announcementOf(way).test(text)),
  };

  async function die(stage: Stage): Promise<void> {
    if (way.victim === 'bot' || way.victim === 'worker') {
      await (way.victim === 'bot' ? bot.kill() : bot.kill('worker'));
      job.freeze();
      await bot.start();
      job.goOn();
    } else if (way.victim === 'sync') {
      job.freeze();
      // That it goes on is told before it fails again.
      await soon(() => !cardsOf(way, site).some((text) => FAILED.test(text)));
      job.kill();
      job.isOver();
      const { text } = await sees(KOJI, titleOf(way), FAILED);
      const id = /\br\d+\b/.exec(text)?.[0];
      await slack.as('U0ADAM').slash(`/koji resume ${id}`, KOJI);
    } else {
      job.freeze();
      const looks = (): number => hosts.counts('mirror').commands;
      const isWatched = ['counting', 'asks again', 'fetching', 'verifying', 'ended'].includes(stage);
      const before = looks();
      // The next look is under way, at what goes on or at how it ended.
      if (isWatched) await soon(() => looks() > before);
      await hosts.misbehave('mirror', 'cut');
      if (stage === 'waiting') await hub.misbehave({ kind: 'down', ms: 1_500 });
      // A look that comes to something: after several in a row that do not, the next one comes late.
      if (isWatched) await soon(() => looks() > before + 1);
      job.goOn();
    }
  }

  // What the hub was told is not answered: to who dies of it, or because the connection does.
  const unanswered = way.victim === 'connection' ? 'lose-answer' : 'slow';
  for (const [stage, method] of [
    ['linked', 'multiCall'],
    ['newrepo', 'newRepo'],
  ] as const)
    if (way.stages.includes(stage)) await hub.misbehave({ kind: unanswered, method, ms: 25_000 });
  if (way.stages.includes('waiting')) for (const tag of TAGS) hub.world.newRepos.fates[tag] = 'open';
  hosts.upstream?.behave({ slowMs: 200 });

  const line =
    way.verb === 'add'
      ? `repo add ${label} from="os=http://mirror.example.org/os/$arch/" tag=${TAG}`
      : `repo sync ${label}`;
  await slack.as(way.verb === 'add' ? 'U0MARIA' : 'U0ADAM').slash(`/koji ${line}`, KOJI);
  let syncs = 1;
  for (const stage of STAGES) {
    if (stage === 'begun') await approve();
    const dies = way.stages.includes(stage);
    if (dies) {
      await soon(reached[stage]);
      await die(stage);
      if (way.victim === 'sync') syncs++;
    }
    if (stage === 'asks again' && way.verb === 'sync') {
      await soon(reached[stage]);
      job.isOver();
      await approve(/Upstream has 1 of the \d+ packages here no more/);
      syncs++;
    }
    if (stage === 'waiting') hub.world.newRepos.fates = {};
  }
  await sees(KOJI, titleOf(way), /All \d+ steps are done, and checked/);
  return { syncs };
}
