import { LAST_LINES } from './carrying.ts';
import type { Progress } from './command.ts';
import type { JobState } from './job-state.ts';
import { canonical, type Json } from './json.ts';
import { readLog } from './log-text.ts';
import { plainText } from './plain-text.ts';
import type { JobLook, Log } from './ports.ts';
import type { Registry } from './registry.ts';
import type { Request } from './request.ts';
import { storable } from './storable.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** As JSON, in characters: what a reducer may keep. */
const MOST_KNOWN = 20_000;
const LONGEST_SAY = 300;
const LONGEST_LINE = 200;

/** How the log of a request's job is read. */
interface LogReading {
  readonly request: string;
  /** Its command's own way; an undo of several has no one command. */
  readonly progress: Progress | undefined;
}

/** How the log of this request's job is read. */
export function progressOf({ id, askings: [asking, another] }: Request, registry: Registry): LogReading {
  return { request: id, progress: asking && !another ? registry.get(asking.command)?.progress : undefined };
}

/** What is known after a poll. `full`: the log has more. A reducer that throws learns nothing; the job goes on. */
export function addToState(
  state: JobState,
  look: Extract<JobLook, { kind: 'seen' }>,
  full: boolean,
  reading: LogReading,
  { now, log }: { readonly now: () => Date; readonly log: Log },
): JobState {
  const { text, bytes } = readLog(look.log, full ? 'full' : look.state === 'running' ? 'open' : 'ended');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return {
    ...state,
    offset: state.offset + bytes,
    known: text === '' ? state.known : added(state.known, text, reading, log),
    last: [...state.last, ...lines.slice(-LAST_LINES)].slice(-LAST_LINES).map(short),
    seenAt: now().getTime(),
    forMs: look.forMs ?? state.forMs,
    missed: 0,
    why: '',
  };
}

function short(line: string): string {
  return plainText(line).slice(0, LONGEST_LINE).toWellFormed();
}

function added(
  before: JobState['known'],
  text: string,
  { request, progress }: LogReading,
  log: Log,
): JobState['known'] {
  if (!progress) return before;
  const read = (so: JobState['known']): JobState['known'] => {
    const known = progress.read(so, text);
    if (canonical(known).length > MOST_KNOWN) throw new RangeError('what is kept of a log grew too long');
    return storable({ known }).known as JobState['known'];
  };
  try {
    return read(before);
  } catch (error) {
    log.error('the progress of a job cannot be read', { request, error });
  }
  try {
    // What is known may be of an older version of the command.
    return read(null);
  } catch {
    return before;
  }
}

/**
 * What to say of a job now; null: nothing, because it was said, or something was less than a minute ago (five, once it
 * has been running for an hour).
 */
export function sayOf(state: JobState, reading: LogReading, at: number, log: Log): string | null {
  const says = wordsOf(state, reading, log).slice(0, LONGEST_SAY).toWellFormed();
  const pause = state.forMs < HOUR_MS ? MINUTE_MS : 5 * MINUTE_MS;
  return says === '' || says === state.said || at - state.saidAt < pause ? null : says;
}

/** What there is to say of a job, in one line; empty: nothing yet. */
export function wordsOf(state: JobState, reading: LogReading, log: Log): string {
  const { progress } = reading;
  // One poll that is lost says nothing.
  if (state.missed > 1) {
    if (state.seenAt === null) return `Whether it was begun cannot be seen yet. ${state.why}`;
    const since = new Date(state.seenAt).toISOString().slice(11, 16);
    return `Not seen since ${since} UTC; it goes on by itself. ${state.why}`;
  }
  try {
    if (progress && state.known !== null) return plainText(progress.says(state.known as Json, state.forMs));
  } catch (error) {
    log.error('the progress of a job cannot be said', { request: reading.request, error });
  }
  return state.forMs < MINUTE_MS ? '' : `Running for ${lasting(state.forMs)}.`;
}

/** `12 min`, `3 h 5 min`. */
function lasting(ms: number): string {
  const minutes = Math.floor(ms / MINUTE_MS);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
