/** Counts what each account asks for, so that one cannot use up what everybody has. */
export interface Tally {
  /** `first-over`: the first time that it is too much; `over`: again. */
  take(account: number, count: number): 'within' | 'first-over' | 'over';
}

export function createTally(options: {
  readonly most: number;
  readonly windowMs: number;
  readonly now: () => Date;
}): Tally {
  const { most, windowMs, now } = options;
  const taken = new Map<number, { since: number; count: number; told: boolean }>();
  return {
    take(account, count) {
      const at = now().getTime();
      if (taken.size > 10_000) taken.clear();
      const known = taken.get(account);
      const own = known && known.since + windowMs > at ? known : { since: at, count: 0, told: false };
      taken.set(account, own);
      if (own.count + count <= most) {
        own.count += count;
        return 'within';
      }
      const told = own.told;
      own.told = true;
      return told ? 'over' : 'first-over';
    },
  };
}
