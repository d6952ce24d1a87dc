import type { Limit } from './limit.ts';

/** At most so many at once; the others wait in the order they came. */
export interface Slots {
  /** Resolves with the function that gives the slot back. One that is over by its turn is passed by. */
  take(limit: Limit): Promise<() => void>;
}

export function createSlots(most: number): Slots {
  let used = 0;
  const waiting: { readonly limit: Limit; readonly go: () => void }[] = [];
  const release = (): void => {
    for (;;) {
      const next = waiting.shift();
      if (!next) {
        used--;
        return;
      }
      if (next.limit.over()) continue;
      next.go();
      return;
    }
  };
  return {
    take: (limit) =>
      new Promise((resolve) => {
        const go = () => {
          let given = false;
          resolve(() => {
            if (!given) release();
            given = true;
          });
        };
        if (used >= most) {
          waiting.push({ limit, go });
          return;
        }
        used++;
        go();
      }),
  };
}
