import type { Log } from '../core/ports.ts';

/** How one call of Discourse's HTTP API ended. */
export type Called =
  | { readonly kind: 'ok'; readonly status: number; readonly data: unknown }
  /** Discourse said no; nothing was done. */
  | {
      readonly kind: 'error';
      readonly status: number;
      /** Discourse's `error_type`, where it names one. */
      readonly type: string | null;
      readonly says: readonly string[];
      /** `extras.wait_seconds` and the like. */
      readonly extras: Readonly<Record<string, unknown>>;
    }
  /** 429: nothing was done; not before `retryAfterMs`. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number }
  /** The server, or what stands before it, did not take the call at all: refused connection, 502 and 503 pages, read-only. */
  | { readonly kind: 'away'; readonly says: string }
  /** No clear answer: it may have been done. */
  | { readonly kind: 'lost'; readonly says: string };

/** One call. `path` is made of parts that are encoded one by one. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: readonly (string | number)[];
  readonly query?: Readonly<Record<string, string | number | boolean | readonly number[]>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Without the key. */
  readonly anonymous?: boolean;
}

/** Discourse's HTTP API with one key. Never throws, never retries, never waits longer than its deadline, follows no redirect. */
export interface DiscourseApi {
  call(call: Call): Promise<Called>;
  /** Milliseconds that the server's clock is ahead of ours, by the last answer; null before one. */
  clockAheadMs(): number | null;
  /** Ends every call that is under way. */
  stop(): void;
}

export interface DiscourseApiOptions {
  /** `https://community.example.org`, without a slash at the end. */
  readonly url: string;
  readonly key: string;
  readonly username: string;
  readonly deadlineMs: number;
  readonly log: Log;
}
