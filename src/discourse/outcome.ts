import { z } from 'zod';

/** How one call of Discourse's HTTP API ended. */
export type Called =
  | { readonly kind: 'ok'; readonly status: number; readonly data: unknown }
  /** Discourse said no; nothing was done. */
  | {
      readonly kind: 'error';
      readonly status: number;
      /** Discourse's `error_type`, where it names one. */
      readonly type: string | null;
      readonly says: readonly string[];
      /** `extras.wait_seconds` and the like. */
      readonly extras: Readonly<Record<string, unknown>>;
    }
  /**
   * 429: nothing was done; not before `retryAfterMs`. `action`: a limit of this kind of writing alone (so many private
   * messages a day); `everything`: of the key, the address or the site.
   */
  | { readonly kind: 'limited'; readonly retryAfterMs: number; readonly of: 'action' | 'everything' }
  /** The server, or what stands before it, did not take the call at all: refused connection, 502 and 503 pages, read-only. */
  | { readonly kind: 'away'; readonly says: string }
  /** No clear answer: it may have been done. */
  | { readonly kind: 'lost'; readonly says: string };

/** The type of an error that we find ourselves: nothing was sent. */
export const NOT_ASKED = 'not_asked';

/** Where a 429 does not say for how long. */
const DEFAULT_WAIT_MS = 30_000;

/** Errors after which nothing was sent: no connection, or none to be trusted. */
const NOT_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|.*CERT.*|UNABLE_TO_VERIFY.*|ERR_TLS_.*|ERR_SSL_.*)$/u;

const errorBody = z.looseObject({
  errors: z
    .array(z.string())
    .or(z.string().transform((one) => [one]))
    .nullish()
    .catch(null),
  error: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
  error_type: z.string().nullish().catch(null),
  extras: z.record(z.string(), z.unknown()).nullish().catch(null),
});

type ErrorBody = z.infer<typeof errorBody>;

/** How a call ended that was answered. */
export function calledOf(response: Response, text: string): Called {
  const { status } = response;
  const json = parseJson(text);
  if (status >= 200 && status < 300) {
    if (json !== undefined) return { kind: 'ok', status, data: json };
    return { kind: 'lost', says: `status ${status} with a body that is not JSON` };
  }
  if (status >= 300 && status < 400) return redirect(status, response.headers.get('location'));
  const body = errorBody.safeParse(json).data ?? null;
  const says = saysOf(status, body);
  if (status === 429) return limitedOf(response, body);
  // 408: the server in front did not get the whole request.
  if (status === 408 || status === 502 || status === 503) return { kind: 'away', says: says.join(' ') };
  if (status >= 500) return { kind: 'lost', says: says.join(' ') };
  return { kind: 'error', status, type: body?.error_type ?? null, says, extras: body?.extras ?? {} };
}

function redirect(status: number, location: string | null): Called {
  const to = location?.split(/[?#]/u, 1)[0]?.slice(0, 200) ?? 'nowhere';
  const says = `status ${status}: the forum answers with a redirect to ${to}. The key is not sent on: give the forum's final address as its URL`;
  return { kind: 'error', status, type: 'redirect', says: [says], extras: {} };
}

function saysOf(status: number, body: ErrorBody | null): readonly string[] {
  const said = body?.errors ?? [body?.error ?? body?.message ?? ''];
  const texts = said.filter((one) => one !== '').map((one) => one.slice(0, 300));
  if (texts.length > 0) return texts.slice(0, 5);
  return [body ? `status ${status} without a reason` : `status ${status} with a page that is not JSON`];
}

function limitedOf(response: Response, body: ErrorBody | null): Called {
  const seconds = [body?.extras?.wait_seconds, response.headers.get('retry-after')]
    .filter((one) => one !== null && one !== undefined && one !== '')
    .map(Number)
    .filter((one) => Number.isFinite(one) && one >= 0);
  const retryAfterMs = seconds.length === 0 ? DEFAULT_WAIT_MS : Math.max(1, ...seconds) * 1000;
  // The limits of one key or address carry this header; a page of nginx is about the address too.
  const ofAction = body !== null && !response.headers.has('discourse-rate-limit-error-code');
  return { kind: 'limited', retryAfterMs, of: ofAction ? 'action' : 'everything' };
}

/** How a call ended that was not answered. */
export function failureOf(error: unknown, deadlineMs: number): Called {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { kind: 'lost', says: `no answer within ${deadlineMs} ms` };
  }
  const code = codeOf(error);
  if (code === null) return { kind: 'lost', says: 'the connection broke' };
  if (NOT_SENT.test(code)) return { kind: 'away', says: `no connection (${code})` };
  return { kind: 'lost', says: `the connection broke (${code})` };
}

/** The platform's code is one or two causes deep. */
function codeOf(error: unknown, depth = 3): string | null {
  const seen = z
    .looseObject({ code: z.string().optional(), cause: z.unknown().optional() })
    .safeParse(error).data;
  if (!seen) return null;
  return (depth > 0 ? codeOf(seen.cause, depth - 1) : null) ?? seen.code ?? null;
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
