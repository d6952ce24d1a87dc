/** Work off the way to an acknowledgement: a few at a time, in the order it came. */
export interface Lane {
  push(work: () => Promise<void>): void;
  /** Resolves when nothing is left. */
  idle(): Promise<void>;
  size(): number;
}

/** While others are busy, one piece of work begins only this often: it goes on, and stays out of the way. */
const AGAIN_MS = 40;

/**
 * `together` at a time; hardly any while `busy`: what people wait for now comes first. `work` must not throw: there
 * is nobody to tell.
 */
export function createLane(together: number, busy: () => boolean): Lane {
  let line: (() => Promise<void>)[] = [];
  /** How many of the line have begun: cheaper than moving all the others each time. */
  let begun = 0;
  let running = 0;
  let last = 0;
  let asleep = false;
  const resting: (() => void)[] = [];

  function next(): void {
    while (running < together && begun < line.length) {
      const wait = busy() ? last + AGAIN_MS - Date.now() : 0;
      if (wait > 0) {
        if (!asleep) setTimeout(wake, wait);
        asleep = true;
        return;
      }
      const work = line[begun];
      begun += 1;
      running += 1;
      last = Date.now();
      void work?.().finally(() => {
        running -= 1;
        next();
      });
    }
    if (begun >= 1000 || begun === line.length) {
      line = line.slice(begun);
      begun = 0;
    }
    if (running > 0 || line.length > 0) return;
    for (const rest of resting.splice(0)) rest();
  }

  function wake(): void {
    asleep = false;
    next();
  }

  return {
    push(work) {
      line.push(work);
      // Lets the acknowledgement go out first.
      setImmediate(next);
    },
    idle: () =>
      running === 0 && line.length === 0 ? Promise.resolve() : new Promise((rest) => void resting.push(rest)),
    size: () => running + line.length - begun,
  };
}
