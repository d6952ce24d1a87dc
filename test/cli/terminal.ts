import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';

/** What a call of `steward` said and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A terminal that keeps what is said. */
export function keepIo(env: NodeJS.ProcessEnv = {}, signal = new AbortController().signal) {
  const said = { out: '', err: '' };
  const io: Io = {
    out: async (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    style: { columns: 100, colour: false },
    env,
    signal,
  };
  return { io, said };
}

/** Calls `steward` in this process, on a terminal of its own. */
export async function steward(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  signal?: AbortSignal,
): Promise<Ran> {
  const { io, said } = keepIo(env, signal);
  const code = await run(args, io);
  return { code, ...said };
}
