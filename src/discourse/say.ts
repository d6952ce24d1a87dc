import { VERBS } from '../core/verbs.ts';
import { cut, oneLine } from '../core/visible.ts';
import { code } from './escape.ts';
import { longEnough } from './thanks.ts';

/** Nobody copies a longer line. */
const LONGEST = 1000;

const NAMES: readonly string[] = VERBS.map((verb) => verb.name);

/** A line as people say it here, to be copied. */
export function sayable(line: string, bot: string): string {
  return code(longEnough(`@${bot} ${cut(oneLine(line), LONGEST)}`));
}

/**
 * Lines to say that stand in a text of the kernel, as people say them here. Those that begin with `/` or `@` are said
 * elsewhere, or have the name already; with `-` it is an option of another program. Not escaped: goes through `inline`.
 */
export function withSayable(text: string, bot: string): string {
  return text.replace(
    /(again with |[Ss]ay )?`([^`]+)`/gu,
    (all, before: string | undefined, line: string) => {
      const [first = '', ...rest] = line.split(' ');
      if (/^[/@-]/u.test(line)) return all;
      const isLine = before !== undefined || (NAMES.includes(first) && rest.length > 0);
      return isLine ? `${before ?? ''}\`${longEnough(`@${bot} ${line}`)}\`` : all;
    },
  );
}
