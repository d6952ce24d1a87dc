import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import type { Written } from './model.ts';

/** Why the forum did not take something. */
export type Why = Extract<Written, { kind: 'refused' }>['why'] | 'held';

const why: z.ZodType<Why> = z.enum([
  ...(['forbidden', 'missing', 'closed', 'slow', 'similar', 'consecutive', 'invalid', 'held'] as const),
]);

/** Every place whose report was put off has this among its values, so that it is found. */
export const PARKED = 'parked';

/**
 * What is remembered of a request in one topic. Numbers of posts are numbers, because a place is found by any of its
 * texts, and topics are numbered as well.
 */
const placeState = z.object({
  /** Id of the status post. */
  post: z.number().optional(),
  /** `topic/number` of it: what is replied to it is about this request. */
  at: z.string().optional(),
  /** What its marker says. */
  what: z.string().optional(),
  /** Sequence number of the last event that it shows. */
  shows: z.number().optional(),
  /** How often it was edited, those before it counted too. */
  edits: z.number().optional(),
  /** ISO time of the last edit, or of its posting. */
  editedAt: z.string().optional(),
  /** What the forum shows of where the decision stands. */
  decision: z.string().optional(),
  /** It was deleted by somebody, and posted once more. */
  replaced: z.boolean().optional(),
  /** The forum does not let us edit it. */
  fixed: z.boolean().optional(),

  /** An attempt to post the status whose end was not recorded: what its marker says, and what it would show. */
  posting: z.string().optional(),
  postingFrom: z.number().optional(),
  postingSeq: z.number().optional(),
  postingNotice: z.string().optional(),
  postingDecision: z.string().optional(),

  /** Key of the last notice that was given here. */
  noticed: z.string().optional(),
  /** Key of a notice whose posting was begun, and the number from which on it can stand. */
  noticing: z.string().optional(),
  noticingFrom: z.number().optional(),

  parked: z.literal(PARKED).optional(),
  parkedWhy: why.optional(),
  /** ISO time before which it is not tried again. */
  parkedUntil: z.string().optional(),
  /** How often it was put off in a row. */
  tries: z.number().optional(),
  /** Why nothing more is shown here. */
  gone: why.optional(),
});

export type PlaceState = z.output<typeof placeState>;

export const NOT_POSTING = {
  posting: undefined,
  postingFrom: undefined,
  postingSeq: undefined,
  postingNotice: undefined,
  postingDecision: undefined,
} as const;

export const NOT_NOTICING = { noticing: undefined, noticingFrom: undefined } as const;

export const NOT_PARKED = {
  parked: undefined,
  parkedWhy: undefined,
  parkedUntil: undefined,
  tries: undefined,
} as const;

export function readState(state: JsonObject): PlaceState {
  const read = placeState.safeParse(state);
  return read.success ? read.data : {};
}
