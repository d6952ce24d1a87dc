/** Counts failures by address and says who has to wait. Keeps at most a few thousand addresses. */
export interface Failures {
  count(from: string): void;
  /** 0: may try. */
  blockedForSeconds(from: string): number;
}

const MOST_KEPT = 5_000;

export function createFailures(limits: {
  readonly most: number;
  readonly windowMs: number;
  readonly now: () => number;
}): Failures {
  const { most, windowMs, now } = limits;
  const seen = new Map<string, { failures: number; readonly until: number }>();

  function live(from: string): { failures: number; readonly until: number } | undefined {
    const found = seen.get(from);
    if (found === undefined || found.until > now()) return found;
    seen.delete(from);
    return undefined;
  }

  return {
    count(from) {
      const found = live(from);
      if (found) {
        found.failures++;
        return;
      }
      // Oldest first: that one's window ends first.
      const [oldest] = seen.keys();
      if (seen.size >= MOST_KEPT && oldest !== undefined) seen.delete(oldest);
      seen.set(from, { failures: 1, until: now() + windowMs });
    },
    blockedForSeconds(from) {
      const found = live(from);
      return found && found.failures >= most ? Math.max(1, Math.ceil((found.until - now()) / 1000)) : 0;
    },
  };
}
