import { z } from 'zod';
import type { ForumFault } from './faults.ts';
import type { Keys, Permit } from './keys.ts';
import type { Fields, User } from './model.ts';
import type { World } from './posting.ts';
import { createWire, type Wire } from './wire.ts';

/** One request, read. */
export interface Ask {
  readonly world: World;
  readonly keys: Keys;
  readonly user: User | null;
  readonly wire: Wire;
  /** The parts of the path that the route's pattern names. */
  readonly path: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly body: Fields;
  /** Part of what makes two calls the same. */
  readonly from: string;
  readonly fault: ForumFault | null;
}

/** An answer before it is written. A string is a text, not JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: string;
  /** Against the path without `.json`, with named groups. */
  readonly pattern: RegExp;
  readonly permit: (path: Ask['path'], body: Fields) => Permit;
  readonly answer: (ask: Ask) => Answer;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** Rails takes numbers as numbers and as text. */
export const numberLike = z.coerce.number().int();

export function createAsk(ask: Omit<Ask, 'wire'>): Ask {
  return { ...ask, wire: createWire(ask.world.state, ask.world.guardian, ask.user) };
}
