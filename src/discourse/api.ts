import type { Log } from '../core/ports.ts';
import { type Called, calledOf, failureOf, NOT_ASKED } from './outcome.ts';

/** One call. `path` is made of parts that are encoded one by one. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: readonly (string | number)[];
  readonly query?: Readonly<Record<string, string | number | boolean | readonly number[]>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Without the key. */
  readonly anonymous?: boolean;
}

/** Discourse's HTTP API with one key. Never throws, never retries, never waits longer than its deadline, follows no redirect. */
export interface DiscourseApi {
  call(call: Call): Promise<Called>;
  /** Milliseconds that the server's clock is ahead of ours, by the last answer; null before one. */
  clockAheadMs(): number | null;
  /** Ends every call that is under way. */
  stop(): void;
}

export interface DiscourseApiOptions {
  /** `https://community.example.org`, without a slash at the end. */
  readonly url: string;
  readonly key: string;
  readonly username: string;
  readonly deadlineMs: number;
  readonly log: Log;
}

/** Largest answer that is read: a page of 50 posts of 32,000 characters, raw and cooked. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Discourse counts two calls as the same one by this name too, so it never changes. */
const USER_AGENT = 'koji-steward';

export function createDiscourseApi(options: DiscourseApiOptions): DiscourseApi {
  const { url, deadlineMs, log } = options;
  const stopping = new AbortController();
  const headers = headersOf(options);
  let ahead: number | null = null;
  let redirected = false;

  async function send(call: Call, path: string): Promise<Called> {
    const { method, body, anonymous = false } = call;
    const asked = Date.now();
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...headers.always,
        ...(anonymous ? {} : headers.key),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(deadlineMs)]),
    });
    const date = Date.parse(response.headers.get('date') ?? '');
    // The header is cut to whole seconds, so half a second is the best guess of what is missing.
    if (Number.isFinite(date)) ahead = Math.round(date + 500 - (asked + Date.now()) / 2);
    const text = await readText(response);
    if (text === null) return { kind: 'lost', says: `an answer of more than ${MOST_BYTES >> 20} MB` };
    const called = calledOf(response, text);
    if (called.kind === 'error' && called.type === 'redirect' && !redirected) {
      redirected = true;
      log.error('the forum answers with a redirect, which is not followed', { says: called.says[0] });
    }
    return called;
  }

  return {
    async call(call) {
      const path = pathOf(call);
      if (path === null) return notSent('a part of the path is empty, or leads elsewhere');
      try {
        return await send(call, path);
      } catch (error) {
        return stopping.signal.aborted ? { kind: 'lost', says: 'stopping' } : failureOf(error, deadlineMs);
      }
    },
    clockAheadMs: () => ahead,
    stop: () => stopping.abort(new Error('stopping')),
  };
}

/** An error of ours, found before anything was sent. */
function notSent(says: string): Called {
  return { kind: 'error', status: 0, type: NOT_ASKED, says: [says], extras: {} };
}

/** Checked once here, because the platform's own error for a bad header shows the value, which is the key. */
function headersOf({ url, key, username }: DiscourseApiOptions) {
  if (!/^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/u.test(url) || url.endsWith('/')) {
    throw new Error('the forum needs a URL like https://community.example.org, without a slash at the end');
  }
  for (const [what, value] of [
    ['key', key],
    ['user name', username],
  ] as const) {
    if (!/^[\x21-\x7e]+$/u.test(value)) {
      throw new Error(
        `the forum's ${what} is empty or has characters that no header can carry: copy it anew`,
      );
    }
  }
  return {
    always: { accept: 'application/json', 'user-agent': USER_AGENT },
    key: { 'api-key': key, 'api-username': username },
  };
}

/** The path and query, each part encoded by itself; null for one that could name something else. */
function pathOf({ path, query = {} }: Call): string | null {
  const parts = path.map(String);
  // A server before Discourse may decode a part once more, so none may hold a slash either.
  if (parts.some((part) => /^\.{0,2}$|[/\\\p{Cc}\p{Surrogate}]/u.test(part))) return null;
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'object') for (const one of value) params.append(`${name}[]`, String(one));
    else params.append(name, String(value));
  }
  const search = params.toString();
  return `/${parts.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** Null for a body that is too large. */
async function readText(response: Response): Promise<string | null> {
  if (!response.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop ends the transfer.
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}
