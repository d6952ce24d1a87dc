import { z } from 'zod';
import type { Answer } from './answer.ts';
import type { Risk } from './command.ts';
import { digestOf, type JsonObject } from './json.ts';
import type { Place } from './person.ts';
import type { Step } from './plan.ts';

/** Who did it: a person's id and the name people read. `steward` for the program itself. */
export interface Actor {
  readonly id: string;
  readonly name: string;
}

/** The program itself, as an actor. */
export const STEWARD: Actor = { id: 'steward', name: 'Steward' };

/** Where a decision came from, for the audit. */
export type Via = Place['kind'];

/** Who has to say yes to a plan: the command's declaration, tightened by the config. */
export interface Needs {
  readonly roles: readonly string[];
  readonly people: number;
  readonly ownRequest: boolean;
}

/** One asking inside a request: an ordinary request has one, an undo has one for each inverse. */
export interface Asking {
  readonly command: string;
  readonly given: Readonly<Record<string, string>>;
}

/** All that can happen to a request. Each type has a version number; see `upcast`. */
export interface EventData {
  asked: {
    readonly askings: readonly Asking[];
    /** The line as a person would type it. */
    readonly text: string;
    /** For an undo: the request that it takes back. */
    readonly undoes?: string;
    readonly place: Place;
  };
  /** Ended: looked, and found. */
  answered: { readonly answer: Answer };
  /** Ended: a `Refused` while planning. */
  refused: {
    readonly says: string;
    readonly next?: string;
    /** Before it had looked at what `perMinute` is about: this asking counts for nothing there. */
    readonly early?: true;
  };
  planned: {
    readonly n: number;
    readonly title: string;
    readonly steps: readonly Step[];
    /** Digests of the steps' effects, in order. */
    readonly digests: readonly string[];
    readonly notes: readonly string[];
    readonly needs: Needs;
    /** Of the commands, or more where the plan itself says so. */
    readonly risk: Risk;
    /** ISO time; null: never. */
    readonly expiresAt: string | null;
    /** Too long to be shown whole anywhere: nobody can approve it. */
    readonly tooLong: boolean;
  };
  /** Cannot go on now; tried again by itself. */
  waiting: {
    readonly reason: 'lock' | 'unavailable' | 'frozen' | 'job' | 'hand' | 'hub';
    readonly says: string;
    /** ISO time of the next try; of the first one where the later ones write no event (`job`, `hand`, `hub`). */
    readonly until: string;
  };
  approved: { readonly n: number; readonly digests: readonly string[]; readonly via: Via };
  denied: { readonly n: number; readonly because: string; readonly via: Via };
  cancelled: { readonly because: string; readonly via: Via };
  expired: { readonly n: number };
  /** Approvers were told once more. */
  reminded: { readonly n: number };
  started: { readonly n: number };
  /** The intent, recorded just before the call. */
  'step-started': { readonly key: string; readonly digest: string };
  /** How far a job is, or what is waited for. The last one counts; none is written only because time passes. */
  'step-progress': { readonly key: string; readonly digest: string; readonly says: string };
  /**
   * `called`: the call said so. `found`: the world says so. `resolved`: a person says so. `unended`: what was waited for
   * goes on, and is waited for no longer.
   */
  'step-done': {
    readonly key: string;
    readonly digest: string;
    readonly how: 'called' | 'found' | 'resolved' | 'unended';
  };
  'step-failed': { readonly key: string; readonly digest: string; readonly says: string };
  'step-unknown': { readonly key: string; readonly digest: string; readonly says: string };
  /** It was begun and did not happen: the world, or a person who looked, says so. */
  'step-not-done': { readonly key: string; readonly digest: string };
  /** The world moved: what would be done now is not what was approved. A new `planned` follows. */
  drifted: { readonly n: number; readonly says: string };
  /** `result`: what there is to show, as it was seen on the last look; null: no more than that it is done. */
  succeeded: { readonly says: string; readonly result: Answer | null };
  failed: { readonly says: string };
  unknown: { readonly says: string };
  resumed: { readonly via: Via };
  /** Another request was made to take this one back. */
  'undo-asked': { readonly request: string };
  /** Somebody wants a running request to stop; it does, before its next step. */
  stopping: { readonly because: string; readonly via: Via };
}

export type EventType = keyof EventData;

/** An event as the kernel makes it. */
export type NewEvent = {
  [T in EventType]: { readonly type: T; readonly by: Actor; readonly data: EventData[T] };
}[EventType];

/** An event as it is kept. `seq` counts from 1 within its request. */
export type RequestEvent = NewEvent & { readonly request: string; readonly seq: number; readonly at: Date };

/** The version that this program writes, by type. A changed shape gets a new number and an upcaster. */
export const VERSIONS: Readonly<Record<EventType, number>> = {
  asked: 1,
  answered: 1,
  refused: 1,
  planned: 2,
  waiting: 1,
  approved: 1,
  denied: 1,
  cancelled: 1,
  expired: 1,
  reminded: 1,
  started: 1,
  'step-started': 1,
  'step-progress': 1,
  'step-done': 1,
  'step-failed': 1,
  'step-unknown': 1,
  'step-not-done': 1,
  drifted: 1,
  succeeded: 2,
  failed: 1,
  unknown: 1,
  resumed: 1,
  'undo-asked': 1,
  stopping: 1,
};

/** A row of the record: what the hash chain covers, with the hash of the one before. */
export interface Row {
  /** Null for what belongs to no request: freeze, thaw, tokens. */
  readonly request: string | null;
  readonly seq: number;
  readonly type: string;
  readonly v: number;
  /** ISO time, milliseconds, UTC. */
  readonly at: string;
  readonly by: { readonly id: string; readonly name: string };
  readonly data: JsonObject;
  /** Hash of the row before, over the whole record; 64 zeros for the first. */
  readonly prev: string;
}

/** The hash that chains a row to all before it. */
export function hashOf(row: Row): string {
  const { request, seq, type, v, at, by, data, prev } = row;
  return digestOf({ request, seq, type, v, at, by: { id: by.id, name: by.name }, data, prev });
}

const envelope = z.object({
  request: z.string(),
  seq: z.number().int().positive(),
  type: z.string(),
  v: z.number().int().positive(),
  at: z.iso.datetime(),
  by: z.object({ id: z.string(), name: z.string() }),
  data: z.record(z.string(), z.unknown()),
});

/**
 * Reads a row of the record, of any version ever written, as an event of today's shape. The hash chain
 * vouches for the data itself, so a type and version that are known are taken as they stand.
 */
export function upcast(row: unknown): RequestEvent {
  const read = envelope.parse(row);
  const known = VERSIONS[read.type as EventType];
  if (known === undefined || read.v > known) {
    throw new Error(
      `event ${read.request}/${read.seq} is ${read.type} v${read.v}: written by a newer Steward`,
    );
  }
  return {
    request: read.request,
    seq: read.seq,
    at: new Date(read.at),
    by: read.by,
    type: read.type,
    data: UPCASTERS[`${read.type} v${read.v}`]?.(read.data) ?? read.data,
  } as unknown as RequestEvent;
}

type Data = Readonly<Record<string, unknown>>;

/** To today's shape, by type and version; what is not here has it already. */
const UPCASTERS: Readonly<Record<string, (data: Data) => Data>> = {
  'planned v1': withRisk,
  'succeeded v1': (data) => ({ ...data, result: null }),
};

/** `planned` did not say its risk before version 2: what needed two people may have been of any, so it counts as high. */
function withRisk(data: Data): Data {
  const { people } = z.looseObject({ people: z.number() }).parse(data.needs);
  return { ...data, risk: people > 1 ? 'high' : 'low' };
}
