import type { Log } from '../src/core/ports.ts';
import type { Watcher } from '../src/core/watching.ts';
import { repeat } from './sweep.ts';

/** How often it is looked whether a watch is due, in milliseconds. */
const LOOK_MS = 30_000;

/** Starts what a worker does once a day: looking for what people should know in time. */
export function startWatch(watcher: Watcher, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const looking = repeat('the watch', () => watcher.tick(stopping.signal), LOOK_MS, log);
  return {
    async stop() {
      stopping.abort(new Error('stopping'));
      await looking.stop();
    },
  };
}
