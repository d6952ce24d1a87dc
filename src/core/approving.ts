import type { NewEvent, Via } from './events.ts';
import { lineInShort } from './in-short.ts';
import { actor, type Person } from './person.ts';
import { isSame, mayApprove, waitsFor } from './policy.ts';
import type { Request } from './request.ts';
import { type Decision, denied, no, standing, yes } from './verdict.ts';

/** A yes to the plan. `seen`: the number of the plan that the person saw; null where they typed without one. */
export function approve(who: Person, request: Request, seen: number | null, via: Via, now: Date): Decision {
  const { plan } = request;
  const closed = notWaiting(request, seen, now);
  if (closed || !plan) return closed ?? no(`${request.id} has no plan yet.`);
  if (plan.tooLong) {
    return no(
      `The plan of ${request.id} is too long to be read whole, so nobody can approve it.`,
      'Ask for it in smaller parts.',
    );
  }
  const allowed = mayApprove(who, request, plan.needs);
  if (!allowed.ok) return denied(allowed.says, allowed.next);
  if (plan.approvals.some((yes) => isSame(who, yes.by))) {
    return no(`You have approved ${request.id} already.`, `It waits for ${waitsFor(request, plan.needs)}.`);
  }
  const digests = plan.steps.map((step) => step.digest);
  const event: NewEvent = { type: 'approved', by: actor(who), data: { n: plan.n, digests, via } };
  const missing = plan.needs.people - plan.approvals.length - 1;
  return missing > 0
    ? yes([event], `Your yes to ${request.id} counts.`, `It waits for ${missing} more.`)
    : yes([event], `${request.id} is approved. It starts as soon as nothing is in its way.`);
}

/** A no to the plan, with its reason. */
export function deny(
  who: Person,
  request: Request,
  seen: number | null,
  because: string,
  via: Via,
  now: Date,
): Decision {
  const { plan } = request;
  const closed = notWaiting(request, seen, now);
  if (closed || !plan) return closed ?? no(`${request.id} has no plan yet.`);
  if (because === '')
    return no('Say why, so that the asker knows what to do.', `\`deny ${request.id} because=…\``);
  const allowed = mayApprove(who, request, { ...plan.needs, ownRequest: true });
  if (!allowed.ok) return denied(allowed.says.replace('approve', 'deny'), allowed.next);
  return yes(
    [{ type: 'denied', by: actor(who), data: { n: plan.n, because, via } }],
    `${request.id} is denied.`,
    'The asker reads your reason.',
  );
}

/** Why a decision comes too late or too early; null when the plan waits for one. */
function notWaiting(request: Request, seen: number | null, now: Date): Decision | null {
  const { plan, status } = request;
  if (status === 'asked')
    return no(`${request.id} has no plan yet.`, 'Wait a moment: it is being worked out.');
  if (status !== 'planned' || !plan)
    return no(
      `${request.id} does not wait for a decision: ${standing(request)}.`,
      'Nothing was changed by this.',
    );
  if (plan.expiresAt && plan.expiresAt <= now)
    return no(
      `${request.id} has expired: nobody decided in time.`,
      `Ask again with \`${lineInShort(request.text)}\` if it is still wanted.`,
    );
  if (seen === null ? plan.n > 1 : plan.n !== seen) {
    return no(
      `The plan of ${request.id} has changed: it is now plan ${plan.n}.`,
      `Read it, then \`approve ${request.id} plan=${plan.n}\` or use the button below it.`,
    );
  }
  return null;
}
