import { setTimeout as sleep } from 'node:timers/promises';
import type { Fields } from './model.ts';
import { sign } from './signature.ts';
import type { Sockets } from './sockets.ts';

/** Something that happened and that the bot has to hear of. */
export interface Parcel {
  readonly kind: 'slash_commands' | 'interactive' | 'events_api';
  readonly payload: Fields;
}

/** How the bot took it. `body` is what it answered: a JSON value, or text. */
export type Taken =
  | { readonly kind: 'ok'; readonly body: unknown }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'nobody' };

/** One request that went out over HTTP, as bytes, so that it can be sent again. */
export interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number | null;
}

export interface Delivery {
  /** Once, within the service's deadline. */
  send(parcel: Parcel): Promise<Taken>;
  /** An event: again after each of the delays while the bot does not take it. */
  sendEvent(parcel: Parcel): Promise<Taken>;
  /** Any bytes to the request URL. */
  raw(
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<{ readonly status: number; readonly body: string }>;
  sent(): readonly Sent[];
  close(): Promise<void>;
}

export interface DeliveryOptions {
  readonly secret: string;
  readonly sockets: Sockets;
  readonly requestUrl: () => string | undefined;
  readonly now: () => number;
  /** How long the bot has. The real service: 3000. */
  readonly ackMs: number;
  /** Before each retry of an event. The real service: at once, a minute, five minutes. */
  readonly retryMs: readonly number[];
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const sent: Sent[] = [];
  const ending = new AbortController();
  const underway = new Set<Promise<unknown>>();
  const kept = <T>(work: Promise<T>): Promise<T> => {
    underway.add(work);
    const done = () => void underway.delete(work);
    work.then(done, done);
    return work;
  };

  async function overHttp(url: string, parcel: Parcel, retry?: Retry): Promise<Taken> {
    const event = parcel.kind === 'events_api';
    const body = event ? JSON.stringify(parcel.payload) : form(parcel);
    const timestamp = Math.floor(options.now() / 1000);
    const headers = {
      'content-type': event ? 'application/json' : 'application/x-www-form-urlencoded',
      'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
      'x-slack-request-timestamp': String(timestamp),
      'x-slack-signature': sign(options.secret, timestamp, body),
      ...(retry && { 'x-slack-retry-num': String(retry.attempt), 'x-slack-retry-reason': retry.reason }),
    };
    const answer = await request(url, headers, body);
    sent.push({ headers, body, status: answer?.status ?? null });
    if (sent.length > 500) sent.splice(0, 250);
    if (answer === null) return { kind: 'timeout' };
    return answer.status >= 200 && answer.status < 300
      ? { kind: 'ok', body: readBody(answer.body) }
      : { kind: 'refused', status: answer.status };
  }

  async function request(url: string, headers: Readonly<Record<string, string>>, body: string) {
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(options.ackMs)]);
    try {
      const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      return { status: answer.status, body: await answer.text() };
    } catch {
      return null;
    }
  }

  async function attempt(parcel: Parcel, retry?: Retry): Promise<Taken> {
    const url = options.requestUrl();
    if (url !== undefined) return overHttp(url, parcel, retry);
    if (options.sockets.count() === 0) return { kind: 'nobody' };
    const taken = await options.sockets.send(
      {
        type: parcel.kind,
        payload: parcel.payload,
        accepts_response_payload: parcel.kind !== 'events_api',
        ...(parcel.kind === 'events_api' && {
          retry_attempt: retry?.attempt ?? 0,
          retry_reason: retry?.reason ?? '',
        }),
      },
      options.ackMs,
    );
    return taken === null ? { kind: 'timeout' } : { kind: 'ok', body: taken.payload };
  }

  async function event(parcel: Parcel): Promise<Taken> {
    let taken = await attempt(parcel);
    for (const [index, ms] of options.retryMs.entries()) {
      if (taken.kind === 'ok' || ending.signal.aborted) return taken;
      const reason = taken.kind === 'refused' ? 'http_error' : 'http_timeout';
      try {
        await sleep(ms, undefined, { signal: ending.signal, ref: false });
      } catch {
        return taken;
      }
      taken = await attempt(parcel, { attempt: index + 1, reason });
    }
    return taken;
  }

  return {
    send: (parcel) => kept(attempt(parcel)),
    sendEvent: (parcel) => kept(event(parcel)),
    async raw(headers, body) {
      const url = options.requestUrl();
      if (url === undefined) throw new Error('raw requests need a request URL');
      const answer = await request(url, headers, body);
      if (answer === null) throw new Error('no answer from the request URL');
      return answer;
    },
    sent: () => sent,
    async close() {
      ending.abort();
      await Promise.allSettled(underway);
    },
  };
}

interface Retry {
  readonly attempt: number;
  readonly reason: string;
}

function form(parcel: Parcel): string {
  if (parcel.kind === 'interactive')
    return new URLSearchParams({ payload: JSON.stringify(parcel.payload) }).toString();
  const fields = Object.entries(parcel.payload).map(([key, value]): [string, string] => [key, String(value)]);
  return new URLSearchParams(fields).toString();
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
