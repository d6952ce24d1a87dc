import type { Given, Params } from './command.ts';
import { nearest } from './near.ts';
import { plainText } from './plain-text.ts';

/** What is wrong, by parameter; `` for what belongs to none. */
export type Problems = Readonly<Record<string, string>>;

/** `<because>`, or `…`: copied from a line that says what to fill in. */
const PLACEHOLDER = /^(?:<[\p{L}\p{N}_-]+>|<?…>?)$/u;

/** Checks what a form or a post gave; the same rules as for a line. */
export function check(params: Params, given: Given): Problems {
  const problems: Record<string, string> = {};
  for (const [name, field] of Object.entries(params.shape)) {
    if (PLACEHOLDER.test(given[name]?.trim() ?? '')) {
      problems[name] = 'missing';
      continue;
    }
    const read = field.safeParse(given[name]);
    if (read.success) continue;
    problems[name] =
      given[name] === undefined ? 'missing' : (read.error.issues[0]?.message ?? 'not understood');
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(params.shape, name)) problems[''] = unknownName(name, params);
  }
  return problems;
}

/** For a name that is no parameter, with the one that was meant. */
export function unknownName(name: string, params: Params): string {
  const names = Object.keys(params.shape);
  const meant = nearest(name, names);
  const there = meant
    ? ` Did you mean ${meant}?`
    : names.length > 0
      ? ` There are: ${names.join(', ')}.`
      : '';
  return `There is no parameter called “${plainText(name).slice(0, 60)}”.${there}`;
}
