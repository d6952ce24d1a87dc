import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/core/runner.ts';
import { PEOPLE } from '../support/kernel.ts';
import { handStep, type JobBench, jobStep, startJobBench } from './job-bench.ts';
import { MINUTE, told } from './support.ts';

const { maria, adam } = PEOPLE;

let bench: JobBench;
beforeAll(async () => {
  bench = await startJobBench();
});
afterAll(() => bench.close());
beforeEach(() => {
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
  for (let n = 0; n < 10; n++) await bench.later(15_000);
  expect(plans).toBe(before);
  expect((await types(id)).filter((type) => type === 'step-progress')).toHaveLength(1);
  bench.end('long', 0);
  await bench.becomes(id, 'succeeded');
  void run;
});
