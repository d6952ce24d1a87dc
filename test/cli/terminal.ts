import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';

/** What a call of `steward` said and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Calls `steward` in this process, on a terminal of its own. */
export async function steward(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  let out = '';
  let err = '';
  const io: Io = {
    out: async (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    style: { columns: 100, colour: false },
    env,
    signal,
  };
  const code = await run(args, io);
  return { code, out, err };
}
