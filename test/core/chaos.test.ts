import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOfEffect } from '../../src/core/planner.ts';
import { run } from '../../src/core/runner.ts';
import { onlyCrash, startMortal } from '../support/crash.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, MINUTE, startBench } from './support.ts';

const { maria, adam, bea, carl } = PEOPLE;
const LEASE_MS = 5_000;

let bench: Bench;
let round = 0;
let carriedOut = 0;
beforeAll(async () => {
  bench = await startBench({ leaseMs: LEASE_MS });
});
afterAll(() => bench.kernel.close());

type Action =
  | {
      readonly kind: 'approve' | 'deny' | 'cancel' | 'resume' | 'undo';
      readonly who: number;
      readonly which: number;
    }
  | { readonly kind: 'run'; readonly which: number; readonly diesAt: number }
  | { readonly kind: 'later' | 'freeze' | 'thaw' }
  | { readonly kind: 'meddle'; readonly capacity: number }
  | { readonly kind: 'lose'; readonly method: 'editHost' | 'newRepo' };

const which = fc.nat(3);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('approve' as const), who: fc.nat(2), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('deny' as const, 'cancel' as const, 'undo' as const),
      who: fc.nat(3),
      which,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resume' as const), who: fc.nat(3), which }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('run' as const), which, diesAt: fc.nat(32) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('later' as const, 'freeze' as const, 'thaw' as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('meddle' as const), capacity: fc.integer({ min: 2, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      method: fc.constantFrom('editHost' as const, 'newRepo' as const),
    }),
  },
);

async function act(one: Action, ids: string[]): Promise<void> {
  const { kernel } = bench;
  const at = (index: number): string => ids[index % ids.length] ?? '';
  switch (one.kind) {
    case 'run': {
      const mortal = startMortal(kernel, one.diesAt);
      await run(at(one.which), mortal.work, new AbortController().signal).catch(onlyCrash);
      return;
    }
    case 'later':
      await bench.later(LEASE_MS + 6_000, at(0));
      return;
    case 'freeze':
    case 'thaw':
      await kernel.say(adam, one.kind === 'thaw' ? 'thaw' : 'freeze because=chaos');
      return;
    case 'meddle':
      bench.builder('builder2').capacity = one.capacity;
      return;
    case 'lose':
      await kernel.hub.misbehave({ kind: 'lose-session', method: one.method });
      return;
    default: {
      const who = [adam, bea, carl, maria][one.who] ?? adam;
      const plan = (await kernel.load(at(one.which))).plan?.n ?? 1;
      const rest = {
        approve: ` plan=${plan}`,
        deny: ` plan=${plan} because=chaos`,
        cancel: '',
        resume: '',
        undo: '',
      };
      const said = await kernel.say(who, `${one.kind} ${at(one.which)}${rest[one.kind]}`);
      if (said.kind === 'request') ids.push(said.id);
    }
  }
}

/** What a hub's history says of one call, as the digest that people approved. */
function digestOfCall(method: string, args: readonly unknown[]): string {
  const named = args.at(-1);
  const isNamed = typeof named === 'object' && named !== null;
  const kwargs = isNamed
    ? Object.fromEntries(Object.entries(named).filter(([key]) => key !== '__starstar'))
    : null;
  const plain = (isNamed ? args.slice(0, -1) : args).filter((arg) => arg !== undefined);
  const effect = { kind: 'hub', method, args: plain, ...(kwargs ? { kwargs } : {}) };
  return digestOfEffect(effect as Parameters<typeof digestOfEffect>[0]);
}

it('whatever people, crashes and lost answers do in whatever order: nothing that nobody approved, nothing twice, nothing lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 25 }), async (actions) => {
      await bench.reset();
      const { kernel } = bench;
      const tag = `chaos-${round++}`;
      kernel.hub.world.tags.push({ id: 5000 + round, name: tag, arches: 'x86_64' });
      const regenerated = () =>
        kernel.hub.history().filter((call) => JSON.stringify(call.args).includes(`"${tag}"`));
      bench.found.says = () => (regenerated().length > 0 ? 'done' : 'not-done');
      const lines = [
        'builder capacity builder2 12',
        `repo regen ${tag}`,
        'builder comment builder2 being mended',
        'builder capacity builder* 14',
      ];
      const ids: string[] = [];
      for (const line of lines) ids.push((await kernel.ask(maria, line)).id);
      kernel.hinted.length = 0;
      for (const one of actions) await act(one, ids);

      // Everything that is not up to a person comes to an end by itself.
      await kernel.hub.behave();
      await kernel.say(adam, 'thaw');
      const open = async () => {
        const states = await Promise.all(ids.map(async (id) => (await kernel.load(id)).status));
        return states.filter((status) => ['asked', 'approved', 'running'].includes(status));
      };
      for (let tries = 0; tries < 12 && (await open()).length > 0; tries++)
        await bench.later(MINUTE, ids[0] ?? '');
      expect(await open()).toEqual([]);

      const allowed = new Set<string>();
      for (const id of ids) {
        const request = await kernel.load(id);
        for (const event of await kernel.store.requests.events(id))
          if (event.type === 'approved') for (const digest of event.data.digests) allowed.add(digest);
        if (request.status === 'succeeded')
          expect(request.plan?.steps.filter((now) => now.state !== 'done')).toEqual([]);
        expect(request.plan?.steps.filter((now) => now.state === 'started') ?? []).toEqual([]);
        if (request.askings.some((asking) => asking.command === 'builder comment')) {
          const yes = request.plan?.approvals ?? [];
          if (request.plan?.steps.some((now) => now.begun))
            expect(new Set(yes.map((one) => one.by.id)).size).toBe(2);
        }
      }
      expect(
        kernel.hub.history().filter((call) => !allowed.has(digestOfCall(call.method, call.args))),
      ).toEqual([]);
      expect(regenerated().length).toBeLessThanOrEqual(1);
      carriedOut += kernel.hub.history().length;
      expect(kernel.log.lines.filter((line) => line.startsWith('error') && !line.includes('Crash'))).toEqual(
        [],
      );
    }),
    { numRuns: Number(process.env.CHAOS_RUNS ?? 15), seed: Number(process.env.CHAOS_SEED ?? 1) },
  );
  expect(carriedOut).toBeGreaterThan(5);
  expect(await bench.kernel.store.ledger.verify()).toMatchObject({ ok: true });
});
