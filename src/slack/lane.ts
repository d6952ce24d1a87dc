/** Work off the way to an acknowledgement: a few at a time, in the order it came. */
export interface Lane {
  push(work: () => Promise<void>): void;
  /** Resolves when nothing is left. */
  idle(): Promise<void>;
  size(): number;
}

/** `work` must not throw: there is nobody to tell. */
export function createLane(together: number): Lane {
  const line: (() => Promise<void>)[] = [];
  let running = 0;
  let resting: (() => void)[] = [];

  function next(): void {
    while (running < together) {
      const work = line.shift();
      if (!work) break;
      running += 1;
      void work().finally(() => {
        running -= 1;
        next();
      });
    }
    if (running > 0 || line.length > 0) return;
    for (const wake of resting.splice(0)) wake();
    resting = [];
  }

  return {
    push(work) {
      line.push(work);
      // Lets the acknowledgement go out first.
      setImmediate(next);
    },
    idle: () =>
      running === 0 && line.length === 0 ? Promise.resolve() : new Promise((wake) => void resting.push(wake)),
    size: () => running + line.length,
  };
}
