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

  /** One connection from its opening to its end. True when it was up. */
  async function connection(): Promise<boolean> {
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
    client.on('ws_message', sign);
    client.on('slack_event', (given: unknown) => {
      receive(given).catch((error: unknown) =>
        log.warn('an acknowledgement was lost', { error: String(error) }),
      );
    });
    const ended = new Promise<void>((resolve) => void client.on('disconnected', () => resolve()));
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no hello')), helloMs);
    });
    const stopped = new Promise<never>((_, reject) => {
      stopping.signal.addEventListener('abort', () => reject(new Error('stopping')), { once: true });
    });
    stopped.catch(() => undefined);
    const starting = client.start();
    starting.catch(() => undefined);
    try {
      await Promise.race([starting, tooLate, stopped]);
    } catch (error) {
      void client.disconnect().catch(() => undefined);
      if (!stopping.signal.aborted)
        log.warn('no connection to slack', { error: String(error ?? 'closed at once') });
      return false;
    } finally {
      clearTimeout(timer);
    }
    open.add(client);
    sign();
    anyUp();
    await Promise.race([ended, stopped]).catch(() => undefined);
    open.delete(client);
    if (stopping.signal.aborted) await Promise.race([client.disconnect(), sleep(1000)]);
    return true;
  }

  async function keepOpen(first: number): Promise<void> {
    // Not both at once, so that Slack does not renew both at once.
    await sleep(first, stopping.signal);
    let failures = 0;
    while (!stopping.signal.aborted) {
      failures = (await connection()) ? 0 : failures + 1;
      if (failures > 0) await sleep(AGAIN_MS[Math.min(failures, AGAIN_MS.length) - 1] ?? 0, stopping.signal);
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
    },
  };
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
