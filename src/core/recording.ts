import { type EventData, type NewEvent, STEWARD } from './events.ts';
import type { Request, StepNow } from './request.ts';
import type { Requests } from './requests.ts';
import { sentence } from './status-line.ts';
import type { Fence } from './store.ts';

/** Ends an attempt to run: what there is to say is written down already, or the request is not ours any more. */
export class Stop extends Error {
  override readonly name = 'Stop';
}

/** Ends an attempt that is looked at again at a time of its own. */
export class Parked extends Stop {
  readonly until: Date;
  constructor(until: Date) {
    super();
    this.until = until;
  }
}

/** The pen of one attempt: writes only while the locks are held. */
export interface Pen {
  /** The request that it writes in. */
  readonly request: string;
  /**
   * Writes if the request still runs; throws `Stop` when somebody ended it or wants it to stop. Steps whose
   * outcome is not known are settled before it stops, so that `undo` can offer them; `toTheEnd` is for the end of a run
   * that nothing is left of.
   */
  write(
    events: (request: Request) => readonly NewEvent[],
    toTheEnd?: (request: Request) => boolean,
  ): Promise<Request>;
  /** Writes whatever the request's state: an outcome is never dropped. */
  record(events: readonly NewEvent[]): Promise<Request>;
  /** The request as this attempt last saw it. */
  last(): Request | null;
}

export function createPen(id: string, requests: Requests, fence: Fence): Pen {
  let last: Request | null = null;
  return {
    request: id,
    async write(events, toTheEnd = () => false) {
      const { request, result } = await requests.change<'on' | 'stop'>(
        id,
        (now) => {
          if (now.status !== 'approved' && now.status !== 'running') return { events: [], result: 'stop' };
          if (!now.stopping || toTheEnd(now) || unsettled(now)) return { events: events(now), result: 'on' };
          const { by, because, via } = now.stopping;
          return { events: [{ type: 'cancelled', by, data: { because, via } }], result: 'stop' };
        },
        fence,
      );
      last = request;
      if (result === 'stop') throw new Stop();
      return request;
    },
    async record(events) {
      const { request } = await requests.change(id, () => ({ events, result: undefined }), fence);
      last = request;
      return request;
    },
    last: () => last,
  };
}

/** Has it a step that was begun, and whose outcome is not known? What people or the hub do by themselves, nobody has to wait for. */
function unsettled(request: Request): boolean {
  const open = ({ state, step }: StepNow): boolean =>
    state === 'started' && step.effect.kind !== 'hand' && step.effect.kind !== 'wait';
  return request.plan?.steps.some((now) => open(now) || now.state === 'unknown') ?? false;
}

/** That a run begins, with the first that it does. */
export function beginning(request: Request): readonly NewEvent[] {
  return request.status === 'approved'
    ? [{ type: 'started', by: STEWARD, data: { n: request.plan?.n ?? 0 } }]
    : [];
}

/** The intent of a step, recorded before the call. */
export function startedEvent(now: StepNow): NewEvent {
  return { type: 'step-started', by: STEWARD, data: aboutStep(now) };
}

export function progressEvent(now: StepNow, says: string): NewEvent {
  return { type: 'step-progress', by: STEWARD, data: { ...aboutStep(now), says } };
}

export function doneEvent(now: StepNow, how: EventData['step-done']['how']): NewEvent {
  return { type: 'step-done', by: STEWARD, data: { ...aboutStep(now), how } };
}

export function failedEvent(now: StepNow, says: string): NewEvent {
  return { type: 'step-failed', by: STEWARD, data: { ...aboutStep(now), says } };
}

export function unknownEvent(now: StepNow, says: string): NewEvent {
  return { type: 'step-unknown', by: STEWARD, data: { ...aboutStep(now), says } };
}

export function notDoneEvent(now: StepNow): NewEvent {
  return { type: 'step-not-done', by: STEWARD, data: aboutStep(now) };
}

function aboutStep(now: StepNow): { readonly key: string; readonly digest: string } {
  return { key: now.step.key, digest: now.digest };
}

/** Why a run ends whose steps failed, as the record has them now. */
export function failureText(request: Request, count: number): string {
  const steps = request.plan?.steps ?? [];
  const first = steps.find((now) => now.state === 'failed');
  const done = steps.filter((now) => now.state === 'done').length;
  const others = count > 1 ? ` ${count - 1} more failed too.` : '';
  const more = `${others}${staysText(done, steps.length)}`;
  const says = String(first?.says);
  return cut(`“${first?.step.title}” failed: ${more === '' ? says : sentence(says)}${more}`);
}

/** That what is done stays so; nothing where nothing is. */
export function staysText(done: number, all: number): string {
  return done > 0
    ? ` ${done} of ${all} steps ${done === 1 ? 'is done, and stays' : 'are done, and stay'} done.`
    : '';
}

/** No text about a plan is longer than a message can carry. */
export function cut(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 999).toWellFormed()}…` : text;
}
