import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Desk } from './core/desk.ts';
import type { Person } from './core/person.ts';
import type { Log } from './core/ports.ts';
import type { FileStore, TokenStore } from './core/store.ts';
import { createApi } from './http-api.ts';
import type { Bindings } from './http-door.ts';

/** How the program is, part by part. */
export interface Health {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly says: string }>>;
}

/** The HTTP surface. */
export interface Http {
  start(): Promise<{ readonly port: number }>;
  /** Takes nothing new, answers what waits, and closes every connection within a second. */
  stop(): Promise<void>;
}

/** From the root, without steps upwards (also written by numbers) and backslashes, which a URL reads as slashes. */
const PLAIN_PATH = /^\/(?!(?:[^?]*\/)?(?:\.|%2e){1,2}(?:[/?]|$))[^?\\]*(?:\?|$)/i;

const HEALTH_MS = 5_000;
const STOP_MS = 1_000;

/**
 * One listener: deliveries of Slack and the forum under their doors (as raw requests, tried first), the terminal under /api/,
 * and /healthz (is it alive), /readyz (is everything that it needs there) and /metrics. The last two say what
 * is inside, so they answer direct callers only: what a proxy passed on gets 404.
 */
export function createHttp(deps: {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** By the beginning of a path: each takes a request below it if it is its own, and says whether it did. */
  readonly doors?: Readonly<Record<string, (req: IncomingMessage, res: ServerResponse) => Promise<boolean>>>;
  readonly health: () => Promise<Health>;
  /** In the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Null where this process has no desk: a worker. */
  readonly desk: Desk | null;
  readonly tokens: TokenStore;
  readonly personById: (id: string) => Promise<Person | null>;
  /** The texts that answers give as files. */
  readonly files?: Pick<FileStore, 'get'> | undefined;
  /** Why a line from a terminal must not be kept at all; null: it may. */
  readonly refuses?: ((text: string) => string | null) | undefined;
  /** Resolves when the request has changed after this event, or the time is over. Without it the record is polled. */
  readonly waitForChange?: ((requestId: string, afterSeq: number, ms: number) => Promise<void>) | undefined;
  readonly log: Log;
}): Http {
  const { desk, doors = {}, log } = deps;
  const stopping = new AbortController();
  const app = new Hono<{ Bindings: Bindings }>();

  app.use(async (c, next) => {
    await next();
    c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
  });
  app.notFound((c) => c.json({ says: 'There is nothing here.' }, 404));
  app.onError((error, c) => {
    log.error('an HTTP call failed', { path: c.req.path, error });
    return c.json({ says: 'Something of mine went wrong.' }, 500);
  });
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.use('/readyz', directOnly);
  app.use('/metrics', directOnly);
  app.get('/readyz', async (c) => {
    const health = await readHealth(deps.health);
    return c.json(health, health.ok && !stopping.signal.aborted ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    c.header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    return c.body(await deps.metrics());
  });
  if (desk !== null) {
    const { tokens, personById, files, waitForChange, refuses } = deps;
    const api = createApi({
      desk,
      tokens,
      personById,
      files,
      waitForChange,
      refuses,
      log,
      stopping: stopping.signal,
    });
    app.route('/api', api);
  }

  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer({ connectionsCheckingInterval: 5_000 }, (req, res) => {
    void answer(req, res).catch((error: unknown) => {
      log.error('an HTTP request failed', { error });
      if (!res.headersSent) res.writeHead(500, { 'cache-control': 'no-store' });
      res.end();
    });
  });
  // Otherwise who sends nothing at all is noticed every half minute only.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  // Longer than the usual proxy keeps a connection, so that it is never closed under a new request.
  server.keepAliveTimeout = 75_000;
  server.maxConnections = 2_000;

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // A path is what it says: a proxy that passes on /api/ only must not be talked into another with `/api/../`.
    if (!PLAIN_PATH.test(req.url ?? '')) {
      res.writeHead(400, { 'cache-control': 'no-store' }).end();
      return;
    }
    const door = Object.entries(doors).find(([path]) => req.url?.startsWith(path))?.[1];
    if (door && (await door(req, res))) return;
    await listener(req, res);
  }

  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(deps.port, deps.host, () => {
          server.off('error', reject);
          server.on('error', (error) => log.error('the HTTP server', { error }));
          const address = server.address();
          resolve({ port: typeof address === 'object' && address !== null ? address.port : deps.port });
        });
      }),
    stop: async () => {
      stopping.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), STOP_MS);
      // Long polls answer at once now; their kept connections are idle a moment later.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await closed;
      clearTimeout(late);
      clearInterval(idle);
    },
  };
}

async function readHealth(health: () => Promise<Health>): Promise<Health> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Health>((resolve) => {
    const says = `no answer within ${HEALTH_MS / 1000} s`;
    timer = setTimeout(() => resolve({ ok: false, parts: { health: { ok: false, says } } }), HEALTH_MS);
  });
  return Promise.race([health(), late]).finally(() => clearTimeout(timer));
}

async function directOnly(
  c: { req: { header(name: string): string | undefined }; notFound(): Response | Promise<Response> },
  next: () => Promise<void>,
): Promise<Response | undefined> {
  // Each proxy adds at least one of these.
  const added = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'];
  if (added.some((name) => c.req.header(name) !== undefined)) return c.notFound();
  await next();
  return undefined;
}
