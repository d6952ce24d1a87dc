/** A table for people. Rows as long as `columns`. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a command that only looks gives back, and what a finished request has to show. */
export interface Answer {
  readonly kind: 'answer';
  readonly title: string;
  /** `bad` is shown first and loudest. */
  readonly verdict: 'ok' | 'warn' | 'bad';
  readonly lines?: readonly string[];
  readonly table?: Table;
  /** To be copied whole: a certificate, a part of a configuration. */
  readonly texts?: readonly CopyText[];
  /** Commands that would help next, as a person would type them. */
  readonly next?: readonly string[];
}

/** A text whose lines stay as they are. */
export interface CopyText {
  /** What it is and where it goes. */
  readonly title: string;
  readonly text: string;
}
