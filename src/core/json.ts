import { createHash } from 'node:crypto';

/** What can be stored, digested and sent: no undefined, no NaN, no class instances. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An object of Json values. */
export type JsonObject = { readonly [key: string]: Json };

/**
 * The one text of a value: keys sorted, no white space. Two equal values give the same bytes whatever the
 * order their keys were written in (PostgreSQL's jsonb changes that order).
 */
export function canonical(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is not JSON`);
  if (value === null || typeof value !== 'object') {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`${typeof value} is not JSON`);
    return text;
  }
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join(',')}}`;
}

/** Plain JSON: what is stored, hashed and shown. Drops `undefined`, refuses what is not JSON. */
export function asJson(data: unknown): JsonObject {
  return JSON.parse(JSON.stringify(data), (_key, value: Json) => value) as JsonObject;
}

/** SHA-256 of the canonical text, in hex. */
export function digestOf(value: Json): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
