import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agenda } from '../agenda.ts';
import { bodyOf } from '../body.ts';
import { concerns, type ForumFault, nginxPage } from './faults.ts';
import type { Keys } from './keys.ts';
import type { Fields, User } from './model.ts';
import type { World } from './posting.ts';
import { invalidAccess, notFound, Refusal, readOnly, tooMany } from './refusal.ts';
import { type Answer, createAsk, type Route } from './route.ts';
import { peopleRoutes } from './routes-people.ts';
import { postRoutes } from './routes-posts.ts';
import { topicRoutes } from './routes-topics.ts';

const ROUTES: readonly Route[] = [...topicRoutes, ...postRoutes, ...peopleRoutes];
const MAX_BODY = 1_000_000;

/** Handles every request. */
export function createWebApi(deps: {
  readonly world: World;
  readonly keys: Keys;
  readonly faults: Agenda<ForumFault>;
}) {
  const { world, keys, faults } = deps;

  return async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const path = request.url ?? '/';
    const fault = faults.take((one) => concerns(one, method, path));
    const note = (status: number, body?: Fields, authenticated = false) => {
      const shown = body !== undefined && Object.keys(body).length > 0;
      world.state.calls.push({
        method,
        path,
        status,
        at: world.now(),
        ...(shown && { body }),
        authenticated,
      });
      world.state.changed();
    };
    if (fault?.down) {
      request.socket.destroy();
      note(0);
      return;
    }
    const text = (await bodyOf(request, MAX_BODY)).toString('utf8');
    if (fault?.hang) {
      note(0);
      return; // the caller's own deadline ends it, or close() does
    }
    const { answer, user, body } = work(request, text, fault);
    note(answer.status, body, user !== null);
    if (fault?.lostAnswer) {
      request.socket.destroy();
      return;
    }
    if (fault?.slowMs !== undefined) await sleep(fault.slowMs, undefined, { ref: false });
    if (response.destroyed) return;
    const plain = typeof answer.body === 'string';
    response.writeHead(answer.status, {
      // Of the forum's own clock, which a test may move.
      date: new Date(world.now()).toUTCString(),
      'content-type': plain ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
      ...answer.headers,
    });
    response.end(plain ? answer.body : JSON.stringify(answer.body));
  };

  function work(request: IncomingMessage, text: string, fault: ForumFault | null) {
    let user: User | null = null;
    let body: Fields = {};
    try {
      if (fault?.status !== undefined)
        return { answer: failing(fault.status, fault.html ?? false), user, body };
      body = readBody(request, text);
      user = keys.identify(request);
      if (fault?.rateLimit !== undefined) throw tooMany(fault.rateLimit, 'admin_api_key_rate_limit');
      return { answer: route(request, user, body, fault), user, body };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { answer: { status: error.status, body: error.body, headers: error.headers }, user, body };
    }
  }

  function route(
    request: IncomingMessage,
    user: User | null,
    body: Fields,
    fault: ForumFault | null,
  ): Answer {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const method = request.method ?? 'GET';
    const json = url.pathname.endsWith('.json');
    const pathname = decode(json ? url.pathname.slice(0, -'.json'.length) : url.pathname);
    for (const one of ROUTES) {
      const found = one.method === method ? one.pattern.exec(pathname) : null;
      if (found === null) continue;
      const path = found.groups ?? {};
      if (user !== null) keys.check(method, one.permit(path, body));
      // Somebody who is not logged in and came without the page's token.
      else if (method !== 'GET') return { status: 403, body: '["BAD CSRF"]' };
      if (!json && !pathname.startsWith('/raw/') && !(request.headers.accept ?? '').includes('json'))
        return { status: 200, body: PAGE, headers: HTML };
      const from = `${request.socket.remoteAddress} ${request.headers['user-agent'] ?? ''}`;
      return one.answer(createAsk({ world, keys, user, path, query: url.searchParams, body, from, fault }));
    }
    throw notFound();
  }
}

const HTML = { 'content-type': 'text/html; charset=utf-8' };
const PAGE =
  '<!DOCTYPE html>\n<html lang="en"><head><title>Pretend community</title></head><body></body></html>\n';

function failing(status: number, html: boolean): Answer {
  if (html) return { status, body: nginxPage(status), headers: { 'content-type': 'text/html' } };
  const refusal =
    status === 503
      ? readOnly()
      : status === 429
        ? tooMany(10)
        : status === 403
          ? invalidAccess()
          : status === 404
            ? notFound()
            : null;
  if (refusal !== null) return { status, body: refusal.body, headers: refusal.headers };
  return { status, body: { errors: ['Sorry, an error has occurred.'], error_type: 'internal_error' } };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function readBody(request: IncomingMessage, text: string): Fields {
  if (text === '') return {};
  if ((request.headers['content-type'] ?? '').startsWith('application/json')) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Refusal(400, { errors: ['The request body is not JSON.'], error_type: 'invalid_parameters' });
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    return {};
  }
  // `post[raw]=…` is a field within `post`.
  const fields: Record<string, unknown> = {};
  const inner: Record<string, Record<string, string>> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const [, outer, key] = /^(\w+)\[(\w+)\]$/.exec(name) ?? [];
    if (outer === undefined || key === undefined) fields[name] = value;
    else inner[outer] = { ...inner[outer], [key]: value };
  }
  return { ...fields, ...inner };
}
