import { WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from '@slack/web-api';
import type { Log } from '../core/ports.ts';

/** How a call of Slack's Web API ended. */
export type Called =
  | {
      readonly kind: 'ok';
      readonly data: Readonly<Record<string, unknown>>;
      readonly scopes: readonly string[];
    }
  /** Slack said no; nothing was done. `says` has its reasons, for the log. */
  | { readonly kind: 'error'; readonly error: string; readonly says: string }
  /** Nothing was done; not before `retryAfterMs`. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number }
  /** No clear answer: it may have been done. */
  | { readonly kind: 'lost'; readonly says: string };

/** Errors after which Slack itself does not say whether it was done. */
const UNCLEAR = new Set(['fatal_error', 'internal_error', 'request_timeout', 'service_unavailable']);

/** Slack's Web API with one token. Never throws, never retries, never waits longer than its deadline. */
export interface SlackApi {
  call(method: string, args: Readonly<Record<string, unknown>>): Promise<Called>;
  /** Ends every call that is under way. */
  stop(): void;
}

export function createSlackApi(options: {
  readonly token: string;
  readonly apiUrl?: string;
  readonly deadlineMs: number;
  readonly log: Log;
}): SlackApi {
  const stopping = new AbortController();
  const client = new WebClient(options.token, {
    ...(options.apiUrl ? { slackApiUrl: options.apiUrl } : {}),
    timeout: options.deadlineMs,
    retryConfig: { retries: 0 },
    // Waiting inside the client would freeze every other call of it.
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: loggerOf(options.log),
    fetch: (url, init) =>
      fetch(url, {
        ...init,
        signal: AbortSignal.any([stopping.signal, ...(init?.signal ? [init.signal] : [])]),
      }),
  });
  return {
    async call(method, args) {
      try {
        const data = await client.apiCall(method, { ...args });
        return { kind: 'ok', data: { ...data }, scopes: data.response_metadata?.scopes ?? [] };
      } catch (error) {
        return failureOf(error);
      }
    },
    stop: () => stopping.abort(new Error('stopping')),
  };
}

function failureOf(error: unknown): Called {
  if (error instanceof WebAPIRateLimitedError) {
    return { kind: 'limited', retryAfterMs: error.retryAfter * 1000 };
  }
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    if (code === 'ratelimited' || code === 'rate_limited') return { kind: 'limited', retryAfterMs: 30_000 };
    const says = error.data.response_metadata?.messages?.join('; ') ?? code;
    // A body that is not JSON comes out as an error of many words: no answer of Slack's.
    if (UNCLEAR.has(code) || !/^[a-z_]+$/u.test(code))
      return { kind: 'lost', says: `Slack said ${code.slice(0, 100)}` };
    return { kind: 'error', error: code, says };
  }
  return { kind: 'lost', says: error instanceof Error ? error.message.slice(0, 300) : 'unknown error' };
}

type Logger = NonNullable<NonNullable<ConstructorParameters<typeof WebClient>[1]>['logger']>;

/** The client's own log, without its debugging: that prints what people wrote. */
export function loggerOf(log: Log): Logger {
  const note = (...words: unknown[]) => ({ says: words.map(String).join(' ').slice(0, 300) });
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...words) => log.warn('slack client', note(...words)),
    error: (...words) => log.warn('slack client', note(...words)),
    setLevel: () => undefined,
    getLevel: () => LEVEL,
    setName: () => undefined,
  };
}

const LEVEL = 'warn' as ReturnType<Logger['getLevel']>;
