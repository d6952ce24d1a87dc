import type { Wire } from './wire.ts';
import type { HubSession, User, World } from './world.ts';

/** 1.20 was released in 2020; 1.35 stands for the newest. */
export type Version = '1.20' | '1.35';

/** A fault as a Koji hub answers it. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** What a method sees of its caller and of the hub. */
export interface Context {
  readonly world: World;
  readonly version: Version;
  /** Null: nobody is logged in. */
  readonly user: User | null;
  readonly session: HubSession | null;
  /** Address of the caller. */
  readonly ip: string;
  /** Common name of the client certificate; only at the login's own path. */
  readonly certificate: string | null | undefined;
  /** `LoginCreatesUser` of the hub's config. */
  readonly createsUsers: boolean;
  /** Seconds since 1970, with a fraction. */
  readonly now: number;
  /** Says that something was changed; before it, all checks are done: nothing is ever rolled back. */
  changed(): void;
  /** Throws fault 1004 unless the caller may. `admin` may everything. */
  need(permission: string): User;
}

/** Arguments by name; what was not given is undefined. Never checked by a real hub either. */
export type Args = Readonly<Record<string, unknown>>;

export interface Method {
  /** `hostInfo, strict?` or, taking any further keyword, `hostInfo, **kw`. */
  readonly signature: string;
  /** May change something: recorded in the history when it does, or when it could have. */
  readonly writes?: true;
  readonly run: (context: Context, args: Args) => Wire;
}

/** A family of methods, by name. */
export type Methods = Readonly<Record<string, Method>>;

/** Puts positional and keyword arguments to their names, as Python does; fault 1019 where that fails. */
export function bind(name: string, { signature }: Method, params: readonly unknown[]): Args {
  const words = signature.split(',').map((word) => word.trim());
  const takesAll = words.includes('**kw');
  const names = words.filter((word) => word !== '' && word !== '**kw');
  const { positional, kwargs } = split(params);
  if (positional.length > names.length) {
    throw new Fault(
      1019,
      `${name}() takes ${names.length} positional arguments but ${positional.length} were given`,
    );
  }
  const bound: Record<string, unknown> = {};
  for (const [at, value] of positional.entries()) bound[(names[at] ?? '').replace('?', '')] = value;
  for (const [key, value] of Object.entries(kwargs)) {
    const known = names.includes(key) || names.includes(`${key}?`);
    if (!known && !takesAll) throw new Fault(1019, `${name}() got an unexpected keyword argument '${key}'`);
    if (key in bound) throw new Fault(1019, `${name}() got multiple values for argument '${key}'`);
    bound[key] = value;
  }
  for (const required of names.filter((word) => !word.endsWith('?'))) {
    if (!(required in bound)) {
      throw new Fault(1019, `${name}() missing 1 required positional argument: '${required}'`);
    }
  }
  return bound;
}

/** A last struct marked `__starstar` holds keywords; anywhere else, or unmarked, it is an argument like any other. */
function split(params: readonly unknown[]): {
  positional: readonly unknown[];
  kwargs: Record<string, unknown>;
} {
  const last = params.at(-1);
  if (!isStruct(last) || !last.__starstar) return { positional: params, kwargs: {} };
  const { __starstar, ...kwargs } = last;
  return { positional: params.slice(0, -1), kwargs };
}

/** Is it a struct? */
export function isStruct(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Finds a row by id (a number) or by name (a string): `getHost("1")` asks for a host named 1. */
export function find<Row extends { readonly id: number; readonly name: string }>(
  rows: readonly Row[],
  info: unknown,
): Row | undefined {
  if (typeof info === 'number') return rows.find(({ id }) => id === info);
  return rows.find(({ name }) => name === info);
}

/** A timestamp as text: 1.20 leaves out the zone. */
export function dateText(seconds: number | null, version: Version): string | null {
  if (seconds === null) return null;
  const iso = new Date(seconds * 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}000${version === '1.20' ? '' : '+00:00'}`;
}

/** Numbers for new rows, unique in the hub. */
export function nextId(world: World): number {
  world.nextId += 1;
  return world.nextId;
}
