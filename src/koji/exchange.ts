import { Unavailable } from '../core/refused.ts';
import { decodeReply, type Reply } from './decode.ts';
import { FAULT } from './faults.ts';
import type { Delivery } from './transport.ts';
import { type Trouble, troubleNamed, troubleOfStatus } from './trouble.ts';

/**
 * What one POST came to. `turned-away`: the web server answered, and the hub itself never saw the call.
 * `lost`: the call may have been carried out.
 */
export type Exchange =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'not-sent' | 'turned-away' | 'lost'; readonly trouble: Trouble };

/** Tells a hub's answer from everything else that can come back. */
export function exchangeOf(delivery: Delivery, where: string): Exchange {
  if (delivery.kind !== 'answer') return delivery;
  const { status, type, body } = delivery;
  if (status >= 300 && status < 500)
    return { kind: 'turned-away', trouble: troubleOfStatus(status, body, where) };
  // A gateway's 502 or 504 says nothing about what the hub behind it did.
  if (status !== 200) return { kind: 'lost', trouble: troubleOfStatus(status, body, where) };
  if (/html/i.test(type) || /^\s*<(!doctype\s+html|html)/i.test(body)) {
    return { kind: 'lost', trouble: troubleOfStatus(status, body, where) };
  }
  try {
    return { kind: 'reply', reply: decodeReply(body) };
  } catch {
    return { kind: 'lost', trouble: troubleNamed('UNREADABLE', where) };
  }
}

const HUB = 'the Koji hub';

/** The reply, where no answer means that nothing can be said. An offline hub counts as no answer. */
export function answered(seen: Exchange, where: string, signal: AbortSignal): Reply {
  if (seen.kind !== 'reply') throw unavailable(seen, signal);
  if (seen.reply.kind === 'fault' && seen.reply.code === FAULT.offline) throw offline(where);
  return seen.reply;
}

/** Why there is no reply, to be thrown: the caller's own reason if it gave up, else `Unavailable`. */
export function unavailable(seen: Exclude<Exchange, { kind: 'reply' }>, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : new Unavailable(HUB, seen.trouble.says);
}

/** For fault 1014: nothing was carried out. */
export function offline(where: string): Unavailable {
  return new Unavailable(
    HUB,
    `The Koji hub (${where}) says that it is offline: its database is down or it is being maintained. Try again when it is back.`,
  );
}
