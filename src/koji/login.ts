import { z } from 'zod';
import type { Log } from '../core/ports.ts';
import { Refused, Unavailable } from '../core/refused.ts';
import type { Reply } from './decode.ts';
import { encodeCall } from './encode.ts';
import { answered, type Exchange, exchangeOf } from './exchange.ts';
import { FAULT } from './faults.ts';
import type { Transport } from './transport.ts';

/** Where calls go. */
export interface HubAddress {
  readonly transport: Transport;
  /** Path of the hub: `/kojihub`. */
  readonly path: string;
}

/** A session that the hub knows. */
export interface Live {
  readonly id: number;
  readonly key: string;
  /** Hubs before 1.31 take the session from the query string, and ignore headers without a word. */
  readonly inHeaders: boolean;
  /** The last number used. Only ever grows: the hub refuses a lower one. */
  callnum: number;
}

const LoginAnswer = z.object({
  'session-id': z.number().int(),
  'session-key': z.string().min(1),
  'header-auth': z.boolean().optional(),
});
const User = z.object({ id: z.number().int(), name: z.string() });

/** One call in a session, with a number for a change; without a session it is anonymous. */
export async function post(
  { transport, path }: HubAddress,
  session: Live | null,
  callnum: number | null,
  body: string,
  signal: AbortSignal,
): Promise<Exchange> {
  const { target, headers } = address(path, session, callnum);
  return exchangeOf(await transport.post(target, headers, body, signal), transport.where);
}

/**
 * A call that may be made twice: made again once when the connection was closed under it, as a kept one is
 * when the web server has just given up on it.
 */
export async function postHarmless(
  at: HubAddress,
  session: Live | null,
  body: string,
  signal: AbortSignal,
): Promise<Reply> {
  let seen = await post(at, session, null, body, signal);
  if (seen.kind === 'lost' && seen.trouble.code === 'ECONNRESET')
    seen = await post(at, session, null, body, signal);
  return answered(seen, at.transport.where, signal);
}

/**
 * Logs in with the certificate of the transport, and makes sure that the hub takes the bot for `account`.
 * Throws `Unavailable` and `Refused`. The call carries no trace of an older session: a dead one would be
 * refused, a live one too.
 */
export async function login(at: HubAddress, account: string, log: Log, signal: AbortSignal): Promise<Live> {
  const { where } = at.transport;
  const atLogin = { ...at, path: `${at.path}/ssllogin` };
  const reply = await postHarmless(atLogin, null, encodeCall('sslLogin', []), signal);
  if (reply.kind === 'fault') throw refusedLogin(reply.code, account);
  const answer = LoginAnswer.safeParse(reply.value);
  if (!answer.success)
    throw new Unavailable('the Koji hub', `The Koji hub (${where}) answered a login with something else.`);
  const fresh: Live = {
    id: answer.data['session-id'],
    key: answer.data['session-key'],
    inHeaders: answer.data['header-auth'] === true,
    callnum: 0,
  };
  // A session that the hub does not see makes every call anonymous, and no call says so.
  const who = await postHarmless(at, fresh, encodeCall('getLoggedInUser', []), signal);
  const user = who.kind === 'value' ? User.safeParse(who.value) : null;
  if (user?.success !== true) {
    throw new Refused(
      `The Koji hub (${where}) took the bot's login, and then did not recognise it.`,
      'A proxy in front of the hub may drop headers or query strings; the people who run the hub have to look.',
    );
  }
  if (user.data.name !== account) {
    throw new Refused(
      `The Koji hub takes the bot for \`${user.data.name}\`, and its certificate says \`${account}\`. Nothing was done.`,
      'An admin of the bot has to look at its certificate.',
    );
  }
  log.info('logged in on the hub', { account, session: fresh.id, headers: fresh.inHeaders });
  return fresh;
}

function address(path: string, session: Live | null, callnum: number | null) {
  if (session === null) return { target: path, headers: {} };
  const { id, key } = session;
  if (!session.inHeaders) {
    const query = new URLSearchParams({ 'session-id': String(id), 'session-key': key });
    if (callnum !== null) query.set('callnum', String(callnum));
    return { target: `${path}?${query}`, headers: {} };
  }
  const headers: Record<string, string> = { 'Koji-Session-Id': String(id), 'Koji-Session-Key': key };
  if (callnum !== null) {
    // 1.31 to 1.35.3 read the first and ignore the second, which later hubs prefer; no version tells which.
    headers['Koji-CallNum'] = String(callnum);
    headers['Koji-Session-Callnum'] = String(callnum);
  }
  return { target: path, headers };
}

function refusedLogin(code: number, account: string): Error {
  if (code === FAULT.auth) {
    return new Refused(
      `The Koji hub does not let the bot log in as \`${account}\`: the account does not exist there or is disabled.`,
      'A Koji admin can create or enable it.',
    );
  }
  return new Refused(
    `The Koji hub refused the bot's login as \`${account}\` (code ${code}).`,
    'The people who run the hub find the reason in its log.',
  );
}
