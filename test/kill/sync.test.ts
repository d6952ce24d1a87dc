import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noSshd } from '../../sandbox/hosts/sshd.ts';
import { hasCurl } from '../../sandbox/mirror/mirror.ts';
import type { Request } from '../../src/core/request.ts';
import type { World } from '../../src/core/world.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type RepoSite, startRepoSite } from '../support/repo-site.ts';

const { maria, adam, bea } = PEOPLE;
const TAG = 'foreman-nightly-el8-build';
const LINE = `repo add epel10 from="os=http://mirror.example.org/os/$arch/" tag=${TAG}`;
const missing = hasCurl ? noSshd() : 'no curl here';

/** When a connection dies: while a call is at work. */
type Moment = 'look' | 'entry' | 'start' | 'poll';

describe.skipIf(missing !== null)(
  `repo add over a real sshd${missing ? ` (skipped: ${missing})` : ''}`,
  { timeout: 120_000 },
  () => {
    let site: RepoSite;
    let dies: Moment | null = null;
    let cuts = 0;
    let askers = 0;
    const at = (path: string): string => join(site.root, path);
    const jobs = (): string => at('var/lib/steward-jobs/mrepo/runs');
    const runs = (): readonly string[] => (existsSync(jobs()) ? readdirSync(jobs()) : []);

    beforeAll(async () => {
      site = await startRepoSite(
        { announce: { audience: 'packagers' } },
        { sshd: true, through: (world) => cutting(world) },
      );
    });
    afterAll(() => site?.close());
    beforeEach(() => {
      site.reset();
      dies = null;
      cuts = 0;
    });

    /** Kills the connection's processes when this moment is there, while the call waits for its answer. */
    async function during<T>(moment: Moment, call: Promise<T>, isThere: () => boolean): Promise<T> {
      // What is cut off again and again is tried again less and less often.
      if (dies !== moment || cuts >= (moment === 'poll' ? 1 : 2)) return call;
      let over = false;
      const ended = call.finally(() => {
        over = true;
      });
      ended.catch(() => undefined);
      while (!over && !isThere()) await pause(2);
      cuts += site.cut();
      return ended;
    }

    function cutting({ hostReader, hostWriter, hostJobs, ...world }: World): World {
      // When it is on its way: the call itself, and not its connection.
      const soon = (): (() => boolean) => {
        const begun = Date.now();
        return () => Date.now() - begun > 40;
      };
      return {
        ...world,
        hostReader: {
          names: () => hostReader.names(),
          read: (host, script, args, options) =>
            during('look', hostReader.read(host, script, args, options), soon()),
        },
        hostWriter: {
          run: (host, script, args, options) => {
            const before = site.config();
            return during(
              'entry',
              hostWriter.run(host, script, args, options),
              () => site.config() !== before,
            );
          },
        },
        hostJobs: {
          ...hostJobs,
          start: (run, script, args, signal) =>
            during('start', hostJobs.start(run, script, args, signal), () =>
              existsSync(join(jobs(), run.run, 'began')),
            ),
          poll: (run, offset, most, signal) =>
            during('poll', hostJobs.poll(run, offset, most, signal), soon()),
        },
      };
    }

    /** Asks and gets the yes; what comes then is up to the caller. */
    async function approved(): Promise<string> {
      // Each of them would be one too many for one person and minute.
      const asked = await site.kernel.ask({ ...maria, id: `maria${askers++}` }, LINE);
      const request = await site.kernel.until(asked.id, 'planned', 'refused', 'failed');
      expect([request.status, request.says]).toEqual(['planned', request.says]);
      await site.kernel.say(bea, `approve ${request.id}`);
      return request.id;
    }
    async function ends(id: string): Promise<Request> {
      for (let tries = 0; tries < 6; tries++)
        try {
          return await site.kernel.until(id, 'succeeded', 'failed', 'unknown');
        } catch (error) {
          if (tries === 5) throw error;
        }
      throw new Error('not reached');
    }
    async function onceInAll(id: string): Promise<void> {
      expect(site.config().match(/^\[epel10\]$/gm)).toHaveLength(1);
      expect(site.calls().map((call) => call.split(' ')[0])).toEqual([
        'createExternalRepo',
        'addExternalRepoToTag',
        'newRepo',
        'newRepo',
      ]);
      const told = await site.kernel.store.notices.pending(100);
      expect(told.filter(({ notice }) => notice.key.startsWith(`${id}:`))).toHaveLength(1);
    }

    describe('whose process that serves the connection is killed', () => {
      it.each(['look', 'entry', 'start', 'poll'] as const)(
        'while a %s is at work: all of it is done once',
        async (moment) => {
          site.sandbox.upstream?.behave({ slowMs: 500 });
          const before = runs().length;
          if (moment === 'look') dies = moment;
          const id = await approved();
          dies = moment;
          const ended = await ends(id);
          expect([ended.status, ended.says]).toEqual([
            'succeeded',
            expect.stringMatching(/^All \d+ steps are done, and checked/),
          ]);
          expect(cuts).toBeGreaterThan(0);
          expect(runs().length).toBe(Math.min(before + 1, 5));
          await onceInAll(id);
        },
      );
    });

    describe('whose sync is killed, and all that it started', () => {
      it.each(['count', 'sync', 'check'] as const)(
        'in its phase “%s”: the request says so, and a resume does the rest, each thing once',
        async (phase) => {
          site.sandbox.upstream?.behave({ slowMs: 300 });
          const before = new Set(runs());
          const id = await approved();
          await site.kernel.settle();
          const run = runs().find((name) => !before.has(name)) ?? '';
          await killIn(phase, run);
          const failed = await ends(id);
          expect([failed.status, failed.says]).toEqual([
            'failed',
            expect.stringMatching(/^“Sync epel10 on mirror.*failed: mirror: .*1 of \d+ steps is done/s),
          ]);
          expect(failed.plan?.steps.map(({ state }) => state).slice(0, 3)).toEqual([
            'done',
            'failed',
            'todo',
          ]);
          expect(site.calls()).toEqual([]);
          await site.kernel.say(adam, `resume ${id}`);
          const resumed = await ends(id);
          expect([resumed.status, resumed.says]).toEqual([
            'succeeded',
            expect.stringMatching(/^All \d+ steps are done, and checked/),
          ]);
          await onceInAll(id);
        },
      );
    });

    /** `kill -9` of the job's whole group as soon as its log says that it is there. */
    async function killIn(phase: string, run: string): Promise<void> {
      const log = join(jobs(), run, 'log');
      for (let tries = 0; tries < 10_000; tries++) {
        if (existsSync(log) && readFileSync(log, 'utf8').includes(`phase ${phase}`)) {
          const group = Number(readFileSync(join(jobs(), run, 'began'), 'utf8').split(' ')[0]);
          process.kill(-group, 'SIGKILL');
          expect(existsSync(join(jobs(), run, 'code'))).toBe(false);
          return;
        }
        await pause(2);
      }
      throw new Error(`never in its phase ${phase}`);
    }
  },
);
