import { setMaxListeners } from 'node:events';

/** How long something may take, and whether the asker still wants it. */
export interface Limit {
  /** Milliseconds left; 0 when it is over. */
  leftMs(): number;
  /** `late` or `aborted` once it is over. */
  over(): 'late' | 'aborted' | null;
  /** The promise, or the limit, whichever comes first. A promise given up on may still reject; nobody minds. */
  race<T>(promise: Promise<T>): Promise<T | 'late' | 'aborted'>;
  /** Waits, but not beyond the limit. */
  pause(ms: number): Promise<void>;
  /** Lets go of the timer and the signal. */
  stop(): void;
}

/** Starts counting now. Its timer is our own: it goes off whatever the connection does. */
export function startLimit(ms: number, signal: AbortSignal): Limit {
  const endsAt = performance.now() + ms;
  let state: 'late' | 'aborted' | null = signal.aborted ? 'aborted' : null;
  let end: (how: 'late' | 'aborted') => void = () => {};
  const ended = new Promise<'late' | 'aborted'>((resolve) => {
    end = (how) => {
      state ??= how;
      resolve(state);
    };
  });
  const timer = setTimeout(() => end('late'), ms);
  const onAbort = () => end('aborted');
  // One signal stands for a whole request, and that may ask a hundred hosts at once.
  setMaxListeners(0, signal);
  if (signal.aborted) end('aborted');
  else signal.addEventListener('abort', onAbort, { once: true });
  const race = <T>(promise: Promise<T>): Promise<T | 'late' | 'aborted'> => {
    promise.catch(() => {});
    return Promise.race([promise, ended]);
  };
  return {
    leftMs: () => Math.max(0, endsAt - performance.now()),
    over: () => state,
    race,
    pause: async (wait) => {
      let waiting: NodeJS.Timeout | undefined;
      await race(
        new Promise<void>((resolve) => {
          waiting = setTimeout(resolve, wait);
        }),
      );
      clearTimeout(waiting);
    },
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}
