import { z } from 'zod';
import { asJson } from './json.ts';
import type { EffectOf } from './plan.ts';
import type { JobRun } from './ports.ts';
import type { Request, StepNow } from './request.ts';
import type { NotesStore } from './store.ts';

/** A job of a request that was begun and has not been seen to end. */
export interface OpenJob {
  readonly now: StepNow;
  readonly effect: EffectOf<'job'>;
  readonly run: JobRun;
}

/** The job of this request that goes on, as far as anybody knows; null: there is none. */
export function openJob(request: Request): OpenJob | null {
  for (const now of request.plan?.steps ?? []) {
    const { effect } = now.step;
    if (now.state !== 'started' || effect.kind !== 'job') continue;
    const { host, name } = effect;
    return { now, effect, run: { host, name, run: runId(request, now) } };
  }
  return null;
}

function runId(request: Request, now: StepNow): string {
  return runOf(request.id, now.digest, request.tries[now.digest] ?? 1);
}

/** The same step of the same request is the same run, until it is begun once more. */
export function runOf(request: string, digest: string, tries: number): string {
  return `${request}-${digest.slice(0, 16)}${tries > 1 ? `-${tries}` : ''}`;
}

const schema = z.object({
  /** Where in the log the first line begins that was not read whole yet, in bytes. */
  offset: z.number(),
  /** What the command's reducer made of it. */
  known: z.json(),
  /** The last lines. */
  last: z.array(z.string()),
  /** What was said of it in the record, and when (ms since the epoch, as all times here). */
  said: z.string().nullable(),
  saidAt: z.number(),
  /** When it was last seen; null: never. */
  seenAt: z.number().nullable(),
  /** How long it had been running then. */
  forMs: z.number(),
  /** Polls in a row that came to nothing, and why the last one did. */
  missed: z.number(),
  why: z.string(),
  /** When it was first to be stopped, and when it first heard so. */
  stopAt: z.number().nullable(),
  toldAt: z.number().nullable(),
});

/** What is known of a job between two polls. Beside the record, which tells only what people should read. */
export type JobState = z.output<typeof schema>;

/** Of a job that was only just begun. */
export const FRESH: JobState = {
  offset: 0,
  known: null,
  last: [],
  said: null,
  saidAt: 0,
  seenAt: null,
  forMs: 0,
  missed: 0,
  why: '',
  stopAt: null,
  toldAt: null,
};

export async function readState(notes: NotesStore, { run }: JobRun): Promise<JobState> {
  const note = await notes.get(`job:${run}`);
  if (note === null) return FRESH;
  const read = schema.safeParse(note);
  // Of another version of this program: what the log says is read once more from its beginning.
  return read.success ? read.data : { ...FRESH, seenAt: 0 };
}

/** Null: it has ended. */
export async function writeState(notes: NotesStore, { run }: JobRun, state: JobState | null): Promise<void> {
  await notes.set(`job:${run}`, state === null ? null : asJson(state));
}
