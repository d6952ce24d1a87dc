import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWebhook } from '../../src/discourse/webhook.ts';
import type { Database } from '../../src/store/database.ts';
import { createInbox } from '../../src/store/inbox.ts';
import { createNotes } from '../../src/store/notes.ts';
import { emptied, itemsIn, openMemory, type Rig, rawsIn, startRig, watchOf } from './rig.ts';

const KEY =
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----';
const say = (what: string) => `${what}, and some more words so that it is long enough.`;

let database: Database;
const closing: (() => unknown)[] = [];
beforeAll(async () => {
  database = await openMemory();
});
beforeEach(() => emptied(database));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => database.close());

async function start(options: Parameters<typeof startRig>[0] = {}, more: Parameters<typeof watchOf>[2] = {}) {
  const rig = await startRig(options);
  closing.push(() => rig.close());
  const made = again(rig, more);
  return { ...rig, ...made, rig };
}

/** A new watch over the same stores, as after a restart. */
function again(rig: Rig, more: Parameters<typeof watchOf>[2] = {}) {
  const made = watchOf(rig, database, more);
  closing.push(() => made.watch.stop());
  return made;
}

const raws = () => rawsIn(database);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 8_000;
  while (!(await so())) {
    if (Date.now() > end) throw new Error('not in time');
    await pause(10);
  }
}

describe('the watch', () => {
  it('leaves alone what is older than its very first start', async () => {
    const { watch, sandbox, woken } = await start({ seedTopics: 40 });
    const { topic } = await sandbox.as('maria').topic('Asked before the first start', say('Old'));
    await watch.tick();
    await watch.tick();
    expect(await raws()).toEqual([]);
    expect(woken()).toBe(0);
    await sandbox.as('carl').reply(topic, say('New'));
    await watch.tick();
    expect(await raws()).toEqual([say('New')]);
    expect(woken()).toBe(1);
  });

  it('brings a new topic and its replies as they are, in their order', async () => {
    const { watch, sandbox, heard } = await start();
    await watch.tick();
    const { topic, post } = await sandbox.as('maria').topic('Certificates for a new packager', say('First'));
    const reply = await sandbox.as('carl').reply(topic, say('Second'), { viaEmail: true });
    await watch.tick();
    const [first, second] = await itemsIn(database);
    expect(first?.id).toMatch(new RegExp(`^discourse:post:${post}:1:[0-9a-f]{12}$`, 'u'));
    expect(first?.item).toMatchObject({
      kind: 'post',
      id: post,
      topic,
      number: 1,
      userId: 101,
      username: 'maria',
      title: 'Certificates for a new packager',
      raw: say('First'),
      burnt: false,
      viaEmail: false,
    });
    expect(second?.item).toMatchObject({ kind: 'post', id: reply, number: 2, title: null, viaEmail: true });
    expect(heard).toEqual([`${topic}:1`, `${topic}:2`]);
  });

  it('makes one request a poll while there is nothing new, and none is seen twice', async () => {
    const { watch, sandbox, asked, heard } = await start({ seedTopics: 100 });
    await watch.tick();
    for (let n = 0; n < 3; n++) {
      const { topic } = await sandbox.as('maria').topic(`A question, number ${n}`, say(`Question ${n}`));
      await sandbox.as('carl').reply(topic, say(`Answer ${n}`));
    }
    await watch.tick();
    asked();
    await watch.tick();
    await watch.tick();
    expect(asked()).toEqual(Array(2).fill('GET /c/development/infra/24/l/latest.json?order=activity'));
    expect(heard).toHaveLength(6);
  });

  it('leaves out its own posts, what the forum writes itself, and other categories, but counts its own', async () => {
    const { watch, sandbox, forum, heard } = await start();
    await watch.tick();
    const { topic } = await sandbox.as('maria').topic('Certificates for a new packager', say('First'));
    await sandbox.as('maria').topic('A question for the support', say('Elsewhere'), 7);
    await sandbox.as('maria').message('carl', 'A message', say('Private'));
    await forum.reply({ topic, replyTo: null }, say('Ours'), 'answer');
    sandbox.setTopic(topic, { closed: true });
    await watch.tick();
    expect(await raws()).toEqual([say('First')]);
    expect(heard).toEqual([`${topic}:1`, `${topic}:2 ours`, `${topic}:3`]);
  });

  it('goes on after a restart where it was', async () => {
    const { watch, sandbox, rig } = await start();
    await watch.tick();
    const { topic } = await sandbox.as('maria').topic('Certificates for a new packager', say('First'));
    await watch.tick();
    await watch.stop();
    await sandbox.as('carl').reply(topic, say('Second'));
    const { heard, watch: second } = again(rig);
    await second.tick();
    expect(await raws()).toEqual([say('First'), say('Second')]);
    expect(heard).toEqual([`${topic}:2`]);
  });

  it('finds new posts below pinned topics, and in a topic that is older than everything it knows', async () => {
    const { watch, sandbox } = await start({ seedTopics: 200 });
    const [, old] = sandbox.topics(24);
    await watch.tick();
    for (const topic of sandbox.topics(24).slice(5, 15)) sandbox.setTopic(topic.id, { pinned: true });
    for (let n = 0; n < 50; n++) await sandbox.as('carl').reply(old?.id ?? 0, say(`Reply ${n}`));
    await watch.tick();
    expect(await raws()).toEqual(Array.from({ length: 50 }, (_, n) => say(`Reply ${n}`)));
  });

  it('brings a post of 32,000 characters, and one with what no database takes', async () => {
    const { watch, sandbox } = await start();
    await watch.tick();
    const { topic } = await sandbox.as('maria').topic('A very long question', 'long words '.repeat(2909));
    await sandbox.as('maria').reply(topic, say('With \u0000 and \ud800 in it'));
    await watch.tick();
    const [long, odd] = await raws();
    expect(long).toHaveLength(31_998);
    expect(odd).toBe(say('With \ufffd and \ufffd in it'));
  });

  it('never stores a private key, be it in the text or in the title', async () => {
    const { watch, sandbox } = await start();
    await watch.tick();
    const { topic } = await sandbox.as('maria').topic('Here is my private key', say(KEY));
    await sandbox.as('carl').topic(KEY.replaceAll('\n', ' '), say('What is wrong with it'));
    await sandbox.as('carl').reply(topic, say('Never do that'));
    await watch.tick();
    const kept = new Map(
      (await itemsIn(database)).map(({ item }) => [
        item.kind === 'post' ? `${item.topic}:${item.number}` : '',
        item.kind === 'post' && { burnt: item.burnt, raw: item.raw, title: item.title },
      ]),
    );
    const burnt = { burnt: true, raw: '', title: null };
    expect(Object.fromEntries(kept)).toEqual({
      [`${topic}:1`]: burnt,
      [`${topic}:2`]: { burnt: false, raw: say('Never do that'), title: null },
      [`${topic + 1}:1`]: burnt,
    });
    const rows = await database.query(
      'select body as text from steward.inbox union all select value from steward.notes',
      [],
    );
    expect(JSON.stringify(rows)).not.toContain('BEGIN PRIVATE');
    expect(JSON.stringify(rows)).not.toContain('MC4CAQAw');
  });

  it('moves no cursor past what the database did not take', async () => {
    const inbox = createInbox(database, () => new Date());
    let refuse = true;
    const { watch, sandbox, log } = await start(
      {},
      {
        inbox: {
          ...inbox,
          put: (item) => (refuse ? Promise.reject(new Error('no database')) : inbox.put(item)),
        },
      },
    );
    await watch.tick();
    await sandbox.as('maria').topic('Certificates for a new packager', say('First'));
    await watch.tick();
    await watch.tick();
    expect(log.lines.filter((line) => line.includes('cannot be read'))).toHaveLength(1);
    refuse = false;
    await watch.tick();
    expect(await raws()).toEqual([say('First')]);
  });

  it('reads once more what it could not write down', async () => {
    const notes = createNotes(database);
    let refuse = false;
    const { watch, sandbox, rig } = await start(
      {},
      {
        notes: {
          ...notes,
          set: (key, value) => (refuse ? Promise.reject(new Error('no')) : notes.set(key, value)),
        },
      },
    );
    await watch.tick();
    await sandbox.as('maria').topic('Certificates for a new packager', say('First'));
    refuse = true;
    await watch.tick();
    await watch.stop();
    await again(rig).watch.tick();
    expect(await raws()).toEqual([say('First')]);
  });

  it('is quiet while the forum is down, and loses nothing', async () => {
    const { watch, sandbox, log } = await start();
    await watch.tick();
    for (const fault of [{ down: true as const }, { status: 502, html: true }, { status: 503 }]) {
      sandbox.misbehave({ ...fault, times: 10 });
      for (let n = 0; n < 5; n++) await watch.tick();
      await sandbox
        .as('maria')
        .topic(`Asked while there was ${JSON.stringify(fault)}`, say(JSON.stringify(fault)));
      for (let n = 0; n < 5; n++) await watch.tick();
    }
    await watch.tick();
    expect(await raws()).toHaveLength(3);
    expect(log.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    expect(log.lines.filter((line) => line.includes('can be read again'))).toHaveLength(1);
  });

  it('says what is wrong when the key may list, and not read', async () => {
    const { watch, sandbox, log } = await start({ scopes: ['topics:read_lists'] });
    await watch.tick();
    const { topic } = await sandbox.as('maria').topic('Certificates for a new packager', say('First'));
    await watch.tick();
    await watch.tick();
    expect(log.lines.join()).toContain(
      `topic ${topic} is listed and cannot be read: has the key the scope topics:read?`,
    );
  });

  it('looks by itself, and ends when it is told', async () => {
    const { watch, sandbox, asked } = await start({}, { pollMs: 60 });
    watch.start();
    await until(() => watch.lastRead() !== null);
    await sandbox.as('maria').topic('Certificates for a new packager', say('First'));
    await until(async () => (await raws()).length === 1);
    await watch.stop();
    asked();
    await pause(150);
    expect(asked()).toEqual([]);
  });
});

describe('catching up after a day away', () => {
  async function away(options: {
    topics: number;
    posts: number;
    others?: number;
    scopes?: readonly string[];
  }) {
    const { topics, posts, others = 0, scopes } = options;
    let at = Date.now() - 100 * 3_600_000;
    // All of it within a day.
    const now = () => (at += 1_000);
    const started = await start({ seedTopics: 400, now, ...(scopes ? { scopes } : {}) });
    const { watch, sandbox, rig, asked } = started;
    await watch.tick();
    await watch.stop();
    at += 8 * 3_600_000;
    // In old topics, and in new ones.
    const there = sandbox.topics(24).slice(1, 1 + Math.ceil(topics / 2));
    const ids = there.map(({ id }) => id);
    for (let n = ids.length; n < topics; n++) {
      const { topic } = await sandbox.as('maria').topic(`A new question, number ${n}`, say(`Asked ${n}`));
      ids.push(topic);
    }
    const asks = topics - there.length;
    for (let n = asks; n < posts; n++) {
      await sandbox.as('carl').reply(ids[n % ids.length] ?? 0, say(`Reply ${n}`));
      for (let m = 0; m < others; m++) {
        if (n === asks && m === 0) await sandbox.as('carl').topic('A question elsewhere', say('Other'), 7);
        else await sandbox.as('carl').reply(sandbox.topics(7)[0]?.id ?? 0, say(`Other ${n}.${m}`));
      }
    }
    asked();
    const second = again(rig);
    await second.watch.tick();
    const calls = asked();
    await second.watch.tick();
    expect(asked()).toHaveLength(1);
    expect([...(await raws())].toSorted()).toEqual(
      [
        ...Array.from({ length: asks }, (_, n) => say(`Asked ${n + there.length}`)),
        ...Array.from({ length: posts - asks }, (_, n) => say(`Reply ${n + asks}`)),
      ].toSorted(),
    );
    expect(second.heard).toHaveLength(posts);
    return calls;
  }

  it.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 2],
    [7, 1],
    [60, 2],
    [200, 1],
  ])('takes at most 15 requests for 200 new posts in %i topics', async (topics, others) => {
    const calls = await away({ topics, posts: 200, others });
    expect(calls.length).toBeLessThanOrEqual(15);
  });

  it('reads by topic where the rest of the forum is busier', async () => {
    const calls = await away({ topics: 4, posts: 40, others: 20 });
    expect(calls.length).toBeLessThanOrEqual(8);
  });

  it('reads by topic where the key may not read the list of all posts', async () => {
    const scopes = ['topics:read_lists:category_id=24', 'topics:read'];
    const calls = await away({ topics: 60, posts: 70, scopes });
    expect(calls.filter((call) => call.includes('/posts.json?before'))).toEqual([]);
  });

  it('goes on in the middle after the forum went away in the middle', async () => {
    const { watch, sandbox, rig, asked } = await start({ seedTopics: 5 });
    await watch.tick();
    await watch.stop();
    for (let n = 0; n < 200; n++)
      await sandbox.as('maria').topic(`A new question, number ${n}`, say(`Asked ${n}`));
    sandbox.misbehave({ on: '/posts.json\\?before=1[12]', status: 502 });
    const second = again(rig);
    await second.watch.tick();
    const some = (await raws()).length;
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(200);
    asked();
    await second.watch.tick();
    expect(asked().length).toBeLessThanOrEqual(8);
    expect((await raws()).toSorted()).toEqual(
      Array.from({ length: 200 }, (_, n) => say(`Asked ${n}`)).toSorted(),
    );
  });
});

describe('edits and deletions', () => {
  async function withRequest() {
    const open: { topic: number; posts: number[] }[] = [];
    const started = await start({}, { rereads: () => open });
    await started.watch.tick();
    const { topic, post } = await started.sandbox
      .as('maria')
      .topic('Certificates for a packager', say('First'));
    const reply = await started.sandbox.as('carl').reply(topic, say('Second'));
    await started.watch.tick();
    return { ...started, open, topic, post, reply };
  }

  it('sees an edit of the last post without webhooks', async () => {
    const { watch, sandbox, reply } = await withRequest();
    await sandbox.as('mod_mia').edit(reply, say('Second, corrected'));
    await watch.tick();
    expect(await raws()).toEqual([say('First'), say('Second'), say('Second, corrected')]);
    const [, before, after] = await itemsIn(database);
    expect(after?.item).toMatchObject({ kind: 'post', version: 2 });
    expect(after?.id).not.toBe(before?.id);
  });

  it('sees an edit of any post of an open request, also one that makes no new version', async () => {
    const { watch, sandbox, open, topic, post } = await withRequest();
    open.push({ topic, posts: [post] });
    await sandbox.as('maria').edit(post, say('First, a moment later'));
    await watch.tick();
    expect(await raws()).toEqual([say('First'), say('Second'), say('First, a moment later')]);
    await watch.tick();
    expect(await raws()).toHaveLength(3);
  });

  it('sees that a post of an open request is gone, and tells once', async () => {
    const { watch, sandbox, open, topic, reply } = await withRequest();
    open.push({ topic, posts: [reply] });
    await sandbox.as('mod_mia').deletePost(reply);
    await watch.tick();
    await watch.tick();
    expect((await itemsIn(database)).at(-1)).toEqual({
      id: `discourse:gone:${reply}`,
      item: { kind: 'gone', post: reply, topic },
    });
    expect(await raws()).toHaveLength(3);
  });

  it('sees that a topic is gone, with all the posts of open requests in it', async () => {
    const { watch, sandbox, open, topic, post, reply } = await withRequest();
    open.push({ topic, posts: [post, reply] });
    await sandbox.as('mod_mia').deleteTopic(topic);
    await watch.tick();
    expect((await raws()).slice(2)).toEqual([`gone ${post}`, `gone ${reply}`]);
  });

  it('takes nothing for gone because the key may not read any more', async () => {
    const { watch, sandbox, open, topic, post } = await withRequest();
    open.push({ topic, posts: [post] });
    sandbox.misbehave({ on: '^/t/', status: 403, times: 100 });
    for (let n = 0; n < 3; n++) await watch.tick();
    // Nor when the topic is not on the first page of the list.
    for (let n = 0; n < 31; n++)
      await sandbox.as('carl').topic(`Another question, number ${n}`, say(`Other ${n}`));
    for (let n = 0; n < 3; n++) await watch.tick();
    expect((await raws()).filter((raw) => raw.startsWith('gone'))).toEqual([]);
  });

  it('reads again at most twice a poll, each in its turn', async () => {
    const { watch, sandbox, open, asked } = await withRequest();
    for (let n = 0; n < 5; n++) {
      const { topic, post } = await sandbox
        .as('maria')
        .topic(`Another question, number ${n}`, say(`Other ${n}`));
      open.push({ topic, posts: [post] });
    }
    await watch.tick();
    asked();
    const seen = new Set<string>();
    for (let n = 0; n < 5; n++) {
      await watch.tick();
      const calls = asked();
      expect(calls).toHaveLength(3);
      for (const call of calls) seen.add(call);
    }
    expect(seen.size).toBe(11);
  });
});

describe('hints', () => {
  /** The watch behind the real webhook. */
  async function hooked(
    options: Parameters<typeof startRig>[0] = {},
    more: Parameters<typeof watchOf>[2] = {},
  ) {
    const started = await start(options, more);
    const { sandbox, watch, log } = started;
    const counted: string[] = [];
    const webhook = createWebhook({
      secret: sandbox.webhookSecret,
      instance: sandbox.url,
      category: sandbox.category.id,
      self: () => sandbox.bot.id,
      inbox: createInbox(database, () => new Date()),
      hinted: watch.hint,
      count: (what) => counted.push(what),
      log,
    });
    const server = createServer((req, res) => void webhook(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    await watch.tick();
    sandbox.setWebhook(`http://127.0.0.1:${port}/discourse/webhook`);
    started.asked();
    return { ...started, counted };
  }

  it('make it look at once', async () => {
    const { sandbox, asked } = await hooked();
    const began = performance.now();
    const { topic } = await sandbox.as('maria').topic('Certificates for a packager', say('First'));
    await until(async () => (await raws()).length === 1);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(asked()).toHaveLength(2);
    await sandbox.as('maria').reply(topic, say('Second'));
    await until(async () => (await raws()).length === 2);
    expect(asked()).toHaveLength(1);
  });

  it('fifty at once are a few calls, in one topic and in fifty', async () => {
    const { sandbox, asked, topic } = await hooked().then(async (started) => {
      const { topic } = await started.sandbox.as('maria').topic('Certificates for a packager', say('First'));
      await until(async () => (await raws()).length === 1);
      return { ...started, topic };
    });
    asked();
    for (let n = 0; n < 50; n++) await sandbox.as('carl').reply(topic, say(`Reply ${n}`));
    await until(async () => (await raws()).length === 51);
    await pause(100);
    expect(asked().length).toBeLessThanOrEqual(8);
    for (let n = 0; n < 50; n++)
      await sandbox.as('carl').topic(`A question, number ${n}`, say(`Question ${n}`));
    await until(async () => (await raws()).length === 101);
    await pause(100);
    expect(asked().length).toBeLessThanOrEqual(12);
  });

  it('are one with the poll, twice and out of order', async () => {
    const { sandbox, watch, counted, heard } = await hooked();
    sandbox.webhooks.twice(true);
    sandbox.webhooks.shuffle(true);
    const { topic, post } = await sandbox.as('maria').topic('Certificates for a packager', say('First'));
    await sandbox.as('carl').reply(topic, say('Second'));
    await sandbox.as('maria').edit(post, say('First, edited'));
    await watch.tick();
    await until(() => counted.length >= 8);
    await pause(150);
    await watch.tick();
    expect((await raws()).toSorted()).toEqual([say('First, edited'), say('Second')].toSorted());
    expect(heard).toEqual([`${topic}:1`, `${topic}:2`]);
    expect(counted).toContain('seen');
  });

  it('tell of edits and deletions of posts long read', async () => {
    const open: { topic: number; posts: number[] }[] = [];
    const { sandbox, watch, asked } = await hooked({}, { rereads: () => open });
    const { topic, post } = await sandbox.as('maria').topic('Certificates for a packager', say('First'));
    const reply = await sandbox.as('carl').reply(topic, say('Second'));
    for (let n = 0; n < 5; n++) await sandbox.as('carl').reply(topic, say(`Reply ${n}`));
    await watch.tick();
    await pause(200);
    asked();
    await sandbox.as('maria').edit(post, say('First, edited'));
    await until(async () => (await raws()).includes(say('First, edited')));
    expect(asked()).toHaveLength(1);
    await sandbox.as('mod_mia').deletePost(reply);
    await until(async () => (await raws()).includes(`gone ${reply}`));
    open.push({ topic, posts: [post] });
    await sandbox.as('mod_mia').deleteTopic(topic);
    await until(async () => (await raws()).includes(`gone ${post}`));
  });

  it('of private messages, other categories and our own posts cause no call', async () => {
    const { sandbox, asked, forum, counted } = await hooked();
    await sandbox.as('maria').message('carl', 'A message', say('Private'));
    const { topic } = await sandbox.as('maria').topic('A question for the support', say('Elsewhere'), 7);
    await forum.reply({ topic, replyTo: null }, say('Ours'), 'answer');
    await until(() => counted.length === 5);
    await pause(150);
    expect(asked()).toEqual(['POST /posts.json']);
    expect(counted).toEqual(Array(5).fill('nothing'));
  });

  it('that are false do no harm', async () => {
    const { watch, sandbox } = await start({ seedTopics: 3 });
    await watch.tick();
    const { topic } = await sandbox.as('maria').topic('A question for the support', say('Elsewhere'), 7);
    const { topic: ours, post } = await sandbox.as('maria').topic('A question for us', say('Ours'));
    await watch.tick();
    watch.hint(topic, { id: sandbox.posts(topic)[0]?.id ?? 0, number: 1, made: true });
    watch.hint(999, { id: 5, number: 4, made: true });
    watch.hint(ours, { id: post, number: 4_000_000_000, made: true });
    watch.hint(ours, { id: 4_000_000_000, number: 1, made: false });
    watch.hint(ours, null);
    await pause(200);
    await sandbox.as('carl').reply(ours, say('Second'));
    await watch.tick();
    expect((await raws()).filter((raw) => !raw.startsWith('gone'))).toEqual([say('Ours'), say('Second')]);
  });

  it('lost ones are found by the poll', async () => {
    const { sandbox, watch } = await hooked();
    sandbox.webhooks.drop(true);
    await sandbox.as('maria').topic('Certificates for a packager', say('First'));
    await pause(100);
    expect(await raws()).toEqual([]);
    await watch.tick();
    expect(await raws()).toEqual([say('First')]);
  });
});
