import { randomUUID } from 'node:crypto';
import type { HubCall } from '../src/core/ports.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { ADAM, type BenchKernel, HERE, MARIA, startKernel } from './kernel.ts';
import { alternate, median, timed } from './numbers.ts';
import { createScope } from './scope.ts';
import { noServers, type Servers, startServers } from './servers.ts';
import { startSiteApart } from './site.ts';

const BUILDERS = 50;
const ROUNDS = 7;
const CALL_MS = 30_000;

/** Fifty capacity changes as one request, from the approval to the end, against the multiCall alone. */
export const capacity: readonly Benchmark[] = [
  {
    name: 'capacity.postgres',
    what: 'fifty capacity changes as one request, against a bare multiCall; PostgreSQL and Redis',
    lacks: noServers,
    run: async (bench) => {
      const servers = await startServers(bench.scope);
      return measure('capacity.postgres', bench, [servers, await servers.fresh()]);
    },
  },
  {
    name: 'capacity.pglite',
    what: 'the same on PGlite',
    lacks: () => null,
    run: (bench) => measure('capacity.pglite', bench, [null, null]),
  },
];

async function measure(
  name: string,
  bench: Bench,
  [first, second]: readonly [Servers | null, Servers | null],
): Promise<readonly Figure[]> {
  const target = { of: 'ratio', is: 'at most', value: 1.5 } as const;
  const real = await against(bench, first, true);
  const bare = await against(bench, second, false);
  return [
    { name: `${name}.real-hub-times`, ...real, unit: 'ms', target },
    // The sandbox's hub thinks no time at all: what is left is all that Steward adds.
    { name: `${name}.hub-without-times`, ...bare, unit: 'ms', target: null },
  ];
}

async function against(
  { say }: Bench,
  servers: Servers | null,
  slowHub: boolean,
): Promise<{ readonly ours: number; readonly peer: number }> {
  const scope = createScope();
  try {
    const site = await startSiteApart(scope, { builders: BUILDERS, slowHub });
    const kernel = await startKernel(scope, site, servers);
    let number = 10;
    const ours = (): Promise<number> => asRequest(kernel, number++);
    const peer = (): Promise<number> => asMultiCall(kernel, number++);
    await alternate(2, ours, peer);
    const seen = await alternate(ROUNDS, ours, peer);
    say(
      `${slowHub ? 'a hub as slow as a real one' : 'a hub that takes no time'}: ${seen.ours.map(Math.round)} / ${seen.peer.map(Math.round)} ms`,
    );
    return { ours: median(seen.ours), peer: median(seen.peer) };
  } finally {
    await scope.close();
  }
}

/** Milliseconds from the moment that the approval was taken to the end in the record. */
async function asRequest(kernel: BenchKernel, number: number): Promise<number> {
  const text = `builder capacity builder* ${number}`;
  const asked = await kernel.desk.say({ who: MARIA, text, place: HERE, origin: `bench:${randomUUID()}` });
  if (asked.kind !== 'request') throw new Error(`not a request: ${JSON.stringify(asked)}`);
  const { id } = asked;
  while ((await kernel.load(id)).status === 'asked') await new Promise((resolve) => setTimeout(resolve, 5));
  const planned = await kernel.load(id);
  if (planned.plan?.steps.length !== BUILDERS) throw new Error(`${planned.plan?.steps.length} steps planned`);
  const end = kernel.nextEnd();
  await kernel.desk.say({ who: ADAM, text: `approve ${id}`, place: HERE, origin: `bench:${randomUUID()}` });
  const approved = performance.now();
  const { at, status } = await end;
  if (status !== 'succeeded') throw new Error(`${text}: ${status}`);
  return at - approved;
}

async function asMultiCall(kernel: BenchKernel, number: number): Promise<number> {
  const calls = Array.from(
    { length: BUILDERS },
    (_, at): HubCall => ({ method: 'editHost', args: [`builder${at + 1}`], kwargs: { capacity: number } }),
  );
  return timed(async () => {
    const outcomes = await kernel.hub.carryOut(calls, AbortSignal.timeout(CALL_MS));
    if (outcomes.some((outcome) => outcome.kind !== 'value')) throw new Error('the multiCall failed');
  });
}
