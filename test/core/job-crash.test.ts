import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/core/runner.ts';
import { Crash, startMortal } from '../support/crash.ts';
import { PEOPLE } from '../support/kernel.ts';
import { pointsUpTo, thorough } from '../support/thorough.ts';
import { type JobBench, jobStep, startJobBench } from './job-bench.ts';

let bench: JobBench;
beforeAll(async () => {
  bench = await startJobBench();
});
afterAll(() => bench.close());

const taken = thorough ? '' : ' (skipped: takes long)';
const alive = () => new AbortController().signal;
let tags = 0;

/** Once, by a worker that dies at this boundary; 0: it does not. Gives where it died, or null. */
async function attempt(id: string, at: number) {
  const mortal = startMortal(bench.kernel, at);
  await run(id, mortal.work, alive()).catch((error: unknown) => {
    if (!(error instanceof Crash)) throw error;
  });
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
  for (const at of pointsUpTo(crossings.length, 3)) {
    const { id, tag } = await made(then);
    const { crossings: crossed, died } = await attempt(id, at);
    expect(died).toBe(true);
    await ends(id, tag, crossed.at(-1) ?? '');
  }
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
    expect(crossings).toContain('after append step-progress+step-done');
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
