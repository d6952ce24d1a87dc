import { randomUUID } from 'node:crypto';
import { batches, takeBatch } from './batch.ts';
import type { View } from './command.ts';
import { assertUntouched, stopOnDrift, stopUnapproved } from './drift.ts';
import { STEWARD } from './events.ts';
import { openJob } from './job-state.ts';
import { KEPT_MS, watchJob } from './job-watching.ts';
import { keepRenewed } from './lease.ts';
import type { Plan } from './plan.ts';
import { digestOfEffect, hasResult, isReadable, planRequest, remainingSteps, resultOf } from './planner.ts';
import { askerOf, guardText, type Work } from './planning.ts';
import { createPen, cut, doneEvent, Parked, type Pen, Stop } from './recording.ts';
import { Refused } from './refused.ts';
import type { Request } from './request.ts';
import { Fenced } from './requests.ts';
import { settle } from './settling.ts';
import type { Fence, LockStore, NotesStore } from './store.ts';
import { successText } from './success-text.ts';
import { openWait, watchWait } from './wait-watching.ts';
import { awayOf, isPatient, waitForLock, waitingEvent, waitsForThaw } from './waiting.ts';
import { viewOf } from './world.ts';

/** What the job `run` needs beside the rest. */
export interface Running extends Work {
  readonly locks: LockStore;
  readonly notes: NotesStore;
  /** How long a dead worker's locks stand, in milliseconds; a live one renews them. */
  readonly leaseMs: number;
}

const LOOK_DEADLINE_MS = 60_000;
/** A job whose watching went wrong with us is looked at again after so long. */
const AFTER_TROUBLE_MS = 60_000;

/**
 * The job `run`: takes the locks, plans again, compares with what was approved, and carries it out.
 * Whatever dies on the way, running it again ends in the same world, each `once` step taken once.
 */
export async function run(id: string, work: Running, signal: AbortSignal): Promise<void> {
  const found = await work.requests.load(id);
  const request = found && openWait(found) ? await sitOut(found, work, signal) : found;
  if (request?.status !== 'approved' && request?.status !== 'running') return;
  // Neither waits for the thaw: stopping changes nothing, and a job that runs goes on whether it is looked at or not.
  if (!request.stopping && !openJob(request) && (await waitsForThaw(request, work))) return;
  const go = (pen: Pen, fence: Fence): Promise<void> => attempt(request, work, pen, fence, signal);
  await holding(request, lockNames(request, work), work, signal, go);
}

/** Looks at what is waited for; gives the request when that is over. It only looks: also while everything is frozen. */
async function sitOut(request: Request, work: Running, signal: AbortSignal): Promise<Request | null> {
  const watch = (pen: Pen): Promise<void> => watchWait(request, work, pen, signal);
  // Others may have the locks of what it changes meanwhile.
  const isOver = await holding(request, [ownLock(request)], work, signal, watch);
  return isOver ? work.requests.load(request.id) : null;
}

/** Does it under these locks. True: it came to its end, and nothing was in the way. */
async function holding(
  request: Request,
  names: readonly string[],
  work: Running,
  signal: AbortSignal,
  go: (pen: Pen, fence: Fence) => Promise<void>,
): Promise<boolean> {
  const { id } = request;
  const acquired = await work.locks.acquire(id, randomUUID(), names, work.leaseMs);
  if (!acquired.held) {
    await waitForLock(request, acquired, work);
    return false;
  }
  const { fence } = acquired;
  const stopRenewing = keepRenewed(fence, work, { request: id });
  const pen = createPen(id, work.requests, fence);
  let again: Date | null = null;
  try {
    await go(pen, fence);
    return true;
  } catch (error) {
    if (error instanceof Parked) again = error.until;
    else if (!isStop(error) && !signal.aborted) {
      await writeDown(error, request, work, pen);
      if (goesOn(pen.last() ?? request)) again = new Date(work.now().getTime() + AFTER_TROUBLE_MS);
    }
  } finally {
    stopRenewing();
    await giveBack(pen.last() ?? request, fence, again, work);
  }
  return false;
}

/** Is something begun that goes on by itself, and is looked at again whatever happens here? */
function goesOn(request: Request): boolean {
  return openJob(request) !== null || openWait(request) !== null;
}

/**
 * Only what is still ours: after a lost lease a newer attempt of this very request may hold the locks. While a job runs
 * they stay the request's own.
 */
async function giveBack(request: Request, fence: Fence, again: Date | null, work: Running): Promise<void> {
  try {
    // What somebody said meanwhile is looked at as soon as they want.
    if (again) await work.requests.putOff(request, again, fence);
    if (request.status === 'running' && openJob(request)) await work.locks.park(fence, KEPT_MS);
    else await work.locks.release(request.id, fence);
  } catch (error) {
    work.log.warn('locks not given back; their lease ends by itself', { request: request.id, error });
  }
}

async function attempt(
  loaded: Request,
  work: Running,
  pen: Pen,
  fence: Fence,
  signal: AbortSignal,
): Promise<void> {
  // Stops here if somebody wants that; that it has begun is written with the first step.
  const found = await pen.write(() => []);
  const job = openJob(found);
  if (job) await watchJob({ request: found, job, work, pen, fence, signal });
  const standing = job ? await pen.write(() => []) : found;
  const plan = await look(standing, work, signal);
  const request = await settle(standing, plan, work, pen, signal);
  const todo = remainingSteps(plan, request);
  assertUntouched(request);
  await stopOnDrift(request, plan, todo, work, pen);
  await stopUnapproved(request, plan, todo, work, pen);
  const unmet = todo.flatMap((step) => step.guards).filter((guard) => !guard.holds);
  if (unmet.length > 0) throw new Refused(guardText(unmet));
  const wanted = new Set(todo.map((step) => digestOfEffect(step.effect)));
  const todoBatches = batches((request.plan?.steps ?? []).filter((now) => wanted.has(now.digest)));
  const lookAgain = (now: Request): Promise<Plan> => look(now, work, signal);
  const last: { look: Promise<Plan> | null } = { look: null };
  for (const batch of todoBatches) {
    if (signal.aborted) throw new Stop();
    if (!loaded.stopping && (await waitsForThaw(loaded, work))) throw new Stop();
    await takeBatch(batch, { work, pen, fence, signal, lookAgain }, () => {
      // What has come of it is looked at while the outcomes are written down.
      if (batch === todoBatches.at(-1)) last.look = eager(lookAgain(request));
    });
  }
  await finish(request, await (last.look ?? lookAgain(request)), work, pen, signal);
}

/** Awaited later, or not at all when something else ends the attempt first. */
function eager<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Plans again, from what is there now. */
async function look(request: Request, work: Running, signal: AbortSignal): Promise<Plan> {
  const plan = await planRequest(request, work.site, viewFor(request, work, signal));
  if (plan.kind === 'answer') throw new Error('a command that answers was approved');
  return plan;
}

function viewFor(request: Request, work: Running, signal: AbortSignal): View {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_DEADLINE_MS)]);
  return viewOf(work.world, askerOf(request, work.site), work.now(), within);
}

/** After everything the plan must be empty; what was accepted and is not so is a failure. */
async function finish(
  loaded: Request,
  plan: Plan,
  work: Running,
  pen: Pen,
  signal: AbortSignal,
): Promise<void> {
  const isDone = (request: Request): boolean => remainingSteps(plan, request).length === 0;
  const result =
    hasResult(loaded, work.site) && isDone(await pen.write(() => [], isDone))
      ? await resultOf(loaded, work.site, viewFor(loaded, work, signal))
      : null;
  await pen.write((request) => {
    const left = remainingSteps(plan, request);
    if (left.length > 0) {
      const titles = left.map((step) => step.title).join('; ');
      const says = `The calls were accepted, but it still is not so: ${titles}. Somebody may be changing the same thing.`;
      return [{ type: 'failed', by: STEWARD, data: { says: cut(says) } }];
    }
    const steps = request.plan?.steps ?? [];
    // Nobody else says our messages.
    const found = steps
      .filter((now) => now.state !== 'done' && now.step.effect.kind !== 'notice')
      .map((now) => doneEvent(now, 'found'));
    return [
      ...found,
      { type: 'succeeded', by: STEWARD, data: { says: successText(request, steps), result } },
    ];
  }, isDone);
}

async function writeDown(error: unknown, request: Request, work: Running, pen: Pen): Promise<void> {
  const away = awayOf(error);
  const reference = `${request.id}-${request.seq}`;
  if (!away && !(error instanceof Refused))
    work.log.error('run failed', { request: request.id, reference, error });
  try {
    await pen.write((now) => {
      // Whatever went wrong with us, what goes on is watched on.
      if (goesOn(now)) return [];
      if (away && isPatient(now, work.now())) return [waitingEvent(away, now, work.now())];
      const expected = away ? `${away.message} I tried for half an hour.` : null;
      const said = error instanceof Refused ? error.message : expected;
      const says = said ?? `Something went wrong inside Steward. The log has the cause under ${reference}.`;
      return [{ type: 'failed', by: STEWARD, data: { says } }];
    });
  } catch (stopped) {
    if (!isStop(stopped)) throw stopped;
  }
}

function isStop(error: unknown): boolean {
  return error instanceof Stop || error instanceof Fenced;
}

/** Every request has a lock of its own, so that two workers never run it at once. */
function ownLock({ id }: Request): string {
  return `request:${id}`;
}

function lockNames(request: Request, work: Running): readonly string[] {
  const steps = (request.plan?.steps ?? []).map((now) => now.step);
  const named = request.askings.flatMap(({ command: name, given }) => {
    const command = work.site.registry.get(name);
    // What this program cannot read any more changes nothing: planning says so.
    return command && isReadable(command, given) ? command.locks(given, steps) : [];
  });
  return [...new Set([ownLock(request), ...named])].sort();
}
