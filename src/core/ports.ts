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

/** One run of a job on a host. Of one `name` one goes at a time there. */
export interface JobRun {
  readonly host: string;
  readonly name: string;
  /** Names this run for ever: starting it a second time attaches. */
  readonly run: string;
}

/** What came of a start. Only after `unknown` may it run without anybody having said so. */
export type JobStart =
  | { readonly kind: 'runs' }
  /** Another run of that name goes on there; this one was not started. */
  | { readonly kind: 'busy'; readonly run: string }
  /** Not started, and trying again would not help. */
  | { readonly kind: 'refused'; readonly says: string }
  /** Not started, because the host cannot be asked. */
  | { readonly kind: 'away'; readonly says: string }
  | { readonly kind: 'unknown'; readonly says: string };

/** How a run is. `lost`: it ended, and how nobody knows (a reboot, a kill); `none`: it never began. */
export type JobLook =
  | {
      readonly kind: 'seen';
      readonly state: 'running' | 'done' | 'lost' | 'none';
      /** Its exit code, once it is done. */
      readonly code: number | null;
      /** Of the log, in bytes. */
      readonly size: number;
      /** How long it has been running, or ran, by the host's own clock. Null: it never began, or nobody knows. */
      readonly forMs: number | null;
      /** What the log has from the offset on, as much as was asked for. */
      readonly log: Uint8Array;
    }
  | { readonly kind: 'unseen'; readonly says: string }
  /** There is no such host in the config any more. */
  | { readonly kind: 'gone'; readonly says: string };

/** Long jobs on hosts, which outlive any connection; only the runner holds one. Nothing here rejects for what a host does. */
export interface HostJobs {
  start(
    run: JobRun,
    script: { readonly name: string; readonly sha256: string },
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<JobStart>;
  /** Reads what the log has from `offset` on, `most` bytes at most, and nothing before it. */
  poll(run: JobRun, offset: number, most: number, signal: AbortSignal): Promise<JobLook>;
  /** Asks all that the run started to end (`TERM`), or ends it, and says how it is a few seconds later. */
  stop(run: JobRun, how: 'TERM' | 'KILL', signal: AbortSignal): Promise<'stopped' | 'running' | 'unseen'>;
}

/** What the last job that a request began wrote, as much as is given away. */
export interface JobLog {
  readonly host: string;
  readonly name: string;
  /** Where all of it is on the host. */
  readonly path: string;
  /** `none`: its host has it no more. */
  readonly state: 'running' | 'done' | 'lost' | 'none';
  readonly code: number | null;
  readonly forMs: number | null;
  /** Of the whole log, in bytes. */
  readonly size: number;
  /** Where the text begins in it; 0 where it is whole. */
  readonly from: number;
  /** Nothing in it that cannot be seen, and no private key. */
  readonly text: string;
}

/** Reads the logs of jobs on their hosts, with no other right than to look how a job is. */
export interface JobLogs {
  /**
   * Of the last job of this request. Null: it began none. Throws `Refused` for an unknown request and a host that is not
   * in the config any more, `Unavailable` where the host cannot be asked.
   */
  last(request: string, signal: AbortSignal): Promise<JobLog | null>;
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
