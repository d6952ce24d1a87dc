import { z } from 'zod';

/** What help and forms say of a parameter; kept as the field's zod metadata. */
export interface FieldMeta {
  /** For the label: `Host`. */
  readonly title: string;
  /** One line under the label. */
  readonly hint: string;
  readonly example: string;
  /**
   * `text`: several words, up to the end of the line; behind its name only up to the name of another parameter that is not
   * given yet (`because=lost reason=key-lost`), unless it stands in quotes. `choice`: one of `choices`.
   */
  readonly kind: 'line' | 'text' | 'choice';
  /** Given as `name=value` only, never by position. */
  readonly named: boolean;
  readonly choices: readonly string[];
  /** Words that people put behind it say nothing to us. */
  readonly talkBehind?: boolean;
  /** What begins with `-----BEGIN` is meant for it, also where its name is left out. */
  readonly pem?: boolean;
}

declare module 'zod' {
  interface GlobalMeta {
    steward?: FieldMeta;
  }
}

/** What a command's author says of a parameter. */
export type Describe = Pick<FieldMeta, 'title' | 'hint' | 'example'> & { readonly named?: boolean };

/** As zod keeps it. */
export function meta(
  describe: Describe,
  kind: FieldMeta['kind'],
  choices: readonly string[] = [],
): { steward: FieldMeta } {
  return { steward: { named: false, ...describe, kind, choices } };
}

/** What the field says of itself. A field without it is a bug, found by the registry at start. */
export function metaOf(field: z.ZodType): FieldMeta {
  // Outermost first: `.optional()` wraps the field that carries the metadata.
  for (let at: z.ZodType | undefined = field; at !== undefined; at = inner(at)) {
    const found = at.meta()?.steward;
    if (found) return found;
  }
  throw new Error('a parameter was not made with fields.ts');
}

/** May the parameter be left out? */
export function isOptional(field: z.ZodType): boolean {
  return field.safeParse(undefined).success;
}

function inner(field: z.ZodType): z.ZodType | undefined {
  return field instanceof z.ZodOptional || field instanceof z.ZodDefault
    ? (field.unwrap() as z.ZodType)
    : undefined;
}
