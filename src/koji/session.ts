import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../core/ports.ts';
import type { Reply } from './decode.ts';
import { encodeCall } from './encode.ts';
import { offline, unavailable } from './exchange.ts';
import { endsSession, FAULT } from './faults.ts';
import { type HubAddress, type Live, login, post, postHarmless } from './login.ts';
import { createTurns } from './turns.ts';

/** How a write ended. `done`: the hub says that this very call was carried out, its value is not known. */
export type Written =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'done' }
  | { readonly kind: 'unknown'; readonly why: string };

export interface SessionOptions extends HubAddress {
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

const ATTEMPTS = 3;
const PAUSES_MS = [0, 500];

/** Logs in when first asked for something; until then it costs nothing. */
export function createSession({ account, log, ...at }: SessionOptions): Session {
  // Parallel calls with numbers would overtake each other, and the hub refuses the late ones.
  const turns = createTurns();
  let live: Live | null = null;
  const { where } = at.transport;

  async function loggedIn(signal: AbortSignal): Promise<Live> {
    live ??= await login(at, account, log, signal);
    return live;
  }

  async function ask(body: string, signal: AbortSignal): Promise<Reply> {
    for (let relogins = 0; ; relogins++) {
      const session = await loggedIn(signal);
      const reply = await postHarmless(at, session, body, signal);
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
      const seen = await post(at, session, callnum, body, signal);
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
        if (lost === null) throw offline(where);
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
    await post(at, leaving, null, encodeCall('logout', []), AbortSignal.timeout(2000));
  }

  return {
    ask: (body, signal) => turns.take(() => ask(body, signal), signal),
    write: (body, signal) => turns.take(() => write(body, signal), signal),
    close: () => turns.take(close, AbortSignal.timeout(10_000)).catch(() => undefined),
  };
}
