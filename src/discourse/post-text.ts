import { splitForms } from '../core/form-text.ts';
import { type Block, codeSpans, LEFT_OUT, ownWords } from './own-words.ts';
import { createPasted } from './pasted.ts';

/** What a post says to us. */
export interface PostText {
  /** What follows our name at the beginning of a line, to the end of the line, and PEM that is pasted below it. */
  readonly lines: readonly string[];
  /** Forms that somebody has filled in, without their fences. */
  readonly forms: readonly string[];
  /** The author's own words: no quotes, no code, no mail history, no lines to us. */
  readonly rest: string;
  /** Our name stands in running text, or alone. */
  readonly mentioned: boolean;
  /** What looks like a line to us and is none: in running text, or in backticks. Never acted on; its author is told. */
  readonly nearly: string | null;
  /** Words of others stand in the post, or what could hide some: a quote, code, a comment. */
  readonly leftOut: boolean;
  /** There were more lines and forms than are taken from one post; those are left out. */
  readonly tooMany: boolean;
}

/** Lines and forms that one post may hold. */
const MOST = 10;

/** Cannot be seen; put in by phones, forums and web pages. Marks that turn the direction of text stay, and are refused. */
const INVISIBLE = /\u00ad|\u034f|\u061c|\u180e|[\u200b-\u200f]|[\u2060-\u2064]|\ufeff/gu;
const SPACES = /[^\S\n\t\u2028\u2029]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&nbsp;': ' ',
  '&quot;': '"',
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};

const OTHERS =
  /\[\/?(?:quote|code)\b|<\/?(?:pre|code|blockquote|details)\b|<!--|-->|^[ \t]{0,20}(?:[-*+•] {1,4})?>/imu;

/** Reads a post, as its author wrote it, for lines and forms to the bot of this name. */
export function readPost(raw: string, botName: string): PostText {
  const mentions = mentionsOf(botName);
  const lines: string[] = [];
  const forms: string[] = [];
  const rest: string[] = [];
  let mentioned = false;
  let tooMany = false;
  let nearly: string | null = null;
  let leftOut = OTHERS.test(raw);

  const pasted = createPasted();

  function take(list: string[], one: string): void {
    if (lines.length + forms.length >= MOST) {
      tooMany = true;
      return;
    }
    list.push(one);
    if (list === lines) pasted.begin(one);
    else pasted.end();
  }

  function addToLast(text: string): void {
    lines.push(`${lines.pop() ?? ''}\n${text}`);
  }

  function nearlySaid(original: string, masked: string): string | null {
    const found = mentions.anywhere.exec(masked);
    if (found) return sayingOf(original, original.slice(0, found.index + found[0].length)) || null;
    const whole = original.trim();
    const [span] = codeSpans(whole);
    if (span?.from !== 0 || span.to !== whole.length) return null;
    const code = within(whole);
    const prefix = mentions.begins.exec(code)?.[0];
    return prefix === undefined ? null : sayingOf(code, prefix) || null;
  }

  function readText(paragraph: readonly string[]): void {
    const text = paragraph.join('\n');
    const masked = withoutCode(text);
    let from = 0;
    for (const line of masked.split('\n')) {
      const original = text.slice(from, from + line.length);
      from += line.length + 1;
      const prefix = mentions.begins.exec(line)?.[0];
      const said = prefix === undefined ? '' : sayingOf(original, prefix);
      if (said !== '') take(lines, said);
      else if (pasted.takes(original)) addToLast(original);
      else {
        mentioned ||= mentions.anywhere.test(line);
        nearly ??= nearlySaid(original, line);
        rest.push(plain(words(original, line)));
      }
    }
    rest.push('');
  }

  for (const block of ownWords(normal(raw))) {
    if (block.kind === 'text') readText(block.lines);
    else if (isOurs(block)) for (const form of splitForms(block.text)) take(forms, form);
    else if (pasted.takesCode(block.text)) addToLast(block.text);
    else leftOut = true;
  }
  return { lines, forms, rest: rest.join('\n').trim(), mentioned, nearly, leftOut, tooMany };
}

function isOurs(block: Block): boolean {
  return block.kind === 'fence' && block.info.toLowerCase() === 'steward';
}

function normal(raw: string): string {
  return raw
    .replace(/\r\n?|[\u0085\u2028\u2029]/gu, '\n')
    .replace(INVISIBLE, '')
    .replace(SPACES, ' ');
}

/** The name as a mention: the whole of it, and no part of an address, a path or another's name. */
function mentionsOf(botName: string): { readonly begins: RegExp; readonly anywhere: RegExp } {
  const name = `@${botName.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![._-]?[\\p{L}\\p{N}]|[@/])`;
  return {
    begins: new RegExp(`^\\s*(?:(?:[-*+•·–—]|\\d{1,9}[.)]|\\[[ xX]?\\])\\s+)*[*_]{0,3}${name}`, 'iu'),
    anywhere: new RegExp(`(?<![\\p{L}\\p{N}@/.\\\\])${name}`, 'iu'),
  };
}

/** What follows the mention that ends the prefix; empty where that is nothing to read. */
function sayingOf(line: string, prefix: string): string {
  const after = line.slice(prefix.length);
  // `@steward's` speaks of us, not to us.
  if (/^['’]\p{L}/u.test(after)) return '';
  const opened = /[*_]{1,3}(?=@[^@]*$)/u.exec(prefix)?.[0] ?? '';
  const said = after
    .replace(/^[*_]{1,3}/u, '')
    .replace(/^[\s,:;!?.–—-]+/u, '')
    .replace(/^[*_]{1,3}(?=\s)/u, '')
    .trim();
  const closed = opened !== '' && said.endsWith(opened) ? said.slice(0, -opened.length) : said;
  return withoutEnd(plain(bare(closed))).trimStart();
}

/** What ends a sentence ends no name. Not by an expression, which would take the square of a long run. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t.,;!\\'.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Without the marks that a person put around words to show them in bold or as code. */
function bare(text: string): string {
  let shown = '';
  let at = 0;
  for (const { from, to } of codeSpans(text)) {
    shown += text.slice(at, from).replaceAll('**', '') + within(text.slice(from, to));
    at = to;
  }
  return shown + text.slice(at).replaceAll('**', '');
}

/** Code without its marks. */
function within(code: string): string {
  const marks = /^`*/.exec(code)?.[0].length ?? 0;
  return (code.length > 2 * marks ? code.slice(marks, code.length - marks) : code).trim();
}

/** The same, as long, with every character of code replaced. */
function withoutCode(text: string): string {
  let masked = '';
  let at = 0;
  for (const { from, to } of codeSpans(text)) {
    masked += text.slice(at, from) + text.slice(from, to).replace(/[^\n]/gu, LEFT_OUT);
    at = to;
  }
  return masked + text.slice(at);
}

/** A line for reading: of code only single words, which are names of things as people write them. */
function words(original: string, masked: string): string {
  return masked.replace(/\ufffc+/g, (marks, at: number) => {
    const code = within(original.slice(at, at + marks.length));
    return /^\S{1,100}$/u.test(code) ? code : ' ';
  });
}

/** As it is shown: links by their text, characters that were written by their names or behind a backslash. */
function plain(text: string): string {
  return text
    .replaceAll(LEFT_OUT, ' ')
    .replace(/\[\/?details(?:=[^\]\n]{0,200})?\]/gi, ' ')
    .replace(/\[([^\][\n]{1,300})\]\((?:https?:\/\/|mailto:)[^()\s]{1,500}\)/gu, '$1')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1')
    .replace(/&(?:nbsp|quot|#39|lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? entity);
}
