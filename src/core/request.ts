import type { Answer } from './answer.ts';
import type { Risk } from './command.ts';
import type { Actor, Asking, EventData, Needs } from './events.ts';
import type { Place } from './person.ts';
import type { Step } from './plan.ts';

/** Where a request stands. */
export const STATUSES = [
  'asked', // to be planned
  'planned', // waits for approvals
  'approved', // to be run
  'running',
  'unknown', // a step's outcome is not known: waits for a look
  'failed', // stopped half-way: can be resumed or undone
  'succeeded',
  'answered',
  'refused',
  'denied',
  'cancelled',
  'expired',
] as const;

export type Status = (typeof STATUSES)[number];

/** After these nothing of the plan is to be decided on or carried out. */
export const CLOSED: readonly Status[] = [
  'succeeded',
  'answered',
  'refused',
  'denied',
  'cancelled',
  'expired',
];

/** The states that nothing leaves by itself. `failed` and `unknown` can still be moved by a person. */
export const ENDED: readonly Status[] = [...CLOSED, 'failed', 'unknown'];

/** How far a step is. */
export type StepState = 'todo' | 'started' | 'done' | 'failed' | 'unknown';

/** A step of the current plan and how far it is. */
export interface StepNow {
  readonly step: Step;
  readonly digest: string;
  readonly state: StepState;
  /** When its last event was written; null before the first. */
  readonly at: Date | null;
  /** When its intent was last recorded, just before the call; null: this request never called it. */
  readonly begun: Date | null;
  /** What went wrong, for people. */
  readonly says: string | null;
  /** How far a job is, or what is waited for; or was at its end. */
  readonly progress: string | null;
  /** Null until it is done. */
  readonly how: EventData['step-done']['how'] | null;
}

/** The numbered plan that is up for approval or running. */
export interface PlanNow {
  readonly n: number;
  readonly title: string;
  readonly steps: readonly StepNow[];
  readonly notes: readonly string[];
  readonly needs: Needs;
  readonly risk: Risk;
  readonly expiresAt: Date | null;
  readonly tooLong: boolean;
  readonly approvals: readonly { readonly by: Actor; readonly at: Date; readonly via: Place['kind'] }[];
  readonly reminded: boolean;
}

/** One asking of a command, as its events tell it. */
export interface Request {
  readonly id: string;
  readonly seq: number;
  readonly status: Status;
  readonly asker: Actor;
  readonly askings: readonly Asking[];
  readonly text: string;
  readonly place: Place;
  readonly undoes: string | null;
  readonly undoneBy: string | null;
  readonly askedAt: Date;
  readonly updatedAt: Date;
  readonly plan: PlanNow | null;
  /** How often each step was begun, by digest, under whatever plan. */
  readonly tries: Readonly<Record<string, number>>;
  /** How often the job of each step ran and wanted another plan, by digest, since somebody last said to go on. */
  readonly sentBack: Readonly<Record<string, number>>;
  /** Steps of earlier plans of this request that were carried out, oldest first. */
  readonly doneBefore: readonly StepNow[];
  /** What a command that looks found, or what a finished request has to show. */
  readonly answer: Answer | null;
  readonly waiting: {
    readonly reason: EventData['waiting']['reason'];
    readonly says: string;
    readonly until: Date;
    /** When it began to wait for this reason. */
    readonly since: Date;
  } | null;
  /** Since when something has been away with no step getting done in between; null: nothing is. */
  readonly awaySince: Date | null;
  /** The last thing said about it, for people: why it was refused, denied, failed. */
  readonly says: string | null;
  /** What the person can do next. */
  readonly next: string | null;
  readonly decidedBy: Actor | null;
  /** Somebody asked a running request to stop; it has not yet. */
  readonly stopping: { readonly by: Actor; readonly because: string; readonly via: Place['kind'] } | null;
}
