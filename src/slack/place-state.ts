import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';

/** What is remembered of a request's message in one place. All texts, so that a place is found by any of them. */
const placeState = z.object({
  /** Where the message stands; differs from the place when it had to move to a direct message. */
  channel: z.string().optional(),
  ts: z.string().optional(),
  /** `channel/ts` of the thread that belongs to the request: what is said there is about it. */
  thread: z.string().optional(),
  /** ISO time of an attempt to post whose end was not recorded. */
  posting: z.string().optional(),
  /** Key of the last notice that was given here. */
  noticed: z.string().optional(),
  /** Key of a notice whose posting was begun, and when. */
  noticing: z.string().optional(),
  noticingAt: z.string().optional(),
  /** When the file of its answer was first to be given here; until it is. */
  sharing: z.string().optional(),
  /** `there`, or why that file is not. */
  shared: z.string().optional(),
  /** Why nothing can be shown here. */
  gone: z.string().optional(),
});

export type PlaceState = z.output<typeof placeState>;

export function readState(state: JsonObject): PlaceState {
  const read = placeState.safeParse(state);
  return read.success ? read.data : {};
}

/** A place's coordinates: a channel, and the thread in it if it is one. */
export function splitWhere(where: string): { channel: string; thread: string | undefined } {
  const [channel = '', thread] = where.split('/', 2);
  return { channel, thread: thread || undefined };
}
