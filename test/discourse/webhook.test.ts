import { createHmac } from 'node:crypto';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Inbox } from '../../src/core/store.ts';
import type { Hinted } from '../../src/discourse/hints.ts';
import { createWebhook, type WebhookCount } from '../../src/discourse/webhook.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createInbox } from '../../src/store/inbox.ts';
import { keepLog } from '../support/log.ts';

const SECRET = 'a secret of the webhook';
const INSTANCE = 'https://community.example.org';
const POST = {
  id: 501,
  topic_id: 77,
  post_number: 3,
  version: 1,
  updated_at: '2026-11-20T10:00:00.000Z',
  category_id: 24,
  topic_archetype: 'regular',
  user_id: 9,
  raw: 'what people wrote',
};

const closing: (() => unknown)[] = [];
let database: Database;

beforeAll(async () => {
  database = await openDatabase({ dir: ':memory:', log: keepLog() });
});
beforeEach(async () => {
  await database.query('delete from steward.inbox', []);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => database.close());

async function start(inbox: Inbox = createInbox(database, () => new Date())) {
  const hints: (readonly [number, Hinted])[] = [];
  const counted: WebhookCount[] = [];
  const log = keepLog();
  const webhook = createWebhook({
    secret: SECRET,
    instance: `${INSTANCE}/`,
    category: 24,
    self: () => 5,
    inbox,
    hinted: (...hint) => hints.push(hint),
    count: (what) => counted.push(what),
    log,
  });
  const server = createServer(async (req, res) => {
    if (!(await webhook(req, res))) res.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;

  /** Sends it as Discourse does, unless told otherwise. */
  function deliver(
    event: string,
    body: unknown,
    how: { secret?: string; headers?: Record<string, string>; path?: string; method?: string } = {},
  ): Promise<{ status: number; text: string }> {
    const raw = typeof body === 'string' ? body : JSON.stringify(body);
    const signature = `sha256=${createHmac('sha256', how.secret ?? SECRET)
      .update(raw)
      .digest('hex')}`;
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          method: how.method ?? 'POST',
          path: how.path ?? '/discourse/webhook',
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(raw),
            'x-discourse-instance': INSTANCE,
            'x-discourse-event-id': '1',
            'x-discourse-event-type': event.split('_')[0] ?? '',
            'x-discourse-event': event,
            'x-discourse-event-signature': signature,
            ...how.headers,
          },
        },
        async (res) => {
          let text = '';
          for await (const chunk of res) text += String(chunk);
          resolve({ status: res.statusCode ?? 0, text });
        },
      );
      sent.on('error', reject);
      sent.end(raw);
    });
  }
  return { deliver, hints, counted, log, port };
}

const rows = async () => database.query('select id, source, body, done from steward.inbox order by n', []);

describe("the forum's webhook", () => {
  it('takes a signed post as a hint, and keeps nothing of its text', async () => {
    const { deliver, hints } = await start();
    expect((await deliver('post_created', { post: POST })).status).toBe(200);
    expect(hints).toEqual([[77, { id: 501, number: 3, made: true }]]);
    const [row] = await rows();
    expect(row).toMatchObject({
      source: 'discourse-hook',
      body: '{"post":{"id":501,"made":true,"number":3},"topic":77}',
    });
  });

  it('takes a topic as a hint too', async () => {
    const { deliver, hints } = await start();
    await deliver('topic_destroyed', { topic: { id: 77, category_id: 24, archetype: 'regular' } });
    expect(hints).toEqual([[77, null]]);
  });

  it('recognises what it has been told, by its event, post and version, and not by the id of the delivery', async () => {
    const { deliver, hints, counted } = await start();
    for (const id of ['1', '1', '2']) {
      const told = await deliver('post_created', { post: POST }, { headers: { 'x-discourse-event-id': id } });
      expect(told.status).toBe(200);
    }
    await deliver('post_edited', { post: POST });
    await deliver('post_edited', { post: { ...POST, version: 2 } });
    await deliver('post_edited', { post: { ...POST, updated_at: '2026-11-20T10:01:00.000Z' } });
    expect(counted).toEqual(['hint', 'seen', 'seen', 'hint', 'hint', 'hint']);
    expect(hints).toHaveLength(4);
  });

  it.each([
    ['a wrong secret', { secret: 'another secret' }],
    ['no signature', { headers: { 'x-discourse-event-signature': '' } }],
    ['half a signature', { headers: { 'x-discourse-event-signature': 'sha256=ab' } }],
    [
      'the signature of another body',
      { headers: { 'x-discourse-event-signature': `sha256=${'a'.repeat(64)}` } },
    ],
  ])('refuses %s, and asks nothing and stores nothing for it', async (_, how) => {
    const { deliver, hints, counted } = await start();
    expect((await deliver('post_created', { post: POST }, how)).status).toBe(401);
    expect(hints).toEqual([]);
    expect(counted).toEqual(['bad-signature']);
    expect(await rows()).toEqual([]);
  });

  it('checks the signature over the bytes as they came', async () => {
    const { deliver, hints } = await start();
    const raw = `{ "post":${JSON.stringify(POST)},"ü":"\\u00fc" }\n`;
    expect((await deliver('post_created', raw)).status).toBe(200);
    expect(hints).toHaveLength(1);
  });

  it('refuses what another forum sends with the same secret', async () => {
    const { deliver, hints } = await start();
    const how = { headers: { 'x-discourse-instance': 'https://other.example.org' } };
    expect((await deliver('post_created', { post: POST }, how)).status).toBe(400);
    expect(hints).toEqual([]);
  });

  it('answers a ping', async () => {
    const { deliver, hints } = await start();
    expect(await deliver('ping', { ping: 'OK' })).toEqual({ status: 200, text: 'pong\n' });
    expect(hints).toEqual([]);
  });

  it.each([
    ['of another category', 'post_created', { post: { ...POST, category_id: 25 } }],
    ['in a private message', 'post_created', { post: { ...POST, category_id: null } }],
    [
      'in a private message of our category',
      'post_created',
      { post: { ...POST, topic_archetype: 'private_message' } },
    ],
    ['of our own', 'post_edited', { post: { ...POST, user_id: 5 } }],
    ['that is no post', 'user_updated', { user: { id: 1 } }],
    ['that is a like', 'post_liked', { post: POST }],
  ])('drops an event %s unread and unlogged', async (_, event, body) => {
    const { deliver, hints, log } = await start();
    expect((await deliver(event, body)).status).toBe(200);
    expect(hints).toEqual([]);
    expect(log.lines).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  it.each([
    ['no JSON', 'post_created', '{"post":'],
    ['a list', 'post_created', '[]'],
    ['another thing than it says', 'topic_created', { post: POST }],
    ['no numbers', 'post_created', { post: { ...POST, id: 'x' } }],
    ['no event', '', { post: POST }],
  ])('says that it does not understand %s, and logs nothing of it', async (_, event, body) => {
    const { deliver, hints, log } = await start();
    expect((await deliver(event, body)).status).toBe(400);
    expect(hints).toEqual([]);
    expect(log.lines).toHaveLength(1);
    expect(log.lines.join()).not.toContain('what people wrote');
  });

  it('says 503 when the database does not take it, and hints at nothing', async () => {
    const { deliver, hints, counted } = await start({
      put: () => Promise.reject(new Error('no database')),
      pending: async () => [],
      done: async () => undefined,
    });
    expect((await deliver('post_created', { post: POST })).status).toBe(503);
    expect(hints).toEqual([]);
    expect(counted).toEqual(['down']);
  });

  it('takes at most 1 MB, and only POST, and only its own path', async () => {
    const { deliver, counted } = await start();
    const large = { post: { ...POST, raw: 'x'.repeat(1024 * 1024) } };
    expect((await deliver('post_created', large)).status).toBe(413);
    expect((await deliver('post_created', { post: POST }, { method: 'PUT' })).status).toBe(405);
    expect((await deliver('post_created', { post: POST }, { path: '/other' })).status).toBe(404);
    expect(counted).toEqual(['too-large', 'wrong-method']);
  });

  it('reads nothing of what does not even look signed', async () => {
    const { port, counted } = await start();
    const socket = connect(port, '127.0.0.1');
    closing.push(() => socket.destroy());
    socket.write('POST /discourse/webhook HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n{');
    const text = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
    expect(text).toContain('401');
    expect(counted).toEqual(['bad-signature']);
  });

  it('wants a secret', () => {
    const deps = {
      instance: INSTANCE,
      category: 24,
      self: () => 5,
      hinted: () => undefined,
      count: () => undefined,
    };
    const inbox = createInbox(database, () => new Date());
    expect(() => createWebhook({ ...deps, secret: '', inbox, log: keepLog() })).toThrow(/needs a secret/u);
  });
});
