import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agenda } from '../agenda.ts';
import { bodyOf } from '../body.ts';
import { ApiError } from './api-error.ts';
import { concerns, type Fault } from './faults.ts';
import type { Method, Methods, World } from './methods.ts';
import { chatMethods } from './methods-chat.ts';
import { conversationMethods } from './methods-conversations.ts';
import { fileMethods, takeUpload } from './methods-files.ts';
import { peopleMethods } from './methods-people.ts';
import { viewMethods } from './methods-views.ts';
import type { Fields } from './model.ts';
import type { Rates } from './rates.ts';
import { respond } from './response-url.ts';

const METHODS: Methods = {
  ...chatMethods,
  ...conversationMethods,
  ...fileMethods,
  ...peopleMethods,
  ...viewMethods,
};
const MAX_BODY = 4_000_000;
const MAX_UPLOAD = 100_000_000;

export interface WebApiDeps {
  readonly world: World;
  readonly rates: Rates;
  readonly faults: Agenda<Fault>;
  readonly scopes: readonly string[];
  readonly now: () => number;
}

/** An answer before it is written. */
interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Fields;
}

/** Handles `/api/<method>`, `/response/<id>` and `/upload/<secret>`. */
export function createWebApi(deps: WebApiDeps) {
  const { state } = deps.world;

  return async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, area = '', name = ''] = new URL(request.url ?? '/', 'http://sandbox').pathname.split('/');
    if (area === 'upload' && name !== '') return upload(request, response, name);
    if ((area !== 'api' && area !== 'response') || name === '') {
      response.writeHead(404).end();
      return;
    }
    const text = (await bodyOf(request, MAX_BODY)).toString('utf8');
    const method = area === 'api' ? name : 'response_url';
    const fault = deps.faults.take(concerns(method));
    if (fault?.kind === 'timeout') return; // the caller's own deadline ends it, or close() does
    let args: Fields = {};
    let answer: Answer;
    if (fault?.kind === '500') answer = { status: 500, body: { ok: false, error: 'internal_error' } };
    else if (fault?.kind === '429') answer = tooMany(fault.retryAfter ?? 1);
    else if (fault?.kind === 'error')
      answer = { status: 200, body: { ok: false, error: fault.error ?? 'internal_error' } };
    else {
      try {
        args = readArgs(request, text);
        answer = area === 'api' ? callMethod(request, name, args) : callResponseUrl(name, args);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        answer = {
          status: area === 'api' ? 200 : 400,
          body: { ok: false, error: error.code, ...error.extra },
        };
      }
    }
    const { token: _token, ...shown } = args;
    state.calls.push({
      at: deps.now(),
      method,
      args: shown,
      status: answer.status,
      error: typeof answer.body.error === 'string' ? answer.body.error : null,
    });
    if (fault?.kind === 'lose-answer') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'slow') await sleep(fault.ms ?? 2000, undefined, { ref: false });
    if (response.destroyed) return;
    response.writeHead(answer.status, {
      'content-type': 'application/json; charset=utf-8',
      ...answer.headers,
    });
    response.end(JSON.stringify(answer.body));
  };

  /** Its address is all that an upload needs: no token goes there. */
  async function upload(request: IncomingMessage, response: ServerResponse, secret: string): Promise<void> {
    const bytes = await bodyOf(request, MAX_UPLOAD);
    const fault = deps.faults.take(concerns('upload'));
    if (fault?.kind === 'timeout') return;
    const said =
      request.method !== 'POST'
        ? { status: 405, text: 'only POST' }
        : fault
          ? { status: 500, text: 'internal error' }
          : takeUpload(state, secret, bytes);
    response.writeHead(said.status, { 'content-type': 'text/plain' }).end(said.text);
  }

  function callMethod(request: IncomingMessage, name: string, args: Fields): Answer {
    const method = METHODS[name];
    if (method === undefined) throw new ApiError('unknown_method', { req_method: name });
    checkToken(request, args, method);
    for (const [bucket, rate] of method.rates(args)) {
      const wait = deps.rates.take(`${name} ${bucket}`, rate);
      if (wait > 0) return tooMany(wait);
    }
    const needed = typeof method.scopes === 'function' ? method.scopes(args) : method.scopes;
    const headers = { 'x-oauth-scopes': deps.scopes.join(','), 'x-accepted-oauth-scopes': needed.join(',') };
    if (needed.length > 0 && !needed.some((scope) => deps.scopes.includes(scope)))
      throw new ApiError('missing_scope', { needed: needed.join(','), provided: deps.scopes.join(',') });
    return { status: 200, headers, body: { ok: true, ...method.run(args, deps.world) } };
  }

  function callResponseUrl(id: string, args: Fields): Answer {
    const url = deps.world.permits.useResponseUrl(id);
    if (typeof url === 'string') return { status: 404, body: { ok: false, error: url } };
    respond(state, url, args);
    return { status: 200, body: { ok: true } };
  }

  function checkToken(request: IncomingMessage, args: Fields, method: Method): void {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const token = bearer ?? (typeof args.token === 'string' ? args.token : undefined);
    if (token === undefined) throw new ApiError('not_authed');
    const kind = token === state.secrets.bot ? 'bot' : token === state.secrets.app ? 'app' : null;
    if (kind === null) throw new ApiError('invalid_auth');
    if (kind !== method.token) throw new ApiError('not_allowed_token_type');
  }
}

function tooMany(seconds: number): Answer {
  return {
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: { ok: false, error: 'ratelimited' },
  };
}

function readArgs(request: IncomingMessage, text: string): Fields {
  if (!(request.headers['content-type'] ?? '').startsWith('application/json'))
    return Object.fromEntries(new URLSearchParams(text || (request.url ?? '').split('?')[1] || ''));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError('invalid_json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ApiError('json_not_object');
  return { ...value };
}
