import { findHistory } from './mail-history.ts';

/** A piece of a post that its author wrote as words, or a code block. */
export type Block =
  | { readonly kind: 'text'; readonly lines: readonly string[] }
  | { readonly kind: 'fence'; readonly info: string; readonly text: string };

/** Stands where something within a line was left out, so that what follows it does not begin the line. */
export const LEFT_OUT = '\ufffc';

/** What is left out up to its end, over any number of lines; where it has no end, to the end of the post. */
const REGION = /(\[quote|\[code)(?=[\]=\s])|(<pre|<code|<blockquote)(?=[\s>])|(<!--)/giu;

/** The end of each, and for what can stand within itself its beginning too. */
const BOUNDARY: Readonly<Record<string, RegExp>> = {
  '<pre': /<(\/)pre\s?>/giu,
  '<code': /<(\/)code\s?>/giu,
  '<blockquote': /<(\/?)blockquote(?:(?=\s)|>)/giu,
  '<!--': /-(-)>/gu,
};

/**
 * The forum takes these ends in a line of their own only. Words that somebody quotes can hold anything, and must not end
 * the quote that they stand in.
 */
const BLOCK: Readonly<Record<string, { readonly begins: RegExp; readonly ends: RegExp }>> = {
  '[quote': { begins: /^ {0,3}\[quote[\]=\s]/iu, ends: /^ {0,3}\[\/quote\]\s*$/iu },
  '[code': { begins: /(?!)/u, ends: /^ {0,3}\[\/code\]\s*$/iu },
};
/** Or at the end of the very line that they began in. */
const ENDS_LINE: Readonly<Record<string, RegExp>> = {
  '[quote': /\[\/quote\]\s*$/iu,
  '[code': /\[\/code\]\s*$/iu,
};

const BULLET = /^\s*(?:[-*+•]|\d{1,9}[.)])\s+/u;
const FENCE = /^(?:(`{3,})[^`]*|(~{3,}).*)$/u;
const INDENTED = /^(?: {4}| {0,3}\t)/;
/** Ends a quote that has lines without a mark. */
const BEGINS_ANEW = /^\s*(?:\[quote|<pre|<blockquote|<!--|#{1,6}\s)/i;

/**
 * What the author of a post says in it, in order: without quotes, indented and marked code, comments, and what a mail
 * program added. The time it takes grows with the length only, whatever is in it.
 */
export function ownWords(raw: string): readonly Block[] {
  const lines = raw.split('\n');
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const historyAt = findHistory(lines);
  const regions = createRegions();
  /** Indentation means code only behind a blank line. */
  let fresh = true;
  /** Lines that follow a quote without a blank one between belong to it. */
  let quoted = false;

  function endParagraph(): void {
    if (paragraph.length > 0) blocks.push({ kind: 'text', lines: paragraph });
    paragraph = [];
  }

  /** Looks at a line that is no part of a region; gives the last line that this has dealt with, or null for words. */
  function block(line: string, at: number): number | null {
    if (line.trim() === '') {
      endParagraph();
      fresh = true;
      quoted = false;
      return at;
    }
    const inner = line.replace(BULLET, '').trimStart();
    const hasBullet = BULLET.test(line);
    if (inner.startsWith('>')) {
      endParagraph();
      quoted = true;
      return at;
    }
    const marks = FENCE.exec(inner);
    const mark = marks?.[1] ?? marks?.[2];
    if (mark !== undefined) {
      endParagraph();
      const end = endOfFence(lines, at + 1, mark);
      // Behind four spaces it is an example of a form.
      if (hasBullet || !INDENTED.test(line)) {
        const indent = line.length - inner.length;
        const within = lines.slice(at + 1, end).map((one) => dedent(one, indent));
        blocks.push({ kind: 'fence', info: inner.slice(mark.length).trim(), text: within.join('\n') });
      }
      fresh = true;
      quoted = false;
      return end;
    }
    if (fresh && INDENTED.test(line)) return at;
    if (quoted && !hasBullet && !BEGINS_ANEW.test(line)) return at;
    const history = historyAt(at);
    if (history === null) return null;
    endParagraph();
    return history === 'rest' ? lines.length : at + history.lines - 1;
  }

  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const done = regions.isOpen() ? null : block(line, at);
    if (done !== null) {
      at = done;
      continue;
    }
    fresh = false;
    quoted = false;
    const kept = regions.leaveOut(line);
    if (kept.replaceAll(LEFT_OUT, '').trim() === '') endParagraph();
    else paragraph.push(kept);
  }
  endParagraph();
  return blocks;
}

/** Leaves regions out of the lines that it is given one after the other. */
function createRegions(): { isOpen(): boolean; leaveOut(line: string): string } {
  let open: { readonly name: string; depth: number } | null = null;

  /** Where the open region ends in this line; null: not in it. */
  function endIn(
    line: string,
    from: number,
    region: { readonly name: string; depth: number },
  ): number | null {
    const block = BLOCK[region.name];
    if (block) {
      const began = from > 0 || region.depth === 0;
      region.depth = Math.max(1, region.depth);
      if (began) return ENDS_LINE[region.name]?.test(line.slice(from)) ? line.length : null;
      if (block.begins.test(line) && !ENDS_LINE[region.name]?.test(line)) region.depth += 1;
      if (block.ends.test(line)) region.depth -= 1;
      return region.depth <= 0 ? line.length : null;
    }
    for (const match of matchesFrom(BOUNDARY[region.name] ?? /$/g, line, from)) {
      region.depth += match[1] === '' ? 1 : -1;
      if (region.depth <= 0) return match.index + match[0].length;
    }
    return null;
  }

  return {
    isOpen: () => open !== null,
    leaveOut(line) {
      const spans = open ? [] : codeSpans(line);
      let kept = '';
      let at = 0;
      let span = 0;
      while (at < line.length) {
        if (open) {
          const end = endIn(line, at, open);
          if (end === null) return kept;
          if (open.name !== '<!--') kept += LEFT_OUT;
          open = null;
          at = end;
          continue;
        }
        let begins: number | null = null;
        for (const match of matchesFrom(REGION, line, at)) {
          while ((spans[span]?.to ?? Number.POSITIVE_INFINITY) <= match.index) span++;
          // Within backticks it is no more than these letters.
          if ((spans[span]?.from ?? Number.POSITIVE_INFINITY) < match.index) continue;
          begins = match.index;
          open = { name: match[0].toLowerCase(), depth: 0 };
          break;
        }
        kept += line.slice(at, begins ?? line.length);
        at = begins ?? line.length;
      }
      return kept;
    },
  };
}

/** Where code stands within a text, marks included: a run of backticks ends at the next one as long. */
export function codeSpans(text: string): readonly { readonly from: number; readonly to: number }[] {
  const runs = [...text.matchAll(/`+/g)].map((match) => ({ at: match.index, length: match[0].length }));
  /** By length, where the runs of that length stand in `runs`, the first last. */
  const byLength = new Map<number, number[]>();
  for (let order = runs.length - 1; order >= 0; order--) {
    const length = runs[order]?.length ?? 0;
    const same = byLength.get(length);
    if (same) same.push(order);
    else byLength.set(length, [order]);
  }
  const spans: { from: number; to: number }[] = [];
  for (let order = 0; order < runs.length; order++) {
    const run = runs[order];
    if (!run) break;
    // Outside code a backslash takes the first mark away.
    const from = run.at + (isEscaped(text, run.at) ? 1 : 0);
    const same = byLength.get(run.at + run.length - from) ?? [];
    while ((same.at(-1) ?? runs.length) <= order) same.pop();
    const closing = same.at(-1);
    const end = closing === undefined ? undefined : runs[closing];
    if (closing === undefined || !end) continue;
    spans.push({ from, to: end.at + end.length });
    order = closing;
  }
  return spans;
}

/** Is the character behind an odd number of backslashes? */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before--;
  return (at - before) % 2 === 1;
}

/** The line that ends a fence, or the one behind the last. */
function endOfFence(lines: readonly string[], from: number, mark: string): number {
  for (let at = from; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const bare = line.trim();
    // More white space before it, and it is a line of the code.
    if (/^ {0,3}\S/u.test(line) && bare.startsWith(mark) && bare === mark.charAt(0).repeat(bare.length))
      return at;
  }
  return lines.length;
}

/** Without so much white space at the beginning, as far as there is any. */
function dedent(line: string, indent: number): string {
  let at = 0;
  while (at < indent && (line[at] === ' ' || line[at] === '\t')) at++;
  return line.slice(at);
}

/** All matches from a place on; `pattern` has the flag `g`. */
function* matchesFrom(pattern: RegExp, text: string, from: number): Generator<RegExpExecArray> {
  const own = new RegExp(pattern);
  own.lastIndex = from;
  for (let match = own.exec(text); match; match = own.exec(text)) yield match;
}
