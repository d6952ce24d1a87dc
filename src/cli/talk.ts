import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { cardAnswer, complaint, type SaidAnswer, type ShownCard, saidAnswer } from './answers.ts';

/** A server that does not answer, or does not let this person: exit code 4. */
export class Away extends Error {
  override readonly name = 'Away';
}

/** A call that the server did not take. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
}

/** Reads what an answer of the server holds. */
type Reading<T> = (response: Response) => Promise<T>;

/** The server, over HTTP. Throws `Away` and `NotTaken`, with texts for people. */
export interface Talk {
  /** Says a line. Sent again with the same key when the answer is lost, so it is never asked twice. */
  say(text: string, here: string | undefined): Promise<SaidAnswer>;
  /** The request, once it shows more than `after`; after some 25 s as it stands. */
  wait(request: string, after: number): Promise<ShownCard>;
  /** The text of its answer's file. */
  file(request: string): Promise<string>;
}

const SAY_MS = 25_000;
const WAIT_MS = 35_000;
/** For the text of a file, which may have megabytes. */
const FILE_MS = 120_000;
/** Seconds between tries while the server is away; a restart of it takes a few. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000];

export function createTalk(options: {
  readonly url: string;
  readonly token: string;
  readonly signal: AbortSignal;
}): Talk {
  const { url, token, signal } = options;
  const base = url.replace(/\/+$/, '');

  async function once<T>(path: string, init: RequestInit, ms: number, read: Reading<T>): Promise<T> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    const response = await fetch(`${base}/api${path}`, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${token}` },
      // A token follows nobody elsewhere.
      redirect: 'error',
      signal: within,
    });
    if (response.ok) return read(response);
    const body: unknown = await response.json().catch(() => undefined);
    const told = complaint.safeParse(body);
    const says = told.success ? told.data.says : `${base} answered ${response.status}.`;
    if (response.status === 404) throw new NotTaken(told.success ? says : `There is no Steward at ${base}.`);
    if ([401, 403, 429].includes(response.status) || response.status >= 500) throw new Away(says);
    throw new NotTaken(says);
  }

  /** Tries again where no answer came: the call is known by its key, or only looks. */
  async function call<T>(path: string, init: RequestInit, ms: number, read: Reading<T>): Promise<T> {
    for (const [tries, pause] of [...PAUSES_MS.entries(), [PAUSES_MS.length, 0] as const]) {
      try {
        return await once(path, init, ms, read);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Away || error instanceof NotTaken) throw error;
        // Nothing listens there at all: a person waits, so two tries are enough.
        const refused = causeOf(error) === 'ECONNREFUSED' && path === '/say' && tries >= 1;
        if (refused || tries === PAUSES_MS.length)
          throw new Away(`${base} does not answer (${causeOf(error)}).`);
        await sleep(pause, signal);
      }
    }
    throw new Away(`${base} does not answer.`);
  }

  const json =
    <S extends z.ZodType>(shape: S): Reading<z.output<S>> =>
    async (response) => {
      const read = shape.safeParse(await response.json().catch(() => undefined));
      if (read.success) return read.data;
      throw new Away(`${base} answers, but not as a Steward of this version does.`);
    };

  return {
    say: (text, here) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
      const body = JSON.stringify({ text, ...(here === undefined ? {} : { here }) });
      return call('/say', { method: 'POST', headers, body }, SAY_MS, json(saidAnswer));
    },
    wait: async (request, after) => {
      const path = `/requests/${encodeURIComponent(request)}/wait?after=${after}`;
      return (await call(path, {}, WAIT_MS, json(cardAnswer))).card;
    },
    file: (request) =>
      call(`/requests/${encodeURIComponent(request)}/file`, {}, FILE_MS, (response) => response.text()),
  };
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown trouble';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const cause = error.cause;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : error.message;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
