import type { z } from 'zod';
import { nearest } from '../src/core/near.ts';

/** What is wrong with the config, where, and what is accepted instead. Never holds a value: it may be a secret. */
export interface Problem {
  /** `people.2.roles.0`; empty for the file as a whole. */
  readonly path: string;
  readonly says: string;
  /** Line in the file, from 1, where it is known. */
  readonly line?: number;
}

type Key = string | number;

/** A way through the file, as people write it. Keys with a dot or a space are quoted. */
export function pathText(keys: readonly PropertyKey[]): string {
  return keys
    .map((key) => (/^[\w$-]+$/.test(String(key)) ? String(key) : JSON.stringify(String(key))))
    .join('.');
}

/** Zod's complaints in the words of this project: one problem for each unknown key, and what is accepted. */
export function problemsOf(
  error: z.ZodError,
  schema: z.ZodType,
  raw: unknown,
  base: readonly Key[] = [],
): readonly { readonly keys: readonly Key[]; readonly says: string }[] {
  return error.issues.flatMap((issue) => {
    const keys = issue.path.filter((key): key is Key => typeof key !== 'symbol');
    if (issue.code !== 'unrecognized_keys')
      return [{ keys: [...base, ...keys], says: saysOf(issue, valueAt(raw, keys)) }];
    const known = knownKeys(schemaAt(schema, keys));
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const accepted = known.length > 0 ? ` Accepted here: ${known.join(', ')}.` : '';
      const says = `is not a setting.${meant ? ` Did you mean ${meant}?` : ''}${accepted}`;
      return { keys: [...base, ...keys, key], says };
    });
  });
}

function saysOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined && issue.code !== 'custom') return `is missing: ${expectation(issue)}`;
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const meant = nearest(value, issue.values.map(String));
    return `${expectation(issue)}${meant ? `. Did you mean ${meant}?` : ''}`;
  }
  if (issue.code === 'invalid_type') return `${expectation(issue)}, not ${kindOf(value)}`;
  return expectation(issue);
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `should be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `should be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return (
        custom(issue) ??
        `should be ${limit('at least', 'more than', issue.inclusive, issue.minimum, issue.origin)}`
      );
    case 'too_big':
      return (
        custom(issue) ??
        `should be ${limit('at most', 'less than', issue.inclusive, issue.maximum, issue.origin)}`
      );
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'is not a name that can stand here';
    case 'invalid_union':
      return custom(issue) ?? issue.errors.map((one) => one[0]?.message ?? '').join(', or ');
    default:
      return issue.message;
  }
}

// Zod's own texts begin with one of these words; a text of ours does not.
function custom(issue: z.core.$ZodIssue): string | null {
  return /^(Too |Invalid )/.test(issue.message) ? null : issue.message;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a group of settings',
  record: 'a group of settings',
  array: 'a list',
};

function limit(
  inclusive: string,
  exclusive: string,
  isInclusive: boolean | undefined,
  bound: number | bigint,
  origin: string,
): string {
  const unit = { string: ' characters long', array: ' items long' }[origin] ?? '';
  return `${isInclusive === false ? exclusive : inclusive} ${bound}${unit}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number';
  return (
    { string: 'text', boolean: 'true or false', object: 'a group of settings' }[typeof value as string] ??
    'that'
  );
}

function valueAt(raw: unknown, keys: readonly Key[]): unknown {
  return keys.reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    return Object.entries(at).find(([name]) => name === String(key))?.[1];
  }, raw);
}

/** The schema that stands at a place, through defaults, options, lists and records; undefined where none does. */
function schemaAt(schema: z.core.$ZodType, keys: readonly Key[]): z.core.$ZodType | undefined {
  const { def } = (schema as z.ZodType)._zod as { def: SchemaDef };
  if (def.innerType) return schemaAt(def.innerType, keys);
  if (def.in) return schemaAt(def.in, keys);
  const [first, ...rest] = keys;
  if (first === undefined) return schema;
  const next = def.shape?.[first] ?? def.valueType ?? def.element;
  return next === undefined ? undefined : schemaAt(next, rest);
}

interface SchemaDef {
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly valueType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
}

function knownKeys(schema: z.core.$ZodType | undefined): readonly string[] {
  if (schema === undefined) return [];
  const { def } = schema._zod as unknown as { def: SchemaDef };
  return Object.keys(def.shape ?? {});
}

/** All problems, one a line, for a log or a terminal. */
export function problemLines(file: string, problems: readonly Problem[]): readonly string[] {
  return problems.map(({ path, says, line }) => {
    const where = line === undefined ? file : `${file}:${line}`;
    return path === '' ? `${where}: ${says}` : `${where}: ${path}: ${says}`;
  });
}
