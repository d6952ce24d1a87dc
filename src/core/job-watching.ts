import { endText } from './carrying.ts';
import type { NewEvent } from './events.ts';
import { addToState, progressOf, sayOf } from './job-progress.ts';
import { FRESH, type JobState, type OpenJob, readState, writeState } from './job-state.ts';
import type { Work } from './planning.ts';
import type { JobLook } from './ports.ts';
import {
  doneEvent,
  failedEvent,
  failureText,
  notDoneEvent,
  Parked,
  type Pen,
  progressEvent,
  Stop,
} from './recording.ts';
import { Refused, Unavailable } from './refused.ts';
import type { Request } from './request.ts';
import type { Fence, LockStore, NotesStore } from './store.ts';
import { awayOf, FROZEN_RETRY_MS, waiting, waitsForThaw } from './waiting.ts';

/** What it takes to watch a job. */
export interface Watch {
  readonly request: Request;
  readonly job: OpenJob;
  readonly work: Work & { readonly locks: LockStore; readonly notes: NotesStore };
  readonly pen: Pen;
  readonly fence: Fence;
  /** Ends an attempt, never the job. */
  readonly signal: AbortSignal;
}

/** A job's locks stay with its request for so long after the last poll, whatever becomes of the worker. */
export const KEPT_MS = 60 * 60_000;
const CALL_MS = 60_000;
const MOST_BYTES = 512 * 1024;
/** In one attempt, of a log that is far ahead of us. */
const MOST_READS = 8;
const EVERY_MS = 15_000;
/** While its host cannot be reached. */
const SELDOM_MS = 5 * 60_000;
/** While it is being stopped. */
const SOON_MS = 2_000;
/** So long a job has to end by itself when it was told to. */
const GRACE_MS = 60_000;
/** So long a host is waited for that should stop one. */
const PATIENCE_MS = 30 * 60_000;
/** By this exit code a job says that nothing is wrong, but that the plan must be made again. */
const PLAN_AGAIN = 75;
/** A job that says so again and again is not believed for ever. */
const MOST_TRIES = 3;

/**
 * Starts the job of a step whose intent is written. Throws `Parked` when it goes on, or may: the next attempt watches
 * it. Otherwise what became of it is written, and why is thrown.
 */
export async function startJob(watch: Watch): Promise<never> {
  const { work, fence, job } = watch;
  const { host, name, script, sha256, args } = job.effect;
  // From now on the locks are the job's, also if this process dies before it hears that it runs.
  if (!(await work.locks.park(fence, KEPT_MS, 'hold'))) throw new Stop();
  const within = AbortSignal.timeout(CALL_MS);
  const begun = await work.world.hostJobs
    .start(job.run, { name: script, sha256 }, args, within)
    .catch(async (error: unknown) => {
      // Thrown only when nothing was started.
      const away = awayOf(error);
      if (away) return { kind: 'away', says: away.message } as const;
      await finish(watch, [failedEvent(job.now, 'It could not be started.')]);
      throw error;
    });
  switch (begun.kind) {
    case 'runs':
      return rest(watch, { ...FRESH, seenAt: work.now().getTime() });
    case 'unknown':
      return rest(watch, { ...FRESH, missed: 1, why: begun.says });
    case 'refused':
      return fail(watch, begun.says);
    case 'away':
      await finish(watch, [notDoneEvent(job.now)]);
      throw new Unavailable(`host ${host}`, begun.says);
    case 'busy': {
      await finish(watch, [notDoneEvent(job.now)]);
      const says = `Another run of ${name} goes on on ${host} (${begun.run}), and there is one at a time.`;
      throw new Unavailable(`${name} on ${host}`, says);
    }
  }
}

/**
 * Looks how a job is that was begun. Returns when it has ended well, or wants another plan; its outcome is written then.
 * Throws `Parked` while it goes on, and `Refused` when it has failed.
 */
export async function watchJob(watch: Watch): Promise<void> {
  const { request, job, work, signal } = watch;
  const within = () => AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
  let state = await readState(work.notes, job.run);
  if (request.stopping) state = await tellToStop(watch, state);
  for (let reads = 1; ; reads++) {
    const look = await work.world.hostJobs.poll(job.run, state.offset, MOST_BYTES, within()).catch(unseen);
    // What was given up on says nothing of the host.
    if (signal.aborted) throw new Stop();
    if (look.kind === 'gone') await fail(watch, `${look.says} Whether the job still runs nobody can see.`);
    else if (look.kind === 'unseen') await miss(watch, state, look.says);
    else if (look.state === 'none' && state.seenAt === null) return neverBegan(watch);
    else {
      const full = look.log.length >= MOST_BYTES;
      state = addToState(state, look, full, progressOf(request, work.site.registry), work);
      if (full && reads < MOST_READS) continue;
      if (full) await rest(watch, state, 0);
      if (look.state === 'running') await rest(watch, state);
      return end(watch, state, look);
    }
  }
}

/** A deadline of ours that passed: anything else that is thrown is a bug. */
function unseen(error: unknown): JobLook {
  const away = awayOf(error);
  if (!away) throw error;
  return { kind: 'unseen', says: away.message };
}

/** The intent was written, and the start did not come to the host: it is started now. */
async function neverBegan(watch: Watch): Promise<void> {
  const { request, work, pen, job, fence } = watch;
  if (request.stopping) {
    await finish(watch, [notDoneEvent(job.now)]);
    return;
  }
  if (await waitsForThaw(request, work, fence))
    throw new Parked(new Date(work.now().getTime() + FROZEN_RETRY_MS));
  await pen.write(() => []);
  await startJob(watch);
}

async function tellToStop(watch: Watch, state: JobState): Promise<JobState> {
  const { work, job } = watch;
  const at = work.now().getTime();
  // Told once: a second TERM would reach what the job does to end in good order.
  if (state.toldAt !== null && at - state.toldAt <= GRACE_MS) return state;
  const how = state.toldAt === null ? 'TERM' : 'KILL';
  const heard = await work.world.hostJobs
    .stop(job.run, how, AbortSignal.timeout(CALL_MS))
    .catch((error: unknown) => unseen(error).kind);
  return {
    ...state,
    stopAt: state.stopAt ?? at,
    toldAt: state.toldAt ?? (heard === 'unseen' ? null : at),
  };
}

/** The host says nothing. The job goes on all the same, so there is patience without end, except to stop it. */
async function miss(watch: Watch, state: JobState, why: string): Promise<never> {
  const { request, work, job } = watch;
  const at = work.now().getTime();
  if (request.stopping && state.stopAt !== null && at - state.stopAt > PATIENCE_MS)
    return fail(
      watch,
      `${request.stopping.by.name} wanted it to stop, and ${job.effect.host} did not answer for half an hour: it may still be running there, as ${job.run.run}. ${why}`,
    );
  return rest(watch, { ...state, missed: state.missed + 1, why });
}

/** Writes what there is to say, at most once a minute and only what is new; then until the next poll. */
async function rest(watch: Watch, state: JobState, pauseMs = pauseOf(watch, state)): Promise<never> {
  const { request, job, work, pen } = watch;
  const at = work.now();
  const until = new Date(at.getTime() + pauseMs);
  const events: NewEvent[] = [];
  if (request.waiting?.reason !== 'job')
    events.push(waiting('job', `“${job.now.step.title}” runs on ${job.effect.host}.`, until));
  const says = sayOf(state, progressOf(request, work.site.registry), at.getTime(), work.log);
  if (says !== null) events.push(progressEvent(job.now, says));
  if (events.length > 0) await pen.record(events);
  const told = says === null ? state : { ...state, said: says, saidAt: at.getTime() };
  await writeState(work.notes, job.run, told);
  throw new Parked(until);
}

/** A short job is not waited for longer than it takes. */
function pauseOf({ request }: Watch, { missed, forMs }: JobState): number {
  if (missed > 0) return Math.min(SELDOM_MS, EVERY_MS * 2 ** (missed - 1));
  return request.stopping ? SOON_MS : Math.min(EVERY_MS, Math.max(1_000, forMs / 4));
}

async function end(watch: Watch, state: JobState, look: Extract<JobLook, { kind: 'seen' }>): Promise<void> {
  const { request, job, work } = watch;
  const { now, effect } = job;
  const says = sayOf(
    { ...state, saidAt: 0 },
    progressOf(request, work.site.registry),
    work.now().getTime(),
    work.log,
  );
  const last = says === null ? [] : [progressEvent(now, says)];
  if (look.code === 0) {
    await finish(watch, [...last, doneEvent(now, 'called')]);
    return;
  }
  const words = endText(look.code, state.last);
  if (request.stopping) {
    const deaf = look.state === 'lost' ? ' It did not end when it was told to, so it was killed.' : '';
    return fail(watch, `Stopped by ${request.stopping.by.name}; the log says: ${words}.${deaf}`, last);
  }
  if (look.code === PLAN_AGAIN) {
    const times = (request.sentBack[now.digest] ?? 0) + 1;
    if (times < MOST_TRIES) {
      await finish(watch, [...last, notDoneEvent(now)]);
      return;
    }
    return fail(watch, `${effect.host}: it was begun ${times} times, and says again: ${words}`, last);
  }
  return fail(watch, `${effect.host}: ${words}`, last);
}

/** Writes how it ended. Nothing is kept for it any more, beside the record or of the locks. */
async function finish(watch: Watch, events: readonly NewEvent[]): Promise<Request> {
  const { work, pen, fence, job } = watch;
  // Before it is written: afterwards there may be nobody who would.
  await work.locks.park(fence, 0, 'hold');
  const request = await pen.record(events);
  await writeState(work.notes, job.run, null);
  return request;
}

async function fail(watch: Watch, says: string, before: readonly NewEvent[] = []): Promise<never> {
  const request = await finish(watch, [...before, failedEvent(watch.job.now, says)]);
  throw new Refused(failureText(request, 1));
}
