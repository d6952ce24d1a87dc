import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../src/core/refused.ts';
import { type Running, run } from '../../src/core/runner.ts';
import type { World } from '../../src/core/world.ts';
import { Crash, startMortal } from '../support/crash.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, MINUTE, startBench, told } from './support.ts';

const { maria, adam, bea, carl } = PEOPLE;
const LEASE_MS = 5_000;

let bench: Bench;
/** Called just before each call that changes something on the hub. */
let beforeWrite: () => Promise<void>;
let writes: number;

beforeAll(async () => {
  bench = await startBench({
    leaseMs: LEASE_MS,
    through: (world: World): World => ({
      ...world,
      hubWriter: {
        carryOut: async (calls, signal) => {
          writes += calls.length;
          await beforeWrite();
          return world.hubWriter.carryOut(calls, signal);
        },
      },
    }),
  });
});
afterAll(() => bench.kernel.close());
beforeEach(async () => {
  beforeWrite = async () => {};
  writes = 0;
  await bench.reset();
});

const say = async (who: (typeof PEOPLE)[keyof typeof PEOPLE], line: string) =>
  told(await bench.kernel.say(who, line));
const load = (id: string) => bench.kernel.load(id);
const card = async (id: string) => {
  const drawn = await bench.kernel.desk.card(id);
  if (!drawn) throw new Error(`no ${id}`);
  return drawn;
};
const alive = () => new AbortController().signal;

/** Asked, planned and approved; nothing has run yet. */
async function approved(line: string): Promise<string> {
  const { id, plan } = await bench.kernel.ask(maria, line);
  for (const who of [adam, bea].slice(0, plan?.needs.people)) await bench.kernel.say(who, `approve ${id}`);
  bench.kernel.hinted.length = 0;
  return id;
}

async function runNow(id: string, work: Running = bench.kernel.work) {
  await run(id, work, alive());
  return load(id);
}

/** Lets a worker run it that dies at this moment. */
async function dieAt(id: string, moment: RegExp): Promise<void> {
  // When that is, is known from another request of the same line.
  const dry = startMortal(bench.kernel, 0);
  const other = await approved((await load(id)).text);
  const before = JSON.stringify(bench.kernel.hub.world.hosts);
  await run(other, dry.work, alive());
  bench.kernel.hub.world.hosts = JSON.parse(before) as typeof bench.kernel.hub.world.hosts;
  bench.kernel.hub.world.changes = [];
  const at = dry.crossings.findIndex((name) => moment.test(name)) + 1;
  expect(at).toBeGreaterThan(0);
  const mortal = startMortal(bench.kernel, at);
  await expect(run(id, mortal.work, alive())).rejects.toThrow(Crash);
  bench.kernel.hinted.length = 0;
}

describe('to cancel', () => {
  it('before it runs, nothing is done', async () => {
    const id = await approved('builder capacity builder2 8');
    expect(await say(maria, `cancel ${id} because=not needed`)).toBe(`${id} is cancelled.`);
    expect(await runNow(id)).toMatchObject({ status: 'cancelled', says: 'not needed' });
    expect(writes).toBe(0);
    expect((await card(id)).next).toContain('Ask again with');
  });

  it('while it runs, it stops before the next step, what is done stays done, and undo offers it', async () => {
    const id = await approved('builder pair builder2');
    beforeWrite = async () => {
      if (writes === 1)
        expect(await say(adam, `cancel ${id} because=wrong tag`)).toContain('stops before its next step');
    };
    const ended = await runNow(id);
    expect(ended).toMatchObject({ status: 'cancelled', says: 'wrong tag', decidedBy: { id: 'adam' } });
    expect(ended.plan?.steps.map((now) => now.state)).toEqual(['done', 'todo']);
    expect(writes).toBe(1);
    expect((await card(id)).next).toBe(
      `\`undo ${id}\` takes back what was done (a packager or an admin). Asked for again, it goes on from what is done.`,
    );
    expect((await card(id)).actions.map((one) => one.verb)).toEqual(['undo']);
  });

  it('twice says that it is stopping already', async () => {
    const id = await approved('builder pair builder2');
    let second = '';
    beforeWrite = async () => {
      await say(adam, `cancel ${id}`);
      second = await say(maria, `cancel ${id}`);
    };
    await runNow(id);
    expect(second).toBe(`${id} is stopping already: adam asked for that.`);
  });

  it('during the last step is too late: it is done, and says so', async () => {
    const id = await approved('builder capacity builder2 8');
    beforeWrite = async () => void (await say(adam, `cancel ${id}`));
    expect(await runNow(id)).toMatchObject({
      status: 'succeeded',
      says: 'Done, and checked. The wish to stop came after the last step.',
    });
  });

  it('after the worker died between the call and its record, the step is looked up first, so that undo can offer it', async () => {
    const id = await approved('builder capacity builder2 8');
    await dieAt(id, /^after hub editHost/);
    await say(adam, `cancel ${id}`);
    bench.clock.forward(LEASE_MS + 1);
    const ended = await runNow(id);
    expect(ended.plan?.steps[0]?.state).toBe('done');
    expect((await card(id)).actions.map((one) => one.verb)).toEqual(['undo']);
    expect(bench.calls('editHost')).toBe(1);
  });

  it('works while everything is frozen', async () => {
    const id = await approved('builder pair builder2');
    beforeWrite = async () => void (await say(adam, 'freeze because=the hub is being upgraded'));
    expect(await runNow(id)).toMatchObject({ status: 'running', waiting: { reason: 'frozen' } });
    await say(maria, `cancel ${id}`);
    expect((await bench.later(MINUTE, id)).status).toBe('cancelled');
    expect(writes).toBe(1);
  });
});

describe('to freeze', () => {
  it('is for admins, says why to everybody who waits, and runs go on by themselves after the thaw', async () => {
    expect(await say(maria, 'freeze because=x')).toBe('You may not freeze: that takes one of the admins.');
    const id = await approved('builder capacity builder2 8');
    expect(await say(adam, 'freeze because=the hub is \u202ebeing\u0000 upgraded')).toContain(
      'Frozen: the hub is being upgraded.',
    );
    expect(await runNow(id)).toMatchObject({ status: 'approved', waiting: { reason: 'frozen' } });
    const { seq } = await load(id);
    expect((await runNow(id)).seq).toBe(seq);
    expect((await card(id)).line).toBe(
      'Waiting. Everything is frozen by adam: the hub is being upgraded. It goes on by itself after `thaw`.',
    );
    expect(await say(carl, 'requests open')).toContain('Everything is frozen by adam');
    expect(writes).toBe(0);
    expect(await say(bea, 'thaw')).toBe('Thawed: runs go on. 1 request was waiting.');
    await bench.kernel.settle();
    expect(await load(id)).toMatchObject({ status: 'succeeded', waiting: null });
    expect(await say(bea, 'thaw')).toBe('Nothing is frozen.');
  });

  it('stops a run at its next step, and it goes on from there', async () => {
    const id = await approved('builder pair builder2');
    beforeWrite = async () => void (writes === 1 && (await say(adam, 'freeze because=stop')));
    const frozen = await runNow(id);
    expect(frozen).toMatchObject({ status: 'running', waiting: { reason: 'frozen' } });
    expect(frozen.plan?.steps.map((now) => now.state)).toEqual(['done', 'todo']);
    await say(adam, 'thaw');
    await bench.kernel.settle();
    expect((await load(id)).status).toBe('succeeded');
    expect(writes).toBe(2);
  });

  it('does not stop people from asking and approving', async () => {
    await say(adam, 'freeze because=stop');
    const asked = await bench.kernel.ask(maria, 'builder capacity builder2 8');
    expect(asked.status).toBe('planned');
    expect(await say(adam, `approve ${asked.id}`)).toMatch(
      /is approved\..* Everything is frozen by adam: stop\. It goes on after `thaw`\./s,
    );
  });
});

describe('locks', () => {
  it('make a second request wait, say for whom and its place, and let it go on afterwards', async () => {
    const one = await approved('builder capacity builder2 8');
    const two = await approved('builder disable builder2 because=its disk is failing');
    const three = await approved('builder capacity builder2 9');
    const waits: string[] = [];
    beforeWrite = async () => {
      if (writes > 1) return;
      for (const id of [two, three]) waits.push((await runNow(id)).waiting?.says ?? '');
    };
    expect((await runNow(one)).status).toBe('succeeded');
    expect(waits).toEqual([
      `${one} comes first on host builder2; this one is next in line.`,
      `${one} comes first on host builder2; this one is number 2 in line.`,
    ]);
    // Nobody overtakes: the third is asked first, and still waits.
    expect((await runNow(three)).waiting?.says).toBe(
      `${two} comes first on host builder2; this one is next in line.`,
    );
    await bench.later(3_000, two);
    await bench.later(3_000, three);
    expect((await load(two)).status).toBe('succeeded');
    // Its yes was to `4 → 9`, and builder2 stands at 8 by now: somebody has to read that again.
    const again = await load(three);
    expect(again).toMatchObject({ status: 'planned', plan: { n: 2, approvals: [] } });
    expect(again.says).toContain('capacity of builder2: 8 → 9');
  });

  it('of a dead worker stand until their lease is over; then the sweeper has it run again', async () => {
    const id = await approved('builder capacity builder2 8');
    await dieAt(id, /^before hub editHost/);
    const { seq } = await load(id);
    expect((await runNow(id)).seq).toBe(seq);
    expect((await load(id)).waiting).toBeNull();
    expect((await bench.later(11_000, id)).status).toBe('succeeded');
    expect(bench.calls('editHost')).toBe(1);
  });

  it('are not waited for behind a request that was cancelled meanwhile', async () => {
    const one = await approved('builder capacity builder2 8');
    const two = await approved('builder disable builder2 because=its disk is failing');
    const three = await approved('builder capacity builder2 9');
    beforeWrite = async () => {
      if (writes > 1) return;
      await runNow(two);
      await runNow(three);
      await say(maria, `cancel ${two}`);
    };
    await runNow(one);
    expect(await runNow(three)).toMatchObject({ waiting: null, plan: { n: 2 } });
  });

  it('are those of the builders that a pattern stands for', async () => {
    const all = await approved('builder capacity builder* 20');
    const one = await approved('builder capacity builder2 9');
    let waits: string | undefined;
    beforeWrite = async () => {
      waits ??= (await runNow(one)).waiting?.says;
    };
    await runNow(all);
    expect(waits).toBe(`${all} comes first on host builder2; this one is next in line.`);
    await bench.becomes(one, 'planned');
  });

  it('keep two workers from running the same request at once', async () => {
    const id = await approved('builder pair builder2');
    await Promise.all([runNow(id), runNow(id), runNow(id)]);
    await bench.later(11_000, id);
    expect((await load(id)).status).toBe('succeeded');
    expect([bench.calls('editHost'), bench.calls('newRepo'), writes]).toEqual([1, 1, 2]);
  });

  it('that were lost to a newer attempt fence the older one: it writes nothing more, and gives back nothing that is not its own', async () => {
    const id = await approved('builder capacity builder2 8');
    let during: readonly { readonly owner: string }[] = [];
    let seq = 0;
    beforeWrite = async () => {
      if (writes === 1) {
        // The first attempt hangs here beyond its lease, and a second one takes over.
        bench.clock.forward(LEASE_MS + 1);
        await runNow(id);
        seq = (await load(id)).seq;
        // A third holds the locks now, as far as the store knows.
        await bench.kernel.store.locks.acquire(id, 'third', [`request:${id}`, 'host:builder2'], LEASE_MS);
      }
    };
    const ended = await runNow(id);
    during = await bench.kernel.store.locks.all();
    expect(ended).toMatchObject({ status: 'succeeded', seq });
    expect(during.filter((lock) => lock.owner === id)).toHaveLength(2);
    await bench.kernel.store.locks.release(id);
  });
});

describe('when the process is told to stop', () => {
  it('a call that has begun is let end and written down, and the next step is left for the next process', async () => {
    const id = await approved('builder pair builder2');
    const stop = new AbortController();
    beforeWrite = async () => stop.abort('shutdown');
    await run(id, bench.kernel.work, stop.signal);
    const left = await load(id);
    expect(left.status).toBe('running');
    expect(left.plan?.steps.map((now) => now.state)).toEqual(['done', 'todo']);
    beforeWrite = async () => {};
    expect((await bench.later(11_000, id)).status).toBe('succeeded');
    expect(writes).toBe(2);
  });
});

describe('what changed since the approval', () => {
  it('and makes another step necessary stops everything, and is asked about anew', async () => {
    const id = await approved('builder capacity builder* 20');
    bench.kernel.hub.world.hosts.push({ ...bench.builder('builder2'), id: 71, name: 'builder8' });
    const drifted = await runNow(id);
    expect(drifted).toMatchObject({ status: 'planned', plan: { n: 2, approvals: [] } });
    expect((await card(id)).line).toMatch(
      /^Things changed after the approval, so nothing was done\. Now it would be: /,
    );
    expect((await card(id)).actions[0]).toMatchObject({ line: `approve ${id} plan=2` });
    expect(writes).toBe(0);
  });

  it('and makes a step unnecessary leaves it to whoever did it: undo does not take it back', async () => {
    const id = await approved('builder capacity builder1,builder2 20');
    bench.builder('builder1').capacity = 20;
    expect(await runNow(id)).toMatchObject({
      status: 'succeeded',
      says: '1 of 2 steps are done, and checked; somebody else had done the rest.',
    });
    const undo = await bench.kernel.ask(maria, `undo ${id}`);
    expect(undo.askings.map((asking) => asking.given.host)).toEqual(['builder2']);
  });

  it('and does everything already ends it without a call', async () => {
    const id = await approved('builder capacity builder2 8');
    bench.builder('builder2').capacity = 8;
    expect(await runNow(id)).toMatchObject({
      status: 'succeeded',
      says: 'Nothing was left to do: somebody else has done it meanwhile.',
    });
    expect(writes).toBe(0);
    expect(await say(maria, `undo ${id}`)).toContain('it has changed nothing that can be changed back');
  });

  it('and takes back a step that was done is asked about, and says how far it had come', async () => {
    const id = await approved('builder pair builder2');
    beforeWrite = async () => {
      if (writes !== 2) return;
      // Somebody else changes the first one back before the worker is at its end.
      bench.builder('builder2').capacity = 3;
    };
    const ended = await runNow(id);
    expect(ended.status).toBe('failed');
    expect(ended.says).toContain(
      'The calls were accepted, but it still is not so: Set the capacity of builder2',
    );
    await say(adam, `resume ${id}`);
    const drifted = await runNow(id);
    expect(drifted).toMatchObject({ status: 'planned', plan: { n: 2 } });
    expect(drifted.says).toContain('I stopped after 2 of 2 steps');
    await say(adam, `approve ${id} plan=2`);
    await bench.kernel.settle();
    expect((await load(id)).status).toBe('succeeded');
    // The undo takes back what it did last: it gives what the other one had set.
    const undo = await bench.kernel.ask(maria, `undo ${id}`);
    expect(undo.status).toBe('planned');
    expect(undo.plan?.steps.map((now) => now.step.changes[0]?.after)).toContain('3');
  });
});

describe('a guard', () => {
  it('that does not hold when it is planned ends the request with what is missing', async () => {
    bench.guard.now = { text: '40 GB of free space', holds: false, saw: '12 GB' };
    expect(await bench.kernel.ask(maria, 'builder comment builder2 hello')).toMatchObject({
      status: 'refused',
      says: 'It needs 40 GB of free space, and there is 12 GB.',
    });
  });

  it('that does not hold any more when it runs stops it before anything is done', async () => {
    const id = await approved('builder comment builder2 hello');
    bench.guard.now = { text: '40 GB of free space', holds: false, saw: '12 GB' };
    expect(await runNow(id)).toMatchObject({
      status: 'failed',
      says: 'It needs 40 GB of free space, and there is 12 GB.',
    });
    expect(writes).toBe(0);
    expect((await card(id)).next).toContain(`Mend the cause, then \`resume ${id}\` (maria until `);
    bench.guard.now = { text: '40 GB of free space', holds: true, saw: '60 GB' };
    await say(maria, `resume ${id}`);
    await bench.kernel.settle();
    expect((await load(id)).status).toBe('succeeded');
  });
});

describe('a fault in the middle of several calls', () => {
  it('leaves the others done, fails the request, and resume does only the rest', async () => {
    const id = await approved('builder capacity builder1,builder2,builder3 20');
    let gone: (typeof bench.kernel.hub.world.hosts)[number] | undefined;
    beforeWrite = async () => {
      if (gone) return;
      gone = bench.builder('builder2');
      bench.kernel.hub.world.hosts = bench.kernel.hub.world.hosts.filter((host) => host !== gone);
    };
    const failed = await runNow(id);
    expect(failed.status).toBe('failed');
    expect(failed.says).toMatch(
      /^“Set the capacity of builder2 to 20” failed: .* 2 of 3 steps are done, and stay done\.$/,
    );
    expect(failed.plan?.steps.map((now) => now.state)).toEqual(['done', 'failed', 'done']);
    if (gone) bench.kernel.hub.world.hosts.push(gone);
    await say(adam, `resume ${id}`);
    await bench.kernel.settle();
    expect((await load(id)).status).toBe('succeeded');
    expect(bench.calls('editHost')).toBe(3);
    expect(bench.builder('builder2').capacity).toBe(20);
  });
});

describe('a call that throws', () => {
  it('because the hub is away was certainly not carried out: a once step is not left unknown', async () => {
    const id = await approved('repo regen foreman-nightly-el8-build');
    beforeWrite = async () => {
      if (writes === 1) throw new Unavailable('the Koji hub', 'The Koji hub does not answer.');
    };
    expect(await runNow(id)).toMatchObject({
      status: 'running',
      waiting: { reason: 'unavailable', says: 'The Koji hub does not answer.' },
    });
    expect((await load(id)).plan?.steps[0]?.state).toBe('todo');
    expect((await bench.later(3_000, id)).status).toBe('succeeded');
    expect(bench.found.asked).toEqual([]);
    expect(bench.calls('newRepo')).toBe(1);
  });

  it('because of a bug of ours fails with a reference that the log has too', async () => {
    const id = await approved('builder capacity builder2 8');
    beforeWrite = async () => {
      throw new Error('a bug');
    };
    const failed = await runNow(id);
    const reference = /under (\S+)\.$/.exec(failed.says ?? '')?.[1] ?? 'none';
    expect(failed.status).toBe('failed');
    expect(bench.kernel.log.lines.some((line) => line.includes(reference) && line.includes('a bug'))).toBe(
      true,
    );
    expect(failed.says).not.toContain('a bug');
  });
});
