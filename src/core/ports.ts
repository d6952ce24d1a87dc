import type { Json, JsonObject } from './json.ts';

/** One call of the hub's XML-RPC. */
export interface HubCall {
  readonly method: string;
  readonly args: readonly Json[];
  readonly kwargs?: JsonObject;
}

/** A "no" of the hub. Matched by `code`, never by text: texts differ between Koji versions. */
export interface HubFault {
  /** Koji's fault code: 1000 generic, 1002 auth, 1004 not allowed, 1014 offline, 1019 wrong arguments, 1 any other exception. */
  readonly code: number;
  /** In plain words, safe to show: never the hub's SQL text. */
  readonly says: string;
}

/** How a call ended. `unknown`: it was sent and no answer came; it may have been carried out. */
export type HubOutcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'fault'; readonly fault: HubFault }
  | { readonly kind: 'unknown'; readonly why: string };

/** Reads of the hub. A method whose name is not one of reading (`get`, `list`, `query`, ...) is a bug and throws. */
export interface HubReader {
  /**
   * The value as the hub gave it (nil is null). Unknown things are mostly null, not a fault.
   * Throws `Unavailable` when the hub cannot be reached or is offline, `Refused` for any other fault.
   */
  read(call: HubCall, signal: AbortSignal): Promise<unknown>;
  /** The bot's own account, and what it may do there. Logs in. Throws `Unavailable` and `Refused`. */
  account(signal: AbortSignal): Promise<HubAccount>;
}

/** An account on the hub. */
export interface HubAccount {
  readonly name: string;
  /** Koji's own: `admin`, `host`, ... */
  readonly permissions: readonly string[];
}

/** Changes on the hub; only the runner holds one. */
export interface HubWriter {
  /** In order. More than one goes as a multiCall: a fault in one does not undo the others. As many outcomes as calls. */
  carryOut(calls: readonly HubCall[], signal: AbortSignal): Promise<readonly HubOutcome[]>;
}

/** A script that runs on a host: the text of one file, so that an admin can read what will run. */
export interface HostScript {
  /** File name: `check.sh`. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the bytes of `text`, hex. */
  readonly sha256: string;
}

/** How a script on a host ended. Only `exit` with code 0 is success. */
export type HostOutcome =
  | {
      readonly kind: 'exit';
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
      /** More was printed than was kept. */
      readonly truncated: boolean;
    }
  | {
      readonly kind:
        | 'unreachable' // nothing listens, or no route
        | 'no-banner' // connects, never speaks: a frozen sshd
        | 'auth-failed'
        | 'host-key-unknown'
        | 'host-key-changed'
        | 'timeout' // our deadline passed; what runs there may still run
        | 'lost' // the connection broke in the middle; it may have been carried out
        | 'signalled' // killed there
        | 'not-installed' // a root script that is missing or has another SHA-256
        | 'sudo-refused'
        | 'unknown-host'; // not in the config
      /** What it means and what to do, in plain words. */
      readonly says: string;
    };

/** Reading scripts on hosts: sent over stdin, run as an account with no rights. */
export interface HostReader {
  /** The configured hosts, in the order of the config. */
  names(): readonly string[];
  read(
    host: string,
    script: HostScript,
    args: readonly string[],
    options: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<HostOutcome>;
}

/** Root scripts on hosts: installed there beforehand, named by path and SHA-256; only the runner holds one. */
export interface HostWriter {
  run(
    host: string,
    script: { readonly name: string; readonly sha256: string },
    args: readonly string[],
    options: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<HostOutcome>;
}

/** Jobs are hints: losing one loses nothing, the sweeper finds what is due in the truth. */
export interface Hints {
  /** Never throws for a queue that is down; says whether the hint was taken. */
  send(hint: Hint): Promise<boolean>;
}

/** `plan` and `run` are for a worker, `announce` for a web process. */
export interface Hint {
  readonly kind: 'plan' | 'run' | 'announce';
  readonly request: string;
  /** Makes the job's id, with kind and request: a plan number, or an event's sequence number. */
  readonly round: number;
  readonly delayMs?: number;
}

/** Structured logging. Values pass a redactor; no secrets, no user text in `message`. */
export interface Log {
  info(message: string, about?: Record<string, unknown>): void;
  warn(message: string, about?: Record<string, unknown>): void;
  error(message: string, about?: Record<string, unknown>): void;
}
