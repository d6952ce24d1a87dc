/** One thing that was looked at. */
export interface Finding {
  /** What: `dates`, `CRL`. */
  readonly check: string;
  /** `unseen`: an account without rights cannot tell. */
  readonly level: 'bad' | 'warn' | 'ok' | 'unseen';
  readonly found: string;
  /** For `bad` and `warn`: what it means, and what to do. */
  readonly advice?: string;
}

export const ok = (check: string, found: string): Finding => ({ check, level: 'ok', found });
export const unseen = (check: string, found: string): Finding => ({ check, level: 'unseen', found });
export const warn = (check: string, found: string, advice: string): Finding => ({
  check,
  level: 'warn',
  found,
  advice,
});
export const bad = (check: string, found: string, advice: string): Finding => ({
  check,
  level: 'bad',
  found,
  advice,
});
