import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { median } from './numbers.ts';
import { startProgram } from './program.ts';
import { noServers, type Servers, startServers } from './servers.ts';
import { startSiteApart } from './site.ts';

const STARTS = 5;
const IDLE_MS = 5_000;

/** The built program, all in one process, started again over what it left the first time. */
export const start: readonly Benchmark[] = [
  {
    name: 'start.postgres',
    what: 'a second start, and the memory of one that idles; PostgreSQL and Redis',
    lacks: noServers,
    run: async (bench) => measure('start.postgres', bench, await startServers(bench.scope), 150),
  },
  {
    name: 'start.pglite',
    what: 'the same on PGlite',
    lacks: () => null,
    run: (bench) => measure('start.pglite', bench, null, 350),
  },
];

async function measure(
  name: string,
  { scope, cli, say }: Bench,
  servers: Servers | null,
  mostMemory: number,
): Promise<readonly Figure[]> {
  const { configPath } = await startSiteApart(scope);
  const program = { cli: await cli(), configPath, role: 'all', servers } as const;
  const first = await startProgram(scope, program);
  say(`the very first start took ${Math.round(first.readyMs)} ms`);
  await first.stop();
  const ready: number[] = [];
  let memory = Number.NaN;
  for (let at = 1; at <= STARTS; at++) {
    const again = await startProgram(scope, program);
    ready.push(again.readyMs);
    if (at === STARTS) {
      await sleep(IDLE_MS);
      memory = await again.memory();
    }
    await again.stop();
  }
  return [
    {
      name: `${name}.ready`,
      ours: median(ready),
      peer: null,
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 2500 },
    },
    {
      name: `${name}.memory`,
      ours: memory,
      peer: null,
      unit: 'MB',
      target: { of: 'ours', is: 'under', value: mostMemory },
    },
  ];
}
