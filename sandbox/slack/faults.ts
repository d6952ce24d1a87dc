/** How the pretend service misbehaves. */
export interface Fault {
  /** A method's name, `response_url`, or `*`. */
  readonly method: string;
  /**
   * `lose-answer`: does it, then drops the connection. `timeout`: never does nor answers it.
   * `slow`: does it, answers after `ms`. `error`: `{ok:false, error}`.
   */
  readonly kind: '429' | '500' | 'timeout' | 'lose-answer' | 'slow' | 'error';
  /** How many calls; 1 unless told. */
  readonly times?: number;
  readonly ms?: number;
  /** Seconds, for `429`. */
  readonly retryAfter?: number;
  readonly error?: string;
}

/** Does this call meet it? */
export const concerns =
  (method: string) =>
  (fault: Fault): boolean =>
    fault.method === method || fault.method === '*';
