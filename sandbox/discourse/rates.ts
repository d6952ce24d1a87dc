/** So many in so many seconds, looking back from now. */
export interface Rate {
  readonly most: number;
  readonly seconds: number;
}

/** All keys of the site share this one. */
export const ADMIN_API: Rate = { most: 60, seconds: 60 };
export const NEW_POST: Rate = { most: 1, seconds: 5 };
export const NEW_TOPIC: Rate = { most: 1, seconds: 15 };
export const EDITS: Rate = { most: 30, seconds: 86_400 };
export const MESSAGES: Rate = { most: 20, seconds: 86_400 };

export interface Rates {
  /** 0: taken. Else whole seconds to wait. */
  take(name: string, rate: Rate): number;
}

/** `scale` multiplies how many; `Infinity` never says no. A restart forgets what was counted. */
export function createRates(now: () => number, scale: number): Rates {
  const taken = new Map<string, number[]>();
  return {
    take(name, { most, seconds }) {
      if (scale === Number.POSITIVE_INFINITY) return 0;
      const at = now();
      const kept = (taken.get(name) ?? []).filter((one) => one > at - seconds * 1000);
      taken.set(name, kept);
      const blocking = kept.at(-Math.max(1, Math.floor(most * scale)));
      if (blocking !== undefined) return Math.max(1, Math.ceil((blocking + seconds * 1000 - at) / 1000));
      kept.push(at);
      return 0;
    },
  };
}
