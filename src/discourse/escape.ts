/**
 * Text of people, made safe for a post. Nothing a person typed may mention somebody, end a code block or a fold, turn
 * into a link, a picture or a heading, or look like something else than it is.
 */

import { cut, oneLine, visible } from '../core/visible.ts';

/**
 * Cannot be seen. Behind an `@` it keeps a mention from being one: the forum looks for those after backslashes are
 * gone, so a backslash does not help.
 */
const KEEPER = '\u2060';

/** What Markdown and BBCode are made of. */
const MARKUP = /[\\`*_~[\]<>&|$^{}]/gu;
/** What is looked for in the text that is left: mentions, tags and categories, emoji. */
const CALLS = /@|#(?=[\p{L}\p{N}_:-])|:(?=[\w+-]+:)|(?<![\p{L}\p{N}]):(?=[\w+-])/giu;
/** What would begin a list, a heading, a quote or a rule at the start of a line. */
const BEGINS = /^(?:[-+=#:]|\d{1,9}(?=[.)](?:\s|$)))/u;
/** An address, or a name that the forum would make one of. */
const ADDRESS = /:\/\/|^\/\/|^www\.|^mailto:|[^\s.]\.\p{L}{2,}|@[\p{L}\p{N}-]+\.\p{L}/iu;
const WORD = /^([("'“‘]*)(.*?)([)"'”’.,;:!?]*)$/su;

/**
 * One line of text within a post. What stands between backticks is code; so is every address, which is thereby no
 * link.
 */
export function inline(text: string, max = 300): string {
  const parts = cut(oneLine(text), max).split(/(`[^`]+`|\s+)/u);
  const drawn = parts.map((part) => (/^`[^`]+`$/u.test(part) ? code(part.slice(1, -1)) : word(part)));
  // Two pieces of code that touch would be read as one.
  const joined = drawn.reduce(
    (all, one) => all + (all.endsWith('`') && one.startsWith('`') ? KEEPER : '') + one,
    '',
  );
  return joined.replace(BEGINS, (mark) => (/\d/u.test(mark) ? mark + KEEPER : `\\${mark}`));
}

function word(text: string): string {
  if (!ADDRESS.test(text)) return escaped(text);
  const [, before = '', address = '', after = ''] = WORD.exec(text) ?? [];
  return `${escaped(before)}${code(address)}${escaped(after)}`;
}

function escaped(text: string): string {
  return text.replace(CALLS, `$&${KEEPER}`).replace(MARKUP, '\\$&');
}

/** One line as code, formatted by nothing; every character stays what it is. */
export function code(text: string): string {
  const line = oneLine(text) || ' ';
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = /^`|`$|^ .* $/u.test(line) ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A cell of a table. */
export function cell(text: string, max = 200): string {
  return inline(text, max).replace(/(?<!\\)\|/gu, '\\|') || ' ';
}

/** Lines as a code block that nothing in them ends. `language`: a word of our own. */
export function fence(text: string, language: string): string {
  const lines = visible(text)
    .split('\n')
    // Within a fold the forum looks for its end in code blocks as well.
    .map((line) => line.replace(/^\s*\[(?=\/?details)/iu, (start) => `${start.slice(0, -1)}\\u{5b}`))
    .join('\n');
  const marks = '`'.repeat(Math.max(3, longestRun(lines) + 1));
  return `${marks}${language}\n${lines}\n${marks}`;
}

/** What is folded away under a line of our own words. */
export function fold(summary: string, body: string): string {
  return `[details="${summary}"]\n\n${body}\n\n[/details]`;
}

/** Is the text shown to its end by `inline(text, max)`? */
export function fits(text: string, max: number): boolean {
  return oneLine(text).length <= max;
}

/** A link of our own making. `url` must be free of spaces and parentheses. */
export function link(url: string, text: string): string {
  return `[${escaped(text)}](${url})`;
}

function longestRun(text: string): number {
  return (text.match(/`+/gu) ?? []).reduce((most, run) => Math.max(most, run.length), 0);
}
