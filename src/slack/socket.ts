import diagnostics from 'node:diagnostics_channel';
import { SocketModeClient } from '@slack/socket-mode';
import { z } from 'zod';
import type { Log } from '../core/ports.ts';
import { loggerOf } from './api.ts';
import { deliveryOf } from './incoming.ts';
import type { Intake } from './intake.ts';

/** Slack's deliveries over web sockets that we open: for where Slack cannot reach us. */
export interface SlackSocket {
  /** Opens the connections; settles when one is up, or throws when none came up in time. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** How many connections are up. */
  connected(): number;
}

/** What the client hands over for each envelope. */
const envelope = z.looseObject({
  type: z.string(),
  body: z.unknown(),
  ack: z.custom<(body?: Record<string, unknown>) => Promise<void>>((value) => typeof value === 'function'),
});

/** Waits between tries of one connection; the last is repeated. */
const AGAIN_MS = [200, 1000, 2000, 5000, 10_000, 20_000];

/**
 * Two connections at once, so that one hears while Slack renews the other. Each is made anew by us when it ends:
 * the client's own way back waits five seconds first, and ends the process when the token has been revoked.
 */
export function createSlackSocket(deps: {
  readonly appToken: string;
  readonly apiUrl?: string;
  readonly intake: Intake;
  readonly log: Log;
  readonly now: () => Date;
  /** No sign of life on any connection for this long, after many tries: the process had better start anew. */
  readonly onDeaf: (error: Error) => void;
  readonly deafMs?: number;
  readonly connections?: number;
  readonly helloMs?: number;
}): SlackSocket {
  const {
    appToken,
    apiUrl,
    intake,
    log,
    now,
    onDeaf,
    deafMs = 90_000,
    connections = 2,
    helloMs = 15_000,
  } = deps;
  const open = new Set<SocketModeClient>();
  const loops: Promise<void>[] = [];
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  let lastSign = now().getTime();
  let watchdog: NodeJS.Timeout | undefined;
  let anyUp: () => void = () => undefined;
  const sign = () => {
    lastSign = now().getTime();
  };

  async function receive(given: unknown): Promise<void> {
    const read = envelope.safeParse(given);
    if (!read.success || read.data.body === undefined) return;
    const { body, ack, type } = read.data;
    const taken = await intake.take(deliveryOf(body));
    // Not acknowledged, Slack sends an event again, and shows a person that it failed.
    if (taken.kind === 'down' && !taken.body) return;
    if (taken.kind === 'malformed') log.warn('slack sent what cannot be read', { type, says: taken.says });
    const answer = taken.kind === 'ack' || taken.kind === 'down' ? taken.body : undefined;
    await ack({ ...answer });
  }

  /**
   * One connection, from its opening until it ends, or until Slack wants it renewed: then it still hears, and
   * `retire` ends it once another is up. `up` is called when Slack has said hello.
   */
  async function connection(up: () => void): Promise<'failed' | 'ended' | { readonly retire: () => void }> {
    const client = new SocketModeClient({
      appToken,
      autoReconnectEnabled: false,
      logger: loggerOf(log),
      clientOptions: {
        ...(apiUrl ? { slackApiUrl: apiUrl } : {}),
        retryConfig: { retries: 0 },
        timeout: helloMs,
        rejectRateLimitedCalls: true,
      },
    });
    const retired = renewedLater(client, sign);
    client.on('slack_event', (given: unknown) => {
      receive(given).catch((error: unknown) =>
        log.warn('an acknowledgement was lost', { error: String(error) }),
      );
    });
    const ended = new Promise<'ended'>((resolve) => void client.on('disconnected', () => resolve('ended')));
    void ended.then(() => open.delete(client));
    const limit = new AbortController();
    const starting = client.start().then(
      () => 'up' as const,
      (error: unknown) => String(error ?? 'closed at once'),
    );
    const late = sleep(helloMs, limit.signal).then(() => 'no hello in time');
    const began = await Promise.race([starting, late, stopped.then(() => 'stopping')]);
    limit.abort();
    if (began !== 'up') {
      if (began !== 'stopping') log.warn('no connection to slack', { says: began });
      void client.disconnect().catch(() => undefined);
      return 'failed';
    }
    open.add(client);
    sign();
    up();
    return await Promise.race([ended, retired, stopped.then(() => 'ended' as const)]);
  }

  async function keepOpen(first: number): Promise<void> {
    // Not both at once, so that Slack does not renew both at once.
    await sleep(first, stopping.signal);
    let failures = 0;
    let retire: (() => void) | null = null;
    let began = 0;
    const up = () => {
      began = Date.now();
      failures = 0;
      retire?.();
      retire = null;
      anyUp();
    };
    while (!stopping.signal.aborted) {
      const end = await connection(up);
      // One that ends as soon as it is up must not be opened again and again.
      if (end === 'ended' && Date.now() - began < 1000) await sleep(250, stopping.signal);
      if (typeof end === 'object') {
        retire = end.retire;
        // When no other comes up, Slack closes it soon enough.
        continue;
      }
      if (end === 'ended') continue;
      failures += 1;
      await sleep(AGAIN_MS[Math.min(failures, AGAIN_MS.length) - 1] ?? 0, stopping.signal);
    }
  }

  return {
    connected: () => open.size,
    async start() {
      sign();
      diagnostics.subscribe('undici:websocket:ping', sign);
      const up = new Promise<void>((resolve) => {
        anyUp = resolve;
      });
      for (let n = 0; n < connections; n++) loops.push(keepOpen(n * 300));
      watchdog = setInterval(
        () => {
          const silent = now().getTime() - lastSign;
          if (silent < deafMs) return;
          sign();
          onDeaf(new Error(`nothing was heard from Slack for ${Math.round(silent / 1000)} s`));
        },
        Math.min(5000, deafMs / 3),
      );
      watchdog.unref();
      const limit = new AbortController();
      const late = sleep(helloMs + 1000, limit.signal).then(() => {
        if (!limit.signal.aborted) throw new Error('no connection to Slack came up');
      });
      await Promise.race([up, late]);
      limit.abort();
    },
    async stop() {
      stopping.abort();
      clearInterval(watchdog);
      diagnostics.unsubscribe('undici:websocket:ping', sign);
      await Promise.all(loops);
      await Promise.race([Promise.all([...open].map((client) => client.disconnect())), sleep(1000)]);
    },
  };
}

/**
 * Slack asks for a connection to be renewed; the client would close it there and then, deaf to what is on its way.
 * This keeps that message from it, and settles with what gives it on.
 */
function renewedLater(client: SocketModeClient, sign: () => void): Promise<{ readonly retire: () => void }> {
  const own = client.listeners('ws_message');
  client.removeAllListeners('ws_message');
  return new Promise((resolve) => {
    client.on('ws_message', (data: unknown, isBinary: unknown) => {
      sign();
      const pass = () => {
        for (const listener of own) listener(data, isBinary);
      };
      if (typeof data === 'string' && asksToRenew(data)) resolve({ retire: pass });
      else pass();
    });
  });
}

function asksToRenew(data: string): boolean {
  if (!data.includes('"disconnect"')) return false;
  try {
    return z.looseObject({ type: z.literal('disconnect') }).safeParse(JSON.parse(data)).success;
  } catch {
    return false;
  }
}

/** Ends early, without an error, when the signal does. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
