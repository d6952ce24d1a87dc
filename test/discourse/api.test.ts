import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Call, createDiscourseApi, type DiscourseApiOptions } from '../../src/discourse/api.ts';
import { keepLog } from '../support/log.ts';

const KEY = 'k'.repeat(64);
const GET: Call = { method: 'GET', path: ['t', 1, 'posts.json'] };
const POST: Call = { method: 'POST', path: ['posts.json'], body: { raw: 'what people wrote' } };
const NGINX = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Answer = (req: IncomingMessage, res: ServerResponse, body: string) => void;

/** A server that answers everything in one way, and the API that talks to it. */
async function against(answer: Answer, options: Partial<DiscourseApiOptions> = {}) {
  const asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    asked.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body });
    answer(req, res, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const log = keepLog();
  const api = createDiscourseApi({
    url: `http://127.0.0.1:${port}`,
    key: KEY,
    username: 'steward',
    deadlineMs: 2_000,
    log,
    ...options,
  });
  closing.push(() => api.stop());
  return { api, asked, log, server };
}

const says = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/html' : 'application/json';
  return (_, res) => res.writeHead(status, { 'content-type': type, ...headers }).end(text);
};

describe("the forum's HTTP API", () => {
  it('sends the key in headers and nowhere else, and is always called the same', async () => {
    const { api, asked } = await against(says(200, {}));
    await api.call({ ...GET, query: { include_raw: true, post_ids: [3, 4] } });
    await api.call(POST);
    const [read, written] = asked;
    expect(read?.url).toBe('/t/1/posts.json?include_raw=true&post_ids%5B%5D=3&post_ids%5B%5D=4');
    expect(read?.headers).toMatchObject({
      'api-key': KEY,
      'api-username': 'steward',
      accept: 'application/json',
    });
    expect(written?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(written?.body ?? '')).toEqual({ raw: 'what people wrote' });
    expect(written?.headers['user-agent']).toBe(read?.headers['user-agent']);
    expect(asked.map(({ url, body }) => url + body).join()).not.toContain(KEY);
  });

  it('sends no key where it is asked to go without', async () => {
    const { api, asked } = await against(says(200, {}));
    await api.call({ ...GET, anonymous: true });
    expect(asked[0]?.headers).not.toHaveProperty('api-key');
    expect(asked[0]?.headers).not.toHaveProperty('api-username');
  });

  it('encodes the parts of a path one by one, and asks nothing that would lead elsewhere', async () => {
    const { api, asked } = await against(says(200, {}));
    await api.call({ method: 'GET', path: ['u', 'jürgen?x=1#y.json'] });
    expect(asked[0]?.url).toBe('/u/j%C3%BCrgen%3Fx%3D1%23y.json');
    for (const part of ['..', '.', '', '../admin/users', 'a\\b', 'a\nb']) {
      const called = await api.call({ method: 'GET', path: ['groups', part, 'members.json'] });
      expect(called).toMatchObject({ kind: 'error', status: 0, type: 'not_asked' });
    }
    expect(asked).toHaveLength(1);
  });

  it('refuses at the start what no header can carry, without showing it', () => {
    const options = { url: 'https://forum.example.org', username: 'steward', deadlineMs: 1, log: keepLog() };
    const made = () => createDiscourseApi({ ...options, key: 'secret\n1234' });
    expect(made).toThrow(/key is empty or has characters/u);
    expect(made).not.toThrow(/secret/u);
    for (const url of ['forum.example.org', 'https://forum.example.org/', 'https://u:p@forum.example.org']) {
      expect(() => createDiscourseApi({ ...options, key: KEY, url })).toThrow(/without a slash at the end/u);
    }
  });

  it("gives Discourse's reasons as they are", async () => {
    const { api } = await against(
      says(403, { errors: ['No.'], error_type: 'invalid_access', extras: { html: 'x' } }),
    );
    expect(await api.call(GET)).toEqual({
      kind: 'error',
      status: 403,
      type: 'invalid_access',
      says: ['No.'],
      extras: { html: 'x' },
    });
  });

  it.each([
    [422, { action: 'create_post', errors: ['Body is too short'] }, 'Body is too short'],
    [404, { errors: 'gone', error_type: 'not_found' }, 'gone'],
    [403, '<html>nginx</html>', 'status 403 with a page that is not JSON'],
    [413, '<html>413 Request Entity Too Large</html>', 'status 413 with a page that is not JSON'],
    [400, { failed: 'FAILED', message: 'wrong' }, 'wrong'],
    [403, ['BAD CSRF'], 'status 403 with a page that is not JSON'],
  ])('understands a %i of any shape as a no', async (status, body, text) => {
    const { api } = await against(says(status, body));
    expect(await api.call(POST)).toMatchObject({ kind: 'error', status, says: [text] });
  });

  it.each([
    ['what the answer says', { errors: ['slow down'], extras: { wait_seconds: 7 } }, {}, 7_000, 'action'],
    [
      'the limit of the key',
      { errors: ['slow down'], extras: { wait_seconds: 7 } },
      { 'discourse-rate-limit-error-code': 'admin_api_key_rate_limit' },
      7_000,
      'everything',
    ],
    ['a page of nginx', '<html>429</html>', { 'retry-after': '12' }, 12_000, 'everything'],
    ['nothing at all', '', {}, 30_000, 'everything'],
  ] as const)('waits after a 429: %s', async (_, body, headers, retryAfterMs, of) => {
    const { api } = await against(says(429, body, headers));
    expect(await api.call(POST)).toEqual({ kind: 'limited', retryAfterMs, of });
  });

  it.each([
    [502, NGINX],
    [503, NGINX],
    [503, { errors: ['The site is in read only mode.'], error_type: 'read_only' }],
  ])('knows from a %i that it was not taken', async (status, body) => {
    const { api } = await against(says(status, body));
    expect(await api.call(POST)).toMatchObject({ kind: 'away' });
  });

  it.each([
    [500, { errors: ['oops'] }],
    [504, NGINX],
    [200, '<html>maintenance</html>'],
    [200, ''],
  ])('does not know after a %i whether it was done', async (status, body) => {
    const { api } = await against(says(status, body));
    expect(await api.call(POST)).toMatchObject({ kind: 'lost' });
  });

  it('follows no redirect, and says where it was sent', async () => {
    const { api, asked, log } = await against(
      says(301, '', { location: 'https://other.example.org/t/1?x=y' }),
    );
    const called = await api.call(GET);
    expect(called).toMatchObject({ kind: 'error', status: 301, type: 'redirect' });
    expect(called.kind === 'error' && called.says[0]).toContain(
      'redirect to https://other.example.org/t/1. The key is not sent on',
    );
    await api.call(GET);
    expect(asked).toHaveLength(2);
    expect(log.lines.filter((line) => line.includes('redirect'))).toHaveLength(1);
  });

  it('tells a connection that was refused from one that broke', async () => {
    const gone = await against(says(200, {}));
    await new Promise((resolve) => gone.server.close(resolve));
    expect(await gone.api.call(POST)).toEqual({ kind: 'away', says: 'no connection (ECONNREFUSED)' });
    const broken = await against((req) => req.socket.destroy());
    expect(await broken.api.call(POST)).toMatchObject({ kind: 'lost' });
    const cut = await against((_, res) => {
      res.writeHead(200, { 'content-length': '1000' }).write('{');
      setTimeout(() => res.socket?.destroy(), 20);
    });
    expect(await cut.api.call(POST)).toMatchObject({ kind: 'lost' });
    const unknown = await against(says(200, {}), { url: 'http://nowhere.invalid' });
    expect(await unknown.api.call(POST)).toMatchObject({ kind: 'away' });
  });

  it('waits no longer than its deadline, for the head and for the body', async () => {
    const silent = await against(() => undefined, { deadlineMs: 80 });
    expect(await silent.api.call(POST)).toEqual({ kind: 'lost', says: 'no answer within 80 ms' });
    const slow = await against((_, res) => void res.writeHead(200).write('{'), { deadlineMs: 80 });
    expect(await slow.api.call(POST)).toMatchObject({ kind: 'lost' });
  });

  it('reads no endless answer', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 32);
    const { api } = await against((_, res) => {
      const more = (): void => {
        while (!res.destroyed && res.write(chunk));
        if (!res.destroyed) res.once('drain', more);
      };
      res.writeHead(200);
      more();
    });
    expect(await api.call(GET)).toEqual({ kind: 'lost', says: 'an answer of more than 16 MB' });
  });

  it('ends what is under way when it is stopped', async () => {
    const { api } = await against(() => undefined);
    const call = api.call(POST);
    setTimeout(() => api.stop(), 20);
    expect(await call).toEqual({ kind: 'lost', says: 'stopping' });
  });

  it("knows how far the forum's clock is ahead", async () => {
    const { api } = await against((_, res) => {
      res.writeHead(200, { date: new Date(Date.now() + 90_000).toUTCString() }).end('{}');
    });
    expect(api.clockAheadMs()).toBeNull();
    await api.call(GET);
    expect(Math.abs((api.clockAheadMs() ?? 0) - 90_000)).toBeLessThan(1_500);
  });

  it('logs neither the key nor what people wrote', async () => {
    const { api, log } = await against(says(301, '', { location: 'https://other.example.org/' }));
    await api.call(POST);
    expect(log.lines.join()).not.toMatch(/kkkk|what people wrote/u);
  });
});
