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
  /** What is too long for a message. */
  readonly file?: AnswerFile;
  /** Commands that would help next, as a person would type them. */
  readonly next?: readonly string[];
}

/** A text whose lines stay as they are. */
export interface CopyText {
  /** What it is and where it goes. */
  readonly title: string;
  readonly text: string;
}

/** A text that is given as a file where files can be given. */
export interface AnswerFile {
  /** Of a text: `r42-mrepo.txt`. */
  readonly name: string;
  /** In UTF-8. */
  readonly bytes: number;
  /** All of it, as the command gives it. It is kept beside the record, for a day, and is not part of the event. */
  readonly text?: string;
  /** How it ends, for where there is no file. */
  readonly last: string;
  /** Where else it is, as part of a sentence: `on mirror1 in /var/…`. */
  readonly elsewhere: string;
  /** The line that asks for it. */
  readonly line: string;
}
