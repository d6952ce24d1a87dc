import { type NewEvent, STEWARD } from './events.ts';
import type { EffectOf, HowFar, Intent } from './plan.ts';
import { commandOf } from './planner.ts';
import { askerOf, type Work } from './planning.ts';
import {
  beginning,
  cut,
  doneEvent,
  failedEvent,
  notDoneEvent,
  Parked,
  type Pen,
  progressEvent,
  Stop,
  startedEvent,
  staysText,
} from './recording.ts';
import { Refused } from './refused.ts';
import type { Request, StepNow } from './request.ts';
import { sentence } from './status-line.ts';
import { awayOf, waiting } from './waiting.ts';
import { viewOf } from './world.ts';

/** A wait of a request that was begun and has not come to its end. */
export interface OpenWait {
  readonly now: StepNow;
  readonly effect: EffectOf<'wait'>;
}

const LOOK_DEADLINE_MS = 60_000;
/** The first look; later ones come when it has gone on for a quarter more, or so often. */
const FIRST_MS = 500;
const EVERY_MS = 15_000;
/** People are told of what is new so often at most. */
const SAY_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What this request waits for now; null: nothing. */
export function openWait(request: Request): OpenWait | null {
  if (request.status !== 'running') return null;
  for (const now of request.plan?.steps ?? []) {
    const { effect } = now.step;
    if (now.state === 'started' && effect.kind === 'wait') return { now, effect };
  }
  return null;
}

/** Says that it waits, and ends the attempt: nobody holds a lock meanwhile, and no worker. */
export async function beginWait(now: StepNow, at: Date, pen: Pen): Promise<never> {
  const until = new Date(at.getTime() + FIRST_MS);
  const hours = now.step.effect.kind === 'wait' ? now.step.effect.hours : 0;
  const says = `The hub goes on with it by itself. I wait for that, for ${hours} hours at most.`;
  await pen.write((request) => [...beginning(request), startedEvent(now), waiting('hub', says, until)]);
  throw new Parked(until);
}

/**
 * Looks how far it is. Returns when it is over, its outcome written; throws `Parked` while it goes on, and `Stop` when it
 * has failed or nobody wants it any more.
 */
export async function watchWait(loaded: Request, work: Work, pen: Pen, signal: AbortSignal): Promise<void> {
  const request = await pen.write(() => []);
  const wait = openWait(request);
  if (!wait) throw new Stop();
  const far = await look(request, wait, work, signal);
  // What was given up on says nothing of the hub.
  if (signal.aborted) throw new Stop();
  const { now, effect } = wait;
  const said = (says: string): readonly NewEvent[] =>
    says === '' || says === now.progress ? [] : [progressEvent(now, cut(says))];
  if (far.kind === 'done') {
    await pen.write(() => [...said(far.says), doneEvent(now, 'called')]);
    return;
  }
  if (far.kind === 'failed') {
    await pen.write((current) => failed(far, now, current));
    throw new Stop();
  }
  const at = work.now().getTime();
  const forMs = at - (now.begun ?? loaded.updatedAt).getTime();
  if (forMs >= effect.hours * HOUR_MS) {
    const says = `Not ended yet after ${effect.hours} hours, so I wait no longer. ${far.says}`;
    await pen.write(() => [...said(says), doneEvent(now, 'unended')]);
    return;
  }
  // The newest event is of this wait: nothing else happens meanwhile.
  if (now.progress === null || at - request.updatedAt.getTime() >= SAY_MS)
    await pen.write(() => said(far.says));
  throw new Parked(new Date(at + Math.min(EVERY_MS, Math.max(FIRST_MS, forMs / 4))));
}

/** Whatever goes wrong with a look, it goes on and is looked at again: until its hours have passed. */
async function look(request: Request, wait: OpenWait, work: Work, signal: AbortSignal): Promise<HowFar> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_DEADLINE_MS)]);
  const view = viewOf(work.world, askerOf(request, work.site), work.now(), within);
  try {
    const commands = request.askings.map((asking) => commandOf(work.site, asking.command));
    const looking = commands.find(({ howFar }) => howFar !== null);
    if (!looking?.howFar) throw new Error('a wait of a command that has no look for it');
    return await looking.howFar(begunFor(request, wait), view);
  } catch (error) {
    const away = awayOf(error);
    const expected = away ?? (error instanceof Refused ? error : null);
    if (!expected && !signal.aborted)
      work.log.error('a wait cannot be looked at', { request: request.id, error });
    const why = expected?.message ?? 'Something went wrong inside Steward; the log has the cause.';
    return { kind: 'goes-on', says: `How far it is cannot be seen now. ${why} I look again by myself.` };
  }
}

/** The last intent of each step that is waited for. What somebody else had done is not waited for. */
function begunFor(request: Request, { effect }: OpenWait): readonly Intent[] {
  const all = [...request.doneBefore, ...(request.plan?.steps ?? [])];
  return effect.for.flatMap((key) => {
    const last = all.findLast((now) => now.step.key === key && now.begun !== null);
    const isSure = last?.how === 'called' || last?.how === 'found';
    return last?.begun ? [{ step: last.step, at: last.begun, isSure }] : [];
  });
}

/** At once: what came to nothing is to be done anew only when somebody says so. */
function failed(
  far: Extract<HowFar, { kind: 'failed' }>,
  now: StepNow,
  { plan }: Request,
): readonly NewEvent[] {
  const steps = plan?.steps ?? [];
  const again = steps.filter(({ step, state }) => state === 'done' && far.again.includes(step.key));
  const done = steps.filter(({ state }) => state === 'done').length - again.length;
  const says = cut(`“${now.step.title}” failed: ${sentence(far.says)}${staysText(done, steps.length)}`);
  return [
    ...again.map(notDoneEvent),
    failedEvent(now, cut(far.says)),
    { type: 'failed', by: STEWARD, data: { says } },
  ];
}
