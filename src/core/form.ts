import type { Given, Params } from './command.ts';
import { holdsCredentials } from './credentials.ts';
import { isOptional, metaOf } from './field-meta.ts';
import { lineWithHoles, usageOf } from './line.ts';
import { plainText } from './plain-text.ts';
import type { Problems } from './problems.ts';

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

/** The form of a command or verb, filled with what was given. */
export function formOf(
  name: string,
  summary: string,
  params: Params,
  given: Given,
  problems: Problems,
): Form {
  return {
    command: name,
    summary,
    usage: understood(params, given, problems)
      ? plainText(lineWithHoles(name, params, given, problems))
      : usageOf(name, params),
    fields: Object.entries(params.shape).map(([key, field]) => {
      const { title, hint, kind, choices, example } = metaOf(field);
      const typed = problems[key] === 'missing' ? '' : (given[key] ?? '');
      // A form is posted in the forum, and a password is not.
      const value = holdsCredentials(typed) ? '' : typed;
      return {
        name: key,
        title,
        hint,
        kind,
        choices,
        example,
        optional: isOptional(field),
        value,
        problem: problems[key] ?? null,
      };
    }),
  };
}

/** Was anything given that can be kept? */
function understood(params: Params, given: Given, problems: Problems): boolean {
  return Object.keys(params.shape).some((key) => given[key] !== undefined && problems[key] === undefined);
}
