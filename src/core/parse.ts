import type { Command, Given, Params } from './command.ts';
import { holdsCredentials } from './credentials.ts';
import { isOptional, metaOf } from './field-meta.ts';
import type { Form } from './form.ts';
import { nearest } from './near.ts';
import { plainText } from './plain-text.ts';
import { inQuotes, QUOTED, unquote } from './quotes.ts';
import type { Registry } from './registry.ts';
import { VERBS, type Verb } from './verbs.ts';

/** The longest line that is read at all, in characters. */
export const LONGEST_LINE = 4000;

/** What a line says. Nothing is done here, and nothing is guessed. */
export type Parsed =
  | {
      readonly kind: 'command';
      readonly command: Command;
      readonly given: Given;
      readonly problems: Problems;
    }
  | { readonly kind: 'verb'; readonly verb: Verb; readonly given: Given; readonly problems: Problems }
  | { readonly kind: 'empty' }
  | { readonly kind: 'too-long'; readonly length: number }
  /** Words that begin several commands, or none. `meant`: a whole line to try instead. */
  | {
      readonly kind: 'unclear';
      readonly word: string;
      readonly begins: readonly Command[];
      readonly meant: string | null;
    };

/** What is wrong, by parameter; `` for what belongs to none. */
export type Problems = Readonly<Record<string, string>>;

/** Reads a line as typed, pasted or posted. */
export function parse(typed: string, registry: Registry): Parsed {
  if (typed.length > LONGEST_LINE) return { kind: 'too-long', length: typed.length };
  // What is pasted in chat often stands in a code block, and has no backticks of its own.
  const line = PEM_WITHIN.test(typed) ? typed.replace(/`+/gu, ' ') : typed;
  const tokens = tokenize(line);
  const [first] = tokens;
  if (!first) return { kind: 'empty' };
  const lowered = tokens.map((token) => token.text.toLowerCase());
  const command = registry.all
    .filter((candidate) => candidate.name.split(' ').every((word, index) => lowered[index] === word))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (command) {
    const rest = tokens.slice(command.name.split(' ').length);
    const { given, problems } = readParams(command.params, rest, line);
    return { kind: 'command', command, given, problems };
  }
  // “Approve, thank you.”
  const verb = VERBS.find((candidate) => candidate.name === lowered[0]?.replace(/[,.:!]+$/u, ''));
  if (verb) {
    const heeded = tokens.slice(1).filter(({ text }) => verb.heeds?.test(text) ?? true);
    const read = readParams(verb.params, heeded, line);
    const alone = verb.plain && !read.talk.every((word) => FRIENDLY.test(word));
    const id = read.given.request ?? '';
    const says = `I read \`${verb.name} ${id}\`, and words behind it that may mean something. Nothing was done: say it alone.`;
    const problems = alone ? { ...read.problems, '': says } : read.problems;
    return { kind: 'verb', verb, given: read.given, problems };
  }
  return unclear(tokens, lowered, registry);
}

/** What people say to be kind, or to say yes once more; and what has no letters. */
const FRIENDLY =
  /^(?:[\P{L}]*|(?:please|pls|thanks?|thank|thx|cheers|you|lgtm|looks?|good|great|nice|fine|okay|ok|yes|yep|sure|to|with|me|go|ahead|the|plan|is|it|and|for|asking)[\P{L}]*)$/iu;

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

/** `builder capacity <host> <capacity>`; optional ones in brackets. */
export function usageOf(name: string, params: Params): string {
  const parts = Object.entries(params.shape).map(([key, field]) => {
    const text = metaOf(field).named ? `${key}=…` : `<${key}>`;
    return isOptional(field) ? `[${text}]` : text;
  });
  return [name, ...parts].join(' ');
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

/** The line that would give exactly these parameters. */
export function lineOf(name: string, params: Params, given: Given): string {
  const keys = Object.keys(params.shape);
  const named: string[] = [];
  const placed: string[] = [];
  for (const [key, field] of Object.entries(params.shape)) {
    const value = given[key];
    if (value === undefined) continue;
    const { kind, named: isNamed } = metaOf(field);
    const text = kind === 'text' ? quotedText(value) : quoted(value, keys);
    if (isNamed) named.push(`${key}=${text}`);
    else placed.push(text);
  }
  return [name, ...placed, ...named].join(' ');
}

/** The same line with `<host>` where something is missing or wrong. */
export function lineWithHoles(name: string, params: Params, given: Given, problems: Problems): string {
  const holes = Object.keys(problems).map((key) => [key, `<${key}>`] as const);
  return lineOf(name, params, { ...given, ...Object.fromEntries(holes) });
}

/** Was anything given that can be kept? */
function understood(params: Params, given: Given, problems: Problems): boolean {
  return Object.keys(params.shape).some((key) => given[key] !== undefined && problems[key] === undefined);
}

/** One word of a line: in quotes where it would be read as several, or as the name of a parameter. */
function quoted(value: string, keys: readonly string[]): string {
  const plain = /^[^\s"“'‘«„”]\S*$/u.test(value) && !/^[a-z][a-z-]*=/i.test(value);
  return plain && !keys.includes(value.toLowerCase()) ? value : inQuotes(value);
}

/** The rest of a line is taken as it stands, so only what is quoted itself needs quotes around it. */
function quotedText(value: string): string {
  return value.trim() !== value || unquote(value) !== value ? inQuotes(value) : value;
}

/** How a pasted certificate or request begins, also where dashes were made longer on the way. */
const PEM = /^[-\u2010-\u2015\u2212]{1,8}\s?BEGIN\b/u;
const PEM_WITHIN = /[-\u2010-\u2015\u2212]\s?BEGIN [A-Z]/u;

interface Token {
  /** Without its quotes. */
  readonly text: string;
  readonly quoted: boolean;
  /** Where it begins in the line. */
  readonly at: number;
}

const TOKEN = new RegExp(`([a-z][a-z-]*=)?(?:(${QUOTED})|(\\S+))`, 'giu');

function tokenize(line: string): readonly Token[] {
  return [...line.matchAll(TOKEN)].map((match) => {
    const [, name = '', quoted, bare = ''] = match;
    const text = `${name}${quoted?.slice(1, -1) ?? bare}`;
    return { text, quoted: name === '' && quoted !== undefined, at: match.index };
  });
}

function readParams(
  params: Params,
  tokens: readonly Token[],
  line: string,
): { given: Given; problems: Problems; talk: readonly string[] } {
  const talk: string[] = [];
  const fields = Object.entries(params.shape).map(([name, field]) => ({
    name,
    field,
    meta: metaOf(field),
    optional: isOptional(field),
  }));
  const placed = fields.filter((field) => !field.meta.named);
  const given: Record<string, string> = {};
  const odd: Record<string, string> = {};
  const byName = new Set<string>();
  const last = placed.at(-1);
  const isId = (text: string): boolean =>
    last?.meta.talkBehind === true && last.field.safeParse(text).success;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (!token) break;
    const id = (last && given[last.name]) ?? '';
    const isTalk = isId(id);
    const named = token.quoted ? undefined : /^([a-z][a-z-]*)=/i.exec(token.text)?.[1]?.toLowerCase();
    const bare = token.quoted
      ? undefined
      : fields.find(
          ({ name, meta, field }) =>
            meta.named &&
            name === token.text.toLowerCase().replace(/:$/, '') &&
            // “The plan looks good” gives no plan.
            (!isTalk || meta.kind === 'text' || field.safeParse(tokens[index + 1]?.text ?? '').success),
        );
    const paste = PEM.test(token.text) ? fields.find(({ meta }) => meta.pem) : undefined;
    if (paste && given[paste.name] === undefined) {
      given[paste.name] = unquote(line.slice(token.at));
      break;
    }
    const target = bare ?? fields.find((field) => field.name === named);
    if (target) {
      if (given[target.name] !== undefined) odd[''] = `“${target.name}” is given twice.`;
      byName.add(target.name);
      const from = token.at + target.name.length + (bare ? 0 : 1);
      if (target.meta.kind === 'text') {
        // `because: …` and `because = …`, as people write where nobody counts spaces.
        given[target.name] = unquote(bare ? line.slice(from).replace(/^\s*[:=]/, '') : line.slice(from));
        break;
      }
      let value = bare ? (tokens[++index]?.text ?? '') : token.text.slice(target.name.length + 1);
      // `os=…, updates=…`: a list goes on behind its comma, as people write one.
      for (let next = tokens[index + 1]; value.endsWith(',') && next; next = tokens[index + 1]) {
        const name = /^([a-z][a-z-]*)=/i.exec(next.text)?.[1]?.toLowerCase();
        if (fields.some((field) => field.name === name)) break;
        value = `${value} ${next.text}`;
        index += 1;
      }
      given[target.name] = value;
      continue;
    }
    if (named !== undefined) {
      odd[''] = unknownName(named, params);
      continue;
    }
    const bareWord = token.text.replace(/(?<![,;:.!])[,;:.!]+$/u, '');
    const word = isId(bareWord) ? bareWord : token.text;
    // “Approve r1 and r2” would be done by half; in “approve r1, 8 is fine” the number is no id.
    const isOther = isId(word) && word !== id && /^r/iu.test(word) === /^r/iu.test(id);
    // “Approve, thanks” in the thread of the one that is meant.
    const isKind =
      last?.meta.talkBehind === true &&
      last.optional &&
      id === '' &&
      /\p{L}/u.test(token.text) &&
      FRIENDLY.test(token.text);
    if ((isTalk && !isOther) || isKind) {
      talk.push(token.text);
      continue;
    }
    // Words beyond the last parameter are its own: a list of hosts, or something that its check will refuse.
    const open = placed.filter((one) => !byName.has(one.name));
    const field = open.find((one) => given[one.name] === undefined) ?? open.at(-1);
    if (!field) {
      odd[''] = `I do not know what “${plainText(token.text).slice(0, 60)}” is for here.`;
      continue;
    }
    if (field.meta.kind === 'text') {
      given[field.name] = unquote(line.slice(token.at));
      break;
    }
    // An optional request id may be left out in its own thread: `resolve done`.
    const next = open[open.indexOf(field) + 1];
    const isNext =
      next?.meta.kind === 'choice'
        ? next.meta.choices.includes(token.text.toLowerCase())
        : // `done 2`: the number of a step, because one is needed.
          next && !next.optional && index === tokens.length - 1 && next.field.safeParse(token.text).success;
    if (field.optional && next && isNext) {
      given[next.name] = token.text;
      continue;
    }
    given[field.name] = given[field.name] === undefined ? word : `${given[field.name]} ${word}`;
  }
  return { given, problems: { ...check(params, given), ...odd }, talk };
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

function unclear(tokens: readonly Token[], lowered: readonly string[], registry: Registry): Parsed {
  const [first = ''] = lowered;
  const begins = registry.all.filter((command) => command.name.split(' ')[0] === first);
  const two = lowered.slice(0, 2).join(' ');
  const names = [...registry.all.map((command) => command.name), ...VERBS.map((verb) => verb.name)];
  const swapped = lowered.slice(0, 2).reverse().join(' ');
  const meant = nearest(two, names) ?? nearest(swapped, names) ?? nearest(first, names);
  const rest = tokens.slice(meant?.split(' ').length ?? 0).map((token) => token.text);
  return {
    kind: 'unclear',
    word: tokens[0]?.text ?? '',
    begins,
    meant: meant ? [meant, ...rest].join(' ').slice(0, 200) : null,
  };
}
