import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createBodyReader, endWith, NO_BODY } from '../core/body.ts';
import type { Log } from '../core/ports.ts';
import { readDelivery } from './incoming.ts';
import type { Counted, Intake, Taken } from './intake.ts';

/** What happened to an HTTP delivery before it was read. */
export type Refusal =
  | 'wrong-method'
  | 'wrong-path'
  | 'too-large'
  | 'busy'
  | 'stale'
  | 'bad-signature'
  | 'broken';

/** Everything that is counted at the door. */
export type DoorCount = Counted | Refusal;

/** Largest body that is read. Slack's own are far smaller. */
const MOST_BYTES = 1024 * 1024;
/** The same of what does not even look signed: room for Slack's check of the certificate. */
const MOST_UNSIGNED_BYTES = 1024;
/** All bodies that are being read together: anybody can begin to send one. */
const MOST_BYTES_TOGETHER = 48 * 1024 * 1024;
const WINDOW_S = 300;
const READ_MS = 2000;

/** Takes a request if it is for Slack's path; says whether it did. */
export type SlackHttp = (req: IncomingMessage, res: ServerResponse) => Promise<boolean>;

/**
 * Slack's requests over HTTP. All three request URLs of the app (events, interactivity, slash command) are the
 * one `path`. Answers 200 only for what is stored.
 */
export function createSlackHttp(deps: {
  readonly signingSecret: string;
  readonly intake: Intake;
  readonly count: (what: DoorCount) => void;
  readonly log: Log;
  readonly now: () => Date;
  readonly path?: string;
}): SlackHttp {
  const { signingSecret, intake, count, log, now, path = '/slack/events' } = deps;
  const readBody = createBodyReader({ mostBytesTogether: MOST_BYTES_TOGETHER, readMs: READ_MS });
  if (signingSecret.length < 8) throw new Error('a Slack signing secret is needed to check requests');

  function refuse(res: ServerResponse, status: number, what: Refusal, says: string): true {
    count(what);
    if (status === 413 || status === 408 || status === 503) res.setHeader('connection', 'close');
    endWith(res, status, `${says}\n`);
    return true;
  }

  /** Nothing that comes in may leave Slack without an answer. */
  async function taking(raw: string): Promise<Taken> {
    try {
      return await intake.take(readDelivery(raw));
    } catch (error) {
      log.error('a delivery of slack could not be taken', { error: String(error) });
      return { kind: 'malformed', says: 'it could not be taken' };
    }
  }

  return async (req, res) => {
    const asked = (req.url ?? '').split('?', 1)[0];
    if (asked !== path) {
      return asked?.startsWith('/slack/') ? refuse(res, 404, 'wrong-path', `Slack's path is ${path}`) : false;
    }
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST');
      return refuse(res, 405, 'wrong-method', 'only POST');
    }
    const body = await readBody(req, looksSigned(req) ? MOST_BYTES : MOST_UNSIGNED_BYTES);
    if (typeof body === 'string') return refuse(res, NO_BODY[body].status, body, NO_BODY[body].says);
    const checked = checkSignature(req, body, signingSecret, now());
    const raw = body.toString('utf8');
    // Slack checks the certificate of a URL without signing; there is nothing in it to do.
    if (checked !== 'ok' && /^(?:token=[^&]*&)?ssl_check=1(?:&token=[^&]*)?$/u.test(raw)) {
      endWith(res, 200, '');
      return true;
    }
    if (checked === 'stale') return refuse(res, 401, 'stale', 'the timestamp is more than five minutes off');
    if (checked !== 'ok') return refuse(res, 401, 'bad-signature', 'the signature does not match');
    const taken = await taking(raw);
    switch (taken.kind) {
      case 'challenge':
        endWith(res, 200, taken.challenge);
        break;
      case 'malformed':
        log.warn('slack sent what cannot be read', { says: taken.says });
        endWith(res, 400, 'not understood\n');
        break;
      case 'down':
        // A person reads the body of a 200 only; everything else Slack shows as failed, or sends again.
        if (taken.body) json(res, 200, taken.body);
        else endWith(res, 503, 'not stored\n');
        break;
      case 'ack':
        if (taken.body && Object.keys(taken.body).length > 0) json(res, 200, taken.body);
        else endWith(res, 200, '');
    }
    return true;
  };
}

function json(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  res.end(text);
}

function looksSigned(req: IncomingMessage): boolean {
  const { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp } = req.headers;
  return /^v0=[0-9a-f]{64}$/u.test(String(signature)) && /^\d{1,12}$/u.test(String(timestamp));
}

function checkSignature(
  req: IncomingMessage,
  body: Buffer,
  secret: string,
  now: Date,
): 'ok' | 'stale' | 'bad-signature' {
  const timestamp = req.headers['x-slack-request-timestamp'];
  const signature = req.headers['x-slack-signature'];
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/u.test(timestamp)) return 'bad-signature';
  if (typeof signature !== 'string') return 'bad-signature';
  const ours = Buffer.from(
    `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`,
  );
  const theirs = Buffer.from(signature);
  if (ours.length !== theirs.length || !timingSafeEqual(ours, theirs)) return 'bad-signature';
  return Math.abs(now.getTime() / 1000 - Number(timestamp)) > WINDOW_S ? 'stale' : 'ok';
}
