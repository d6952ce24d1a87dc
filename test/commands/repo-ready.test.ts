import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import repoLink from '../../commands/repo-link/command.ts';
import repoRetire from '../../commands/repo-retire/command.ts';
import repoUnlink from '../../commands/repo-unlink/command.ts';
import { newReposHowFar } from '../../commands/repositories/new-repos.ts';
import { createRegistry } from '../../src/core/registry.ts';
import type { Request } from '../../src/core/request.ts';
import { run } from '../../src/core/runner.ts';
import { viewOf } from '../../src/core/world.ts';
import { HOUR, MINUTE, makeClock } from '../core/support.ts';
import { Crash, onlyCrash, startMortal } from '../support/crash.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { pointsUpTo } from '../support/thorough.ts';

const { maria, adam, bea, carl } = PEOPLE;
const FOREMAN = 'foreman-nightly-el8-build';
const KATELLO = 'katello-nightly-el8-build';
/** Foreman's tag has it from then on, and Katello's below it. */
const LINE = `repo link el8-tools tag=${FOREMAN}`;
const { signal } = new AbortController();

describe.each(['1.20', '1.35'] as const)(
  'the new repositories of build tags, on a hub of version %s',
  (version) => {
    const clock = makeClock();
    let kernel: Kernel;
    let first: string;
    beforeAll(async () => {
      kernel = await startKernel({
        version,
        registry: createRegistry([repoLink, repoRetire, repoUnlink]),
        now: clock.now,
        hubWorld: ({ externalRepos, newRepos }) => {
          // Unless their fate is another, they have ended when they are looked at.
          Object.assign(newRepos, { openAfter: 0, endAfter: 0 });
          externalRepos.push({ id: 90, name: 'el8-tools', url: 'http://mirror.example.org/tools/' });
        },
      });
      const { externalRepos, tagExternalRepos, tasks, repos, newRepos } = kernel.hub.world;
      first = JSON.stringify({ externalRepos, tagExternalRepos, tasks, repos, newRepos });
    });
    afterAll(() => kernel?.close());
    beforeEach(async () => {
      clock.back();
      await kernel.hub.behave();
      Object.assign(kernel.hub.world, JSON.parse(first));
      kernel.hub.world.changes = [];
      kernel.hinted.length = 0;
    });

    const newRepos = (): readonly unknown[] =>
      kernel.hub.history().flatMap(({ method, args }) => (method === 'newRepo' ? [args[0]] : []));
    const fate = (how: 'failed' | 'free' | 'open', ...tags: readonly string[]): void => {
      kernel.hub.world.newRepos.fates = Object.fromEntries(tags.map((tag) => [tag, how]));
    };
    const task = (tag: string) => {
      const found = kernel.hub.world.tasks.findLast(
        ({ method, request }) => method === 'newRepo' && request === tag,
      );
      if (!found) throw new Error(`no task for ${tag}`);
      return found;
    };
    const step = ({ plan }: Request) => plan?.steps.find((now) => now.step.key.startsWith('ready:'));

    async function approved(line = LINE): Promise<string> {
      const { id } = await kernel.ask(maria, line);
      await kernel.say(bea, `approve ${id}`);
      return id;
    }
    /** Until its wait has been looked at for the first time. */
    async function waiting(): Promise<string> {
      const id = await approved();
      await kernel.settle();
      await later(id, 1_000);
      return id;
    }
    async function later(id: string, ms: number): Promise<Request> {
      clock.forward(ms);
      await kernel.sweep();
      await kernel.settle();
      return kernel.load(id);
    }

    it('are waited for side by side, as the plan says, and reported when all of them are ready', async () => {
      const asked = await kernel.ask(maria, LINE);
      const wait = step(asked);
      expect(wait?.step).toMatchObject({
        title: `Wait until the new repositories of ${FOREMAN}, ${KATELLO} are ready`,
        effect: { kind: 'wait', for: [`newrepo:${FOREMAN}`, `newrepo:${KATELLO}`], hours: 6 },
      });
      await kernel.say(bea, `approve ${asked.id}`);
      const done = await kernel.until(asked.id, 'succeeded', 'failed');
      expect([done.status, done.says]).toEqual(['succeeded', 'All 4 steps are done, and checked.']);
      expect(newRepos()).toEqual([FOREMAN, KATELLO]);
      expect(step(done)?.progress).toBe(
        `newRepo of ${FOREMAN}: task ${task(FOREMAN).id} is done; ${KATELLO}: task ${task(KATELLO).id} is done.`,
      );
      expect(done.answer).toMatchObject({
        verdict: 'ok',
        lines: [FOREMAN, KATELLO].map(
          (tag) => `Task ${task(tag).id} made the repository of ${tag} anew: builds use it now.`,
        ),
      });
    });

    it('one that fails: says which task and why when the others have ended, and `resume` makes it once more', async () => {
      fate('failed', KATELLO);
      const id = await approved();
      const failed = await kernel.until(id, 'succeeded', 'failed');
      const { id: number } = task(KATELLO);
      expect([failed.status, failed.says]).toEqual([
        'failed',
        `“Wait until the new repositories of ${FOREMAN}, ${KATELLO} are ready” failed: newRepo of ${KATELLO}: task ${number} failed ` +
          '(the hub says: createrepo for x86_64 ended with exit code 1). What was changed stays so, but builds in ' +
          `${KATELLO} go on with the old repository until a newRepo succeeds. kojira tries that by itself; \`resume\` makes it ` +
          'anew at once. 2 of 4 steps are done, and stay done.',
      ]);
      fate('failed');
      await kernel.say(maria, `resume ${id}`);
      const done = await kernel.until(id, 'succeeded', 'failed');
      expect([done.status, done.says]).toEqual(['succeeded', 'All 4 steps are done, and checked.']);
      expect(newRepos()).toEqual([FOREMAN, KATELLO, KATELLO]);
      expect(task(KATELLO).id).not.toBe(number);
    });

    // What becomes of tasks is the same on both.
    if (version === '1.20') return;

    describe('whatever becomes of them', () => {
      it('one that somebody cancels on the hub has failed, and says so', async () => {
        fate('open', FOREMAN, KATELLO);
        const id = await waiting();
        task(FOREMAN).state = 3;
        const still = await later(id, MINUTE);
        expect(still.status).toBe('running');
        expect(step(still)?.progress).toMatch(
          new RegExp(
            `^newRepo of ${FOREMAN}: task \\d+ was cancelled; ${KATELLO}: task \\d+ runs since \\d\\d:\\d\\d UTC.$`,
          ),
        );
        fate('open', FOREMAN);
        const failed = await later(id, MINUTE);
        expect([failed.status, failed.says]).toEqual([
          'failed',
          expect.stringMatching(
            /failed: newRepo of foreman-nightly-el8-build: task \d+ was cancelled\. What was changed/,
          ),
        ]);
      });

      it('a later task of another request says nothing of this one, however it ends', async () => {
        fate('open', FOREMAN, KATELLO);
        const id = await waiting();
        const { tasks, repos } = kernel.hub.world;
        const own = task(FOREMAN);
        tasks.push({ ...own, id: 9_000, createTs: own.createTs + 60, state: 5 });
        const still = await later(id, MINUTE);
        expect([still.status, step(still)?.progress]).toEqual([
          'running',
          expect.stringContaining(`task ${own.id} runs since`),
        ]);
        for (const one of [own, task(KATELLO)]) one.state = 2;
        expect(repos).toEqual(JSON.parse(first).repos);
        const done = await later(id, MINUTE);
        expect([done.status, done.says]).toEqual(['succeeded', 'All 4 steps are done, and checked.']);
      });

      it('one that no builder takes is not waited for for ever, and is no failure', async () => {
        fate('free', KATELLO);
        const id = await waiting();
        const soon = await later(id, 5 * HOUR);
        expect([soon.status, soon.waiting?.reason]).toEqual(['running', 'hub']);
        const late = await later(id, HOUR);
        expect([late.status, late.says]).toEqual([
          'succeeded',
          '3 of 4 steps are done, and checked. ' +
            `“Wait until the new repositories of ${FOREMAN}, ${KATELLO} are ready”: Not ended yet after 6 hours, so I wait no longer. ` +
            `newRepo of ${FOREMAN}: task ${task(FOREMAN).id} is done; ${KATELLO}: task ${task(KATELLO).id} waits for a builder.`,
        ]);
        expect(late.answer).toMatchObject({
          verdict: 'warn',
          lines: [
            expect.any(String),
            expect.stringMatching(
              /waits for a builder\. Builds see the change when it is done: `koji watch-task/,
            ),
          ],
        });
      });

      it('one that only a person says was begun is not taken for an older one of another request', async () => {
        const earlier = await kernel.until(await approved(), 'succeeded');
        const again = earlier.plan?.steps.find(({ step: { key } }) => key === `newrepo:${KATELLO}`)?.step;
        if (!again) throw new Error('no newRepo');
        const at = new Date(task(KATELLO).createTs * 1000 + 30 * MINUTE);
        const view = viewOf(kernel.work.world, maria, at, signal);
        const says = (isSure: boolean) => newReposHowFar([{ step: again, at, isSure }], view);
        expect(await says(false)).toEqual({
          kind: 'goes-on',
          says: `newRepo of ${KATELLO}: the hub shows no task for it.`,
        });
        // What the hub answered can only be the newest one, and a clock is wrong.
        expect((await says(true)).says).toContain(`task ${task(KATELLO).id} is done`);
      });

      it('a newer one that kojira made is as good', async () => {
        fate('free', KATELLO);
        const id = await waiting();
        kernel.hub.world.repos.push({ id: 7, tagId: 4, createTs: task(KATELLO).createTs - 5 });
        expect((await later(id, MINUTE)).status).toBe('running');
        kernel.hub.world.repos.push({ id: 8, tagId: 4, createTs: task(KATELLO).createTs + 5 });
        const done = await later(id, MINUTE);
        expect([done.status, step(done)?.progress]).toEqual([
          'succeeded',
          expect.stringContaining(`${KATELLO}: a newer one, of another task, is ready.`),
        ]);
      });

      it('a hub that is away meanwhile is waited for, and said once', async () => {
        fate('open', KATELLO);
        const id = await waiting();
        await kernel.hub.misbehave({ kind: 'down' });
        for (let times = 0; times < 3; times++) await later(id, MINUTE);
        const away = await kernel.load(id);
        expect([away.status, step(away)?.progress]).toEqual([
          'running',
          expect.stringMatching(/^How far it is cannot be seen now\. .* I look again by myself\.$/),
        ]);
        const says = (await kernel.store.requests.events(id)).filter(({ type }) => type === 'step-progress');
        expect(says).toHaveLength(2);
        await kernel.hub.behave();
        fate('open');
        expect((await later(id, MINUTE)).status).toBe('succeeded');
      });

      it('what is new of them is said once a minute at most, and nothing only because time passes', async () => {
        fate('free', FOREMAN, KATELLO);
        const id = await waiting();
        const count = async (): Promise<number> => (await kernel.store.requests.events(id)).length;
        const before = await count();
        for (let times = 0; times < 6; times++) await later(id, 15_000);
        expect(await count()).toBe(before);
        // The first is new after a while; what follows at once has to wait.
        fate('open', FOREMAN, KATELLO);
        expect(step(await later(id, 15_000))?.progress).toMatch(
          /foreman\S+ task \d+ runs since .*katello\S+ task \d+ runs since/,
        );
        task(KATELLO).state = 3;
        expect(step(await later(id, 15_000))?.progress).not.toContain('cancelled');
        expect(step(await later(id, MINUTE))?.progress).toContain('was cancelled');
        expect(await count()).toBe(before + 2);
      });

      it('nobody holds a lock for them, and a freeze does not keep them from being looked at', async () => {
        fate('open', KATELLO);
        const id = await waiting();
        expect(await kernel.store.locks.all()).toEqual([]);
        await kernel.say(bea, 'freeze because=upgrade');
        fate('open');
        const frozen = await later(id, MINUTE);
        expect([step(frozen)?.state, frozen.waiting?.reason]).toEqual(['done', 'frozen']);
        await kernel.say(bea, 'thaw');
        expect((await later(id, MINUTE)).status).toBe('succeeded');
      });

      it('`cancel` ends the wait at once, and says what goes on', async () => {
        fate('open', KATELLO);
        const id = await waiting();
        const said = await kernel.say(maria, `cancel ${id}`);
        expect(said).toMatchObject({
          reply: {
            tone: 'good',
            title: expect.stringMatching(
              new RegExp(
                `^${id} waits no longer. What the hub is at goes on there: newRepo of .*${KATELLO}: task \\d+ runs since`,
              ),
            ),
          },
        });
        fate('open');
        const ended = await later(id, MINUTE);
        expect(ended.status).toBe('cancelled');
        expect(await kernel.say(maria, `undo ${id}`)).toMatchObject({ kind: 'request' });
      });

      it('are made once, and after all else, where `undo` takes the repository from several tags', async () => {
        const { id } = await kernel.until(await approved(`${LINE},${KATELLO}`), 'succeeded', 'failed');
        const undo = await kernel.ask(maria, `undo ${id}`);
        expect(undo.plan?.steps.map(({ step }) => step.key)).toEqual([
          `unlink:${KATELLO}:el8-tools`,
          `unlink:${FOREMAN}:el8-tools`,
          `newrepo:${KATELLO}`,
          `ready:${KATELLO}`,
          `newrepo:${FOREMAN}`,
          `ready:${FOREMAN},${KATELLO}`,
        ]);
        kernel.hub.world.changes = [];
        await kernel.say(bea, `approve ${undo.id}`);
        expect((await kernel.until(undo.id, 'succeeded', 'failed')).status).toBe('succeeded');
        expect(newRepos()).toEqual([KATELLO, FOREMAN]);
      });

      it('need no other yes when the hub did only half of what makes them needed, and nobody heard of it', async ({
        onTestFinished,
      }) => {
        const { world } = kernel.hub;
        const steward = world.users.find(({ name }) => name === 'steward');
        steward?.permissions.push('admin');
        onTestFinished(() => void steward?.permissions.pop());
        const [foreman = 0, katello = 0] = [FOREMAN, KATELLO].map(
          (tag) => world.tags.find(({ name }) => name === tag)?.id,
        );
        const link = { repoId: 90, priority: 50, mergeMode: 'koji', arches: null };
        world.tagExternalRepos = [foreman, katello].map((tagId) => ({ ...link, tagId }));
        const retire = await kernel.ask(bea, 'repo retire el8-tools');
        expect([retire.status, retire.says]).toEqual(['planned', retire.says]);
        for (const who of [adam, carl]) await kernel.say(who, `approve ${retire.id}`);
        const mortal = startMortal(kernel, /^after hub removeExternalRepoFromTag/);
        await expect(run(retire.id, mortal.work, signal)).rejects.toThrow(Crash);
        expect(world.tagExternalRepos).toEqual([]);
        world.tagExternalRepos = [{ ...link, tagId: katello }];
        await kernel.lapse();
        const done = await kernel.until(retire.id, 'succeeded', 'failed', 'planned');
        expect([done.status, done.plan?.n, done.says]).toEqual([
          'succeeded',
          1,
          expect.stringMatching(/^All 6 steps are done/),
        ]);
        expect(world.tagExternalRepos).toEqual([]);
        expect(newRepos().toSorted()).toEqual([FOREMAN, KATELLO]);
      });

      it('are made once each and waited for, wherever the worker dies', async () => {
        const through = async (id: string, work: Kernel['work']): Promise<void> => {
          for (let tries = 0; tries < 100; tries++) {
            await run(id, work, signal);
            if ((await kernel.load(id)).status !== 'running') return;
            await new Promise((resolve) => setTimeout(resolve, 30));
          }
        };
        const dry = startMortal(kernel, 0);
        await through(await approved(), dry.work);
        expect(dry.crossings).toContain('before hub listTasks');
        for (const at of pointsUpTo(dry.crossings.length, 6)) {
          Object.assign(kernel.hub.world, JSON.parse(first));
          kernel.hub.world.changes = [];
          const id = await approved();
          const mortal = startMortal(kernel, at);
          await through(id, mortal.work).catch(onlyCrash);
          await kernel.lapse();
          await through(id, kernel.work);
          const where = mortal.crossings.at(-1);
          expect([where, (await kernel.load(id)).status, newRepos()]).toEqual([
            where,
            'succeeded',
            [FOREMAN, KATELLO],
          ]);
        }
      });
    });
  },
);
