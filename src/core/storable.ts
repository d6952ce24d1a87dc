import type { Json, JsonObject } from './json.ts';

/** JSON that PostgreSQL takes: it knows neither NUL nor half a surrogate pair. */
export function storable(value: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [clean(key), cleaned(one)]));
}

function cleaned(value: unknown): Json {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value === 'object' && value !== null) return storable({ ...value });
  return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

const UNSTORABLE = /[\0\p{Surrogate}]/u;
const EVERY_UNSTORABLE = /[\0\p{Surrogate}]/gu;

function clean(value: string): string {
  return UNSTORABLE.test(value) ? value.replace(EVERY_UNSTORABLE, '\ufffd') : value;
}
