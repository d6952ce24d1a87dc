/** What somebody says to us in a post, and their own words beside it. */
export interface PostText {
  /** What follows our name at the beginning of a line. */
  readonly lines: readonly string[];
  /** The insides of fences that are marked as ours. */
  readonly forms: readonly string[];
  /** The author's own words, without quotes, code and the history of a mail. */
  readonly rest: string;
  /** Our name stands in their own words, and not at the beginning of a line with something after it. */
  readonly mentioned: boolean;
  /** There were more lines and forms than are taken from one post. */
  readonly tooMany: boolean;
}

/** Lines and forms that are taken from one post. */
const MOST = 10;
/** A fence whose first word this is holds a form. */
const FORM = 'steward';

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*(\S*)/;
const BLOCK_QUOTE = /^ {0,3}>/;
const INDENTED = /^(?: {4}|\t)/;
/** Blocks in which nothing is said now. Each opens and closes by name; they may stand inside each other. */
const OPENS = /\[(quote|code)(?:[=\s][^\]\n]{0,300})?\]|<(pre|code|blockquote)(?:\s[^>\n]{0,300})?>/gi;
const CLOSES = /\[\/(quote|code)\]|<\/(pre|code|blockquote)>/gi;

/** From here on a mail repeats what others wrote. */
const HISTORY = [
  /^-{2,} ?(?:original message|forwarded message|ursprüngliche nachricht|message d'origine|mensaje original) ?-{2,}/i,
  /^(?:on|am|le|el|il|op|den) .{4,160}(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|skrev)\b.{0,80}:$/i,
  /^_{10,}$/,
  /^-- ?$/,
];
/** The head of a copied mail: the first of these with another of them close below. */
const MAIL_HEAD = /^\**(?:from|von|de|da|van):\**\s\S/i;
const MAIL_HEAD_MORE =
  /^\**(?:sent|date|to|gesendet|datum|an|envoyé|à|enviado|para|subject|betreff|objet|asunto):\**\s/i;

/** Reads a post as its author wrote it. `bot` is our account there. In linear time, whatever the text. */
export function readPost(raw: string, bot: string): PostText {
  const said = ownLines(normal(raw));
  const name = bot.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const spoken = new RegExp(
    `^\\s{0,20}(?:[-*+] +|\\d{1,3}[.)] +)?([*_]{0,3})@${name}(?![\\w-]|\\.\\w)\\1[,:]?(?:\\s+(.*))?$`,
    'iu',
  );
  const mention = new RegExp(`(?<![\\w@./-])@${name}(?![\\w-]|\\.\\w)`, 'iu');
  const lines: string[] = [];
  const rest: string[] = [];
  let mentioned = false;
  for (const line of said.lines) {
    const [, marks = '', words] = spoken.exec(line) ?? [];
    const text = words === undefined ? '' : bare(words, marks);
    if (text !== '') {
      lines.push(text);
      continue;
    }
    const plain = withoutCode(line);
    mentioned ||= mention.test(plain);
    rest.push(plain);
  }
  const forms = said.forms.filter((form) => form.trim() !== '');
  return {
    lines: lines.slice(0, MOST),
    forms: forms.slice(0, Math.max(0, MOST - lines.length)),
    rest: rest.join('\n').trim(),
    mentioned,
    tooMany: lines.length + forms.length > MOST,
  };
}

/** One kind of line end and of space, nothing that cannot be seen, no comments. */
function normal(raw: string): string {
  const text = raw
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g, ' ')
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/＠/g, '@');
  let kept = '';
  let at = 0;
  for (;;) {
    const begin = text.indexOf('<!--', at);
    if (begin < 0) return kept + text.slice(at);
    kept += text.slice(at, begin);
    const end = text.indexOf('-->', begin + 4);
    if (end < 0) return kept;
    at = end + 3;
  }
}

/** The author's own lines, and the insides of our fences. */
function ownLines(text: string): { readonly lines: readonly string[]; readonly forms: readonly string[] } {
  const all = text.split('\n');
  const lines: string[] = [];
  const forms: string[] = [];
  let fence: { readonly mark: string; readonly form: string[] | null } | null = null;
  let depth = 0;
  let quoting = false;
  let wasBlank = true;
  let inCode = false;
  for (const [index, line] of all.entries()) {
    if (fence !== null) {
      const closing = FENCE.exec(line);
      if (closing?.[1]?.startsWith(fence.mark) && closing[2] === '') {
        if (fence.form) forms.push(fence.form.join('\n'));
        fence = null;
      } else fence.form?.push(line);
      wasBlank = false;
      continue;
    }
    const opened = depth === 0 && !quoting ? FENCE.exec(line) : null;
    if (opened?.[1]) {
      fence = { mark: opened[1], form: opened[2]?.toLowerCase() === FORM ? [] : null };
      continue;
    }
    const before = depth;
    depth = Math.max(0, depth + count(line, OPENS) - count(line, CLOSES));
    if (
      before > 0 ||
      depth > 0 ||
      (count(line, OPENS) > 0 && count(line, CLOSES) > 0 && /quote/i.test(line))
    ) {
      wasBlank = false;
      continue;
    }
    const blank = line.trim() === '';
    // A line right under a quote still belongs to it, and is shown so.
    quoting = BLOCK_QUOTE.test(line) || (quoting && !blank);
    inCode = !blank && INDENTED.test(line) && (wasBlank || inCode);
    wasBlank = blank;
    if (quoting || inCode) continue;
    if (isHistory(all, index)) break;
    lines.push(line);
  }
  return { lines, forms };
}

function isHistory(all: readonly string[], index: number): boolean {
  const line = (all[index] ?? '').trim();
  if (line.length > 400) return false;
  if (HISTORY.some((pattern) => pattern.test(line))) return true;
  // Such a line may be broken in two.
  const two = `${line} ${(all[index + 1] ?? '').trim()}`;
  if (two.length < 260 && HISTORY[1]?.test(two)) return true;
  return (
    MAIL_HEAD.test(line) && all.slice(index + 1, index + 4).some((next) => MAIL_HEAD_MORE.test(next.trim()))
  );
}

function count(line: string, pattern: RegExp): number {
  return line.match(pattern)?.length ?? 0;
}

/** Without the marks that make it bold or code as a whole. */
function bare(words: string, marks: string): string {
  const text = words.trim();
  const unmarked = marks !== '' && text.endsWith(marks) ? text.slice(0, -marks.length) : text;
  const code = /^(`{1,3})([^`]+)\1$/.exec(unmarked.trim());
  return (code?.[2] ?? unmarked).trim();
}

/** Without what stands in backticks: pairs of runs of the same length. */
function withoutCode(line: string): string {
  if (!line.includes('`')) return line;
  const runs = [...line.matchAll(/`+/g)];
  let kept = '';
  let at = 0;
  for (let index = 0; index < runs.length; index++) {
    const run = runs[index];
    if (!run || run.index < at) continue;
    const close = runs.slice(index + 1, index + 50).find((other) => other[0].length === run[0].length);
    if (!close) continue;
    kept += line.slice(at, run.index);
    at = close.index + close[0].length;
  }
  return kept + line.slice(at);
}
