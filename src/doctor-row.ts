import type { Log } from './core/ports.ts';

/** One thing that was looked at. */
export interface Row {
  /** `config`, `hub`, `slack`, the name of a host, ... */
  readonly area: string;
  readonly check: string;
  readonly ok: 'ok' | 'warn' | 'bad' | 'skipped';
  /** What was found. */
  readonly says: string;
  /** What to do about it. */
  readonly todo?: string;
}

/** What a look needs. */
export interface Looking {
  readonly signal: AbortSignal;
  readonly log: Log;
}
