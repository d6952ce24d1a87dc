import { beginning, cut, Parked, type Pen, startedEvent } from './recording.ts';
import type { StepNow } from './request.ts';
import { waiting } from './waiting.ts';

/** What people do is looked for so often, and whenever somebody says `check`. */
const EVERY_MS = 60 * 60_000;

/**
 * Asks people for what these steps want, and ends the attempt: nobody holds a lock for them. The request is looked at
 * again later, and goes on when the plan no longer wants it or somebody says that it is done.
 */
export async function waitForHands(batch: readonly StepNow[], now: Date, pen: Pen): Promise<never> {
  const until = new Date(now.getTime() + EVERY_MS);
  const titles = batch.map(({ step }) => `“${step.title}”`).join(', ');
  const things = batch.length === 1 ? 'One thing is' : `${batch.length} things are`;
  const says = cut(`${things} for somebody to do by hand: ${titles}.`);
  await pen.write((request) => {
    const asked = (one: StepNow): boolean =>
      request.plan?.steps.find((step) => step.digest === one.digest)?.state === 'started';
    const fresh = batch.filter((one) => !asked(one));
    const isSaid = fresh.length === 0 && request.waiting?.reason === 'hand' && request.waiting.says === says;
    return isSaid ? [] : [...beginning(request), ...fresh.map(startedEvent), waiting('hand', says, until)];
  });
  throw new Parked(until);
}
