import type { Command, Given } from './command.ts';
import { metaOf } from './field-meta.ts';
import type { Form } from './form.ts';
import { lineOf } from './line.ts';
import { nearest } from './near.ts';
import { parse } from './parse.ts';
import { plainText } from './plain-text.ts';
import { type Problems, unknownName } from './problems.ts';
import { inQuotes, unquote } from './quotes.ts';
import type { Registry } from './registry.ts';

/** A form as somebody has filled it in, where there are only texts. */
export type FilledForm =
  | {
      readonly kind: 'form';
      readonly command: Command;
      readonly given: Given;
      /** What is wrong with the form itself; the parameters are checked where they are asked with. */
      readonly problems: Problems;
    }
  /** It asks for what there is not. `meant`: a whole line to try instead. */
  | { readonly kind: 'unclear'; readonly word: string; readonly meant: string | null };

const ASK = /^\s*ask\s*[:=：]/iu;
const HINT = /^\s*#/;
const KEY = /^\s*(?:[-*•]\s+)?([\p{L}][\p{L} _-]{0,40}?)\s*[:=：](?!\/\/)\s*(.*)$/su;
const NEW_LINE = /\r\n?|\n/;

/**
 * A form as people fill it in where there are only texts: a forum post. Lines that begin with `#` are for reading. What
 * a value holds beyond its first line is indented, so that nothing in it reads as a parameter.
 */
export function writeForm(form: Form): string {
  const fields = form.fields.flatMap((field) => [
    `# ${field.title}${field.optional ? ' (may stay empty)' : ''}: ${field.hint} For example ${field.example}`,
    `${field.name}:${valueText(field.value)}`,
  ]);
  return [`ask: ${form.command}`, ...fields].join('\n');
}

function valueText(value: string): string {
  if (value === '') return '';
  const exact = value.trim() === value && unquote(value) === value;
  return ` ${(exact ? value : inQuotes(value)).split(NEW_LINE).join('\n  ')}`;
}

/** The filled forms in a text that may hold several, each beginning with `ask:`. Those that nobody filled in are left out. */
export function splitForms(text: string): readonly string[] {
  const lines = text.split(NEW_LINE);
  const first = lines.find((line) => ASK.test(line));
  const indent = first === undefined ? 0 : indentOf(first);
  const forms: string[][] = [[]];
  for (const line of lines) {
    if (ASK.test(line) && indentOf(line) <= indent && forms.at(-1)?.some(isSaid)) forms.push([]);
    forms.at(-1)?.push(line);
  }
  return forms.filter(isFilled).map((form) => form.join('\n'));
}

/** Does a line say anything to us? */
function isSaid(line: string): boolean {
  return line.trim() !== '' && !HINT.test(line);
}

/** An `ask:` alone is meant as it stands: a template offers what there is to fill in beneath it. */
function isFilled(lines: readonly string[]): boolean {
  const said = lines.filter(isSaid);
  if (said.length === 1) return !lines.slice(lines.findIndex(isSaid)).some((line) => HINT.test(line));
  return said.some((line) => !ASK.test(line) && KEY.exec(line)?.[2] !== '');
}

/** What somebody has filled in; null where nothing in it is. */
export function readForm(text: string, registry: Registry): FilledForm | null {
  const lines = text.split(NEW_LINE);
  if (!isFilled(lines)) return null;
  const at = lines.findIndex(isSaid);
  const asked = unquote((lines[at] ?? '').replace(ASK, ''));
  const parsed = parse(asked, registry);
  // What stands behind the name is taken as in a line: `ask: builder capacity builder2 8`.
  if (parsed.kind === 'command')
    return { kind: 'form', ...readFields(parsed.command, lines.slice(at + 1), parsed.given) };
  const word = plainText(asked).slice(0, 60);
  if (parsed.kind !== 'unclear')
    return { kind: 'unclear', word, meant: parsed.kind === 'verb' ? asked : null };
  const meant = registry.get(nearest(asked, namesIn(registry)) ?? '');
  if (!meant) return { kind: 'unclear', word, meant: parsed.meant };
  const { given } = readFields(meant, lines.slice(at + 1), {});
  return { kind: 'unclear', word, meant: lineOf(meant.name, meant.params, given) };
}

function namesIn(registry: Registry): readonly string[] {
  return registry.all.map((command) => command.name);
}

/** Which parameter a line begins, and what stands behind its name. */
type Begun =
  | { readonly kind: 'field'; readonly name: string; readonly value: string }
  | { readonly kind: 'unknown'; readonly name: string; readonly near: boolean }
  | null;

/** Reads `name: value` lines, where a value goes on until the next parameter. */
function readFields(
  command: Command,
  lines: readonly string[],
  typed: Given,
): { readonly command: Command; readonly given: Given; readonly problems: Problems } {
  const names = namesOf(command);
  const read = new Map<string, string[]>();
  const problems: Record<string, string> = {};
  /** What belongs to the parameter that was begun last, and whether that is a text. */
  let value: string[] = [];
  let inText = false;
  let indent: number | null = null;

  function begins(line: string): Begun {
    const [, key, value = ''] = KEY.exec(line) ?? [];
    if (key === undefined) return null;
    const name = names.get(keyOf(key));
    if (name !== undefined) return { kind: 'field', name, value };
    return { kind: 'unknown', name: key, near: nearest(keyOf(key), names.keys()) !== null };
  }

  for (const line of lines) {
    const deeper = indent !== null && indentOf(line) > indent;
    if (HINT.test(line) && !(inText && deeper)) continue;
    // What is indented belongs to a text, whatever it looks like.
    const begun = inText && deeper ? null : begins(line);
    if (begun?.kind === 'field') {
      indent ??= indentOf(line);
      const before = read.get(begun.name) ?? [];
      const isEmpty = begun.value.trim() === '';
      if (!isEmpty && before.some((one) => one.trim() !== ''))
        problems[''] = `“${begun.name}” is given twice.`;
      value = isEmpty ? before : [begun.value];
      inText = isText(command, begun.name);
      read.set(begun.name, value);
    } else if (begun && (!inText || begun.near)) {
      problems[''] = unknownName(begun.name, command.params);
      value = [];
      inText = false;
    } else if (read.size > 0) value.push(line);
    else if (line.trim() !== '' && problems[''] === undefined)
      problems[''] = `I do not know what “${plainText(line).slice(0, 60)}” is for here.`;
  }
  const given: Record<string, string> = { ...typed };
  for (const [name, [first = '', ...more]] of read) {
    const text = unquote([first, ...unindented(more)].join('\n'));
    if (text === '') continue;
    if (typed[name] !== undefined) problems[''] = `“${name}” is given twice.`;
    given[name] = text;
  }
  return { command, given, problems };
}

function isText(command: Command, name: string): boolean {
  const field = command.params.shape[name];
  return field !== undefined && metaOf(field).kind === 'text';
}

/** What a parameter may be called: by its name, or by its title. */
function namesOf(command: Command): ReadonlyMap<string, string> {
  const shape = Object.entries(command.params.shape);
  return new Map([
    ...shape.map(([name, field]) => [keyOf(metaOf(field).title), name] as const),
    ...shape.map(([name]) => [keyOf(name), name] as const),
  ]);
}

function keyOf(key: string): string {
  return key
    .toLowerCase()
    .replace(/[\s_-]+/gu, ' ')
    .trim();
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Without the two spaces that `writeForm` puts before them, where all of them have these. */
function unindented(lines: readonly string[]): readonly string[] {
  const all = lines.every((line) => line.trim() === '' || line.startsWith('  '));
  return all ? lines.map((line) => line.replace(/^ {2}/, '')) : lines;
}
