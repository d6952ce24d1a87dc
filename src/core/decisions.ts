import type { Reply } from './card.ts';
import type { Risk } from './command.ts';
import type { NewEvent, Via } from './events.ts';
import { lineInShort } from './in-short.ts';
import type { Person, Role } from './person.ts';
import { isSame, mayApprove, mayDecideIn, waitsFor } from './policy.ts';
import { doneEvent, notDoneEvent } from './recording.ts';
import { ENDED, type Request } from './request.ts';
import type { Requests } from './requests.ts';
import type { Ledger } from './store.ts';

/** Yes, no, stop, go on: what people decide about a request. All of them answer; none throws for a "no". */
export interface Decisions {
  /** `plan`: the number of the plan that the person saw; null where they typed without one. */
  approve(who: Person, id: string, plan: number | null, via: Via): Promise<Reply>;
  deny(who: Person, id: string, plan: number | null, because: string, via: Via): Promise<Reply>;
  cancel(who: Person, id: string, because: string, via: Via): Promise<Reply>;
  resume(who: Person, id: string, via: Via): Promise<Reply>;
  resolve(who: Person, id: string, outcome: 'done' | 'not-done', via: Via): Promise<Reply>;
  /** `step`: its number in the plan, from 1. */
  done(who: Person, id: string, step: number, via: Via): Promise<Reply>;
}

interface Decision {
  readonly events: readonly NewEvent[];
  readonly result: Reply;
}

/** `deciders`: roles that may say yes to what a request asks for, also before it has a plan. `riskOf`: of all it asks for. */
export function createDecisions(deps: {
  readonly requests: Requests;
  readonly ledger: Ledger;
  readonly deciders: (request: Request) => readonly Role[];
  readonly riskOf: (request: Request) => Risk;
  readonly now: () => Date;
}): Decisions {
  const { requests, ledger, deciders, riskOf, now } = deps;

  /** Decides on what stands; a refusal for want of rights goes into the audit trail as well. */
  async function decide(
    who: Person,
    what: string,
    id: string,
    by: (request: Request) => Decision,
  ): Promise<Reply> {
    const { result } = await requests.change(id, by);
    if (result.tone === 'bad') {
      await ledger.note('decision-refused', actor(who), { request: id, what, says: result.title });
    }
    return result;
  }

  return {
    approve: (who, id, plan, via) =>
      decide(
        who,
        'approve',
        id,
        (request) => notHere(request, via, riskOf(request)) ?? approve(who, request, plan, via, now()),
      ),
    deny: (who, id, plan, because, via) =>
      decide(who, 'deny', id, (request) => deny(who, request, plan, because, via, now())),
    cancel: (who, id, because, via) =>
      decide(who, 'cancel', id, (request) => cancel(who, request, because, via, deciders(request))),
    resume: (who, id, via) =>
      decide(
        who,
        'resume',
        id,
        (request) => notHere(request, via, riskOf(request)) ?? resume(who, request, via, now()),
      ),
    resolve: (who, id, outcome, via) =>
      decide(
        who,
        'resolve',
        id,
        (request) => notHere(request, via, riskOf(request)) ?? resolve(who, request, outcome, via),
      ),
    done: (who, id, step, via) =>
      decide(
        who,
        'done',
        id,
        (request) => notHere(request, via, riskOf(request)) ?? done(who, request, step),
      ),
  };
}

/** What is too risky for a place is decided elsewhere; null when it may be decided here. */
function notHere(request: Request, via: Via, risk: Risk): Decision | null {
  if (mayDecideIn(via, risk)) return null;
  return denied(
    `${request.id} is of high risk, and that is not decided in the forum: staff can rewrite posts, and mail can be forged.`,
    `Say it in chat, on the message of ${request.id} or with \`show ${request.id}\`, or in a terminal.`,
  );
}

function approve(who: Person, request: Request, seen: number | null, via: Via, now: Date): Decision {
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

function deny(
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

function cancel(who: Person, request: Request, because: string, via: Via, roles: readonly Role[]): Decision {
  const mine = isSame(who, request.asker);
  if (!mine && !roles.some((role) => who.roles.has(role))) {
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
      'What is done stays done; `undo` takes it back.',
    );
  }
  if (ENDED.includes(request.status) && request.status !== 'failed' && request.status !== 'unknown') {
    return no(`${request.id} has ended already: ${standing(request)}.`);
  }
  return yes([{ type: 'cancelled', by: actor(who), data }], `${request.id} is cancelled.`);
}

function resume(who: Person, request: Request, via: Via, now: Date): Decision {
  if (!mayRun(who, request))
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

function resolve(who: Person, request: Request, outcome: 'done' | 'not-done', via: Via): Decision {
  const roles = request.plan?.needs.roles ?? [];
  if (!roles.some((role) => who.roles.has(role))) {
    return denied(
      `You may not resolve ${request.id}: that takes one of the ${roles.join('s or ') || 'admin'}s.`,
    );
  }
  // What did not happen is done then, so this is a yes too.
  if (outcome === 'not-done' && isSame(who, request.asker) && request.plan?.needs.ownRequest === false) {
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

function done(who: Person, request: Request, step: number): Decision {
  const { id, plan } = request;
  const roles = plan?.needs.roles ?? [];
  if (!roles.some((role) => who.roles.has(role)))
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

function mayRun(who: Person, request: Request): boolean {
  return isSame(who, request.asker) || (request.plan?.needs.roles ?? []).some((role) => who.roles.has(role));
}

/** Where it stands, as the end of a sentence. */
function standing(request: Request): string {
  const by = request.decidedBy ? ` by ${request.decidedBy.name}` : '';
  switch (request.status) {
    case 'denied':
      return `it was denied${by} (${request.says ?? 'no reason given'})`;
    case 'cancelled':
      return `it was cancelled${by}`;
    case 'approved':
    case 'running':
      return `it was approved${by} and is under way`;
    case 'succeeded':
      return 'it is done';
    case 'expired':
      return 'it expired, because nobody decided in time';
    case 'refused':
      return `it was refused (${request.says ?? 'no reason given'})`;
    case 'failed':
      return 'it failed';
    case 'answered':
      return 'it was only a question, and is answered';
    case 'unknown':
      return 'the outcome of a step is unknown';
    case 'asked':
      return 'it is being worked out';
    case 'planned':
      return 'it waits for approval';
  }
}

/** Somebody as the record names them. */
export function actor(who: Person): { readonly id: string; readonly name: string } {
  return { id: who.id, name: who.name };
}

function yes(events: readonly NewEvent[], title: string, ...lines: readonly string[]): Decision {
  return { events, result: { tone: 'good', title, lines } };
}

function no(title: string, ...lines: readonly string[]): Decision {
  return { events: [], result: { tone: 'warn', title, lines } };
}

/** A no for want of rights: `bad`, and kept in the audit trail. */
function denied(title: string, ...lines: readonly string[]): Decision {
  return { events: [], result: { tone: 'bad', title, lines } };
}
