import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Payloads } from './payloads.ts';

/** One request to the receiver, as bytes, so that it can be sent again. */
export interface SentHook {
  readonly event: string;
  readonly type: string;
  readonly eventId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Null: no answer. */
  readonly status: number | null;
  readonly at: number;
}

export interface HookOptions {
  /** Only what is in this category. Without it private messages go out too. */
  readonly category: number | undefined;
  /** The real setting is off unless somebody turns it on. */
  readonly retries: boolean;
  readonly retryMs: readonly number[];
}

/** What the forum tells whom. */
export interface Hooks {
  post(event: string, id: number): void;
  topic(event: string, id: number): void;
  ping(): void;
  set(url: string | undefined, options: HookOptions): void;
  sent(): readonly SentHook[];
  /** By hand, byte for byte: with the id it had. */
  again(sent: SentHook): Promise<{ readonly status: number }>;
  raw(request: {
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signature?: string;
  }): Promise<{ readonly status: number; readonly body: string }>;
  /** What happens meanwhile goes out when it is let go. */
  hold(on: boolean): void;
  /** What happens meanwhile never goes out. */
  drop(on: boolean): void;
  /** A handful at a time, the last one first. */
  shuffle(on: boolean): void;
  /** Everything twice, each with an id of its own. */
  twice(on: boolean): void;
  close(): Promise<void>;
}

export interface HookDeps {
  readonly secret: string;
  readonly now: () => number;
  readonly instance: () => string;
  readonly payloads: Payloads;
  readonly changed: () => void;
}

interface Event {
  readonly type: string;
  readonly event: string;
  readonly body: string;
}

const ANSWER_MS = 20_000;
const SHUFFLE_MS = 100;
/** No answer at all, and what says that nothing lives there, is never tried again. */
const HOPELESS = new Set([null, 404, 410]);

export function createHooks(deps: HookDeps): Hooks {
  const sent: SentHook[] = [];
  const ending = new AbortController();
  const underway = new Set<Promise<unknown>>();
  let url: string | undefined;
  let options: HookOptions = { category: undefined, retries: false, retryMs: [] };
  let lastId = 0;
  let waiting: Event[] = [];
  let timer: NodeJS.Timeout | undefined;
  const is = { held: false, dropping: false, shuffling: false, doubling: false };

  function happened(type: 'post' | 'topic', event: string, id: number): void {
    if (url === undefined || is.dropping) return;
    const { category, payload } = deps.payloads[type](id);
    if (options.category !== undefined && category !== options.category) return;
    offer({ type, event, body: JSON.stringify({ [type]: payload }) });
  }

  function offer(event: Event): void {
    if (is.held || is.shuffling) waiting.push(event);
    else go(event);
    if (is.shuffling && !is.held && timer === undefined) timer = setTimeout(flush, SHUFFLE_MS);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const batch = is.shuffling ? waiting.reverse() : waiting;
    waiting = [];
    for (const event of batch) go(event);
  }

  function go(event: Event): void {
    for (let time = 0; time < (is.doubling ? 2 : 1); time += 1) {
      const work = deliver(event).catch(() => {});
      underway.add(work);
      work.then(() => underway.delete(work));
    }
  }

  async function deliver(event: Event): Promise<void> {
    const waits = options.retries ? options.retryMs : [];
    for (let attempt = 0; ; attempt += 1) {
      lastId += 1;
      const status = await send(event, String(lastId));
      const wait = waits[attempt];
      if (HOPELESS.has(status) || (status !== null && status < 300) || wait === undefined) return;
      await sleep(wait, undefined, { signal: ending.signal, ref: false });
    }
  }

  async function send(event: Event, eventId: string): Promise<number | null> {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Discourse/3.5',
      'x-discourse-instance': deps.instance(),
      'x-discourse-event-id': eventId,
      'x-discourse-event-type': event.type,
      'x-discourse-event': event.event,
      'x-discourse-event-signature': signBody(deps.secret, event.body),
    };
    const answer = await request(headers, event.body);
    const status = answer?.status ?? null;
    sent.push({
      event: event.event,
      type: event.type,
      eventId,
      headers,
      body: event.body,
      status,
      at: deps.now(),
    });
    if (sent.length > 1000) sent.splice(0, 500);
    deps.changed();
    return status;
  }

  async function request(headers: Readonly<Record<string, string>>, body: string) {
    if (url === undefined) return null;
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      return { status: answer.status, body: await answer.text() };
    } catch {
      return null;
    }
  }

  async function raw(headers: Readonly<Record<string, string>>, body: string) {
    const answer = await request(headers, body);
    if (answer === null)
      throw new Error('the webhook got no answer: is its receiver running, and is its URL set?');
    return answer;
  }

  return {
    post: (event, id) => happened('post', event, id),
    topic: (event, id) => happened('topic', event, id),
    ping: () => offer({ type: 'ping', event: 'ping', body: JSON.stringify({ ping: 'OK' }) }),
    set(to, rules) {
      url = to;
      options = rules;
    },
    sent: () => sent,
    again: ({ headers, body }) => raw(headers, body),
    raw: ({ body, headers, signature }) =>
      raw(
        {
          'content-type': 'application/json',
          'x-discourse-instance': deps.instance(),
          'x-discourse-event-id': '1',
          'x-discourse-event-type': 'post',
          'x-discourse-event': 'post_created',
          'x-discourse-event-signature': signature ?? signBody(deps.secret, body),
          ...headers,
        },
        body,
      ),
    hold(on) {
      is.held = on;
      if (!on) flush();
    },
    drop(on) {
      is.dropping = on;
    },
    shuffle(on) {
      is.shuffling = on;
      if (!on && !is.held) flush();
    },
    twice(on) {
      is.doubling = on;
    },
    async close() {
      clearTimeout(timer);
      ending.abort();
      await Promise.allSettled(underway);
    },
  };
}

/** The `X-Discourse-Event-Signature` of a body. */
function signBody(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
