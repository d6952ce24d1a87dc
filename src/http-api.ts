import { randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import type { Card } from './core/card.ts';
import type { Desk } from './core/desk.ts';
import type { Person } from './core/person.ts';
import type { Log } from './core/ports.ts';
import { Unavailable } from './core/refused.ts';
import type { FileStore, TokenStore } from './core/store.ts';
import { createDoor, type Env } from './http-door.ts';
import { says, within } from './http-reply.ts';

/** What the terminal's API needs. */
export interface ApiDeps {
  readonly desk: Desk;
  readonly tokens: TokenStore;
  readonly personById: (id: string) => Promise<Person | null>;
  /** The texts that answers give as files. */
  readonly files?: Pick<FileStore, 'get'> | undefined;
  readonly waitForChange?: ((request: string, afterSeq: number, ms: number) => Promise<void>) | undefined;
  /** Why a line must not be kept at all, e.g. for a private key in it; null: it may. */
  readonly refuses?: ((text: string) => string | null) | undefined;
  readonly log: Log;
  /** Ends every long poll. */
  readonly stopping: AbortSignal;
}

const MOST_BYTES = 64 * 1024;
const LONGEST_WAIT_MS = 25_000;
const POLL_MS = 500;
const LOOK_AGAIN_MS = 5_000;
/** Long polls at once: of one person, and in all. */
const MOST_WAITS = 8;
const MOST_WAITS_IN_ALL = 200;

const requestId = z.string().regex(/^r[1-9][0-9]{0,15}$/);
const sayBody = z.strictObject({ text: z.string(), here: requestId.optional() });
const KEY = /^[A-Za-z0-9_-]{8,100}$/;
const wholeNumber = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** The terminal's API: the desk over HTTP, for people with a personal token. */
export function createApi(deps: ApiDeps): Hono<Env> {
  const { desk, log, stopping } = deps;
  const waits = new Map<string, number>();
  const api = new Hono<Env>();

  api.onError((error, c) => {
    if (error instanceof Unavailable) return says(c, 503, error.message);
    const reference = randomBytes(4).toString('hex');
    log.error('a terminal call failed', { reference, path: c.req.path, error });
    return says(
      c,
      500,
      `Something of mine went wrong. Tell an admin of the bot this reference: ${reference}.`,
    );
  });
  api.notFound((c) => says(c, 404, 'There is nothing here.'));

  api.use(createDoor(deps));

  api.post(
    '/say',
    bodyLimit({
      maxSize: MOST_BYTES,
      onError: (c) => says(c, 413, `That is more than ${MOST_BYTES / 1024} KB. Nothing was done.`),
    }),
    async (c) => {
      if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
        return says(c, 415, 'Send JSON, with Content-Type: application/json.');
      const key = c.req.header('idempotency-key') ?? '';
      if (!KEY.test(key))
        return says(
          c,
          400,
          'Send an Idempotency-Key header: 8 to 100 letters, digits, _ or -, new for each asking.',
        );
      const body = sayBody.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success) return says(c, 400, 'Send { "text": "…" }, and "here": "r42" if you like.');
      const refused = deps.refuses?.(body.data.text) ?? null;
      if (refused !== null) return says(c, 400, refused);
      const who = c.get('person');
      const said = await within(
        desk.say({
          who,
          text: body.data.text,
          place: { kind: 'terminal', where: who.id, purpose: 'origin' },
          origin: `terminal:${who.id}:${key}`,
          ...(body.data.here === undefined ? {} : { here: body.data.here }),
        }),
      );
      const card =
        said.kind === 'request' || said.kind === 'decided' ? await within(desk.card(said.id)) : null;
      return c.json({ said, card });
    },
  );

  api.get('/requests/:id', async (c) => {
    const card = await cardOf(c.req.param('id'));
    return card ? c.json({ card }) : noSuch(c);
  });

  api.get('/requests/:id/file', async (c) => {
    const card = await cardOf(c.req.param('id'));
    if (!card) return noSuch(c);
    const packed = card.answer?.file ? await within(deps.files?.get(card.id) ?? Promise.resolve(null)) : null;
    if (packed === null) return says(c, 404, `There is no file of ${card.id}, or it is kept no longer.`);
    c.header('Content-Type', 'text/plain; charset=utf-8');
    c.header('Content-Encoding', 'gzip');
    return c.body(new Uint8Array(packed));
  });

  api.get('/requests/:id/wait', async (c) => {
    const after = wholeNumber.safeParse(c.req.query('after') ?? '0');
    const ms = wholeNumber.safeParse(c.req.query('ms') ?? LONGEST_WAIT_MS);
    if (!after.success || !ms.success)
      return says(c, 400, '`after` is the seq of a card, `ms` is a whole number.');
    const who = c.get('person').id;
    const mine = waits.get(who) ?? 0;
    const all = [...waits.values()].reduce((sum, one) => sum + one, 0);
    if (mine >= MOST_WAITS || all >= MOST_WAITS_IN_ALL) {
      c.header('Retry-After', '1');
      return says(c, 429, 'Too many calls wait already.');
    }
    waits.set(who, mine + 1);
    try {
      const gone = AbortSignal.any([stopping, c.req.raw.signal]);
      const card = await waitFor(c.req.param('id'), after.data, Math.min(ms.data, LONGEST_WAIT_MS), gone);
      return card ? c.json({ card }) : noSuch(c);
    } finally {
      const left = (waits.get(who) ?? 1) - 1;
      if (left > 0) waits.set(who, left);
      else waits.delete(who);
    }
  });

  async function cardOf(id: string): Promise<Card | null> {
    return requestId.safeParse(id).success ? within(desk.card(id)) : null;
  }

  /** The card, as soon as it shows more than `after`; at the latest when the time is over. */
  async function waitFor(id: string, after: number, ms: number, gone: AbortSignal): Promise<Card | null> {
    const end = Date.now() + ms;
    for (;;) {
      const card = await cardOf(id);
      const left = end - Date.now();
      if (card === null || card.seq > after || left <= 0 || gone.aborted) return card;
      // A hint may be lost, so the record is looked at now and then in any case.
      const ms = Math.min(left, deps.waitForChange ? LOOK_AGAIN_MS : POLL_MS);
      const nap = pause(ms, gone);
      await (deps.waitForChange
        ? Promise.race([nap, deps.waitForChange(id, after, ms).catch(() => nap)])
        : nap);
    }
  }

  return api;
}

function noSuch(c: Context): Response {
  return says(c, 404, 'There is no such request.');
}

function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      gone.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    gone.addEventListener('abort', end);
    if (gone.aborted) end();
  });
}
