import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Scope } from './scope.ts';

/** What the load is to be. */
export interface Load {
  readonly port: number;
  readonly secret: string;
  readonly team: string;
  readonly user: string;
  readonly channel: string;
  readonly text: string;
  readonly count: number;
  readonly connections: number;
  /** Sent at this rate, whether answers come or not; null: each connection sends when it has its answer. */
  readonly perSecond: number | null;
}

export const loaded = z.object({
  /** Answered 200 for each second. */
  perSecond: z.number(),
  /** Milliseconds from the time it was due to be sent to its answer, sorted. */
  latencies: z.array(z.number()),
  failures: z.number(),
});
export type Loaded = z.output<typeof loaded>;

const LOAD_MS = 60_000;

/** Sends signed slash commands from a process of its own, each with a trigger id that was never used before. */
export async function sendLoad(scope: Scope, load: Load): Promise<Loaded> {
  const program = fileURLToPath(new URL('./load-child.ts', import.meta.url));
  const child = scope.spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(load)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LOAD_MS,
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`the load ended with ${code}`)),
    );
  });
  return loaded.parse(JSON.parse(said));
}
