import { ApiError } from './api-error.ts';
import type { Fields } from './model.ts';

/** Reading of arguments, which come as text from a form and as JSON values otherwise. */
export function optional(args: Fields, name: string): string | undefined {
  const value = args[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ApiError('invalid_arguments', {
    response_metadata: { messages: [`[ERROR] ${name} must be a string`] },
  });
}

export function required(args: Fields, name: string, error = 'invalid_arguments'): string {
  const value = optional(args, name);
  if (value === undefined)
    throw new ApiError(error, {
      response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
    });
  return value;
}

export function flag(args: Fields, name: string): boolean {
  const value = optional(args, name);
  return value === 'true' || value === '1';
}

/** A JSON argument, given as JSON or as the text of it. */
export function json(args: Fields, name: string, error: string): unknown {
  const value = args[name];
  if (value === null || value === '') return undefined;
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new ApiError(error);
  }
}

export function blocksOf(args: Fields): readonly unknown[] | undefined {
  const value = json(args, 'blocks', 'invalid_blocks_format');
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new ApiError('invalid_blocks_format');
  return value;
}

/** A page of a list, and the cursor to the next one. */
export function page<T>(
  args: Fields,
  all: readonly T[],
  most: number,
): { readonly items: readonly T[]; readonly response_metadata: { readonly next_cursor: string } } {
  const cursor = optional(args, 'cursor');
  const from = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64').toString());
  if (!Number.isInteger(from) || from < 0 || from > all.length) throw new ApiError('invalid_cursor');
  const limit = Number(optional(args, 'limit') ?? most);
  if (!Number.isInteger(limit) || limit < 1) throw new ApiError('invalid_limit');
  const end = from + Math.min(limit, most);
  const next = end < all.length ? Buffer.from(String(end)).toString('base64') : '';
  return { items: all.slice(from, end), response_metadata: { next_cursor: next } };
}
