import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasCurl, MIRROR } from '../../sandbox/mirror/mirror.ts';
import { type SandboxSite, startSite } from '../../sandbox/site.ts';
import { namesOf } from '../../sandbox/slack/names.ts';
import { entryText } from '../../sandbox/slack/transcript.ts';
import { changedConfig, type Served, serveReady } from '../deploy/served.ts';
import { noPostgres, startPostgres } from '../support/postgres.ts';
import { freePort, stopped, until } from '../support/process.ts';
import { noRedis, startRedis } from '../support/redis.ts';

const KOJI = 'C0KOJI';
const ADMINS = 'C0ADMINS';
const TAG = 'foreman-nightly-el8-build';
/** The request’s own message names it too. */
const ANNOUNCEMENT = /^(?![\s\S]*Mirror epel10)[\s\S]*New external repository: epel10-os/;
const PATIENCE_MS = 150_000;

const stores = [
  { name: 'PGlite, one process for all', servers: false, missing: null },
  { name: 'PostgreSQL and Redis, a web and a worker process', servers: true, missing: noPostgres ?? noRedis },
] as const;

describe.concurrent('a served Steward whose processes are killed while a repository is added', () => {
  for (const { name, servers, missing } of stores)
    it.skipIf(missing !== null || !hasCurl)(
      `does all of it once, and says each thing once in the thread, the channel and the forum: ${name}${missing ? ` (skipped: ${missing})` : ''}`,
      { timeout: 600_000 },
      async ({ onTestFinished }) => {
        const postgres = servers ? await startPostgres() : null;
        if (postgres) onTestFinished(() => postgres.stop());
        const redis = servers ? await startRedis() : null;
        if (redis) onTestFinished(() => redis.stop());
        const dir = await mkdtemp(join(tmpdir(), 'steward-served-'));
        onTestFinished(() => rm(dir, { recursive: true, force: true }));
        const site = await startSite({ dir });
        onTestFinished(() => site.close());
        const url = (await postgres?.fresh()) ?? null;
        const served = await startServed(site, url, redis?.url ?? null);
        onTestFinished(() => served.kill());
        const { hosts, hub, slack } = site;
        const { root } = hosts.world('mirror');

        await slack
          .as('U0MARIA')
          .slash(`/koji repo add epel10 from="os=http://mirror.example.org/os/$arch/" tag=${TAG}`, KOJI);
        // It was acknowledged, so it is stored: nobody has to ask again.
        await served.killAndStart();
        const asked = await sees(site, ADMINS, /Mirror epel10/, /\[Approve\]/);

        hosts.upstream?.behave({ slowMs: 2_500 });
        await slack.as('U0ADAM').press(ADMINS, asked.ts, 'Approve');
        await until(() => hosts.upstream?.asked.some((path) => path.endsWith('.rpm')) ?? false, PATIENCE_MS);
        await served.killAndStart();
        hosts.upstream?.behave('well');

        await until(() => called(hub).length > 0, PATIENCE_MS);
        await served.killAndStart();

        // Said, and perhaps not noted: what comes after it looks for it before it says it again.
        await sees(site, KOJI, ANNOUNCEMENT);
        await served.killAndStart();

        await sees(site, KOJI, /Mirror epel10/, /All \d+ steps are done, and checked/);
        await served.told();
        expect(await served.stop()).toEqual(served.roles.map(() => 0));

        expect(readFileSync(join(root, MIRROR.config), 'utf8').match(/^\[epel10\]$/gm)).toHaveLength(1);
        expect(called(hub)).toEqual(['createExternalRepo', 'addExternalRepoToTag', 'newRepo', 'newRepo']);
        const says = (pattern: RegExp, channel = KOJI) =>
          shown(site, channel).filter(({ text }) => pattern.test(text)).length;
        expect([says(ANNOUNCEMENT), says(/Mirror epel10/)]).toEqual([1, 1]);
        const topics = site.forum.topics().filter(({ title }) => title.includes('epel10-os'));
        expect(topics.map(({ title }) => title)).toEqual(['New external repository: epel10-os']);
        expect(existsSync(join(root, `${MIRROR.wwwdir}/epel10-x86_64/RPMS.os/repodata/repomd.xml`))).toBe(
          true,
        );
      },
    );
});

const called = (hub: SandboxSite['hub']): readonly string[] => hub.history().map(({ method }) => method);

function shown({ slack }: SandboxSite, channel: string) {
  const names = namesOf(slack);
  return slack.messages(channel).map((message) => ({ ts: message.ts, text: entryText(message, names) }));
}

function sees(site: SandboxSite, channel: string, ...patterns: readonly RegExp[]) {
  return site.slack.waitFor(
    () => shown(site, channel).findLast(({ text }) => patterns.every((pattern) => pattern.test(text))),
    PATIENCE_MS,
  );
}

/** `steward serve` as it is run: over PGlite in one process, or over two servers in a process for each role. */
async function startServed(site: SandboxSite, databaseUrl: string | null, redisUrl: string | null) {
  const port = await freePort();
  const config = await changedConfig(site.configPath, 'killed', {
    http: { port },
    log: { level: 'info' },
    shared: { repos: { host: 'mirror', announce: { audience: 'packagers' } } },
  });
  const roles = databaseUrl === null ? (['all'] as const) : (['web', 'worker'] as const);
  const env = databaseUrl && redisUrl ? { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } : {};
  let running: readonly Served[] = [];
  const kill = async (): Promise<void> => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ child }) => stopped(child)));
    running = [];
  };
  const start = async (): Promise<void> => {
    try {
      // One after the other, as the tables are made by whoever comes first.
      for (const role of roles)
        running = [...running, await serveReady(['--role', role, '--config', config], env)];
    } catch (error) {
      await kill();
      throw error;
    }
  };
  await start();
  site.slack.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
  return {
    roles,
    kill,
    async killAndStart(): Promise<void> {
      await kill();
      await start();
    },
    /** Waits until every message is told everywhere; what a killed process began is let alone for half a minute. */
    async told(): Promise<void> {
      await until(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
          signal: AbortSignal.timeout(10_000),
        });
        return /^steward_messages_waiting 0$/m.test(await answer.text());
      }, PATIENCE_MS);
    },
    async stop(): Promise<readonly (number | null)[]> {
      const ended = await Promise.all(running.map((one) => one.end()));
      running = [];
      return ended.map(({ code }) => code);
    },
  };
}
