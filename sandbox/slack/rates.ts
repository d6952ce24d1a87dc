import type { Rate } from './limits.ts';

/** Buckets by name, e.g. `chat.update` or `chat.postMessage C0KOJI`. */
export interface Rates {
  /** 0: taken. Else whole seconds to wait, as in `Retry-After`. */
  take(name: string, rate: Rate): number;
}

/**
 * `scale` multiplies how much each bucket holds and how fast it fills: 1 is the real service,
 * `Infinity` never says no.
 */
export function createRates(now: () => number, scale: number): Rates {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(name, rate) {
      if (scale === Number.POSITIVE_INFINITY) return 0;
      const holds = Math.max(1, rate.burst * scale);
      const perMs = (rate.perMinute * scale) / 60_000;
      const at = now();
      const bucket = buckets.get(name) ?? { left: holds, at };
      const left = Math.min(holds, bucket.left + (at - bucket.at) * perMs);
      const ok = left >= 1;
      buckets.set(name, { left: ok ? left - 1 : left, at });
      return ok ? 0 : Math.max(1, Math.ceil((1 - left) / perMs / 1000));
    },
  };
}
