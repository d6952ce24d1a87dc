import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttp, type Health, type Http } from '../../src/http.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { until } from '../support/process.ts';

let kernel: Kernel;
let http: Http;
let base: string;
let token: string;
let health: Health = { ok: true, parts: { database: { ok: true, says: 'PostgreSQL 17' } } };
const known = new Map(Object.entries(PEOPLE));

beforeAll(async () => {
  kernel = await startKernel();
  http = createHttp({
    host: '127.0.0.1',
    port: 0,
    doors: {
      '/slack/': async (req, res) => {
        if (req.url !== '/slack/events') return false;
        res.writeHead(200).end('slack had it');
        return true;
      },
    },
    health: async () => health,
    metrics: async () => 'steward_up 1\n',
    desk: kernel.desk,
    tokens: kernel.store.tokens,
    personById: async (id) => known.get(id as 'maria') ?? null,
    log: kernel.log,
  });
  base = `http://127.0.0.1:${(await http.start()).port}`;
  token = (await kernel.store.tokens.issue('maria', 'test')).token;
});
afterAll(async () => {
  await http.stop();
  await kernel.close();
});

let keys = 0;
const nextKey = (): string => `test-key-${keys++}`;

async function say(text: unknown, headers: Record<string, string | undefined> = {}, as = token) {
  const all = {
    authorization: `Bearer ${as}`,
    'content-type': 'application/json',
    'idempotency-key': nextKey(),
    ...headers,
  };
  const response = await fetch(`${base}/api/say`, {
    method: 'POST',
    headers: Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    body: typeof text === 'string' ? JSON.stringify({ text }) : JSON.stringify(text),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as { readonly said: { readonly id: string }; readonly says: string },
  };
}

const get = (path: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
  fetch(`${base}${path}`, { headers });

describe('health and metrics', () => {
  it('says that it is alive, and part by part whether it is ready', async () => {
    expect((await get('/healthz', {})).status).toBe(200);
    const ready = await get('/readyz', {});
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual(health);
    health = { ok: false, parts: { database: { ok: false, says: 'does not answer' } } };
    const not = await get('/readyz', {});
    expect(not.status).toBe(503);
    expect(await not.json()).toEqual(health);
    health = { ok: true, parts: {} };
  });

  it('gives metrics to those who call directly, and not through a proxy', async () => {
    const direct = await get('/metrics', {});
    expect(direct.headers.get('content-type')).toContain('text/plain');
    expect(await direct.text()).toBe('steward_up 1\n');
    for (const path of ['/metrics', '/readyz'])
      expect((await get(path, { 'x-forwarded-for': '192.0.2.7' })).status).toBe(404);
  });
});

describe('deliveries of Slack', () => {
  it('go to their own handler first, and what it leaves finds nothing else there', async () => {
    const taken = await fetch(`${base}/slack/events`, { method: 'POST', body: 'x' });
    expect(await taken.text()).toBe('slack had it');
    expect((await fetch(`${base}/slack/other`, { method: 'POST', body: 'x' })).status).toBe(404);
  });
});

describe('the terminal', () => {
  it('answers a line with what was said and the card', async () => {
    const { status, body, headers } = await say('builder capacity builder2 8');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      said: { kind: 'request', isNew: true },
      card: { status: 'asked', title: 'builder capacity builder2 8', asker: 'maria' },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    const help = await say('help');
    expect(help.body).toMatchObject({ said: { kind: 'reply', reply: { tone: 'info' } }, card: null });
  });

  it('makes one request of a call that comes twice with one key', async () => {
    const key = { 'idempotency-key': 'the-same-key' };
    const first = await say('builder list', key);
    const second = await say('builder list', key);
    expect(second.body).toMatchObject({ said: { kind: 'request', isNew: false } });
    expect(first.body).toMatchObject({
      said: { isNew: true, id: second.body.said.id },
    });
    const [event] = await kernel.store.requests.events(second.body.said.id);
    expect(event?.data).toMatchObject({ place: { kind: 'terminal', where: 'maria' } });
  });

  it('keeps the keys of two people apart', async () => {
    const other = (await kernel.store.tokens.issue('adam', '')).token;
    const key = { 'idempotency-key': 'everybodys-key' };
    await say('builder list', key);
    const second = await say('builder list', key, other);
    expect(second.body).toMatchObject({ said: { isNew: true }, card: { asker: 'adam' } });
  });

  it('shows a request, and says where there is none', async () => {
    const { body } = await say('builder list');
    const { id } = body.said;
    const shown = await get(`/api/requests/${id}`);
    expect(await shown.json()).toMatchObject({ card: { id } });
    expect((await get('/api/requests/r99999')).status).toBe(404);
    expect((await get('/api/requests/..%2f..%2fetc')).status).toBe(404);
  });

  it('waits until something happened, or until the time is over', async () => {
    const { body } = await say('builder list');
    const { id } = body.said;
    const began = performance.now();
    const same = await get(`/api/requests/${id}/wait?after=1&ms=150`);
    expect(await same.json()).toMatchObject({ card: { seq: 1, status: 'asked' } });
    expect(performance.now() - began).toBeGreaterThan(140);
    const waiting = get(`/api/requests/${id}/wait?after=1`).then((response) => response.json());
    await kernel.settle();
    expect(await waiting).toMatchObject({ card: { status: 'answered', answer: { kind: 'answer' } } });
    expect((await get(`/api/requests/${id}/wait?after=-1`)).status).toBe(400);
    expect((await get('/api/requests/r99999/wait')).status).toBe(404);
  });
});

describe('what the terminal refuses', () => {
  it.each([
    ['no key', {}, { 'idempotency-key': undefined }, 400, 'Idempotency-Key'],
    ['a short key', {}, { 'idempotency-key': 'x' }, 400, 'Idempotency-Key'],
    ['another kind of content', { text: 'help' }, { 'content-type': 'text/plain' }, 415, 'Send JSON'],
    ['no text', {}, {}, 400, 'Send {'],
    ['text that is none', { text: 7 }, {}, 400, 'Send {'],
    ['a key too many', { text: 'help', as: 'adam' }, {}, 400, 'Send {'],
    ['a place that is none', { text: 'approve', here: '../x' }, {}, 400, 'Send {'],
    ['too much', { text: 'x'.repeat(70_000) }, {}, 413, '64 KB'],
  ])('%s is told what was expected', async (_title, body, headers, status, says) => {
    const answer = await say(body, headers);
    expect(answer.status).toBe(status);
    expect(answer.body.says).toContain(says);
  });

  it('answers a line that is far too long like any other', async () => {
    const { status, body } = await say('x'.repeat(40_000));
    expect(status).toBe(200);
    expect(body).toMatchObject({ said: { reply: { title: expect.stringContaining('40000 characters') } } });
  });

  it('is not JSON', async () => {
    const response = await fetch(`${base}/api/say`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': nextKey(),
      },
      body: '{"text": ',
    });
    expect(response.status).toBe(400);
  });

  it('tells an unknown path and an unknown token nothing, and a person who left that they are not known', async () => {
    expect((await get('/api/nothing')).status).toBe(404);
    const unknown = await get('/api/requests/r1', {
      authorization: 'Bearer kst_wrong',
      'x-forwarded-for': '192.0.2.1',
    });
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get('www-authenticate')).toBe('Bearer');
    const left = (await kernel.store.tokens.issue('leaver', '')).token;
    expect((await get('/api/requests/r1', { authorization: `Bearer ${left}` })).status).toBe(403);
    const revoked = await kernel.store.tokens.issue('maria', '');
    await kernel.store.tokens.revoke(revoked.id);
    const late = await get('/api/requests/r1', {
      authorization: `Bearer ${revoked.token}`,
      'x-forwarded-for': '192.0.2.1',
    });
    expect(late.status).toBe(401);
  });

  it('stops listening to an address that guesses, and to nobody else', async () => {
    const guess = () =>
      get('/api/requests/r1', {
        authorization: 'Bearer kst_guess',
        'x-forwarded-for': '10.9.9.9, 192.0.2.2',
      });
    const statuses: number[] = [];
    for (let tries = 0; tries < 11; tries++) statuses.push((await guess()).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
    expect(Number((await guess()).headers.get('retry-after'))).toBeGreaterThan(0);
    const forged = await get('/api/requests/r1', {
      authorization: `Bearer ${token}`,
      'x-forwarded-for': '192.0.2.2, 192.0.2.3',
    });
    expect(forged.status).toBe(200);
  });

  it('forgets those who wait no more', async () => {
    const { body } = await say('builder list');
    const path = `/api/requests/${body.said.id}/wait?after=1`;
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    const eight = Array.from({ length: 8 }, () => fetch(`${base}${path}`, { headers, signal: gone.signal }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    gone.abort();
    await Promise.allSettled(eight);
    await until(async () => (await get(`${path}&ms=1`)).status === 200, 2_000);
  });

  it('lets only so many calls of one person wait at once', async () => {
    const { body } = await say('builder list');
    const { id } = body.said;
    const all = await Promise.all(
      Array.from({ length: 9 }, () => get(`/api/requests/${id}/wait?after=1&ms=300`)),
    );
    expect(all.map((one) => one.status).sort()).toEqual([...Array(8).fill(200), 429]);
  });
});

describe('an end', () => {
  it('answers those who wait, and leaves no connection behind', async () => {
    const own = createHttp({
      host: '127.0.0.1',
      port: 0,
      health: async () => health,
      metrics: async () => '',
      desk: kernel.desk,
      tokens: kernel.store.tokens,
      personById: async () => PEOPLE.maria,
      log: kernel.log,
    });
    const { port } = await own.start();
    const idle = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => idle.once('close', resolve));
    const { body } = await say('builder list');
    const { id } = body.said;
    const waiting = fetch(`http://127.0.0.1:${port}/api/requests/${id}/wait?after=1`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    await own.stop();
    expect(await (await waiting).json()).toMatchObject({ card: { seq: 1 } });
    await closed;
    expect(performance.now() - began).toBeLessThan(1_900);
  });

  it('has no terminal in a process without a desk', async () => {
    const worker = createHttp({
      host: '127.0.0.1',
      port: 0,
      health: async () => health,
      metrics: async () => '',
      desk: null,
      tokens: kernel.store.tokens,
      personById: async () => PEOPLE.maria,
      log: kernel.log,
    });
    const { port } = await worker.start();
    const response = await fetch(`http://127.0.0.1:${port}/api/requests/r1`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(404);
    await worker.stop();
  });
});
