import { z } from 'zod';
import type { HubCall, HubOutcome, HubReader, HubWriter, Log } from '../core/ports.ts';
import { Refused, Unavailable } from '../core/refused.ts';
import { faultOf, type Reply } from './decode.ts';
import { encodeCall, encodeItem, encodeMultiCall, Unsendable } from './encode.ts';
import { describeFault, FAULT, showCall } from './faults.ts';
import { hubAddress, identity } from './identity.ts';
import { postHarmless } from './login.ts';
import { isReading } from './reading.ts';
import { createSession, type Session, type Written } from './session.ts';
import { createTransport } from './transport.ts';

export interface HubOptions {
  /** `https://koji.example.org/kojihub` */
  readonly url: string;
  /** PEM: who vouches for the hub. */
  readonly ca: string;
  /** PEM: the bot's own certificate. Without it the hub can only be read. */
  readonly cert?: string;
  /** PEM: its key. A file that holds both may be given twice. */
  readonly key?: string;
  /** For one exchange with the hub; 30 s. */
  readonly deadlineMs?: number;
  readonly log: Log;
}

/** The Koji hub. Reads are anonymous and go in parallel; what needs the bot's account goes one at a time. */
export interface Hub extends HubReader, HubWriter {
  /**
   * As `HubWriter` says, and:
   * - throws `Unavailable` or `Refused` only when nothing of it was carried out;
   * - when an answer was lost and the hub confirms the call, one call gives `value` null: done, its value is
   *   not known. Of a multiCall each outcome is then `unknown`: it ran, and who failed in it cannot be told.
   */
  carryOut(calls: readonly HubCall[], signal: AbortSignal): Promise<readonly HubOutcome[]>;
  /** Whom the hub takes the bot for. */
  whoAmI(signal: AbortSignal): Promise<{ name: string; id: number }>;
  /** Koji permissions of the bot's account: `admin`, `host`, ... */
  permissions(signal: AbortSignal): Promise<string[]>;
  /** `1.35.3`; null on a hub before 1.23, which cannot say. */
  version(signal: AbortSignal): Promise<string | null>;
  /** Logs out and closes the connections. */
  close(): Promise<void>;
}

/** Throws `Refused` for an address, a certificate or a key that can never work. Connects to nothing yet. */
export function createHub({ url, ca, cert, key, deadlineMs = 30_000, log }: HubOptions): Hub {
  const address = hubAddress(url);
  const own = identity(ca, cert, key);
  const transport = createTransport(address, {
    ca,
    deadlineMs,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  const at = { transport, path: address.pathname };
  const session = own === null ? null : createSession({ ...at, account: own.name, log });

  /** The session, after a look at the certificate: a hub says less clearly that it has expired. */
  function asBot(): Session {
    if (session === null || own === null) {
      throw new Refused('This process has no Koji certificate, so it can only look at the hub.');
    }
    if (Date.now() > own.until.getTime()) {
      throw new Refused(
        `The bot's own Koji certificate expired on ${own.until.toISOString().slice(0, 10)}.`,
        'An admin of the bot has to renew it.',
      );
    }
    return session;
  }

  const anonymous = (body: string, signal: AbortSignal) => postHarmless(at, null, body, signal);

  const bot = async (method: string, signal: AbortSignal) => {
    const call: HubCall = { method, args: [] };
    return unwrap(await asBot().ask(encodeCall(method, []), signal), call, log);
  };

  const whoAmI = async (signal: AbortSignal) => expected(Who, await bot('getLoggedInUser', signal));
  const permissions = async (signal: AbortSignal) =>
    expected(z.array(z.string()), await bot('getPerms', signal));

  return {
    read: async (call, signal) => {
      if (!isReading(call)) throw new Error(`${call.method} is not a reading method`);
      signal.throwIfAborted();
      return unwrap(await anonymous(encoded(call), signal), call, log);
    },
    carryOut: async (calls, signal) => {
      signal.throwIfAborted();
      const [first] = calls;
      if (first === undefined) return [];
      const body = calls.length === 1 ? encoded(first) : encodedAll(calls);
      const written = await asBot().write(body, signal);
      return calls.length === 1 ? [outcomeOf(first, written, log)] : outcomesOf(calls, written, log);
    },
    whoAmI,
    permissions,
    account: async (signal) => {
      const { name } = await whoAmI(signal);
      return { name, permissions: await permissions(signal) };
    },
    version: async (signal) => {
      const call: HubCall = { method: 'getKojiVersion', args: [] };
      const reply = await anonymous(encoded(call), signal);
      if (reply.kind === 'fault' && reply.code === FAULT.generic) return null;
      return expected(z.string(), unwrap(reply, call, log));
    },
    close: async () => {
      await session?.close();
      transport.close();
    },
  };
}

const Who = z.object({ id: z.number().int(), name: z.string() });

function outcomeOf(call: HubCall, written: Written, log: Log): HubOutcome {
  if (written.kind === 'unknown') return written;
  if (written.kind === 'done') return { kind: 'value', value: null };
  if (written.reply.kind === 'value') return written.reply;
  return { kind: 'fault', fault: seenFault(written.reply, call, log) };
}

function outcomesOf(calls: readonly HubCall[], written: Written, log: Log): readonly HubOutcome[] {
  const allUnknown = (why: string) => calls.map((): HubOutcome => ({ kind: 'unknown', why }));
  if (written.kind === 'unknown') return allUnknown(written.why);
  if (written.kind === 'done') {
    return allUnknown(
      'The hub carried out the batch, and its answer was lost: which of the calls failed is not known.',
    );
  }
  const { reply } = written;
  // A fault of the whole: nothing in it was kept.
  if (reply.kind === 'fault')
    return calls.map((call) => ({ kind: 'fault', fault: seenFault(reply, call, log) }));
  const items: readonly unknown[] = Array.isArray(reply.value) ? reply.value : [];
  if (items.length !== calls.length) return allUnknown('The hub gave fewer answers than there were calls.');
  return calls.map((call, at): HubOutcome => {
    const item = items[at];
    if (Array.isArray(item) && item.length === 1) return { kind: 'value', value: item[0] };
    const fault = faultOf(item);
    if (fault !== null) return { kind: 'fault', fault: seenFault(fault, call, log) };
    return { kind: 'unknown', why: `The hub's answer to ${showCall(call)} cannot be read.` };
  });
}

function unwrap(reply: Reply, call: HubCall, log: Log): unknown {
  if (reply.kind === 'value') return reply.value;
  throw new Refused(seenFault(reply, call, log).says);
}

/** The hub's own text goes to the log and no further. */
function seenFault(fault: Reply & { kind: 'fault' }, call: HubCall, log: Log) {
  log.info('the hub answered with a fault', {
    method: call.method,
    code: fault.code,
    text: fault.text.slice(0, 500),
  });
  return describeFault(fault.code, call);
}

function expected<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new Unavailable('the Koji hub', 'The Koji hub gave an answer of another shape than expected.');
  return parsed.data;
}

function encoded(call: HubCall): string {
  return sendable(() => encodeCall(call.method, call.args, call.kwargs));
}

function encodedAll(calls: readonly HubCall[]): string {
  return sendable(() =>
    encodeMultiCall(calls.map(({ method, args, kwargs }) => encodeItem(method, args, kwargs))),
  );
}

function sendable(encode: () => string): string {
  try {
    return encode();
  } catch (error) {
    if (error instanceof Unsendable) throw new Refused(`${error.message}. Nothing was sent.`);
    throw error;
  }
}
