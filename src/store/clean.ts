import type { Json, JsonObject } from '../core/json.ts';

/**
 * Text that every store takes: without NUL, which PostgreSQL refuses, and without lone surrogates, which are
 * no UTF-8. Applied to all that is stored or handed to the queue.
 */
export function cleanText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** The same for a whole value, keys included. */
export function clean(value: Json): Json {
  if (typeof value === 'string') return cleanText(value);
  if (value === null || typeof value !== 'object') return value;
  return isList(value) ? value.map(clean) : cleanObject(value);
}

/** The same for an object. */
export function cleanObject(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), clean(inner)]));
}

/** An error that can be stored: the same name and text, cleaned and cut. */
export function cleanError(thrown: unknown): Error {
  const from = thrown instanceof Error ? thrown : new Error(String(thrown));
  const error = new Error(cleanText(from.message).slice(0, 2000));
  error.name = cleanText(from.name);
  if (from.stack !== undefined) error.stack = cleanText(from.stack).slice(0, 8000);
  return error;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
