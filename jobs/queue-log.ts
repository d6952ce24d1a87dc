import type { Log } from '../src/core/ports.ts';

const QUIET_MS = 30_000;
const said = new Map<string, number>();

/** Logs an error that may come many times a second, once in a while. */
export function errorLog(log: Log, what: string): (error: Error) => void {
  return (error) => {
    const text = `${what}: ${error.message}`;
    const now = Date.now();
    if (now - (said.get(text) ?? 0) < QUIET_MS) return;
    if (said.size > 200) said.clear();
    said.set(text, now);
    log.warn(what, { error: error.message });
  };
}
