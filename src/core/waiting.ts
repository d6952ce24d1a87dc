import { type EventData, type NewEvent, STEWARD } from './events.ts';
import { readFreeze } from './freeze.ts';
import { Unavailable } from './refused.ts';
import type { Request } from './request.ts';
import type { Requests } from './requests.ts';
import type { Fence, NotesStore } from './store.ts';

/** How long something that is away is tried again before a request gives up. */
const PATIENCE_MS = 30 * 60_000;
const LOCK_RETRY_MS = 2_000;
/** How often what waits for the thaw looks whether it has come, in milliseconds. */
export const FROZEN_RETRY_MS = 30_000;

/** What is away, if that is why something failed. A deadline that passed while looking counts. */
export function awayOf(error: unknown): Unavailable | null {
  if (error instanceof Unavailable) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new Unavailable('the answer', 'Looking took longer than a minute, so I stopped.');
  }
  return null;
}

/** Has it waited for less than half an hour? */
export function isPatient(request: Request, now: Date): boolean {
  return now.getTime() - (request.awaySince ?? now).getTime() < PATIENCE_MS;
}

/** Waits, longer each time something stays away, and is tried again by itself. */
export function waitingEvent(away: Unavailable, request: Request, now: Date): NewEvent {
  const waitedMs = now.getTime() - (request.awaySince ?? now).getTime();
  const until = new Date(now.getTime() + Math.min(60_000, Math.max(2_000, waitedMs)));
  return waiting('unavailable', away.message, until);
}

/** Says once for whom a request waits, and its place in the line. */
export async function waitForLock(
  request: Request,
  blocked: { readonly name: string; readonly owner: string; readonly ahead: number },
  work: { readonly requests: Requests; readonly now: () => Date },
): Promise<void> {
  // An earlier attempt of this very request: nothing to tell anybody.
  if (blocked.owner === request.id) return;
  const line = blocked.ahead > 1 ? `number ${blocked.ahead} in line` : 'next in line';
  const says = `${blocked.owner} comes first on ${blocked.name.replace(':', ' ')}; this one is ${line}.`;
  await wait(
    request.id,
    waiting('lock', says, new Date(work.now().getTime() + LOCK_RETRY_MS)),
    work.requests,
  );
}

/** True when everything is frozen: says so once in the request. */
export async function waitsForThaw(
  request: Request,
  work: { readonly requests: Requests; readonly notes: NotesStore; readonly now: () => Date },
  fence?: Fence,
): Promise<boolean> {
  const frozen = await readFreeze(work.notes);
  if (!frozen) return false;
  const says = `Everything is frozen by ${frozen.by}: ${frozen.because}. It goes on by itself after \`thaw\`.`;
  const until = new Date(work.now().getTime() + FROZEN_RETRY_MS);
  await wait(request.id, waiting('frozen', says, until), work.requests, fence);
  return true;
}

async function wait(
  id: string,
  event: NewEvent & { type: 'waiting' },
  requests: Requests,
  fence?: Fence,
): Promise<void> {
  await requests.change(
    id,
    (now) => {
      const moves = now.status === 'approved' || now.status === 'running';
      const said = now.waiting?.says === event.data.says;
      return { events: moves && !said ? [event] : [], result: undefined };
    },
    fence,
  );
}

/** Waits for a job or a person; the looks that follow write no event. */
export function waiting(
  reason: EventData['waiting']['reason'],
  says: string,
  until: Date,
): NewEvent & { type: 'waiting' } {
  return { type: 'waiting', by: STEWARD, data: { reason, says, until: until.toISOString() } };
}
