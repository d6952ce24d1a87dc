import type { Command, Given, Recognition } from './command.ts';
import type { Recognised } from './desk.ts';
import { formOf } from './form.ts';
import { lineWithHoles } from './line.ts';
import { check } from './problems.ts';

/** More than this would be a list to read, not a help. */
const MOST = 3;
/** Characters of a text that are looked at: a title and the beginning, where people say what they want. */
const LOOK = 6_000;
/** Words that belong together stand so near each other: two or three sentences. */
const NEAR = 40;
/** What scores less than this part of the best is left out. */
const FAR_BEHIND = 0.5;

/** A group of words for `Recognition`, written as a list with commas. */
export function anyOf(list: string): readonly string[] {
  return list.split(',').map((word) => word.trim().replace(/\s+/g, ' '));
}

/** What the words seem to ask for, best first; nothing where they fit nothing. */
export function recognise(text: string, commands: readonly Command[]): readonly Recognised[] {
  const looked = text.slice(0, LOOK);
  const words = wordsOf(looked);
  const fits = commands.flatMap((command) => {
    const found = command.recognise ? find(words, command.recognise) : null;
    return found === null ? [] : [{ command, found }];
  });
  /** How many of the commands that fit go by a word: one that many go by says little. */
  const shared = new Map<string, number>();
  for (const { found } of fits)
    for (const word of new Set(found.words)) shared.set(word, (shared.get(word) ?? 0) + 1);
  const scored = fits.map(({ command, found }) => ({
    command,
    found,
    score: found.words.reduce((sum, word) => sum + 1 / (shared.get(word) ?? 1), 0),
  }));
  scored.sort(
    (a, b) => b.score - a.score || a.found.span - b.found.span || (a.command.name < b.command.name ? -1 : 1),
  );
  const best = scored[0]?.score ?? 0;
  return scored
    .filter(({ score }) => score >= best * FAR_BEHIND)
    .slice(0, MOST)
    .map(({ command }) => recognised(looked, command));
}

/** Commands that are about what the text names, whatever it wants of it: the first group of a declaration is what it is about. */
export function about(text: string, commands: readonly Command[]): readonly Command[] {
  const words = wordsOf(text.slice(0, LOOK));
  return commands.filter(({ recognise }) =>
    recognise?.words[0]?.some((word) => placesOf(word, words).length > 0),
  );
}

/** What is wrong with a declaration, or null. */
export function wrongIn(recognition: Recognition, params: readonly string[]): string | null {
  const { words, unless = [], given = {} } = recognition;
  if (words.length === 0 || words.some((group) => group.length === 0))
    return 'would be recognised by a group without words';
  const odd = [...words.flat(), ...unless].find(
    (word) => !/^[\p{Ll}\p{N}-]+( [\p{Ll}\p{N}-]+)*\*?$/u.test(word),
  );
  if (odd !== undefined)
    return `would be recognised by “${odd}”: give words in small letters, with a * at the end at most`;
  for (const [name, pattern] of Object.entries(given)) {
    if (!params.includes(name)) return `recognises “${name}”, which is no parameter of it`;
    if (/[gy]/.test(pattern.flags)) return `recognises ${name} by a pattern with the flag g or y`;
    if (new RegExp(`${pattern.source}|`, pattern.flags).exec('')?.length !== 2)
      return `recognises ${name} by a pattern that has not one group`;
  }
  return null;
}

/** The words of a text in small letters, and of those with dashes the parts too, at the same place. */
interface Words {
  readonly list: readonly string[];
  /** Where a word stands, in order. */
  readonly at: ReadonlyMap<string, readonly number[]>;
}

function wordsOf(text: string): Words {
  const list = text
    .toLowerCase()
    // An address is made of words that nobody says.
    .replace(/\b[a-z]+:\/\/\S+/gu, ' ')
    .replace(/['’‘`]/gu, '')
    .split(/[^\p{L}\p{N}-]+/u)
    .map((word) => word.replace(/^-+|-+$/g, ''))
    .filter(Boolean);
  const at = new Map<string, number[]>();
  list.forEach((word, place) => {
    const parts = word.includes('-') ? [word, ...word.split('-')] : [word];
    for (const part of new Set(parts)) {
      const places = at.get(part);
      if (places) places.push(place);
      else at.set(part, [place]);
    }
  });
  return { list, at };
}

/** Where one of a declaration's words stands in the text. */
function placesOf(word: string, words: Words): readonly number[] {
  const [first = '', ...more] = word.split(' ');
  const starts = first.endsWith('*')
    ? [...words.at].flatMap(([one, places]) => (one.startsWith(first.slice(0, -1)) ? places : []))
    : (words.at.get(first) ?? []);
  return starts.filter((place) => more.every((next, nth) => fits(words.list[place + nth + 1] ?? '', next)));
}

function fits(word: string, wanted: string): boolean {
  return wanted.endsWith('*') ? word.startsWith(wanted.slice(0, -1)) : word === wanted;
}

interface Found {
  /** For each group the word that it was found by. */
  readonly words: readonly string[];
  /** Number of words from the first to the last of these. */
  readonly span: number;
}

/** The narrowest stretch of the text that holds a word of each group; null where there is none that is narrow enough. */
function find(words: Words, { words: groups, unless = [] }: Recognition): Found | null {
  const hits = groups
    .flatMap((group, index) =>
      group.flatMap((word) => placesOf(word, words).map((at) => ({ index, word, at }))),
    )
    .sort((a, b) => a.at - b.at);
  const last = new Map<number, { readonly word: string; readonly at: number }>();
  let best: (Found & { readonly from: number }) | null = null;
  for (const hit of hits) {
    last.set(hit.index, hit);
    if (last.size < groups.length) continue;
    const from = Math.min(...[...last.values()].map(({ at }) => at));
    const span = hit.at - from;
    if (span < (best?.span ?? NEAR))
      best = { words: groups.map((_, index) => last.get(index)?.word ?? ''), span, from };
  }
  if (!best) return null;
  const { from, span } = best;
  const other = unless.some((word) =>
    placesOf(word, words).some((at) => at > from - NEAR && at < from + span + NEAR),
  );
  return other ? null : best;
}

function recognised(text: string, command: Command): Recognised {
  const given = clearly(text, command);
  const problems = check(command.params, given);
  return {
    form: formOf(command.name, command.summary, command.params, given, problems),
    line: lineWithHoles(command.name, command.params, given, problems),
  };
}

/** The parameters that can be told from the text beyond doubt. */
function clearly(text: string, command: Command): Given {
  const given: Record<string, string> = {};
  for (const [name, pattern] of Object.entries(command.recognise?.given ?? {})) {
    const all = [...text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))];
    const values = new Set(all.flatMap(([, value]) => value?.trim().toLowerCase() ?? []));
    const value = all[0]?.[1]?.replace(/\s+/gu, ' ').trim();
    if (values.size !== 1 || !value) continue;
    if (command.params.shape[name]?.safeParse(value).success) given[name] = value;
  }
  return given;
}
