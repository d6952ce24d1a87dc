import { paint, paragraph, type Style } from './text.ts';

/** The terminal, as the subcommands see it. */
export interface Io {
  /** What was asked for; settles when it is written. */
  out(text: string): Promise<void>;
  /** Everything else: progress, complaints. */
  err(text: string): void;
  readonly style: Style;
  readonly env: NodeJS.ProcessEnv;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What the process says to a script. */
export const EXIT = {
  /** Done, or answered. */
  done: 0,
  /** Refused, denied, failed, cancelled, expired. */
  no: 1,
  /** Not understood, or the config is wrong. */
  usage: 2,
  /** It waits for somebody's approval. */
  waits: 3,
  /** The server does not answer, or does not let this person. */
  away: 4,
  interrupted: 130,
} as const;

/** A complaint with what to do about it; the text may hold words of anybody. */
export function complain(io: Io, text: string, next?: string): void {
  const lines = [...paragraph(text, 0, io.style), ...(next ? paragraph(next, 2, io.style) : [])];
  const [first = '', ...rest] = lines;
  io.err(`${[paint(first, 'bad', io.style), ...rest].join('\n')}\n`);
}

/** Wrong arguments: said with the usage, exit code 2. */
export class Usage extends Error {
  override readonly name = 'Usage';
}

/** A config that cannot be used: every problem, one a line. */
export class WrongConfig extends Error {
  override readonly name = 'WrongConfig';
}
