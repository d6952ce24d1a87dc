import { STEWARD } from './events.ts';
import type { Plan, Step } from './plan.ts';
import { digestOfEffect, plannedEvent, ruleOfPlan } from './planner.ts';
import type { Work } from './planning.ts';
import { isApproved } from './policy.ts';
import { cut, type Pen, Stop } from './recording.ts';
import type { Request, StepNow } from './request.ts';

/**
 * A step that nobody approved stops everything: the request asks again, with the new plan. The same call from
 * another starting point is such a step too: `4 → 8` raises, `16 → 8` lowers, and its undo goes elsewhere.
 */
export async function stopOnDrift(
  request: Request,
  plan: Plan,
  todo: readonly Step[],
  work: Work,
  pen: Pen,
): Promise<void> {
  const open = (request.plan?.steps ?? []).filter((now) => now.state !== 'done');
  const approved = new Map(open.map((now) => [now.digest, shownChange(now.step)]));
  const strange = todo.filter((step) => approved.get(digestOfEffect(step.effect)) !== shownChange(step));
  if (strange.length === 0) return;
  const titles = strange.map((step) => `${step.title} (${shownChange(step) || 'once'})`).join('; ');
  const total = request.plan?.steps.length ?? 0;
  const done = total - open.length;
  const stopped = done > 0 ? `I stopped after ${done} of ${total} steps` : 'nothing was done';
  const other = strange.flatMap((step) =>
    differences(
      step,
      open.find((now) => now.step.key === step.key),
    ),
  );
  const seen = other.length > 0 ? ` What is seen now: ${other.join('; ')}.` : '';
  const says = cut(`Things changed after the approval, so ${stopped}.${seen} Now it would be: ${titles}.`);
  await askAgain(says, request, plan, todo, work, pen);
}

/** The rule has become stricter since the yes, or the plan riskier, or there never was one: the request asks again. */
export async function stopUnapproved(
  request: Request,
  plan: Plan,
  todo: readonly Step[],
  work: Work,
  pen: Pen,
): Promise<void> {
  const rule = ruleOfPlan(work.site, request, plan);
  if (todo.length === 0 || isApproved(request, rule)) return;
  work.log.error('a run without every yes that it needs', { request: request.id });
  const says = 'What it was approved by is not enough by the rules of now, so it was not done.';
  await askAgain(says, request, plan, todo, work, pen);
}

/** Nothing more is done under the plan that stands: the new one takes its place. */
async function askAgain(
  says: string,
  request: Request,
  plan: Plan,
  todo: readonly Step[],
  work: Work,
  pen: Pen,
): Promise<never> {
  const planned = plannedEvent(request, plan, todo, ruleOfPlan(work.site, request, plan), work.now());
  await pen.write((now) => [{ type: 'drifted', by: STEWARD, data: { n: now.plan?.n ?? 0, says } }, planned]);
  throw new Stop();
}

/** What is called comes from the record, so the digests that were approved are computed from it anew. */
export function assertUntouched(request: Request): void {
  const steps = request.plan?.steps ?? [];
  const isTouched = steps.some((now) => digestOfEffect(now.step.effect) !== now.digest);
  if (isTouched || new Set(steps.map((now) => now.digest)).size < steps.length)
    throw new Error(`the record of ${request.id} was tampered with: a step is not what was approved`);
}

/** A script's call tells people nothing, so what it rested on and rests on now does. */
function differences({ effect, evidence }: Step, approved: StepNow | undefined): readonly string[] {
  if (effect.kind !== 'host' || !approved) return [];
  return evidence.flatMap(({ label, value }) => {
    const before = approved.step.evidence.find((one) => one.label === label)?.value;
    return before === undefined || before === value ? [] : [`${label}: ${value} (before: ${before})`];
  });
}

/** What approvers read of a `set` step beside its call. A `once` step begins where it begins. */
function shownChange(step: Step): string {
  if (step.kind === 'once') return '';
  return step.changes.map(({ what, before, after }) => `${what}: ${before} → ${after}`).join(', ');
}
