import type { Rate } from './limits.ts';
import type { Fields } from './model.ts';
import type { Permits } from './permits.ts';
import type { State } from './state.ts';

/** What a method works with. */
export interface World {
  readonly state: State;
  readonly permits: Permits;
  /** A new address for a Socket Mode connection; throws when there are too many. */
  socketUrl(): string;
  /** `http://127.0.0.1:port/`. */
  readonly baseUrl: () => string;
}

/** A method of the Web API. `run` throws `ApiError` for a "no". */
export interface Method {
  readonly token: 'bot' | 'app';
  /** One of these is needed; depends on the channel for conversations. Empty: none. */
  readonly scopes: readonly string[] | ((args: Fields) => readonly string[]);
  /** Buckets that a call takes from. */
  readonly rates: (args: Fields) => readonly (readonly [name: string, rate: Rate])[];
  readonly run: (args: Fields, world: World) => Fields;
}

export type Methods = Readonly<Record<string, Method>>;

/** A bot-token method with one bucket. */
export function method(
  rate: Rate,
  scopes: Method['scopes'],
  run: Method['run'],
  token: Method['token'] = 'bot',
): Method {
  return { token, scopes, rates: () => [['', rate]], run };
}
