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

/** The faults still to happen, first come first served. */
export interface Faults {
  add(fault: Fault): void;
  take(method: string): Fault | null;
  clear(): void;
}

export function createFaults(): Faults {
  let waiting: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1 }),
    take(method) {
      const found = waiting.find((entry) => entry.fault.method === method || entry.fault.method === '*');
      if (found === undefined) return null;
      found.left -= 1;
      waiting = waiting.filter((entry) => entry.left > 0);
      return found.fault;
    },
    clear: () => {
      waiting = [];
    },
  };
}
