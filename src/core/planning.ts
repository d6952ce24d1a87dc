import type { Answer } from './answer.ts';
import { type NewEvent, STEWARD } from './events.ts';
import { watchLooks } from './looks.ts';
import type { Person } from './person.ts';
import { plannedEvent, planRequest, remainingSteps, resultOf, ruleOfPlan, type Site } from './planner.ts';
import type { Log } from './ports.ts';
import { Refused } from './refused.ts';
import type { Request } from './request.ts';
import type { Requests } from './requests.ts';
import type { FileStore, NoticeStore } from './store.ts';
import { awayOf, isPatient, waitingEvent } from './waiting.ts';
import { viewOf, type World } from './world.ts';

/** What the jobs of a worker need. */
export interface Work {
  readonly requests: Requests;
  readonly site: Site;
  readonly world: World;
  readonly notices: Pick<NoticeStore, 'put' | 'seen'>;
  readonly files: Pick<FileStore, 'put'>;
  readonly now: () => Date;
  readonly log: Log;
}

/** Longest that planning may take, in milliseconds. */
const PLAN_DEADLINE_MS = 60_000;

/** The job `plan`: looks, and writes an answer or a numbered plan. Safe to run twice. */
export async function plan(id: string, work: Work, signal: AbortSignal): Promise<void> {
  const request = await work.requests.load(id);
  if (request?.status !== 'asked') return;
  const events = await outcomeOf(request, work, signal);
  if (signal.aborted) return;
  await work.requests.change(id, (current) => ({
    // Somebody may have cancelled it meanwhile.
    events: current.status === 'asked' && current.seq === request.seq ? events : [],
    result: undefined,
  }));
}

async function outcomeOf(request: Request, work: Work, signal: AbortSignal): Promise<readonly NewEvent[]> {
  const { site, world, now } = work;
  const within = AbortSignal.any([signal, AbortSignal.timeout(PLAN_DEADLINE_MS)]);
  const commands = request.askings.map((asking) => site.registry.get(asking.command));
  const { view, hasLooked } = watchLooks(
    viewOf(world, askerOf(request, site), now(), within),
    commands.find((command) => command?.perMinute !== undefined)?.perMinuteOf,
  );
  try {
    const plan = await planRequest(request, site, view);
    if (plan.kind === 'answer')
      return [
        { type: 'answered', by: STEWARD, data: { answer: await withoutText(plan, request.id, work.files) } },
      ];
    if (plan.refusal && request.undoes === null) throw plan.refusal;
    const steps = remainingSteps(plan, request);
    const unmet = steps.flatMap((step) => step.guards).filter((guard) => !guard.holds);
    if (unmet.length > 0) throw new Refused(guardText(unmet), 'Ask again when that has changed.');
    const rule = ruleOfPlan(site, request, plan);
    if (steps.length > 0 && rule.approval.people < 1)
      throw new Error(`${plan.title}: planned by a command that says it only looks`);
    if (steps.length > 0 && rule.approval.roles.length === 0)
      throw new Refused(
        'Nobody has a role that may approve all of this.',
        'Ask for its parts one by one, or have the roles in the config looked at.',
      );
    const planned = plannedEvent(request, plan, steps, rule, now());
    return steps.length > 0
      ? [planned]
      : [
          planned,
          {
            type: 'succeeded',
            by: STEWARD,
            data: { says: 'Nothing to do: it is so already.', result: await resultOf(request, site, view) },
          },
        ];
  } catch (error) {
    if (signal.aborted) return [];
    // An earlier try may have looked.
    const isEarly = !hasLooked() && request.waiting === null;
    const isCounted = commands.some((command) => command?.perMinute !== undefined);
    return [failureEvent(error, request, work, isCounted && isEarly)];
  }
}

/** An answer as the record keeps it: the text of its file is kept beside it. */
async function withoutText(answer: Answer, request: string, files: Pick<FileStore, 'put'>): Promise<Answer> {
  if (answer.file?.text === undefined) return answer;
  const { text, ...file } = answer.file;
  // First: what the record names has to be there.
  await files.put(request, text);
  return { ...answer, file };
}

function failureEvent(error: unknown, request: Request, work: Work, isEarly: boolean): NewEvent {
  if (error instanceof Refused) {
    return {
      type: 'refused',
      by: STEWARD,
      data: {
        says: error.message,
        ...(error.next ? { next: error.next } : {}),
        ...(isEarly ? { early: true } : {}),
      },
    };
  }
  const away = awayOf(error);
  if (away && isPatient(request, work.now())) return waitingEvent(away, request, work.now());
  if (away) {
    return {
      type: 'refused',
      by: STEWARD,
      data: { says: `${away.message} I tried for half an hour.`, next: 'Ask again when it answers.' },
    };
  }
  const reference = `${request.id}-${request.seq}`;
  work.log.error('planning failed', { request: request.id, reference, error });
  return {
    type: 'refused',
    by: STEWARD,
    data: {
      says: `Something went wrong inside Steward while working this out. Nothing was changed.`,
      next: `Tell the admins the reference ${reference}: the log has the cause.`,
    },
  };
}

/** What was seen of each guard that does not hold. */
export function guardText(unmet: readonly { readonly text: string; readonly saw: string }[]): string {
  return unmet.map((guard) => `It needs ${guard.text}, and there is ${guard.saw}.`).join(' ');
}

/**
 * The asker as a view shows them: their name in the record, and their Koji user name (`accounts.koji`) where the config
 * says it. What they may do was settled when they asked.
 */
export function askerOf({ asker: { id, name } }: Request, site: Site): Person {
  const koji = site.kojiUser(id);
  return { id, name, roles: new Set(), accounts: koji === null ? {} : { koji } };
}
