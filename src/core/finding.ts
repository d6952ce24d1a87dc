/** One line of what `steward doctor` says about a service. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warn' | 'bad' | 'skipped';
  readonly says: string;
  /** What to do about it. */
  readonly todo?: string;
}
