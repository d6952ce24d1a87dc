import { type NewEvent, STEWARD } from './events.ts';
import { noticeOf } from './notice.ts';
import type { Plan } from './plan.ts';
import { commandOf, digestOfEffect } from './planner.ts';
import { askerOf, type Work } from './planning.ts';
import { doneEvent, notDoneEvent, type Pen, Stop, unknownEvent } from './recording.ts';
import type { Request, StepNow } from './request.ts';
import { viewOf } from './world.ts';

const LOOK_DEADLINE_MS = 60_000;

/**
 * Finds out about every step that was started and whose outcome was not written down: a crash, a lost answer.
 * A `set` step is done when the new plan does not want it; a `once` step is looked up by its command.
 * What stays unknown ends the attempt, and the request says so.
 */
export async function settle(
  request: Request,
  plan: Plan,
  work: Work,
  pen: Pen,
  signal: AbortSignal,
): Promise<Request> {
  const open = (request.plan?.steps ?? []).filter(
    (now) => now.state === 'started' || now.state === 'unknown',
  );
  if (open.length === 0) return request;
  const wanted = new Set(plan.steps.map((step) => digestOfEffect(step.effect)));
  const events: NewEvent[] = [];
  for (const now of open) {
    // Somebody is at it, or will be.
    if (now.step.effect.kind === 'hand' && wanted.has(now.digest)) continue;
    const found =
      now.step.kind === 'set'
        ? wanted.has(now.digest)
          ? 'not-done'
          : 'done'
        : await lookUp(now, request, work, signal);
    if (found === 'done') events.push(doneEvent(now, 'found'));
    else if (found === 'not-done') events.push(notDoneEvent(now));
    else if (now.state === 'started') events.push(unknownEvent(now, 'Its answer never came.'));
  }
  const settled = await pen.write(() => events);
  const unsure = settled.plan?.steps.find((now) => now.state === 'unknown');
  if (!unsure) return settled;
  const says = `I cannot tell whether “${unsure.step.title}” happened. ${unsure.says ?? ''} Nothing was repeated.`;
  await pen.write(() => [{ type: 'unknown', by: STEWARD, data: { says } }]);
  throw new Stop();
}

async function lookUp(
  now: StepNow,
  request: Request,
  work: Work,
  signal: AbortSignal,
): Promise<'done' | 'not-done' | 'unknown'> {
  const { effect } = now.step;
  if (effect.kind === 'notice') {
    const { key } = noticeOf(request.id, now.digest, effect);
    return (await work.notices.seen([key])).has(key) ? 'done' : 'not-done';
  }
  const [asking, another] = request.askings;
  if (!asking || another) return 'unknown';
  const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_DEADLINE_MS)]);
  const view = viewOf(work.world, askerOf(request, work.site), work.now(), within);
  return commandOf(work.site, asking.command).happened(
    // The intent's own time: by the time of a later event it would look as if it happened too early.
    { step: now.step, at: now.begun ?? request.updatedAt },
    view,
  );
}
