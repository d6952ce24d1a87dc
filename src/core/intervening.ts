import type { NewEvent, Via } from './events.ts';
import { lineInShort } from './in-short.ts';
import { actor, type Person, type Role } from './person.ts';
import { mayApprove } from './policy.ts';
import { doneEvent, notDoneEvent } from './recording.ts';
import { ENDED, type Request } from './request.ts';
import { mayDo, rightTo } from './rights.ts';
import { type Decision, denied, no, standing, yes } from './verdict.ts';

/** Ends it, or stops what runs. `roles`: those who may, beside the asker. */
export function cancel(
  who: Person,
  request: Request,
  because: string,
  via: Via,
  roles: readonly Role[],
): Decision {
  if (!mayDo(who, request.asker, rightTo('cancel', request, { deciders: roles }))) {
    return denied(
      `Only ${request.asker.name}, who asked, or one of the ${roles.join('s or ') || 'admin'}s can cancel ${request.id}.`,
    );
  }
  const data = { because, via };
  if (request.stopping) {
    return no(`${request.id} is stopping already: ${request.stopping.by.name} asked for that.`);
  }
  // Nobody is at it but people, and they read it here.
  if (request.status === 'running' && request.waiting?.reason === 'hand')
    return yes(
      [{ type: 'cancelled', by: actor(who), data }],
      `${request.id} is cancelled: nothing more is done, by hand or by me.`,
    );
  if (request.status === 'running' && request.waiting?.reason === 'hub')
    return yes(
      [{ type: 'cancelled', by: actor(who), data }],
      `${request.id} waits no longer. What the hub is at goes on there${goesOn(request)}.`,
      STAYS,
    );
  if (request.status === 'running' && request.waiting?.reason === 'job')
    return yes(
      [{ type: 'stopping', by: actor(who), data }],
      `${request.id} is told to stop, in the middle of what it does on the host.`,
      'What the job said last will stand in its thread.',
    );
  if (request.status === 'running') {
    return yes(
      [{ type: 'stopping', by: actor(who), data }],
      `${request.id} stops before its next step.`,
      STAYS,
    );
  }
  if (ENDED.includes(request.status) && request.status !== 'failed' && request.status !== 'unknown') {
    return no(`${request.id} has ended already: ${standing(request)}.`);
  }
  return yes([{ type: 'cancelled', by: actor(who), data }], `${request.id} is cancelled.`);
}

const STAYS = 'What is done stays done; its card says who can take it back.';

/** What was seen last of what is waited for. */
function goesOn({ plan }: Request): string {
  const wait = plan?.steps.find(({ state, step }) => state === 'started' && step.effect.kind === 'wait');
  return wait?.progress ? `: ${wait.progress.replace(/[.]$/, '')}` : '';
}

/** Goes on after a failure. */
export function resume(who: Person, request: Request, via: Via, now: Date): Decision {
  if (!mayDo(who, request.asker, rightTo('resume', request)))
    return denied(
      `Only ${request.asker.name}, who asked, or those who may approve ${request.id} can resume it.`,
    );
  if (request.status !== 'failed' && request.status !== 'unknown') {
    return no(`${request.id} has nothing to resume: ${standing(request)}.`);
  }
  const { plan } = request;
  // A yes does not last for ever: later it takes a fresh one, of somebody who may give it.
  if (plan?.expiresAt && plan.expiresAt <= now && !mayApprove(who, request, plan.needs).ok) {
    return denied(
      `The yes to ${request.id} is too old for you to go on with it.`,
      `One of the ${plan.needs.roles.join('s or ')}s can resume it, or ask again with \`${lineInShort(request.text)}\`.`,
    );
  }
  return yes(
    [{ type: 'resumed', by: actor(who), data: { via } }],
    `${request.id} goes on from where it stopped.`,
    'Steps that are done are not repeated.',
  );
}

/** Says of steps of unknown outcome what became of them. */
export function resolve(who: Person, request: Request, outcome: 'done' | 'not-done', via: Via): Decision {
  const roles = request.plan?.needs.roles ?? [];
  if (!mayDo(who, request.asker, rightTo('resolve-done', request))) {
    return denied(
      `You may not resolve ${request.id}: that takes one of the ${roles.join('s or ') || 'admin'}s.`,
    );
  }
  if (outcome === 'not-done' && !mayDo(who, request.asker, rightTo('resolve-not-done', request))) {
    return denied(
      `You asked for ${request.id} yourself, so somebody else has to say that it did not happen: it would be done again.`,
    );
  }
  const open = request.plan?.steps.filter((now) => now.state === 'unknown') ?? [];
  if (request.status !== 'unknown' || open.length === 0)
    return no(`${request.id} has no step of unknown outcome.`);
  const events = open.map((now): NewEvent => {
    const event = outcome === 'done' ? doneEvent(now, 'resolved') : notDoneEvent(now);
    return { ...event, by: actor(who) };
  });
  events.push({ type: 'resumed', by: actor(who), data: { via } });
  return yes(
    events,
    `Noted: “${open[0]?.step.title}” is ${outcome === 'done' ? 'done' : 'not done'}. ${request.id} goes on.`,
  );
}

/** Says that a step was done by hand. `step`: its number in the plan, from 1. */
export function done(who: Person, request: Request, step: number): Decision {
  const { id, plan } = request;
  const roles = plan?.needs.roles ?? [];
  if (!mayDo(who, request.asker, rightTo('done', request)))
    return denied(
      `You may not say that for ${id}: that takes one of the ${roles.join('s or ') || 'admin'}s.`,
      `If it is done, \`check ${id}\` lets me look.`,
    );
  const steps = plan?.steps ?? [];
  const now = steps[step - 1];
  if (!now) return no(`${id} has no step ${step}.`, `\`show ${id}\` shows its ${steps.length} steps.`);
  if (now.step.effect.kind !== 'hand')
    return no(
      `Step ${step} of ${id}, “${now.step.title}”, is not done by hand: I do it, and see whether it is done.`,
    );
  if (now.state === 'done') return no(`Step ${step} of ${id} is done already.`);
  if (now.state !== 'started' || request.status !== 'running')
    return no(
      `Step ${step} of ${id} is not to be done now: ${standing(request)}.`,
      'Nothing was changed by this.',
    );
  return yes([{ ...doneEvent(now, 'resolved'), by: actor(who) }], `Noted: “${now.step.title}” is done.`);
}
