import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { Person } from './core/person.ts';
import type { TokenStore } from './core/store.ts';
import { createFailures } from './http-failures.ts';
import { says, within } from './http-reply.ts';

/** What the listener tells of a request. */
export interface Bindings {
  readonly incoming: IncomingMessage;
}

/** What goes with each call: who it is, once they are let in. */
export type Env = { Bindings: Bindings; Variables: { person: Person } };

/** Tokens that were right lately and are remembered. */
const MOST_REMEMBERED = 1_000;

/** Lets in who has a personal token, and finds out who that is. */
export function createDoor(deps: {
  readonly tokens: TokenStore;
  readonly personById: (id: string) => Promise<Person | null>;
}): MiddlewareHandler<Env> {
  const { tokens, personById } = deps;
  const failures = createFailures({ most: 10, windowMs: 60_000, now: () => Date.now() });
  /** Digests of tokens that were right, latest last. */
  const lately = new Set<string>();

  return async (c, next) => {
    const from = addressOf(c);
    const token = /^Bearer ([!-~]{1,200})$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const known = token === undefined ? '' : createHash('sha256').update(token).digest('hex');
    const retryAfter = failures.blockedForSeconds(from);
    // Many may share an address, behind a proxy: who was let in lately is not locked out by what others try.
    if (retryAfter > 0 && !lately.has(known)) {
      c.header('Retry-After', String(retryAfter));
      return says(c, 429, 'Too many wrong tokens came from your address. Wait a minute.');
    }
    // The store looks a token up by its hash, so time tells nothing about the token itself.
    const id = token === undefined ? null : await within(tokens.check(token));
    if (id === null) {
      lately.delete(known);
      failures.count(from);
      c.header('WWW-Authenticate', 'Bearer');
      return says(
        c,
        401,
        token === undefined
          ? 'This takes a personal token: `steward token issue <person>` on the server makes one.'
          : 'I do not know this personal token: it was revoked, or is of another server. `steward token issue <person>` on the server makes a new one.',
      );
    }
    remember(lately, known);
    const person = await within(personById(id));
    if (person === null) return says(c, 403, `${id} is not somebody that the config knows any more.`);
    c.set('person', person);
    return next();
  };
}

function remember(set: Set<string>, value: string): void {
  set.delete(value);
  set.add(value);
  const [oldest] = set;
  if (set.size > MOST_REMEMBERED && oldest !== undefined) set.delete(oldest);
}

/**
 * Whose failures are counted. Behind a proxy on this machine it is the address that the proxy saw; a header
 * that somebody else wrote counts for nothing.
 */
function addressOf(c: Context<Env>): string {
  const socket = c.env.incoming.socket.remoteAddress ?? 'unknown';
  const isLocal = socket === '::1' || socket.startsWith('127.') || socket.startsWith('::ffff:127.');
  const seen = isLocal ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined;
  return (seen || socket).slice(0, 64);
}
