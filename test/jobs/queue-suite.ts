import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type JobQueue, openQueue } from '../../jobs/queue.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { quietLog, stopped, until } from '../support/process.ts';
import { noRedis, startRedis, type TestRedis } from '../support/redis.ts';

const MISSING = { pglite: null, postgres: noPostgres, redis: noRedis };

/** What the queue does, whatever it runs on. */
export function describeQueue(kind: 'pglite' | 'postgres' | 'redis'): void {
  const missing = MISSING[kind];
  const title = `the queue on ${kind}${missing === null ? '' : ` (skipped: ${missing})`}`;
  describe.skipIf(missing !== null)(title, () => {
    let postgres: TestPostgres | undefined;
    let redis: TestRedis | undefined;
    let url: string | undefined;
    let database: Database;
    let dir = '';
    const queues: JobQueue[] = [];
    const log = quietLog();
    let prefixes = 0;

    const openData = async (): Promise<Database> => openDatabase({ url, dir, log });
    const open = async (prefix = `t${++prefixes}`): Promise<JobQueue> => {
      const queue = await openQueue({ redisUrl: redis?.url, database, log, prefix });
      queues.push(queue);
      return queue;
    };

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'steward-queue-'));
      if (kind === 'postgres') postgres = await startPostgres();
      if (kind === 'redis') redis = await startRedis();
      url = await postgres?.fresh();
      database = await openData();
    });
    afterEach(async () => {
      await Promise.all(queues.splice(0).map((queue) => queue.close()));
    });
    afterAll(async () => {
      await database.close();
      await postgres?.stop();
      await redis?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    it('carries a request and a round to the worker of that kind', async () => {
      const queue = await open();
      const seen: unknown[] = [];
      const take = async (hint: unknown): Promise<void> => void seen.push(hint);
      await queue.work('plan', take, { concurrency: 2 });
      expect(await queue.hints.send({ kind: 'plan', request: 'r1', round: 3 })).toBe(true);
      expect(await queue.hints.send({ kind: 'run', request: 'r2', round: 1 })).toBe(true);
      await until(() => seen.length > 0);
      expect(seen).toEqual([{ request: 'r1', round: 3 }]);
      await until(async () => (await queue.depth()).plan === 0);
      expect(await queue.depth()).toEqual({ plan: 0, run: 1, announce: 0 });
    });

    it('takes a hint once however often it is sent before, and again when it is sent after', async () => {
      const queue = await open();
      const hint = { kind: 'run', request: 'r1', round: 1 } as const;
      for (let n = 0; n < 3; n++) expect(await queue.hints.send(hint)).toBe(true);
      let runs = 0;
      let finish: () => void = () => undefined;
      await queue.work(
        'run',
        () =>
          new Promise((resolve) => {
            runs++;
            finish = resolve;
          }),
        { concurrency: 2 },
      );
      await until(() => runs === 1);
      await queue.hints.send(hint);
      expect((await queue.depth()).run).toBe(1);
      finish();
      await until(async () => (await queue.depth()).run === 0);
      await queue.hints.send(hint);
      await until(() => runs === 2);
      finish();
    });

    it('holds a hint back until its time, unless it is wanted now', async () => {
      const queue = await open();
      const at: Record<string, number> = {};
      await queue.work(
        'run',
        async ({ request }) => {
          at[request] = Date.now();
        },
        { concurrency: 2 },
      );
      const start = Date.now();
      await queue.hints.send({ kind: 'run', request: 'soon', round: 1, delayMs: 700 });
      await queue.hints.send({ kind: 'run', request: 'late', round: 1, delayMs: 3_600_000 });
      await until(() => at.soon !== undefined);
      expect((at.soon ?? 0) - start).toBeGreaterThanOrEqual(650);
      expect(at.late).toBeUndefined();
      await queue.hints.send({ kind: 'run', request: 'late', round: 1 });
      await until(() => at.late !== undefined, 5_000);
    });

    it('ends a job whose error holds what no database takes, and can be sent it again', async () => {
      const queue = await open();
      let runs = 0;
      await queue.work(
        'run',
        async () => {
          runs++;
          throw new Error('a\0b \ud800');
        },
        { concurrency: 1 },
      );
      const hint = { kind: 'run', request: 'r\0\ud8001', round: 1 } as const;
      expect(await queue.hints.send(hint)).toBe(true);
      await until(() => runs === 1);
      await until(async () => (await queue.depth()).run === 0);
      await queue.hints.send(hint);
      await until(() => runs === 2);
      expect(log.said.join('\n')).toContain('a job failed');
    });

    it('tells a handler to stop, waits for it, and leaves the hint to the next worker', async () => {
      const queue = await open('shared');
      let ended = false;
      const first = await queue.work(
        'run',
        async (_hint, signal) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          await new Promise((resolve) => setTimeout(resolve, 50));
          ended = true;
        },
        { concurrency: 1 },
      );
      await queue.hints.send({ kind: 'run', request: 'r1', round: 1 });
      await until(async () => (await queue.depth()).run === 1);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await first.close();
      expect(ended).toBe(true);
      const seen: string[] = [];
      await queue.work('run', async ({ request }) => void seen.push(request), { concurrency: 1 });
      await until(() => seen.length > 0, 5_000);
      expect(seen).toEqual(['r1']);
    });

    it('goes on within 10 s with the hint of a worker that was killed', async () => {
      if (kind === 'pglite') await database.close();
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', fileURLToPath(new URL('./queue-child.ts', import.meta.url))],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: {
            ...process.env,
            TEST_SEND: 'r7',
            TEST_DIR: dir,
            ...(url === undefined ? {} : { TEST_DATABASE_URL: url }),
            // The queue's server is enough for the child of Redis; its database is not looked at.
            ...(redis === undefined ? {} : { TEST_REDIS_URL: redis.url, TEST_DIR: ':memory:' }),
          },
        },
      );
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += String(chunk);
      });
      await until(() => said.includes('has r7'), 25_000);
      child.kill('SIGKILL');
      await stopped(child);
      const killed = Date.now();
      if (kind === 'pglite') database = await openData();
      const queue = await open('steward');
      const seen: string[] = [];
      await queue.work('run', async ({ request }) => void seen.push(request), { concurrency: 1 });
      await until(() => seen.includes('r7'), 20_000);
      expect(Date.now() - killed).toBeLessThan(10_000 + (kind === 'pglite' ? 3_000 : 0));
    }, 60_000);

    it('says what it runs on', async () => {
      const findings = await (await open()).examine();
      expect(findings.map(({ name }) => name)).toContain('version');
      expect(findings.every(({ ok }) => ok)).toBe(true);
    });

    if (kind === 'redis')
      it('answers within 1.2 s while Redis is down or hangs, and recovers', async () => {
        const queue = await open();
        const seen: string[] = [];
        await queue.work('run', async ({ request }) => void seen.push(request), { concurrency: 1 });
        await queue.hints.send({ kind: 'run', request: 'before', round: 1 });
        await until(() => seen.includes('before'));
        const ask = async (): Promise<boolean> => {
          const start = Date.now();
          const taken = await queue.hints.send({ kind: 'run', request: 'while', round: 1 });
          expect(Date.now() - start).toBeLessThan(1_300);
          return taken;
        };
        redis?.pause();
        expect(await ask()).toBe(false);
        await expect(queue.depth()).rejects.toThrow('The queue does not answer');
        redis?.resume();
        await redis?.kill();
        expect(await ask()).toBe(false);
        expect((await queue.examine())[0]).toMatchObject({ ok: false });
        await redis?.start();
        await until(() => ask());
        await until(() => seen.includes('while'));
      }, 40_000);

    if (kind === 'redis')
      it('starts while Redis is away, and works once it is there', async () => {
        await redis?.kill();
        const queue = await open();
        const seen: string[] = [];
        await queue.work('run', async ({ request }) => void seen.push(request), { concurrency: 1 });
        expect(await queue.hints.send({ kind: 'run', request: 'r1', round: 1 })).toBe(false);
        await redis?.start();
        await until(() => queue.hints.send({ kind: 'run', request: 'r1', round: 1 }));
        await until(() => seen.includes('r1'));
      }, 40_000);

    if (kind === 'redis')
      it('stops a handler whose job was lost to FLUSHALL, and takes the same hint again', async () => {
        const queue = await open();
        let runs = 0;
        let aborted = 0;
        await queue.work(
          'run',
          async (_hint, signal) => {
            runs++;
            if (runs > 1) return;
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            aborted++;
          },
          { concurrency: 2 },
        );
        const hint = { kind: 'run', request: 'r1', round: 1 } as const;
        await queue.hints.send(hint);
        await until(() => runs === 1);
        await redis?.command('FLUSHALL');
        await until(() => aborted === 1);
        expect(await queue.hints.send(hint)).toBe(true);
        await until(() => runs === 2);
      }, 30_000);

    if (kind === 'redis')
      it('refuses a Redis that may throw jobs away', async () => {
        await redis?.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
        await expect(open()).rejects.toThrow('maxmemory-policy is allkeys-lru');
        await redis?.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      });

    if (kind === 'postgres')
      it('answers within 1.2 s while PostgreSQL hangs, and outlives its restart', async () => {
        const queue = await open();
        const seen: string[] = [];
        await queue.work('run', async ({ request }) => void seen.push(request), { concurrency: 1 });
        await queue.hints.send({ kind: 'run', request: 'before', round: 1 });
        await until(() => seen.includes('before'));
        postgres?.pause();
        const start = Date.now();
        expect(await queue.hints.send({ kind: 'run', request: 'hang', round: 1 })).toBe(false);
        expect(Date.now() - start).toBeLessThan(1_300);
        postgres?.resume();
        await postgres?.restart();
        await until(() => queue.hints.send({ kind: 'run', request: 'after', round: 1 }));
        await until(() => seen.includes('after'));
      }, 40_000);
  });
}
