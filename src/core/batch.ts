import { waitForHands } from './by-hand.ts';
import { carryOut } from './carrying.ts';
import type { NewEvent } from './events.ts';
import { openJob } from './job-state.ts';
import { startJob, type Watch } from './job-watching.ts';
import type { Plan } from './plan.ts';
import {
  beginning,
  doneEvent,
  failedEvent,
  failureText,
  notDoneEvent,
  startedEvent,
  unknownEvent,
} from './recording.ts';
import { Refused, Unavailable } from './refused.ts';
import type { Request, StepNow } from './request.ts';
import { settle } from './settling.ts';
import { beginWait } from './wait-watching.ts';

/** What carrying out a batch needs: the worker, the attempt's pen and locks, and a look at what is there now. */
export interface Taking extends Omit<Watch, 'request' | 'job'> {
  lookAgain(request: Request): Promise<Plan>;
}

/** A call that has begun is let end, also at shutdown: an answer that nobody waits for is an unknown outcome. */
const CALL_DEADLINE_MS = 150_000;
const MOST_CALLS_TOGETHER = 100;

/** Hub calls that may be repeated go together, and what people do; everything else one at a time. */
export function batches(steps: readonly StepNow[]): readonly (readonly StepNow[])[] {
  const isAlike = ({ step: one }: StepNow, { step: other }: StepNow): boolean =>
    one.kind === 'set' &&
    other.kind === 'set' &&
    one.effect.kind === other.effect.kind &&
    (one.effect.kind === 'hub' || one.effect.kind === 'hand');
  const groups: StepNow[][] = [];
  for (const now of steps) {
    const last = groups.at(-1);
    const [first] = last ?? [];
    if (last && first && last.length < MOST_CALLS_TOGETHER && isAlike(now, first)) last.push(now);
    else groups.push([now]);
  }
  return groups;
}

/**
 * Carries the steps of one batch out, and writes down what came of it. `called` is told as soon as all are done, before
 * that is written.
 */
export async function takeBatch(batch: readonly StepNow[], run: Taking, called: () => void): Promise<void> {
  const { work, pen, fence, signal, lookAgain } = run;
  const [first] = batch;
  if (first?.step.effect.kind === 'hand') return waitForHands(batch, work.now(), pen);
  if (first?.step.effect.kind === 'wait') return beginWait(first, work.now(), pen);
  const begun = await pen.write((now) => [...beginning(now), ...batch.map(startedEvent)]);
  const job = openJob(begun);
  if (job) return startJob({ request: begun, job, work, pen, fence, signal });
  const effects = batch.map((now) => now.step.effect);
  const outcomes = await carryOut(effects, pen.request, work, AbortSignal.timeout(CALL_DEADLINE_MS)).catch(
    async (error: unknown) => {
      // Thrown only when nothing of it was carried out: nobody has to look.
      if (error instanceof Unavailable) await pen.record(batch.map(notDoneEvent));
      if (error instanceof Refused) await pen.record(batch.map((now) => failedEvent(now, error.message)));
      throw error;
    },
  );
  const events = batch.map((now, index): NewEvent => {
    const outcome = outcomes[index] ?? { kind: 'unknown', says: 'No outcome came back.' };
    if (outcome.kind === 'done') return doneEvent(now, 'called');
    return outcome.kind === 'failed' ? failedEvent(now, outcome.says) : unknownEvent(now, outcome.says);
  });
  if (outcomes.every((outcome) => outcome.kind === 'done')) called();
  const request = await pen.record(events);
  const failed = events.filter((event) => event.type === 'step-failed');
  if (failed.length > 0) throw new Refused(failureText(request, failed.length));
  if (events.some((event) => event.type === 'step-unknown')) {
    await settle(request, await lookAgain(request), work, pen, signal);
    throw new Unavailable(
      'the answer',
      'An answer was lost on the way. I looked at what is there now and go on from that.',
    );
  }
}
