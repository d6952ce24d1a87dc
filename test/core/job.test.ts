import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostJobs } from '../../src/core/ports.ts';
import { run } from '../../src/core/runner.ts';
import { onlyCrash, startMortal } from '../support/crash.ts';
import { PEOPLE } from '../support/kernel.ts';
import { pointsUpTo, thorough } from '../support/thorough.ts';
import { handStep, type JobBench, jobStep, startJobBench } from './job-bench.ts';
import { MINUTE, told } from './support.ts';

const { maria, adam } = PEOPLE;

let bench: JobBench;
/** Stands in for the real host where a test says so. */
let pretend: HostJobs | null = null;
beforeAll(async () => {
  bench = await startJobBench({
    through: (world) => ({
      ...world,
      hostJobs: {
        start: (...call) => (pretend ?? world.hostJobs).start(...call),
        poll: (...call) => (pretend ?? world.hostJobs).poll(...call),
        stop: (...call) => (pretend ?? world.hostJobs).stop(...call),
      },
    }),
  });
});
afterAll(() => bench.close());
beforeEach(() => {
  pretend = null;
  bench.steps.now = (tag) => [jobStep(tag)];
});

const load = (id: string) => bench.kernel.load(id);
const types = async (id: string) => (await bench.kernel.store.requests.events(id)).map((event) => event.type);
const card = async (id: string) => {
  const drawn = await bench.kernel.desk.card(id);
  if (!drawn) throw new Error(`no ${id}`);
  return drawn;
};
const say = async (who: (typeof PEOPLE)[keyof typeof PEOPLE], line: string) =>
  told(await bench.kernel.say(who, line));

describe('a job', () => {
  it('is started, watched while it runs, and done when it ends well', async () => {
    const id = await bench.approved('mirror sync one');
    await bench.kernel.settle();
    expect(await load(id)).toMatchObject({ status: 'running', waiting: { reason: 'job' } });
    expect((await card(id)).line).toBe('“Sync one” runs on mirror.');
    await bench.later(2_000);
    expect((await card(id)).steps[0]?.says).toBe('1 of 4 packages.');
    bench.end('one', 0);
    expect(await bench.becomes(id, 'succeeded')).toMatchObject({ says: 'Done, and checked.' });
    expect(bench.ran('one')).toBe(1);
    expect(await types(id)).toEqual([
      'asked',
      'planned',
      'approved',
      'started',
      'step-started',
      'waiting',
      'step-progress',
      'step-done',
      'succeeded',
    ]);
    expect(await bench.kernel.store.locks.all()).toEqual([]);
  });

  it('keeps the locks of its request while no worker holds them', async () => {
    const [one, two] = [await bench.approved('mirror sync a1'), await bench.approved('mirror sync a2')];
    await bench.kernel.settle();
    expect((await bench.kernel.store.locks.all()).map((lock) => lock.owner)).toEqual([one, one]);
    expect((await load(two)).waiting?.says).toBe(`${one} comes first on mrepo; this one is next in line.`);
    bench.end('a1', 0);
    bench.end('a2', 0);
    await bench.becomes(one, 'succeeded');
    await bench.becomes(two, 'succeeded');
    expect([bench.ran('a1'), bench.ran('a2')]).toEqual([1, 1]);
  });

  it('that fails says so with the last lines of its log, and a resume starts another run', async () => {
    const id = await bench.approved('mirror sync bad');
    await bench.kernel.settle();
    bench.end('bad', 3);
    const failed = await bench.becomes(id, 'failed');
    expect(failed.says).toBe('“Sync bad” failed: mirror: got 1 of 4 / last words of bad (exit code 3)');
    await say(maria, `resume ${id}`);
    await bench.kernel.settle();
    bench.end('bad', 0);
    await bench.becomes(id, 'succeeded');
    expect(bench.ran('bad')).toBe(2);
  });

  it('is stopped by cancel, and its last words are kept', async () => {
    const id = await bench.approved('mirror sync stop');
    await bench.kernel.settle();
    await bench.later(2_000);
    expect(await say(adam, `cancel ${id} because=wrong tag`)).toContain('is told to stop');
    await bench.kernel.settle();
    const ended = await bench.becomes(id, 'cancelled');
    expect(ended).toMatchObject({ says: 'wrong tag', decidedBy: { id: 'adam' } });
    expect(ended.plan?.steps[0]).toMatchObject({ state: 'failed' });
    expect((await card(id)).line).toBe(
      'Cancelled by adam: wrong tag. “Sync stop” was begun and not finished.',
    );
    expect(ended.plan?.steps[0]?.says).toContain('Stopped by adam; the log says: ');
    expect(ended.plan?.steps[0]?.says).toContain('stopped: half of it is there (exit code 9)');
    expect(await bench.kernel.store.locks.all()).toEqual([]);
  });

  it('that wants another plan gets one, and a new yes where that is different', async () => {
    const id = await bench.approved('mirror sync again');
    await bench.kernel.settle();
    bench.steps.now = (tag) => [jobStep(tag, { title: `Sync ${tag}`, key: 'other' }), handStep('a disk')];
    bench.end('again', 75);
    const asked = await bench.becomes(id, 'planned');
    expect(asked).toMatchObject({ plan: { n: 2 } });
    await say(adam, `approve ${id} plan=2`);
    await bench.kernel.settle();
    bench.end('again', 0);
    bench.steps.now = (tag) => [jobStep(tag)];
    expect((await bench.becomes(id, 'succeeded')).plan?.steps.map((now) => now.state)).toEqual([
      'done',
      'done',
    ]);
    expect(bench.ran('again')).toBe(2);
  });

  it('that was lost before wants another plan all the same; only who wants that again and again is not believed', async () => {
    const id = await bench.approved('mirror sync often');
    for (let times = 0; times < 2; times++) {
      await bench.kernel.settle();
      bench.end('often', 1);
      await bench.becomes(id, 'failed');
      await say(adam, `resume ${id}`);
    }
    for (let times = 0; times < 3; times++) {
      await bench.kernel.settle();
      expect((await load(id)).status).toBe('running');
      bench.end('often', 75);
      await bench.ended('often', 3 + times);
      await bench.later(15_000);
    }
    expect((await bench.becomes(id, 'failed')).says).toContain('it was begun 3 times, and says again:');
    expect(bench.ran('often')).toBe(5);
  });

  it('goes on and is watched while everything is frozen', async () => {
    const id = await bench.approved('mirror sync cold');
    await bench.kernel.settle();
    await say(adam, 'freeze because=stop');
    bench.end('cold', 0);
    expect((await bench.becomes(id, 'succeeded')).status).toBe('succeeded');
    await say(adam, 'thaw');
  });

  it('is watched again when its host comes back, and until then its card says since when it is not seen', async () => {
    const id = await bench.approved('mirror sync far');
    await bench.kernel.settle();
    await bench.later(2_000);
    await bench.rig.sandbox.misbehave('mirror', 'down');
    for (let n = 0; n < 4; n++) await bench.later(5 * MINUTE);
    expect((await load(id)).status).toBe('running');
    expect((await card(id)).steps[0]?.says).toMatch(
      /^Not seen since \d\d:\d\d UTC; it goes on by itself\. Nothing listens/,
    );
    await bench.rig.sandbox.heal('mirror');
    bench.end('far', 0);
    await bench.becomes(id, 'succeeded');
    expect(bench.ran('far')).toBe(1);
  });
});

describe('a job that nobody can ask any more', () => {
  it('is said to be lost after a reboot, with what it said last; a resume begins another run', async () => {
    const id = await bench.approved('mirror sync reboot');
    await bench.kernel.settle();
    await bench.later(2_000);
    bench.rig.sandbox.world('mirror').endJobs();
    const failed = await bench.becomes(id, 'failed');
    expect(failed.says).toBe(
      '“Sync reboot” failed: mirror: it ended, and how nobody knows: a reboot, or it was killed. It said last: got 1 of 4',
    );
    expect(await bench.kernel.store.locks.all()).toEqual([]);
    await say(maria, `resume ${id}`);
    await bench.kernel.settle();
    bench.end('reboot', 0);
    await bench.becomes(id, 'succeeded');
    expect(bench.ran('reboot')).toBe(2);
  });

  it('and does not end when it is told to, is killed after a minute, which is said', async () => {
    const told: string[] = [];
    const look = { kind: 'seen', code: null, size: 0, forMs: 1_000, log: new Uint8Array() } as const;
    pretend = {
      start: async () => ({ kind: 'runs' }),
      stop: async (_run, how) => {
        told.push(how);
        return how === 'KILL' ? 'stopped' : 'running';
      },
      poll: async () => ({ ...look, state: told.includes('KILL') ? 'lost' : 'running' }),
    };
    const id = await bench.approved('mirror sync deaf');
    await bench.kernel.settle();
    await say(adam, `cancel ${id}`);
    await bench.kernel.settle();
    await bench.later(30_000);
    expect(new Set(told)).toEqual(new Set(['TERM']));
    await bench.later(61_000);
    expect((await load(id)).status).toBe('cancelled');
    expect((await load(id)).plan?.steps[0]?.says).toContain(
      'did not end when it was told to, so it was killed.',
    );
  });

  it('is let go half an hour after somebody wanted it to stop, and that it may still run is said', async () => {
    const id = await bench.approved('mirror sync gone');
    await bench.kernel.settle();
    await bench.rig.sandbox.misbehave('mirror', 'down');
    await say(maria, `cancel ${id}`);
    await bench.kernel.settle();
    expect((await load(id)).status).toBe('running');
    expect((await card(id)).line).toBe('Is being stopped: maria asked for that.');
    for (let n = 0; n < 8; n++) await bench.later(6 * MINUTE);
    const ended = await load(id);
    expect(ended.status).toBe('cancelled');
    expect(ended.plan?.steps[0]?.says).toContain(
      'did not answer for half an hour: it may still be running there',
    );
    await bench.rig.sandbox.heal('mirror');
    bench.rig.sandbox.world('mirror').endJobs();
  });

  it('is still the one of its name: another waits, and says for what', async () => {
    const id = await bench.approved('mirror sync first');
    await bench.kernel.settle();
    // Its locks are lost, as if the bot had been away for hours.
    await bench.kernel.store.locks.release(id);
    const other = await bench.approved('mirror sync second');
    await bench.kernel.settle();
    expect((await load(other)).waiting?.says).toMatch(
      new RegExp(`^Another run of mrepo goes on on mirror \\(${id}-[0-9a-f]{16}\\)`),
    );
    bench.end('first', 0);
    bench.end('second', 0);
    await bench.becomes(id, 'succeeded');
    await bench.becomes(other, 'succeeded');
    expect([bench.ran('first'), bench.ran('second')]).toEqual([1, 1]);
  });

  it('was never begun when the host that should begin it is down, and is begun when it is back', async () => {
    await bench.rig.sandbox.misbehave('mirror', 'down');
    const id = await bench.approved('mirror sync early');
    await bench.kernel.settle();
    expect(await load(id)).toMatchObject({ waiting: { reason: 'unavailable' } });
    expect((await load(id)).plan?.steps[0]?.state).toBe('todo');
    await bench.rig.sandbox.heal('mirror');
    bench.end('early', 0);
    await bench.becomes(id, 'succeeded');
    expect(bench.ran('early')).toBe(1);
  });

  it('because of a bug of ours is left alone and watched on, and the bug is logged', async () => {
    const id = await bench.approved('mirror sync bug');
    await bench.kernel.settle();
    pretend = {
      start: async () => ({ kind: 'runs' }),
      stop: async () => 'unseen',
      poll: async () => {
        throw new TypeError('a bug');
      },
    };
    await bench.later(2_000);
    expect(await load(id)).toMatchObject({ status: 'running', waiting: { reason: 'job' } });
    expect(bench.kernel.log.lines.filter((line) => line.includes('run failed'))).toHaveLength(1);
    await bench.later(30_000);
    expect(bench.kernel.log.lines.filter((line) => line.includes('run failed'))).toHaveLength(1);
    pretend = null;
    bench.end('bug', 0);
    await bench.becomes(id, 'succeeded');
    expect(bench.ran('bug')).toBe(1);
  });
});

describe('a thing that a person does', () => {
  it('is waited for without locks, and done when somebody with the role says so or the world does', async () => {
    const left = new Set(['a', 'b', 'c']);
    bench.steps.now = () => [...left].map(handStep);
    const id = await bench.approved('mirror sync hands');
    await bench.kernel.settle();
    expect(await load(id)).toMatchObject({ status: 'running', waiting: { reason: 'hand' } });
    expect(await bench.kernel.store.locks.all()).toEqual([]);
    expect((await card(id)).line).toBe(
      'Waiting. 3 things are for somebody to do by hand: “Put a there”, “Put b there”, “Put c there”.',
    );
    expect((await card(id)).steps.map((step) => step.says)).toEqual(
      ['a', 'b', 'c'].map((what, index) => `${what}. Then: \`done ${id} ${index + 1}\` (an admin).`),
    );
    expect(await say(maria, `done ${id} 1`)).toContain('You may not say that');
    expect(told(await bench.kernel.say(adam, 'done 1', id))).toBe('Noted: “Put a there” is done.');
    left.delete('b');
    await say(maria, `check ${id}`);
    await bench.kernel.settle();
    expect((await load(id)).plan?.steps.map((now) => now.state)).toEqual(['done', 'done', 'started']);
    const before = (await types(id)).length;
    for (let n = 0; n < 5; n++) await bench.later(61 * MINUTE);
    expect(await types(id)).toHaveLength(before);
    left.delete('c');
    await bench.later(61 * MINUTE);
    expect((await load(id)).status).toBe('succeeded');
  });

  it('is left undone by cancel, which says so', async () => {
    bench.steps.now = () => [handStep('x'), handStep('y')];
    const id = await bench.approved('mirror sync never');
    await bench.kernel.settle();
    await say(adam, `done ${id} 2`);
    await bench.kernel.settle();
    expect(await say(maria, `cancel ${id}`)).toContain('is cancelled');
    expect((await card(id)).line).toContain('Nobody said that this was done by hand: “Put x there”.');
  });
});

it('of a request is polled without a plan, and its record does not grow with the polls', async () => {
  let plans = 0;
  bench.steps.now = (tag) => {
    plans++;
    return [jobStep(tag)];
  };
  const id = await bench.approved('mirror sync long');
  await bench.kernel.settle();
  const before = plans;
  for (let n = 0; n < 4; n++) await bench.later(15_000);
  expect(plans).toBe(before);
  expect((await types(id)).filter((type) => type === 'step-progress')).toHaveLength(1);
  bench.end('long', 0);
  await bench.becomes(id, 'succeeded');
});

const taken = thorough ? '' : ' (skipped: takes long)';
const alive = () => new AbortController().signal;
let tags = 0;

/** Once, by a worker that dies at this boundary; 0: it does not. Gives where it died, or null. */
async function attempt(id: string, at: number) {
  const mortal = startMortal(bench.kernel, at);
  await run(id, mortal.work, alive()).catch(onlyCrash);
  bench.kernel.hinted.length = 0;
  return { crossings: mortal.crossings, died: mortal.died() };
}

async function goOn(id: string, ...states: readonly string[]) {
  await bench.kernel.lapse();
  return bench.becomes(id, ...states);
}

/** A request that was approved, and the moment `then` brings it to. */
async function made(then: (id: string, tag: string) => Promise<void> = async () => {}) {
  const tag = `t${tags++}`;
  const id = await bench.approved(`mirror sync ${tag}`);
  bench.kernel.hinted.length = 0;
  await then(id, tag);
  return { id, tag };
}

/** Dies at every boundary of one attempt, each in a request of its own, and lets another worker go on. */
async function everywhere(
  then: (id: string, tag: string) => Promise<void>,
  ends: (id: string, tag: string, where: string) => Promise<void>,
): Promise<string> {
  const dry = await made(then);
  const { crossings } = await attempt(dry.id, 0);
  await ends(dry.id, dry.tag, 'nowhere');
  let deaths = 0;
  for (const at of pointsUpTo(crossings.length, 3)) {
    const { id, tag } = await made(then);
    const { crossings: crossed, died } = await attempt(id, at);
    // What the log has come to meanwhile decides how many boundaries there are: the last may not be reached.
    if (died) deaths++;
    await ends(id, tag, crossed.at(-1) ?? '');
  }
  expect(deaths).toBeGreaterThan(1);
  expect(await bench.kernel.store.locks.all()).toEqual([]);
  return crossings.join('\n');
}

describe('a worker that dies at any moment, and another that goes on', { timeout: 240_000 }, () => {
  it('start a job once', async () => {
    const crossings = await everywhere(
      async () => {},
      async (id, tag, where) => {
        bench.end(tag, 0);
        expect([where, (await goOn(id, 'succeeded')).says]).toEqual([where, 'Done, and checked.']);
        expect([where, bench.ran(tag)]).toEqual([where, 1]);
      },
    );
    for (const moment of ['before job start', 'after job start', 'after park', 'after put off', 'after note'])
      expect(crossings).toContain(moment);
  });

  it('see a job end once', async () => {
    const crossings = await everywhere(
      async (id, tag) => {
        await attempt(id, 0);
        bench.end(tag, 0);
        await bench.ended(tag);
      },
      async (id, tag, where) => {
        expect([where, (await goOn(id, 'succeeded')).says]).toEqual([where, 'Done, and checked.']);
        expect([where, bench.ran(tag)]).toEqual([where, 1]);
        const { length } = (await bench.kernel.store.requests.events(id)).filter(
          ({ type }) => type === 'step-done',
        );
        expect([where, length]).toEqual([where, 1]);
      },
    );
    // Whether there was anything new to say is up to what the look before has read.
    expect(crossings).toMatch(/^after append (step-progress\+)?step-done$/m);
  });

  it.skipIf(!thorough)(`stop a job that somebody cancelled${taken}`, async () => {
    await everywhere(
      async (id) => {
        await attempt(id, 0);
        await bench.kernel.say(PEOPLE.adam, `cancel ${id}`);
      },
      async (id, tag, where) => {
        const ended = await goOn(id, 'cancelled');
        expect([where, ended.plan?.steps[0]?.says]).toEqual([
          where,
          expect.stringContaining('stopped: half of it is there'),
        ]);
        expect([where, bench.ran(tag)]).toEqual([where, 1]);
      },
    );
  });

  it.skipIf(!thorough)(
    `make the plan again when a job says so, and then start another run of it${taken}`,
    async () => {
      await everywhere(
        async (id, tag) => {
          bench.steps.now = (one) => [jobStep(one)];
          await attempt(id, 0);
          bench.end(tag, 75);
          await bench.ended(tag);
        },
        async (id, tag, where) => {
          bench.end(tag, 0);
          await goOn(id, 'succeeded');
          expect([where, bench.ran(tag)]).toEqual([where, 2]);
        },
      );
    },
  );
});

const EVERY_MS = 15_000;
const POLLS = thorough ? 1_500 : 60;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let polls = 0;
let newest = '';

/** A host on which a job has been running for as long as the test's clock says, and writes a line between two polls. */
const slow: HostJobs = {
  start: async () => ({ kind: 'runs' }),
  stop: async () => 'stopped',
  poll: async (_run, offset) => {
    polls++;
    const line = `got ${Math.floor(polls / 2)} ${'x'.repeat(4_000)}\n`;
    newest = `${Math.floor(polls / 2)} of 4 packages.`;
    return {
      kind: 'seen',
      state: 'running',
      code: null,
      size: offset + line.length,
      forMs: polls * EVERY_MS,
      log: Buffer.from(line),
    };
  },
};

it(`a job that is polled ${POLLS} times says something once a minute, later every five, and keeps nothing more`, {
  timeout: 300_000,
}, async () => {
  const { kernel, clock } = bench;
  pretend = slow;
  const id = await bench.approved('mirror sync slow');
  await kernel.settle();
  const heap: number[] = [];
  for (let n = 0; n < POLLS; n++) {
    clock.forward(EVERY_MS);
    await run(id, kernel.work, new AbortController().signal);
    if (n % 100 === 99) {
      kernel.hinted.length = 0;
      collect();
      heap.push(process.memoryUsage().heapUsed);
    }
  }
  expect(polls).toBe(POLLS);
  const events = await kernel.store.requests.events(id);
  const said = events.filter((event) => event.type === 'step-progress');
  const minutes = (POLLS * EVERY_MS) / MINUTE;
  const most = Math.min(minutes, 60) + Math.max(0, (minutes - 60) / 5) + 2;
  expect(said.length).toBeGreaterThan(most * 0.7);
  expect(said.length).toBeLessThanOrEqual(most);
  expect(events.length - said.length).toBe(6);
  for (const [index, one] of said.entries()) {
    const before = said[index - 1]?.at.getTime() ?? 0;
    expect(one.at.getTime() - before).toBeGreaterThanOrEqual(MINUTE);
  }
  // The card has the newest, whatever was written last.
  expect((await kernel.desk.card(id))?.steps[0]?.says).toBe(newest);
  const [first = 0, ...rest] = heap.slice(1);
  if (thorough) expect((rest.at(-1) ?? 0) - first).toBeLessThan(12 * 1024 * 1024);
});
