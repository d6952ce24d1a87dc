import type { Given, Params } from './command.ts';
import { type FieldMeta, isOptional, metaOf } from './field-meta.ts';
import { PEM_WORD } from './pem.ts';
import { plainText } from './plain-text.ts';
import { check, type Problems, unknownName } from './problems.ts';
import { QUOTED, unquote } from './quotes.ts';

/** A word of a line, or what stands in quotes. */
export interface Token {
  /** Without its quotes. */
  readonly text: string;
  readonly quoted: boolean;
  /** Where it begins in the line. */
  readonly at: number;
}

const TOKEN = new RegExp(`([a-z][a-z-]*=)?(?:(${QUOTED})|(\\S+))`, 'giu');

/** The words of a line. */
export function tokenize(line: string): readonly Token[] {
  return [...line.matchAll(TOKEN)].map((match) => {
    const [, name = '', quoted, bare = ''] = match;
    const text = `${name}${quoted?.slice(1, -1) ?? bare}`;
    return { text, quoted: name === '' && quoted !== undefined, at: match.index };
  });
}

/** What people say to be kind, or to say yes once more; and what has no letters. */
export const FRIENDLY =
  /^(?:[\P{L}]*|(?:hi|hey|hello|please|pls|thanks?|thank|thx|cheers|you|lgtm|looks?|good|great|nice|fine|okay|ok|yes|yep|sure|to|with|me|go|ahead|the|plan|is|it|and|for|asking)[\P{L}]*)$/iu;

type Field = { readonly name: string; readonly meta: FieldMeta };

/** What ends a text: the first word that begins a parameter which is not given yet, by its exact name or as a paste. */
function nextNamed(
  tokens: readonly Token[],
  fields: readonly Field[],
  given: readonly string[],
): Token | undefined {
  const open = fields.filter(({ name }) => !given.includes(name));
  return tokens.find(
    ({ text, quoted }) =>
      !quoted &&
      open.some(({ name, meta }) => text.startsWith(`${name}=`) || (meta.pem && PEM_WORD.test(text))),
  );
}

/** What the words behind a command's or a verb's name give; `talk`: those that say nothing to us. */
export function readParams(
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
    const paste = PEM_WORD.test(token.text) ? fields.find(({ meta }) => meta.pem) : undefined;
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
        const next = target.meta.pem
          ? undefined
          : nextNamed(tokens.slice(index + 1), fields, [target.name, ...Object.keys(given)]);
        const text = line.slice(from, next?.at);
        // `because: …` and `because = …`, as people write where nobody counts spaces.
        given[target.name] = unquote(bare ? text.replace(/^\s*[:=]/, '') : text);
        if (!next) break;
        index = tokens.indexOf(next) - 1;
        continue;
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
