import type { JsonObject } from '../core/json.ts';
import type { Log } from '../core/ports.ts';
import { anyPrivateKey } from '../core/private-key.ts';
import type { Inbox } from '../core/store.ts';
import type { Delivery, Incoming } from './incoming.ts';

/** What is said back at once to a submitted modal, and what to do when that comes too late. */
export interface ViewAnswer {
  readonly ack: JsonObject;
  readonly otherwise: () => Promise<void>;
}

/** How a delivery is to be answered. */
export type Taken =
  | { readonly kind: 'ack'; readonly body?: JsonObject }
  /** The database does not take it. `body` is what a person may be told in the answer itself. */
  | { readonly kind: 'down'; readonly body?: JsonObject }
  | { readonly kind: 'malformed'; readonly says: string }
  | { readonly kind: 'challenge'; readonly challenge: string };

/** What happened at the door, for the metrics. */
export type Counted = 'stored' | 'seen' | 'down' | 'private-key' | 'malformed' | 'nothing';

/** The way of everything that comes in: stored, then acknowledged, then carried on. */
export interface Intake {
  take(delivery: Delivery): Promise<Taken>;
  /** Deliveries that wait for their acknowledgement. */
  waiting(): number;
  /** Was somebody told that this was not stored? Should it turn up after all, it must not be done. */
  disowned(id: string): boolean;
}

/** Said when the database is down. */
export const NOT_KEPT =
  'I could not keep what you asked: my database does not answer. Nothing was stored, nothing will be done. Please ask again in a few minutes.';

export function createIntake(deps: {
  readonly inbox: Inbox;
  /** Carries on with what is stored. Must not throw, must not wait for the work. */
  readonly hand: (incoming: Incoming) => void;
  /** The same for a submitted modal, whose answer Slack waits for. */
  readonly answer: (incoming: Incoming) => Promise<ViewAnswer | null>;
  /** Tells somebody about a key that they sent. */
  readonly burnt: (incoming: Incoming) => void;
  readonly count: (what: Counted) => void;
  readonly log: Log;
  /** How long the database may take. Slack waits for 3 seconds. */
  readonly storeMs?: number;
  /** How long a submitted modal may wait for its answer, after it was stored. */
  readonly answerMs?: number;
}): Intake {
  const { inbox, hand, answer, burnt, count, log, storeMs = 1700, answerMs = 1000 } = deps;

  const disowned = new Set<string>();
  let waiting = 0;

  async function store(incoming: Incoming): Promise<'new' | 'seen' | 'down'> {
    const put = inbox.put({ id: incoming.id, source: 'slack', body: incoming.body });
    const stored = await inTime(put, storeMs).catch((error: unknown) => {
      log.error('the inbox takes nothing', { error: String(error) });
      return 'down' as const;
    });
    if (stored !== null && stored !== 'down') {
      disowned.delete(incoming.id);
      return stored;
    }
    if (incoming.kind !== 'event') {
      if (disowned.size > 10_000) disowned.clear();
      disowned.add(incoming.id);
    }
    // It may still be stored after we said that it was not. People were told to ask again, so that theirs must
    // not be done as well; Slack sends its events again by itself, and the second time finds it stored.
    void put.then(
      async (late) => {
        if (late !== 'new') return;
        if (incoming.kind === 'event') hand(incoming);
        else await inbox.done(incoming.id).catch(() => undefined);
      },
      () => undefined,
    );
    return 'down';
  }

  return {
    waiting: () => waiting,
    disowned: (id) => disowned.has(id),
    async take(delivery) {
      waiting += 1;
      try {
        return await taken(delivery);
      } finally {
        waiting -= 1;
      }
    },
  };

  async function taken(delivery: Delivery): Promise<Taken> {
    if (delivery.kind === 'malformed') count('malformed');
    if (delivery.kind === 'nothing') count('nothing');
    if (delivery.kind === 'nothing') return { kind: 'ack' };
    if (delivery.kind !== 'incoming') return delivery;
    const { incoming } = delivery;
    if (anyPrivateKey(incoming.body)) {
      count('private-key');
      log.warn('somebody sent a private key', { kind: incoming.kind });
      burnt(incoming);
      return { kind: 'ack' };
    }
    const stored = await store(incoming);
    count(stored === 'new' ? 'stored' : stored);
    if (stored === 'down') {
      const body = { response_type: 'ephemeral', text: NOT_KEPT };
      return incoming.kind === 'command' ? { kind: 'down', body } : { kind: 'down' };
    }
    if (incoming.kind === 'view') return await answered(incoming);
    if (stored === 'new') hand(incoming);
    return { kind: 'ack' };
  }

  /** A repeat is answered again: it makes nothing new, and the one who waits still needs the answer. */
  async function answered(incoming: Incoming): Promise<Taken> {
    const coming = answer(incoming).catch((error: unknown) => {
      log.error('a modal could not be answered', { error: String(error) });
      return null;
    });
    const said = await inTime(coming, answerMs);
    if (said) return { kind: 'ack', body: said.ack };
    void coming.then((late) => late?.otherwise()).catch(() => undefined);
    return { kind: 'ack' };
  }
}

/** The value, or null when it takes longer than `ms`. */
async function inTime<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
