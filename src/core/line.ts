import type { Given, Params } from './command.ts';
import { isOptional, metaOf } from './field-meta.ts';
import type { Problems } from './problems.ts';
import { inQuotes, unquote } from './quotes.ts';

/** `builder capacity <host> <capacity>`; optional ones in brackets. */
export function usageOf(name: string, params: Params): string {
  const parts = Object.entries(params.shape).map(([key, field]) => {
    const text = metaOf(field).named ? `${key}=…` : `<${key}>`;
    return isOptional(field) ? `[${text}]` : text;
  });
  return [name, ...parts].join(' ');
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
    const text = kind === 'text' ? quotedText(value, keys) : quoted(value, keys);
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

/** One word of a line: in quotes where it would be read as several, or as the name of a parameter. */
function quoted(value: string, keys: readonly string[]): string {
  const plain = /^[^\s"“'‘«„”]\S*$/u.test(value) && !/^[a-z][a-z-]*=/i.test(value);
  return plain && !keys.includes(value.toLowerCase()) ? value : inQuotes(value);
}

/** A text is taken as it stands, so quotes are only needed around what is quoted itself, or would end it. */
function quotedText(value: string, keys: readonly string[]): string {
  const ends = value.split(/\s+/).some((word) => keys.some((key) => word.startsWith(`${key}=`)));
  return ends || value.trim() !== value || unquote(value) !== value ? inQuotes(value) : value;
}
