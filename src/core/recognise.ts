import type { Command } from './command.ts';
import type { Recognised } from './desk.ts';
import { check, formOf, lineOf } from './parse.ts';

/** More than this would be a list to read, not a help. */
const MOST = 3;

/** What the words seem to ask for: every group of a command's words is there. Best first. */
export function recognise(text: string, commands: readonly Command[]): readonly Recognised[] {
  const words = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}-]+/gu, ' ')} `;
  return commands
    .filter((command) => command.recognise?.words.every((group) => group.some((word) => has(words, word))))
    .map((command) => recognised(text, command))
    .slice(0, MOST);
}

function has(words: string, word: string): boolean {
  return word.endsWith('*') ? words.includes(` ${word.slice(0, -1)}`) : words.includes(` ${word} `);
}

function recognised(text: string, command: Command): Recognised {
  const found = Object.entries(command.recognise?.given ?? {}).flatMap(([name, pattern]) => {
    const value = pattern.exec(text)?.[1];
    return value === undefined ? [] : [[name, value] as const];
  });
  const given = Object.fromEntries(found);
  const problems = check(command.params, given);
  const holes = Object.keys(problems).map((name) => [name, `<${name}>`] as const);
  return {
    form: formOf(command.name, command.summary, command.params, given, problems),
    line: lineOf(command.name, command.params, { ...given, ...Object.fromEntries(holes) }),
  };
}
