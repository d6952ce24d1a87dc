import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasCurl } from '../../sandbox/mirror/mirror.ts';
import { type SandboxSite, startSite } from '../../sandbox/site.ts';
import { namesOf } from '../../sandbox/slack/names.ts';
import { entryText } from '../../sandbox/slack/transcript.ts';
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { freePort, until } from '../support/process.ts';
import { noRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { thorough } from '../support/thorough.ts';
import { changedConfig, type Served, serveReady } from './served.ts';

const missing = noPostgres ?? noRedis;
const KOJI = 'C0KOJI';
const ADMINS = 'C0ADMINS';
const PATIENCE_MS = 30_000;
const NOWHERE = 'secrets/not-on-this-machine';

describe.skipIf(missing !== null)(
  `a web and a worker process, over PostgreSQL and Redis${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 90_000 },
  () => {
    let dir = '';
    let postgres: TestPostgres;
    let redis: TestRedis;
    let site: SandboxSite;
    let database: pg.Pool;
    let webConfig = '';
    let workerConfig = '';
    let env: Record<string, string> = {};
    const served = new Set<Served>();
    let web: Served;
    let worker: Served;

    const start = async (role: 'web' | 'worker', config: string): Promise<Served> => {
      const one = await serveReady(['--role', role, '--config', config], env);
      served.add(one);
      return one;
    };

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'steward-deploy-'));
      [postgres, redis, site] = await Promise.all([startPostgres(), startRedis(), startSite({ dir })]);
      const databaseUrl = await postgres.fresh();
      database = new pg.Pool({ connectionString: databaseUrl, max: 2 });
      database.on('error', () => undefined);
      env = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
      const port = await freePort();
      // Each has only its own keys: the files of the other's are not there.
      webConfig = await changedConfig(site.configPath, 'web', {
        hub: { ca: NOWHERE, cert: NOWHERE, key: NOWHERE },
        hosts: { privateKey: NOWHERE, knownHosts: NOWHERE },
        http: { port },
        log: { level: 'info' },
      });
      const nothing = { file: NOWHERE };
      workerConfig = await changedConfig(site.configPath, 'worker', {
        slack: { botToken: nothing, appToken: nothing, signingSecret: nothing },
        log: { level: 'info' },
      });
      // One after the other, as the tables are made by whoever comes first.
      web = await start('web', webConfig);
      worker = await start('worker', workerConfig);
      site.slack.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
    }, 120_000);

    afterAll(async () => {
      for (const one of served) one.child.kill('SIGKILL');
      await database?.end();
      await site?.close();
      await Promise.all([redis?.stop(), postgres?.stop()]);
      await rm(dir, { recursive: true, force: true });
    });

    const capacity = (name: string) => site.hub.world.hosts.find((host) => host.name === name)?.capacity;
    const shown = (channel: string) => {
      const names = namesOf(site.slack);
      return site.slack.messages(channel).map((message) => ({ ...message, says: entryText(message, names) }));
    };
    const sees = (channel: string, ...patterns: readonly RegExp[]) =>
      site.slack.waitFor(
        () => shown(channel).findLast(({ says }) => patterns.every((pattern) => pattern.test(says))),
        PATIENCE_MS,
      );
    const whispered = (pattern: RegExp) =>
      site.slack.waitFor(() => {
        const names = namesOf(site.slack);
        return site.slack.ephemerals('U0MARIA').find((one) => pattern.test(entryText(one, names)));
      }, PATIENCE_MS);
    const ask = (line: string) => site.slack.as('U0MARIA').slash(`/koji ${line}`, KOJI);
    const approve = async (...patterns: readonly RegExp[]) => {
      const { ts } = await sees(ADMINS, ...patterns, /\[Approve\]/);
      await site.slack.as('U0ADAM').press(ADMINS, ts, 'Approve');
    };
    const statusOf = async (text: string): Promise<unknown> =>
      (await database.query('select status from steward.requests where text = $1', [text])).rows[0]?.status;

    it('carries out what is asked in Slack, each with its own keys alone', async () => {
      await ask('builder capacity builder2 8');
      await approve(/Raise the capacity of builder2 from 4 to 8/);
      await sees(KOJI, /Done, and checked/);
      expect(capacity('builder2')).toBe(8);
    });

    it.skipIf(!thorough || !hasCurl)(
      'gives the log of a job in Slack: the worker reads it, the web process has it (with STEWARD_TESTS=all)',
      async () => {
        await site.slack.as('U0ADAM').slash('/koji repo sync fedora41', KOJI);
        const plan = await sees(ADMINS, /Sync fedora41/, /\[Approve\]/);
        site.hosts.upstream?.behave({ gone: 1 });
        await site.slack.as('U0BEA').press(ADMINS, plan.ts, 'Approve');
        const failed = await sees(KOJI, /Sync fedora41/, /\[Whole log\]/);
        site.hosts.upstream?.behave('well');
        await site.slack.as('U0MARIA').press(KOJI, failed.ts, 'Whole log');
        const [file] = await site.slack.waitFor(
          () => site.slack.thread(KOJI, failed.ts).find((one) => one.files)?.files,
          PATIENCE_MS,
        );
        expect(site.slack.file(file?.id ?? '')?.bytes.toString()).toContain('mrepo: Mirroring failed for');
      },
    );

    it('lets the call that has begun end at SIGTERM; the next worker finishes the rest', async () => {
      const line = 'builder capacity builder1,builder2 9';
      await ask(line);
      await site.hub.misbehave({ kind: 'slow', method: 'multiCall', ms: 2_000 });
      await approve(/capacity of 2 builders to 9/);
      await until(() => capacity('builder1') === 9, PATIENCE_MS);
      const ended = await worker.end();
      expect(ended.code).toBe(0);
      expect(ended.ms).toBeLessThan(5_000);
      expect(await statusOf(line)).toBe('running');
      worker = await start('worker', workerConfig);
      await sees(KOJI, /capacity of 2 builders to 9/, /2 steps are done, and checked/);
      expect(site.hub.history().filter(({ args }) => args[0] === 'builder1')).toHaveLength(1);
    });

    it('stores what is asked while Redis is down, says so, and does it when Redis is back', async () => {
      await redis.kill();
      await ask('builder capacity builder3 5');
      await whispered(/is stored, but the queue does not answer[\s\S]*when the queue is back/);
      await redis.start();
      await approve(/capacity of builder3 from 8 to 5/);
      await sees(KOJI, /capacity of builder3 from 8 to 5/, /Done, and checked/);
      expect(capacity('builder3')).toBe(5);
    });

    it('says within two seconds that nothing was kept while the database does not answer', async () => {
      postgres.pause();
      try {
        const begun = Date.now();
        expect(await ask('builder capacity builder3 6')).toMatchObject({ kind: 'ok' });
        expect(Date.now() - begun).toBeLessThan(2_000);
        await whispered(/my database does not answer\. Nothing was stored/);
      } finally {
        postgres.resume();
      }
      // The same processes go on when it is back.
      await ask('builder capacity builder3 7');
      await approve(/capacity of builder3 from 5 to 7/);
      await sees(KOJI, /capacity of builder3 from 5 to 7/, /Done, and checked/);
      expect(await statusOf('builder capacity builder3 6')).toBe(undefined);
    });

    it('outlives a restart of the database', async () => {
      await postgres.restart();
      await ask('builder capacity builder3 8');
      await approve(/capacity of builder3 from 7 to 8/);
      await sees(KOJI, /capacity of builder3 from 7 to 8/, /Done, and checked/);
      expect([web.child.exitCode, worker.child.exitCode]).toEqual([null, null]);
    });

    it('shows each request in one message when two web processes listen', async () => {
      const port = await freePort();
      const second = await start(
        'web',
        await changedConfig(webConfig.replace('web.yaml', 'steward.yaml'), 'web2', {
          hub: { ca: NOWHERE, cert: NOWHERE, key: NOWHERE },
          hosts: { privateKey: NOWHERE, knownHosts: NOWHERE },
          http: { port },
          log: { level: 'info' },
        }),
      );
      const first = site.slack.deliver.sent().length;
      expect(first).toBeGreaterThan(0);
      const lines = [20, 21, 22, 23, 24, 25].map((wanted) => `builder capacity koji-fedora28 ${wanted}`);
      for (const [index, line] of lines.entries()) {
        if (index === 3) site.slack.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
        await ask(line);
      }
      for (const [index] of lines.entries())
        await sees(ADMINS, new RegExp(`koji-fedora28 from 8 to 2${index}`), /\[Approve\]/);
      // Both look again for what is not shown every few seconds.
      await until(async () => (await stale()) === 0, PATIENCE_MS);
      for (const channel of [KOJI, ADMINS]) {
        for (const [index] of lines.entries()) {
          const same = shown(channel).filter(({ says }) =>
            says.includes(`koji-fedora28 from 8 to 2${index}`),
          );
          expect(same.map(({ ts }) => ts)).toHaveLength(1);
        }
      }
      await approve(/koji-fedora28 from 8 to 20/);
      const done = await sees(KOJI, /koji-fedora28 from 8 to 20/, /Done, and checked/);
      const replies = () => site.slack.thread(KOJI, done.ts).slice(1);
      await until(async () => replies().length > 0 && (await stale()) === 0, PATIENCE_MS);
      expect(replies()).toHaveLength(1);
      expect(await second.end()).toMatchObject({ code: 0 });
    });

    const stale = async (): Promise<number> =>
      (
        await database.query(
          'select p.request from steward.places p join steward.requests r on r.id = p.request where p.seq < r.seq',
        )
      ).rowCount ?? 0;

    it('ends both within five seconds of SIGTERM, with code 0', async () => {
      for (const one of [web, worker]) {
        const ended = await one.end();
        expect({ ...ended, log: ended.code === 0 ? '' : one.log() }).toMatchObject({ code: 0, log: '' });
        expect(ended.ms).toBeLessThan(5_000);
      }
    });
  },
);
