import { type RequestEvent, STEWARD } from './events.ts';
import type { PlanNow, Request, Status, StepNow } from './request.ts';

/**
 * A request is the fold of its events and nothing else: the thread, the terminal, the App Home and the
 * audit are drawn from this. Throws for a record that does not begin with `asked`.
 */
export function fold(events: readonly RequestEvent[]): Request {
  const first = events[0];
  if (first?.type !== 'asked') throw new Error('a record that does not begin with asked');
  const start: Request = {
    id: first.request,
    seq: 0,
    status: 'asked',
    asker: first.by,
    askings: first.data.askings,
    text: first.data.text,
    place: first.data.place,
    undoes: first.data.undoes ?? null,
    undoneBy: null,
    askedAt: first.at,
    updatedAt: first.at,
    plan: null,
    tries: {},
    sentBack: {},
    doneBefore: [],
    answer: null,
    waiting: null,
    awaySince: null,
    says: null,
    next: null,
    decidedBy: null,
    stopping: null,
  };
  return events.reduce(
    (request, event) => ({ ...apply(request, event), seq: event.seq, updatedAt: event.at }),
    start,
  );
}

/** Adds an event that is not written yet, to see what would come of it. */
export function after(request: Request, event: RequestEvent): Request {
  return { ...apply(request, event), seq: event.seq, updatedAt: event.at };
}

function apply(request: Request, event: RequestEvent): Request {
  switch (event.type) {
    case 'asked':
      return request;
    case 'stopping':
      return { ...request, stopping: { by: event.by, because: event.data.because, via: event.data.via } };
    case 'answered':
      return ended(request, 'answered', null, { answer: event.data.answer });
    case 'refused':
      return ended(request, 'refused', event.data.says, { next: event.data.next ?? null });
    case 'planned':
      return {
        ...request,
        status: 'planned',
        waiting: null,
        awaySince: null,
        doneBefore: [
          ...request.doneBefore,
          ...(request.plan?.steps ?? []).filter((step) => step.state === 'done'),
        ],
        plan: newPlan(event.data),
      };
    case 'waiting': {
      const { reason, says, until } = event.data;
      const since = request.waiting?.reason === reason ? request.waiting.since : event.at;
      const awaySince = reason === 'unavailable' ? (request.awaySince ?? event.at) : null;
      return { ...request, waiting: { reason, says, until: new Date(until), since }, awaySince };
    }
    case 'approved': {
      // A yes is to these calls and no others; one to something else counts for nothing.
      if (!fitsPlan(event.data, request.plan)) return request;
      const approvals = [
        ...(request.plan?.approvals ?? []),
        { by: event.by, at: event.at, via: event.data.via },
      ];
      const enough = approvals.length >= (request.plan?.needs.people ?? 0);
      return {
        ...withPlan(request, { approvals }),
        status: enough ? 'approved' : request.status,
        decidedBy: enough && event.by.id !== STEWARD.id ? event.by : request.decidedBy,
      };
    }
    case 'denied':
      return ended(request, 'denied', event.data.because, { decidedBy: event.by });
    case 'cancelled':
      return ended(request, 'cancelled', event.data.because, { decidedBy: event.by });
    case 'expired':
      return ended(request, 'expired', null, {});
    case 'reminded':
      return withPlan(request, { reminded: true });
    case 'started':
      return { ...request, status: 'running', waiting: null, awaySince: null, says: null };
    case 'step-started': {
      const { key, digest } = event.data;
      const started = {
        state: 'started',
        at: event.at,
        begun: event.at,
        says: null,
        progress: null,
        how: null,
      } as const;
      const tries = { ...request.tries, [digest]: (request.tries[digest] ?? 0) + 1 };
      return withStep({ ...request, tries, waiting: null }, key, started);
    }
    case 'step-progress':
      return withStep(request, event.data.key, { progress: event.data.says });
    case 'step-done':
      // Only this is progress: a call that is lost again and again must not be tried for ever.
      return withStep({ ...request, waiting: null, awaySince: null }, event.data.key, {
        state: 'done',
        at: event.at,
        says: null,
        how: event.data.how,
      });
    case 'step-failed':
      return withStep(request, event.data.key, { state: 'failed', at: event.at, says: event.data.says });
    case 'step-unknown':
      return withStep(request, event.data.key, { state: 'unknown', at: event.at, says: event.data.says });
    case 'step-not-done': {
      // One that was seen to run: not one whose host was away, or had another to run.
      const ran = request.waiting?.reason === 'job' ? 1 : 0;
      const { digest } = event.data;
      const sentBack = { ...request.sentBack, [digest]: (request.sentBack[digest] ?? 0) + ran };
      return withStep({ ...request, sentBack }, event.data.key, {
        state: 'todo',
        at: event.at,
        says: null,
        how: null,
      });
    }
    case 'drifted':
      return { ...request, says: event.data.says, waiting: null };
    case 'succeeded':
      return ended(request, 'succeeded', event.data.says, { answer: event.data.result });
    case 'failed':
      return ended(request, 'failed', event.data.says, {});
    case 'unknown':
      return ended(request, 'unknown', event.data.says, {});
    case 'resumed':
      // A plan that was approved stays approved; one that never came is asked for again.
      return {
        ...request,
        status: request.plan ? 'approved' : 'asked',
        sentBack: {},
        waiting: null,
        awaySince: null,
        says: null,
      };
    case 'undo-asked':
      return { ...request, undoneBy: event.data.request };
  }
}

function fitsPlan(
  yes: { readonly n: number; readonly digests: readonly string[] },
  plan: PlanNow | null,
): boolean {
  return (
    plan !== null &&
    yes.n === plan.n &&
    yes.digests.length === plan.steps.length &&
    plan.steps.every((now, index) => now.digest === yes.digests[index])
  );
}

function newPlan(data: Extract<RequestEvent, { type: 'planned' }>['data']): PlanNow {
  return {
    n: data.n,
    title: data.title,
    steps: data.steps.map((step, index) => ({
      step,
      digest: data.digests[index] ?? '',
      state: 'todo',
      at: null,
      begun: null,
      says: null,
      progress: null,
      how: null,
    })),
    notes: data.notes,
    needs: data.needs,
    risk: data.risk,
    expiresAt: data.expiresAt === null ? null : new Date(data.expiresAt),
    tooLong: data.tooLong,
    approvals: [],
    reminded: false,
  };
}

function ended(request: Request, status: Status, says: string | null, more: Partial<Request>): Request {
  return { ...request, status, says, waiting: null, awaySince: null, stopping: null, ...more };
}

function withPlan(request: Request, change: Partial<PlanNow>): Request {
  return request.plan ? { ...request, plan: { ...request.plan, ...change } } : request;
}

function withStep(request: Request, key: string, change: Partial<StepNow>): Request {
  if (!request.plan) return request;
  const steps = request.plan.steps.map((now) => (now.step.key === key ? { ...now, ...change } : now));
  return withPlan(request, { steps });
}
