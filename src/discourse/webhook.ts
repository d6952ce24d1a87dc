import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createBodyReader, endWith, NO_BODY } from '../core/body.ts';
import type { Log } from '../core/ports.ts';
import type { Inbox } from '../core/store.ts';
import type { Hinted } from './hints.ts';
import { readEvent } from './webhook-event.ts';

/** What happened to a delivery, for the metrics. */
export type WebhookCount =
  | 'hint'
  | 'seen'
  | 'ping'
  /** Another category, a private message, our own post, or an event of no use. */
  | 'nothing'
  | 'down'
  | 'wrong-method'
  | 'too-large'
  | 'busy'
  | 'broken'
  | 'bad-signature'
  | 'wrong-instance'
  | 'malformed';

/** Takes a request if it is for the forum's path; says whether it did. */
export type Webhook = (req: IncomingMessage, res: ServerResponse) => Promise<boolean>;

const PATH = '/discourse/webhook';
const MOST_BYTES = 1024 * 1024;
const MOST_BYTES_TOGETHER = 16 * 1024 * 1024;
const READ_MS = 10_000;

/**
 * The forum's webhook. It is a hint that there is something to read, and nothing else: no text of it is kept, and what
 * it does not tell of, or tells of falsely, the poll finds out. Discourse does not send again what was not taken.
 */
export function createWebhook(deps: {
  /** As it was typed into the webhook's form on the forum. */
  readonly secret: string;
  /** The forum's URL. */
  readonly instance: string;
  /** Id of the watched category. */
  readonly category: number;
  /** Our own user id, once it is known: what we write ourselves is no news. */
  readonly self: () => number | null;
  readonly inbox: Inbox;
  /** Something is in the inbox: a hint for the process that reads the forum, which may be another. */
  readonly hinted: (topic: number, post: Hinted) => void;
  readonly count: (what: WebhookCount) => void;
  readonly log: Log;
}): Webhook {
  const { secret, category, self, inbox, hinted, count, log } = deps;
  const instance = originOf(deps.instance);
  const readBody = createBodyReader({ mostBytesTogether: MOST_BYTES_TOGETHER, readMs: READ_MS });
  if (secret.length < 8) throw new Error("the forum's webhook needs a secret of at least 8 characters");

  function answer(res: ServerResponse, status: number, what: WebhookCount, says: string): true {
    count(what);
    if ([408, 413, 503].includes(status)) res.setHeader('connection', 'close');
    endWith(res, status, `${says}\n`);
    return true;
  }

  /** Null: the database does not take it. */
  async function remember(id: string, topic: number, post: Hinted): Promise<'new' | 'seen' | null> {
    try {
      return await inbox.put({ id, source: 'discourse-hook', body: { topic, post } });
    } catch (error) {
      log.warn('a webhook of the forum could not be kept; the poll finds what it tells of', {
        error: String(error),
      });
      return null;
    }
  }

  return async (req, res) => {
    if ((req.url ?? '').split('?', 1)[0] !== PATH) return false;
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST');
      return answer(res, 405, 'wrong-method', 'only POST');
    }
    const signature = header(req, 'x-discourse-event-signature');
    if (!/^sha256=[0-9a-f]{64}$/u.test(signature)) {
      req.resume();
      return answer(
        res,
        401,
        'bad-signature',
        'a signature is needed: set the same secret in the webhook and here',
      );
    }
    const body = await readBody(req, MOST_BYTES);
    if (typeof body === 'string') return answer(res, NO_BODY[body].status, body, NO_BODY[body].says);
    if (!isSigned(body, signature, secret)) {
      return answer(res, 401, 'bad-signature', 'the signature does not match: is it the same secret?');
    }
    if (originOf(header(req, 'x-discourse-instance')) !== instance) {
      log.warn('a webhook came from another forum', { expected: instance });
      return answer(res, 400, 'wrong-instance', `this is for ${instance}`);
    }
    const event = readEvent(header(req, 'x-discourse-event'), body, { category, self: self() });
    if (event.kind === 'ping') return answer(res, 200, 'ping', 'pong');
    if (event.kind === 'nothing') return answer(res, 200, 'nothing', 'nothing to do');
    if (event.kind === 'malformed') {
      log.warn('a webhook of the forum cannot be read', { says: event.says });
      return answer(res, 400, 'malformed', 'not understood');
    }
    const how = await remember(event.id, event.topic, event.post);
    if (how === null) return answer(res, 503, 'down', 'not stored');
    if (how === 'new') hinted(event.topic, event.post);
    return answer(res, 200, how === 'new' ? 'hint' : 'seen', 'thank you');
  };
}

function header(req: IncomingMessage, name: string): string {
  const value = req.headers[name];
  return typeof value === 'string' ? value : '';
}

function originOf(url: string): string {
  return url.toLowerCase().replace(/\/+$/u, '');
}

function isSigned(body: Buffer, signature: string, secret: string): boolean {
  const ours = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const theirs = Buffer.from(signature);
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
