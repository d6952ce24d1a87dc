import type { Command, Given } from './command.ts';
import { nearest } from './near.ts';
import { PEM_WITHIN } from './pem.ts';
import type { Problems } from './problems.ts';
import type { Registry } from './registry.ts';
import { VERBS, type Verb } from './verbs.ts';
import { FRIENDLY, readParams, type Token, tokenize } from './words.ts';

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
  // “Show cert 02” and “check nfs” are no words to a request.
  const isSwapped = registry.get(lowered.slice(0, 2).reverse().join(' ')) !== undefined && tokens.length > 1;
  if (verb && !isSwapped) {
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

function unclear(tokens: readonly Token[], lowered: readonly string[], registry: Registry): Parsed {
  const [first = ''] = lowered;
  const begins = registry.all.filter((command) => command.name.split(' ')[0] === first);
  const two = lowered.slice(0, 2).join(' ');
  const names = [...registry.all.map((command) => command.name), ...VERBS.map((verb) => verb.name)];
  const swapped = lowered.slice(0, 2).reverse().join(' ');
  const meant =
    begins.length > 0
      ? lowered.length > 1
        ? nearest(two, names)
        : null
      : (nearest(two, names) ?? names.find((name) => name === swapped) ?? nearest(first, names));
  const rest = tokens.slice(meant?.split(' ').length ?? 0).map((token) => token.text);
  return {
    kind: 'unclear',
    word: tokens[0]?.text ?? '',
    begins,
    meant: meant ? [meant, ...rest].join(' ').slice(0, 200) : null,
  };
}
