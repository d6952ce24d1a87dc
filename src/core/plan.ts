import type { Given } from './command.ts';
import type { Json, JsonObject } from './json.ts';
import type { Refused } from './refused.ts';

/** What will be called, exactly. Its digest is what people approve. */
export type Effect =
  | {
      readonly kind: 'hub';
      readonly method: string;
      readonly args: readonly Json[];
      readonly kwargs?: JsonObject;
    }
  | {
      readonly kind: 'host';
      readonly host: string;
      /** File name of the script, as an admin finds it on the host. */
      readonly script: string;
      /** SHA-256 of the script's bytes, hex. Nothing else runs under this name. */
      readonly sha256: string;
      readonly args: readonly string[];
    }
  | {
      /** A script named `*.job.sh` that is started on the host and outlives the connection; its step is of kind `once`. */
      readonly kind: 'job';
      readonly host: string;
      readonly script: string;
      readonly sha256: string;
      readonly args: readonly string[];
      /** One at a time of this name on that host: `mrepo`. */
      readonly name: string;
    }
  | {
      /** A thing that a person does; its step is of kind `set`, done when the plan no longer wants it or somebody says so. */
      readonly kind: 'hand';
      /** What to do, for people; the step's title says it in short. */
      readonly what: string;
    }
  | {
      /** Waits for what steps before it began and the hub goes on with by itself. A step of kind `once`, after those. */
      readonly kind: 'wait';
      /** Keys of those steps. */
      readonly for: readonly string[];
      /** For so long at most; then the request goes on without it, and says so. */
      readonly hours: number;
    }
  | {
      /** A message to people, said once; whether it was is the kernel's to know. A step of kind `once`. */
      readonly kind: 'notice';
      /** An audience of the config: `packagers`. */
      readonly audience: string;
      /** One line. */
      readonly title: string;
      readonly text: string;
    };

/** An effect of one kind. */
export type EffectOf<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>;

/** One line of what changes, for people. */
export interface Change {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** A condition that must hold now and again at the run; its numbers may move, its truth may not. */
export interface Guard {
  readonly text: string;
  readonly holds: boolean;
  /** What was seen, e.g. `12 GB free`. */
  readonly saw: string;
}

/** How to take a step back: an asking of its own, planned and approved like any other. */
export interface Inverse {
  readonly command: string;
  readonly given: Given;
  readonly restores: 'full' | 'partial';
  /** For `partial`: what would stay. */
  readonly leaves?: string;
}

/** One change, as data. */
export interface Step {
  /** Stable within the command and its target: `capacity:builder2`. */
  readonly key: string;
  /** What it does, for people: `Set the capacity of builder2 to 8`. */
  readonly title: string;
  /** `set` is done when the world says so; `once` records its intent first and is looked up, never repeated. */
  readonly kind: 'set' | 'once';
  readonly effect: Effect;
  readonly changes: readonly Change[];
  /** What it rests on: shown, not digested. */
  readonly evidence: readonly { readonly label: string; readonly value: string }[];
  readonly guards: readonly Guard[];
  readonly inverse?: Inverse;
  /**
   * For `once`: keys of steps that make it needed. Where this request took one of those, it owes this one too, though
   * the world no longer asks for it: who is told of what was done, and what is made anew because of it.
   */
  readonly follows?: readonly string[];
}

/** The steps a request would take, worked out from what is there now. No steps: nothing needs doing. */
export interface Plan {
  readonly kind: 'plan';
  /** One line: `Raise the capacity of builder2 from 4 to 8`. */
  readonly title: string;
  readonly steps: readonly Step[];
  /** More than the command declares, seen from what these steps would do. It can only tighten. */
  readonly risk?: 'high';
  /** Warnings and context for those who decide. */
  readonly notes?: readonly string[];
  /**
   * Why this is refused to who asks for it: a name that there is not, say. Not thrown, because once this request has done
   * it, or where an undo finds it gone, it is as it should be, and this is not heeded.
   */
  readonly refusal?: Refused;
}

/** A recorded intent of a `once` step: of one whose outcome is not known, or that is waited for. */
export interface Intent {
  readonly step: Step;
  /** When it was recorded, just before the call. */
  readonly at: Date;
  /** It is known to have been carried out: it was answered, or found. Not of what only a person says, or nobody. */
  readonly isSure?: boolean;
}

/** How far something is that goes on by itself, in one line. `failed`: all of it has ended, and not all of it well. */
export type HowFar =
  | { readonly kind: 'goes-on' | 'done'; readonly says: string }
  | {
      readonly kind: 'failed';
      readonly says: string;
      /** Keys of the steps whose work came to nothing: `resume` takes them once more. */
      readonly again: readonly string[];
    };
