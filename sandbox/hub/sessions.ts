import type { IncomingHttpHeaders } from 'node:http';
import { Fault, type Version } from './method.ts';
import type { HubSession, User, World } from './world.ts';

/** The session that a request carries, and its number. */
export interface Carried {
  readonly session: HubSession;
  readonly user: User;
  readonly callnum: number | null;
}

export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** Without the question mark. */
  readonly query: string;
  readonly ip: string;
  /** The call asks for a new key for an expired session. */
  readonly renews: boolean;
}

export interface Rules {
  readonly version: Version;
  /** `DisableURLSessions`, of hubs since 1.31. */
  readonly urlSessionsDisabled: boolean;
  /** `SessionRenewalTimeout`, of hubs since 1.33. */
  readonly renewalSeconds: number;
}

/**
 * Reads the session of a request by the rules of the hub's version. What a version does not look at is not an
 * error: the call is anonymous, and nobody says so. Throws the faults 1, 1002 and 1007.
 */
export function carried(world: World, rules: Rules, from: Credentials, now: number): Carried | null {
  const given =
    rules.version === '1.20' ? inQuery(from.query) : (inHeaders(from.headers) ?? fallback(rules, from));
  if (given === null) return null;
  const id = integer(given.id);
  const session = world.sessions.find((row) => row.id === id);
  if (session === undefined || session.closed || session.key !== given.key || session.ip !== from.ip) {
    throw new Fault(1002, 'Invalid session or bad credentials');
  }
  if (rules.version === '1.35' && now - (session.renewTs ?? session.startTs) > rules.renewalSeconds) {
    session.expired = true;
  }
  if (session.expired && !(from.renews && rules.version === '1.35')) {
    throw new Fault(1007, `session "${session.id}" has expired`);
  }
  const user = world.users.find((row) => row.id === session.userId);
  if (user === undefined || user.status !== 0)
    throw new Fault(1002, `logins by ${user?.name} are not allowed`);
  return { session, user, callnum: given.callnum === null ? null : integer(given.callnum) };
}

/** Refuses a number that was used: 1009 for the last one, whatever the method, 1008 for an older one. */
export function checkCallnum({ session, callnum }: Carried, method: string): void {
  if (callnum === null || session.callnum === null || callnum > session.callnum) return;
  if (callnum < session.callnum) {
    throw new Fault(1008, `${session.callnum} > ${callnum} (session ${session.id})`);
  }
  throw new Fault(1009, `unable to retry call ${callnum} (method ${method}) for session ${session.id}`);
}

interface Given {
  readonly id: string;
  readonly key: string;
  readonly callnum: string | null;
}

/** `Koji-Session-Callnum`, which Koji's own client sends, is not read by any released version. */
function inHeaders(headers: IncomingHttpHeaders): Given | null {
  const id = one(headers['koji-session-id']);
  if (id === null) return null;
  const key = one(headers['koji-session-key']);
  if (key === null) throw new Fault(1, "<class 'KeyError'>: 'HTTP_KOJI_SESSION_KEY'");
  return { id, key, callnum: one(headers['koji-callnum']) };
}

function fallback({ urlSessionsDisabled }: Rules, { query }: Credentials): Given | null {
  return urlSessionsDisabled ? null : inQuery(query);
}

function inQuery(query: string): Given | null {
  if (query === '') return null;
  for (const field of query.split('&')) {
    if (!field.includes('=')) throw new Fault(1, `<class 'ValueError'>: bad query field: '${field}'`);
  }
  const fields = new URLSearchParams(query);
  const id = fields.get('session-id');
  if (id === null) return null;
  const key = fields.get('session-key');
  if (key === null) throw new Fault(1002, "'session-key' not specified in session args");
  return { id, key, callnum: fields.get('callnum') };
}

function one(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function integer(text: string): number {
  if (/^\s*[+-]?\d+\s*$/.test(text)) return Number(text);
  throw new Fault(1, `<class 'ValueError'>: invalid literal for int() with base 10: '${text}'`);
}
