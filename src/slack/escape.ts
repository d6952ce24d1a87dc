import { cut, oneLine as onOneLine, visible as withSigns } from '../core/visible.ts';

/**
 * Text of people, made safe for where it goes in Slack. Nothing a person typed may mention somebody, end a
 * code block, turn into a link, or look like something else than it is.
 */

/** Words that Slack may turn into a call to everybody. */
const BROADCAST = /@(?=here\b|channel\b|everyone\b|group\b)/giu;

/** The text with everything visible, on as many lines as it has. */
export function visible(text: string): string {
  return withSigns(text).replace(BROADCAST, '＠');
}

/** The same on one line. */
export function oneLine(text: string): string {
  return onOneLine(text).replace(BROADCAST, '＠');
}

/** The three characters that Slack's markup is made of. */
export function entities(text: string): string {
  return text.replace(/&/gu, '&amp;').replace(/</gu, '&lt;').replace(/>/gu, '&gt;');
}

/** A backtick would end the code it stands in: its look-alike does not. */
const BACKTICK_LOOKALIKE = 'ˋ';

/** `*bold*`, `_slanted_`, `~struck~`, `:emoji:`, code and quotes, as Slack would read them. `~/` alone begins a path. */
const FORMATTING =
  /`|(?<![\p{L}\p{N}])(?:[*_]|~(?!\/))(?=\S)|(?<=\S)[*_~](?![\p{L}\p{N}])|(?<!\d):[a-z0-9_+'-]+:(?!\d)|^\s*(?:>|•|\d+\.\s)/iu;

/**
 * One line of text within our own mrkdwn. What stands between backticks is code; a part that Slack would format
 * in any other way is shown as code too.
 */
export function inline(text: string, max = 300): string {
  const line = cut(oneLine(text), max, entitiesLength);
  return line
    .split(/(`[^`]+`)/u)
    .map((part) => {
      if (/^`[^`]+`$/u.test(part)) return `\`${entities(part.slice(1, -1))}\``;
      return FORMATTING.test(part) ? formattedAsCode(part) : entities(part);
    })
    .join('');
}

function formattedAsCode(part: string): string {
  const [, before = '', middle = '', after = ''] = /^(\s*)(.*?)(\s*)$/su.exec(part) ?? [];
  return `${before}${code(middle, Number.POSITIVE_INFINITY)}${after}`;
}

/** One line as code, formatted by nothing. */
export function code(text: string, max = 300): string {
  const line = oneLine(text).replace(/`/gu, BACKTICK_LOOKALIKE) || ' ';
  return `\`${entities(cut(line, max - 2, entitiesLength))}\``;
}

/** Lines of text as the inside of a code block: what `fence` closes around. Not cut. */
export function fenced(text: string): string {
  return entities(visible(text).replace(/`/gu, BACKTICK_LOOKALIKE));
}

/** How long the text is once its entities are written out. */
export function entitiesLength(text: string): number {
  return entities(text).length;
}

/** Text for a `plain_text` element: never empty, never formatted. */
export function plain(text: string, max: number): string {
  return cut(oneLine(text), max) || '–';
}

/** Far more than a line may have, and little enough to look for links in. */
const MOST_TYPED = 8000;

/** What a person typed, without what Slack's clients made of it: links, entities, our own mention. */
export function typed(text: string): string {
  return text
    .slice(0, MOST_TYPED)
    .replace(/<mailto:[^|>]*\|([^>]*)>/gu, '$1')
    .replace(/<((?:https?|ftp):[^|>]*)(?:\|[^>]*)?>/gu, '$1')
    .replace(/&lt;/gu, '<')
    .replace(/&gt;/gu, '>')
    .replace(/&amp;/gu, '&')
    .trim();
}

/** A link of our own making. `url` must be free of `|` and `>`. */
export function link(url: string, text: string): string {
  return `<${entities(url)}|${entities(text)}>`;
}
