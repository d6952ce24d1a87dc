import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Log } from '../core/ports.ts';
import { Refused, Unavailable } from '../core/refused.ts';
import type { Reply } from './decode.ts';
import { encodeCall } from './encode.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { endsSession, FAULT } from './faults.ts';
import type { Transport } from './transport.ts';
import { createTurns } from './turns.ts';

/** How a write ended. `done`: the hub says that this very call was carried out, its value is not known. */
export type Written =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'done' }
  | { readonly kind: 'unknown'; readonly why: string };

export interface SessionOptions {
  readonly transport: Transport;
  /** Path of the hub: `/kojihub`. */
  readonly path: string;
  /** The common name of the bot's certificate: whom the hub must take it for. */
  readonly account: string;
  readonly log: Log;
}

/** One login on the hub, made when it is first needed and again when the hub has forgotten it. */
export interface Session {
  /** A call that changes nothing, as the bot's account. Throws `Unavailable` and `Refused`. */
  ask(body: string, signal: AbortSignal): Promise<Reply>;
  /**
   * A call that changes something, once: it carries a number by which the hub knows a repeat.
   * Throws `Unavailable` or `Refused` only when it was certainly not carried out.
   */
  write(body: string, signal: AbortSignal): Promise<Written>;
  /** Logs out, if anybody is logged in. Never throws. */
  close(): Promise<void>;
}

interface Live {
  readonly id: number;
  readonly key: string;
  /** Hubs before 1.31 take the session from the query string, and ignore headers without a word. */
  readonly inHeaders: boolean;
  /** The last number used. Only ever grows: the hub refuses a lower one. */
  callnum: number;
}

const ATTEMPTS = 3;
const PAUSES_MS = [0, 500];
const HUB = 'the Koji hub';

const LoginAnswer = z.object({
  'session-id': z.number().int(),
  'session-key': z.string().min(1),
  'header-auth': z.boolean().optional(),
});
const User = z.object({ id: z.number().int(), name: z.string() });

export function createSession({ transport, path, account, log }: SessionOptions): Session {
  // Parallel calls with numbers would overtake each other, and the hub refuses the late ones.
  const turns = createTurns();
  let live: Live | null = null;

  async function post(
    session: Live | null,
    callnum: number | null,
    body: string,
    signal: AbortSignal,
    tail = '',
  ) {
    const { target, headers } = address(`${path}${tail}`, session, callnum);
    return exchangeOf(await transport.post(target, headers, body, signal), transport.where);
  }

  /** A login carries no trace of an older session: a dead one would be refused, a live one too. */
  async function login(signal: AbortSignal): Promise<Live> {
    const reply = answered(await post(null, null, encodeCall('sslLogin', []), signal, '/ssllogin'), signal);
    if (reply.kind === 'fault') throw refusedLogin(reply.code, account);
    const answer = LoginAnswer.safeParse(reply.value);
    if (!answer.success)
      throw new Unavailable(HUB, `The Koji hub (${transport.where}) answered a login with something else.`);
    const fresh: Live = {
      id: answer.data['session-id'],
      key: answer.data['session-key'],
      inHeaders: answer.data['header-auth'] === true,
      callnum: 0,
    };
    // A session that the hub does not see makes every call anonymous, and no call says so.
    const who = answered(await post(fresh, null, encodeCall('getLoggedInUser', []), signal), signal);
    const user = who.kind === 'value' ? User.safeParse(who.value) : null;
    if (user?.success !== true) {
      throw new Refused(
        `The Koji hub (${transport.where}) took the bot's login, and then did not recognise it.`,
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

  async function loggedIn(signal: AbortSignal): Promise<Live> {
    live ??= await login(signal);
    return live;
  }

  async function ask(body: string, signal: AbortSignal): Promise<Reply> {
    for (let relogins = 0; ; relogins++) {
      const session = await loggedIn(signal);
      let seen = await post(session, null, body, signal);
      if (seen.kind === 'lost' && seen.trouble.code === 'ECONNRESET')
        seen = await post(session, null, body, signal);
      const reply = answered(seen, signal);
      if (reply.kind === 'value' || !endsSession(reply.code) || relogins > 0) return reply;
      live = null;
    }
  }

  async function write(body: string, signal: AbortSignal): Promise<Written> {
    let session = await loggedIn(signal);
    let callnum = ++session.callnum;
    let lost: string | null = null;
    let fresh = false;
    for (let attempt = 1; ; attempt++) {
      const seen = await post(session, callnum, body, signal);
      if (seen.kind === 'reply') {
        const { reply } = seen;
        if (reply.kind === 'value') return { kind: 'reply', reply };
        if (reply.code === FAULT.retry) return { kind: 'done' };
        if (endsSession(reply.code)) {
          live = null;
          // The number that would have told is gone with the session.
          if (lost !== null) return { kind: 'unknown', why: lost };
          if (fresh) return { kind: 'reply', reply };
          fresh = true;
          log.info('the session on the hub has ended', { session: session.id, code: reply.code });
          session = await loggedIn(signal);
          callnum = ++session.callnum;
          continue;
        }
        if (reply.code !== FAULT.offline) return { kind: 'reply', reply };
        if (lost === null) throw offline(transport.where);
      } else if (seen.kind === 'lost') {
        lost = seen.trouble.says;
        log.warn('the answer to a change was lost', { code: seen.trouble.code, callnum, attempt });
      } else if (lost === null) {
        throw unavailable(seen, signal);
      }
      if (lost !== null && (attempt >= ATTEMPTS || signal.aborted)) return { kind: 'unknown', why: lost };
      await sleep(PAUSES_MS[attempt - 1] ?? 0, undefined, { signal }).catch(() => undefined);
    }
  }

  async function close(): Promise<void> {
    const leaving = live;
    live = null;
    if (leaving === null) return;
    await post(leaving, null, encodeCall('logout', []), AbortSignal.timeout(2000));
  }

  return {
    ask: (body, signal) => turns.take(() => ask(body, signal), signal),
    write: (body, signal) => turns.take(() => write(body, signal), signal),
    close: () => turns.take(close, AbortSignal.timeout(10_000)).catch(() => undefined),
  };
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

/** The reply, where no answer means that nothing can be said. An offline hub counts as no answer. */
export function answered(seen: Exchange, signal: AbortSignal): Reply {
  if (seen.kind !== 'reply') throw unavailable(seen, signal);
  if (seen.reply.kind === 'fault' && seen.reply.code === FAULT.offline) throw offline();
  return seen.reply;
}

function unavailable(seen: Exclude<Exchange, { kind: 'reply' }>, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : new Unavailable(HUB, seen.trouble.says);
}

function offline(where?: string): Unavailable {
  const which = where === undefined ? '' : ` (${where})`;
  return new Unavailable(
    HUB,
    `The Koji hub${which} says that it is offline: its database is down or it is being maintained. Try again when it is back.`,
  );
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
