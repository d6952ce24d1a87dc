import { waitsFor } from './policy.ts';
import type { Request } from './request.ts';

/** Where a request stands, in one line: the first thing that people read of it. */
export function lineOf(request: Request): string {
  const by = request.decidedBy?.name ?? 'somebody';
  if (request.waiting && ['asked', 'approved', 'running'].includes(request.status))
    return waitingLine(request, request.waiting);
  switch (request.status) {
    case 'asked':
      return 'Working out what it would do…';
    case 'planned':
      return plannedLine(request);
    case 'approved':
      return `Approved by ${approvers(request)}. It starts in a moment.`;
    case 'running':
      return request.stopping
        ? `Stops before its next step: ${request.stopping.by.name} asked for that.`
        : `Running, approved by ${approvers(request)}.`;
    case 'succeeded':
      return request.plan && request.plan.steps.length > 0
        ? `${request.says ?? 'Done.'} Approved by ${approvers(request)}.`
        : (request.says ?? 'Done.');
    case 'denied':
      return `Denied by ${by}: ${sentence(request.says ?? 'no reason given')} ${doneText(request)}`;
    case 'cancelled':
      return `Cancelled by ${by}${request.says ? `: ${sentence(request.says)}` : '.'} ${doneText(request)}`;
    case 'expired':
      return `Nobody decided in time, so it has ended. ${doneText(request)}`;
    case 'answered':
      return '';
    case 'failed': {
      const begun = [...request.doneBefore, ...(request.plan?.steps ?? [])].some((now) => now.begun !== null);
      return `${request.says ?? 'It failed.'}${begun ? '' : ' Nothing was done.'}`;
    }
    case 'refused':
    case 'unknown':
      return request.says ?? request.status;
  }
}

function waitingLine({ stopping }: Request, { reason, says }: NonNullable<Request['waiting']>): string {
  if (reason === 'hub') return says;
  if (reason !== 'job') return `Waiting. ${says}`;
  return stopping ? `Is being stopped: ${stopping.by.name} asked for that.` : says;
}

/** What somebody wrote, with a full stop where it lacks one. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** What was carried out before it ended. */
function doneText(request: Request): string {
  const steps = request.plan?.steps ?? [];
  const done = steps.filter((now) => now.state === 'done').length + request.doneBefore.length;
  const asked = steps.filter((now) => now.state === 'started' && now.step.effect.kind === 'hand');
  const left = asked.map((now) => `“${now.step.title}”`).join(', ');
  const waits = steps.find((now) => now.state === 'started' && now.step.effect.kind === 'wait');
  const goesOn = waits
    ? ` It was not waited for any longer: ${sentence(waits.progress ?? waits.step.title)}`
    : '';
  const byHand = `${left ? ` Nobody said that this was done by hand: ${left}.` : ''}${goesOn}`;
  const broken = steps.find((now) => now.state === 'failed');
  if (done === 0 && broken) return `“${broken.step.title}” was begun and not finished.${byHand}`;
  if (done === 0) return `Nothing was done.${byHand}`;
  const all = steps.length + request.doneBefore.length;
  return `${done} of ${all} steps ${done === 1 ? 'is done, and stays' : 'are done, and stay'} done.${byHand}`;
}

function plannedLine(request: Request): string {
  const plan = request.plan;
  if (!plan) return '';
  const drifted = request.says ? `${request.says} ` : '';
  if (plan.tooLong)
    return `${drifted}This plan is too long to be read whole, so nobody can approve it. Ask for it in smaller parts.`;
  return `${drifted}Waits for the yes of ${waitsFor(request, plan.needs)}.`;
}

/** Who said yes to the plan. */
export function approvers(request: Request): string {
  const names = request.plan?.approvals.map((yes) => yes.by.name) ?? [];
  return names.length > 0 ? names.join(' and ') : 'nobody';
}
