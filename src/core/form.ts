/** A command's parameters as a form: a Slack modal, a forum template, the questions of a terminal. */
export interface Form {
  /** `builder capacity`. */
  readonly command: string;
  readonly summary: string;
  /** How it would be typed, with what was given: `builder capacity builder2 <capacity>`. */
  readonly usage: string;
  readonly fields: readonly FormField[];
}

/** One field of a form. */
export interface FormField {
  readonly name: string;
  readonly title: string;
  readonly hint: string;
  readonly kind: 'line' | 'text' | 'choice';
  readonly choices: readonly string[];
  readonly optional: boolean;
  readonly example: string;
  /** What the person gave so far; empty: nothing. */
  readonly value: string;
  /** What is wrong with `value`, in plain words. */
  readonly problem: string | null;
}
