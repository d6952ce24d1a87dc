/** Runs one task at a time, in the order of asking. A task that fails does not stop the next. */
export interface Turns {
  /** Rejects with the signal's reason if it is aborted while waiting; once started, a task ends by itself. */
  take<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** Makes an empty line. */
export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    take: (task, signal) =>
      new Promise((resolve, reject) => {
        const leave = () => reject(signal.reason);
        signal.addEventListener('abort', leave, { once: true });
        last = last.then(async () => {
          signal.removeEventListener('abort', leave);
          if (signal.aborted) reject(signal.reason);
          else await task().then(resolve, reject);
        });
      }),
  };
}
