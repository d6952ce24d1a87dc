import { approve, deny } from './approving.ts';
import type { Reply } from './card.ts';
import type { Risk } from './command.ts';
import type { Via } from './events.ts';
import { cancel, done, resolve, resume } from './intervening.ts';
import { actor, type Person, type Role } from './person.ts';
import { mayDecideIn } from './policy.ts';
import type { Request } from './request.ts';
import type { Requests } from './requests.ts';
import type { Ledger } from './store.ts';
import { type Decision, denied } from './verdict.ts';

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
