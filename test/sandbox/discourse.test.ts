import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ForumOptions, type SandboxForum, startForum } from '../../sandbox/discourse/forum.ts';

const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked into, not worked with
  readonly json: any;
}
type Send = (path: string, body?: unknown, method?: string, headers?: Record<string, string>) => Promise<Got>;

/** A forum, and a client of it that is the bot unless told. Its clock stands still until moved. */
async function start(options: ForumOptions = {}) {
  const clock = { ms: Date.parse('2026-03-02T09:00:00Z') };
  const forum = await startForum({ rateScale: Number.POSITIVE_INFINITY, now: () => clock.ms, ...options });
  closing.push(() => forum.close());
  const send: Send = async (path, body, method = body === undefined ? 'GET' : 'POST', headers) => {
    const answer = await fetch(forum.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(headers ?? { 'api-key': forum.apiKey, 'api-username': 'steward' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(2000),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null };
  };
  return { forum, send, clock };
}

const LIST = '/c/development/infra/24/l/latest.json';
const ASKS = 'I need a certificate for my packaging work, please.';
const asked = (forum: SandboxForum, title = 'Please give me a certificate') =>
  forum.as('maria').topic(title, ASKS);
const ids = (got: Got): number[] => got.json.latest_posts.map((post: { id: number }) => post.id);
const numbers = (got: Got): number[] =>
  got.json.post_stream.posts.map((post: { post_number: number }) => post.post_number);

describe('lists and topics', () => {
  it('lists thirty topics a page, pinned ones first, then by the last bump', async () => {
    const { forum, send, clock } = await start({ seedTopics: 65 });
    clock.ms += 1000;
    const { topic } = await asked(forum);
    const first = await send(LIST);
    const { topics, per_page, more_topics_url } = first.json.topic_list;
    expect(per_page).toBe(30);
    expect(topics).toHaveLength(30);
    expect(topics[0]).toMatchObject({ title: 'About the Infra SIG category', pinned: true });
    expect(topics[1]).toMatchObject({
      id: topic,
      title: 'Please give me a certificate',
      posts_count: 1,
      highest_post_number: 1,
      closed: false,
      archived: false,
      visible: true,
      category_id: 24,
      last_poster_username: 'maria',
      bumped_at: '2026-03-02T09:00:01.000Z',
    });
    expect(more_topics_url).toBe('/c/development/infra/24/l/latest?page=1');
    const last = await send('/c/development/infra/24.json?page=2');
    expect(last.json.topic_list.topics).toHaveLength(7);
    expect(last.json.topic_list.more_topics_url).toBeUndefined();
    expect((await send(`${LIST}?page=9`)).json.topic_list.topics).toEqual([]);
  });

  it('has ten thousand old topics within a second, and lists them fast', async () => {
    const before = performance.now();
    const { forum, send } = await start({ seedTopics: 10_000 });
    expect(performance.now() - before).toBeLessThan(1000);
    await asked(forum);
    await send(LIST);
    const asking = performance.now();
    for (const page of [0, 100, 300]) await send(`${LIST}?page=${page}`);
    expect(performance.now() - asking).toBeLessThan(500);
  });

  it('redirects from a wrong path of slugs, and knows no category without an id', async () => {
    const { forum, send } = await start();
    const moved = await send('/c/infra/24/l/latest.json?page=1');
    expect(moved.status).toBe(301);
    expect(moved.headers.get('location')).toBe(`${forum.url}${LIST}?page=1`);
    expect((await send('/c/nothing/99/l/latest.json', undefined, 'GET', {})).status).toBe(404);
    const { topic } = await asked(forum);
    expect((await send(`/t/other-words/${topic}.json`)).status).toBe(301);
    expect((await send(`/t/please-give-me-a-certificate/${topic}.json`)).status).toBe(200);
  });

  it('shows a topic with its first twenty posts and the ids of all, raw only when asked', async () => {
    const { forum, send } = await start();
    const { topic } = await asked(forum);
    for (let index = 0; index < 24; index += 1)
      await forum.as('maria').reply(topic, `This is what I had forgotten, number ${index}.`);
    const plain = await send(`/t/${topic}.json`);
    expect(plain.json).toMatchObject({
      id: topic,
      category_id: 24,
      archetype: 'regular',
      slow_mode_seconds: 0,
      details: { can_create_post: true },
    });
    expect(numbers(plain)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(plain.json.post_stream.stream).toHaveLength(25);
    expect(plain.json.post_stream.posts[0]).not.toHaveProperty('raw');
    const raw = await send(`/t/${topic}.json?include_raw=1`);
    expect(raw.json.post_stream.posts[0]).toMatchObject({
      raw: ASKS,
      cooked: `<p>${ASKS}</p>\n`,
      username: 'maria',
      post_type: 1,
      version: 1,
      yours: false,
      trust_level: 2,
      staff: false,
      reply_to_post_number: null,
    });
    const part = (query: string) => send(`/t/${topic}/posts.json?${query}`);
    expect(numbers(await part('post_number=20&asc=true&include_raw=true'))).toEqual([21, 22, 23, 24, 25]);
    expect(numbers(await part('post_number=3'))).toEqual([1, 2]);
    expect(numbers(await part('post_number=1&asc=true'))).toHaveLength(20);
    const [one, two] = plain.json.post_stream.stream;
    expect(numbers(await part(`post_ids[]=${one}&post_ids[]=${two}`))).toEqual([1, 2]);
  });

  it('answers in its own time, with a page for a browser', async () => {
    const { send, clock } = await start();
    clock.ms += 3_600_000;
    const answer = await send(LIST);
    expect(Date.parse(answer.headers.get('date') ?? '')).toBe(clock.ms);
    expect((await send(LIST.replace('.json', ''))).text).toContain('<!DOCTYPE html>');
  });
});

describe('the list of newest posts', () => {
  it('is a window of fifty ids without what is private, deleted or said by the forum itself', async () => {
    const { forum, send } = await start();
    const { topic, post } = await asked(forum);
    const gone = await forum.as('adam').reply(topic, 'I will remove this answer again soon.');
    await forum.as('root_admin').deletePost(gone);
    await forum.as('maria').message('steward', 'Only for you', 'My certificate request is in here.');
    await forum.as('root_admin').topic('Something among the staff', 'Nobody else should read this.', 3);
    forum.setTopic(topic, { closed: true });
    const newest = await send('/posts.json');
    expect(ids(newest)).toEqual([post, 1001]);
    expect(newest.json.latest_posts[0]).toMatchObject({ raw: ASKS, category_id: 24, topic_id: topic });
    expect(ids(await send(`/posts.json?before=${post}`))).toEqual([post, 1001]);
    for (let index = 0; index < 60; index += 1)
      await forum.as('maria').message('adam', 'Only for you', `My secret number ${index} is in here.`);
    // Nothing to be seen in the newest fifty, and yet it is not the end.
    expect(ids(await send('/posts.json'))).toEqual([]);
    expect(ids(await send(`/posts.json?before=${post + 49}`))).toEqual([post]);
    expect(ids(await send(`/posts.json?before=${post + 50}`))).toEqual([]);
  });

  it('pages by rows, below the id, as the newest servers do', async () => {
    const { forum, send } = await start({ postList: 'rows', seedTopics: 60 });
    const { post } = await asked(forum);
    for (let index = 0; index < 60; index += 1)
      await forum.as('maria').message('adam', 'Only for you', `My secret number ${index} is in here.`);
    expect(ids(await send('/posts.json'))).toHaveLength(50);
    expect(ids(await send(`/posts.json?before=${post}`))[0]).toBe(post - 1);
  });
});

describe('keys', () => {
  it('counts in headers only: in the query it is nobody', async () => {
    const { forum, send } = await start();
    const { topic } = await asked(forum);
    const query = `api_key=${forum.apiKey}&api_username=steward`;
    expect((await send(`/t/${topic}.json?${query}`, undefined, 'GET', {})).status).toBe(200);
    const written = await send(`/posts.json?${query}`, { topic_id: topic, raw: ASKS }, 'POST', {});
    expect(written.status).toBe(403);
    expect(forum.callLog().map((call) => call.authenticated)).toEqual([false, false]);
  });

  it('is refused when it is wrong, or with another name than its owner', async () => {
    const { forum, send } = await start();
    const wrong = await send(LIST, undefined, 'GET', { 'api-key': 'x', 'api-username': 'steward' });
    expect(wrong).toMatchObject({ status: 403, json: { error_type: 'invalid_access' } });
    const other = { 'api-key': forum.apiKey, 'api-username': 'root_admin' };
    expect((await send(LIST, undefined, 'GET', other)).status).toBe(403);
    forum.rename('steward', 'koji-steward');
    expect((await send(LIST)).status).toBe(403);
    expect((await send(LIST, undefined, 'GET', { ...other, 'api-username': 'Koji-Steward' })).status).toBe(
      200,
    );
  });

  it('opens exactly its scopes', async () => {
    const { forum, send } = await start();
    const { topic, post } = await asked(forum);
    const no = async (path: string) => expect((await send(path)).status, path).toBe(403);
    for (const path of [
      '/latest.json',
      '/c/support/7/l/latest.json',
      `/posts/${post}.json`,
      `/raw/${topic}/1`,
    ])
      await no(path);
    for (const path of [
      '/groups/koji-admins.json',
      '/groups/koji-admins/members.json',
      '/site/basic-info.json',
    ])
      await no(path);
    for (const path of [LIST, `/t/${topic}.json`, '/posts.json', '/u/maria.json'])
      expect((await send(path)).status, path).toBe(200);
    const scopes = (await send('/session/scopes.json')).json.scopes;
    expect(scopes.map((one: { resource: string; key: string }) => `${one.resource}:${one.key}`)).toEqual([
      'topics:read_lists',
      'topics:read',
      'topics:write',
      'posts:edit',
      'posts:list',
      'users:show',
    ]);
    expect(scopes[0]).toMatchObject({ action: 'read lists', allowed_parameters: { category_id: ['24'] } });
  });

  it('without write scope reads only, without any scope does everything', async () => {
    const reader = await start({ scopes: ['topics:read'] });
    const { topic } = await asked(reader.forum);
    expect((await reader.send('/posts.json', { topic_id: topic, raw: ASKS })).status).toBe(403);
    expect((await reader.send(LIST)).status).toBe(403);
    const all = await start({ scopes: [] });
    expect((await all.send('/latest.json')).status).toBe(200);
    expect((await all.send('/groups/koji-admins/members.json')).json.meta.total).toBe(2);
  });
});

describe('people and groups', () => {
  it('finds people by any case, with the groups that the bot may see, and by their present name only', async () => {
    const { forum, send } = await start();
    forum.makeGroup('hidden', ['bea'], { public: false });
    const bea = (await send('/u/BEA.json')).json.user;
    expect(bea).toMatchObject({ id: 103, username: 'bea', trust_level: 3, admin: false, moderator: false });
    const groups = z.array(z.looseObject({ name: z.string(), automatic: z.boolean() })).parse(bea.groups);
    expect(groups.filter((one) => !one.automatic).map((one) => one.name)).toEqual(['koji-admins']);
    expect((await send('/u/nobody.json')).json).toMatchObject({ error_type: 'not_found' });
    forum.rename('bea', 'beatrice');
    expect((await send('/u/bea.json')).status).toBe(404);
    expect((await send('/u/beatrice.json')).json.user.id).toBe(103);
  });

  it('shows public groups to everybody, others to nobody', async () => {
    const { send } = await start();
    const anybody = (path: string) => send(path, undefined, 'GET', {});
    expect((await anybody('/groups/koji-admins.json')).json.group).toMatchObject({ name: 'koji-admins' });
    expect((await anybody('/groups/security.json')).status).toBe(404);
    expect((await anybody('/groups/nothing.json')).status).toBe(404);
  });
});

describe('posting', () => {
  it('gives the post, and the same post again for the same words within two minutes', async () => {
    const { forum, send, clock } = await start();
    const { topic } = await asked(forum);
    const reply = { topic_id: topic, raw: 'The plan has three steps, as follows.', reply_to_post_number: 1 };
    const first = await send('/posts.json', reply);
    expect(first).toMatchObject({
      status: 200,
      json: {
        topic_id: topic,
        post_number: 2,
        version: 1,
        username: 'steward',
        yours: true,
        reply_to_post_number: 1,
      },
    });
    clock.ms += 119_000;
    expect((await send('/posts.json', reply)).json.id).toBe(first.json.id);
    expect(forum.posts(topic)).toHaveLength(2);
    clock.ms += 2_000;
    expect((await send('/posts.json', reply)).json.errors).toEqual([
      'Body is too similar to what you recently posted',
    ]);
    clock.ms += 300_000;
    expect((await send('/posts.json', reply)).json.post_number).toBe(3);
  });

  it('remembers a failure as well', async () => {
    const { forum, send, clock } = await start();
    const { topic } = await asked(forum);
    forum.setTopic(topic, { closed: true });
    const reply = { topic_id: topic, raw: 'The plan has three steps, as follows.' };
    expect(await send('/posts.json', reply)).toMatchObject({ status: 422, json: { action: 'create_post' } });
    forum.setTopic(topic, { closed: false });
    expect((await send('/posts.json', reply)).status).toBe(422);
    clock.ms += 120_000;
    expect((await send('/posts.json', reply)).status).toBe(200);
  });

  it('refuses what is too short, too long, or no sentence; comments do not count', async () => {
    const { forum, send } = await start();
    const { topic } = await asked(forum);
    const errors = async (body: object) => (await send('/posts.json', body)).json.errors;
    expect(await errors({ topic_id: topic, raw: 'Too short.' })).toEqual([
      'Body is too short (minimum is 20 characters)',
    ]);
    expect(await errors({ topic_id: topic, raw: 'Too short. <!-- steward:r42 and more -->' })).toHaveLength(
      1,
    );
    expect(await errors({ topic_id: topic, raw: 'Many words. '.repeat(2667) })).toEqual([
      'Body is limited to 32000 characters; you entered 32003.',
    ]);
    expect(await errors({ topic_id: topic, raw: 'ha'.repeat(20) })).toHaveLength(1);
    expect(await errors({ title: 'Too short', category: 24, raw: ASKS })).toEqual([
      'Title is too short (minimum is 15 characters)',
    ]);
    expect(
      await errors({ topic_id: topic, raw: Array.from({ length: 11 }, (_, n) => `@someone${n}`).join(' ') }),
    ).toHaveLength(1);
    await expect(forum.as('maria').reply(topic, 'approve r42')).rejects.toThrow('too short');
  });

  it('allows three replies in a row, unless it moderates the category or the topic is its own', async () => {
    const { forum, send } = await start({ botIsCategoryModerator: false });
    const { topic } = await asked(forum);
    const four = async (by: Send, to: number) => {
      const codes: number[] = [];
      for (let index = 0; index < 4; index += 1) {
        const raw = `Step ${index} of the plan in ${to} is done.`;
        codes.push((await by('/posts.json', { topic_id: to, raw })).status);
      }
      return codes;
    };
    expect(await four(send, topic)).toEqual([200, 200, 200, 422]);
    await forum.as('adam').reply(topic, 'Somebody else says something.');
    const next = await send('/posts.json', { topic_id: topic, raw: 'And so the bot may speak again.' });
    expect(next.status).toBe(200);
    const own = await send('/posts.json', { title: 'A topic of its own', category: 24, raw: ASKS });
    expect(await four(send, own.json.topic_id)).toEqual([200, 200, 200, 200]);
    const moderator = await start();
    expect(await four(moderator.send, (await asked(moderator.forum)).topic)).toEqual([200, 200, 200, 200]);
  });

  it('holds posts for approval without an error', async () => {
    const { forum, send } = await start();
    const { topic } = await asked(forum);
    forum.misbehave({ enqueue: true });
    const held = await send('/posts.json', { topic_id: topic, raw: 'This waits for a moderator first.' });
    expect(held).toMatchObject({
      status: 200,
      json: { action: 'enqueued', success: true, pending_post: { topic_id: topic } },
    });
    expect(held.json.id).toBeUndefined();
    expect(forum.posts(topic)).toHaveLength(1);
    forum.approveQueued();
    expect(forum.posts(topic).at(-1)).toMatchObject({ raw: 'This waits for a moderator first.', userId: 50 });
  });

  it('keeps out of closed, archived and deleted topics, and slows down in slow mode', async () => {
    const { forum, send, clock } = await start();
    const say = async (topic: number, raw: string) => send('/posts.json', { topic_id: topic, raw });
    const { topic } = await asked(forum);
    forum.setTopic(topic, { slowModeSeconds: 600 });
    expect((await say(topic, 'The first one is said at once.')).status).toBe(200);
    clock.ms += 5000;
    const slow = await say(topic, 'The second one has to wait.');
    expect(slow).toMatchObject({ status: 422, json: { action: 'create_post' } });
    expect(slow.json.errors[0]).toContain('595 seconds');
    forum.setTopic(topic, { slowModeSeconds: 0, archived: true });
    expect((await say(topic, 'This is not the time to speak.')).status).toBe(422);
    expect((await send(`/t/${topic}.json`)).json).toMatchObject({ archived: true });
    expect((await send(`/t/${topic}.json`)).json.details.can_create_post).toBeUndefined();
    await forum.as('root_admin').deleteTopic(topic);
    const gone = await send(`/t/${topic}.json`);
    expect(gone).toMatchObject({ status: 404, json: { error_type: 'not_found' } });
    expect(gone.json.extras.html.length).toBeGreaterThan(1000);
    expect((await say(topic, 'Nobody can ever read this answer.')).status).toBe(422);
    await expect(forum.as('maria').reply(topic, 'Nobody can ever read this.')).rejects.toThrow(
      'closed or deleted',
    );
  });

  it('closes a topic, with a post of its own that has no words', async () => {
    const { forum, send } = await start({ scopes: ['topics:status', 'topics:read'] });
    const { topic } = await asked(forum);
    const close = (enabled: unknown) => send(`/t/${topic}/status.json`, { status: 'closed', enabled }, 'PUT');
    expect((await close(true)).status).toBe(400);
    expect((await close('true')).json).toEqual({ success: 'OK', topic_status_update: null });
    const posts = (await send(`/t/${topic}/posts.json?post_number=1&asc=true&include_raw=1`)).json.post_stream
      .posts;
    expect(posts).toMatchObject([
      { post_type: 3, action_code: 'closed.enabled', raw: '', username: 'steward' },
    ]);
  });

  it('says when it was e-mailed', async () => {
    const { forum, send } = await start();
    const { topic } = await asked(forum);
    await forum.as('adam').reply(topic, 'Approved, says this very e-mail.', { viaEmail: true, replyTo: 1 });
    const { posts } = (await send(`/t/${topic}.json`)).json.post_stream;
    expect(posts[1]).toMatchObject({ via_email: true, reply_to_post_number: 1 });
    expect(posts[0]).not.toHaveProperty('via_email');
  });
});

describe('private messages', () => {
  const message = (to: string, raw = 'Your certificate is ready.') => ({
    title: 'Certificate',
    raw,
    archetype: 'private_message',
    target_recipients: to,
  });

  it('go to people, to a group of that name, and by mail to an address', async () => {
    const { forum, send } = await start();
    const one = await send('/posts.json', message('Maria'));
    expect(forum.messages('maria').map((topic) => topic.id)).toEqual([one.json.topic_id]);
    await send('/posts.json', message('koji-admins', 'Somebody asks for a decision.'));
    expect(forum.messages('bea')).toMatchObject([{ groups: ['koji-admins'], users: [50] }]);
    forum.makeGroup('maria', ['carl']);
    await send('/posts.json', message('maria', 'This is for one person only.'));
    expect(forum.messages('maria')).toHaveLength(1);
    expect(forum.messages('carl')).toHaveLength(1);
    await send('/posts.json', message('maria@example.org', 'This is on its way out of here.'));
    expect(forum.messages('steward').at(-1)).toMatchObject({ emails: ['maria@example.org'] });
    expect((await send('/posts.json', message('nobody', 'Is there anybody out there?'))).status).toBe(422);
    expect((await send('/posts.json', { ...message('', 'To nobody at all, it seems.') })).status).toBe(422);
    // Who is not in it does not see it.
    expect((await send(`/t/${one.json.topic_id}.json`, undefined, 'GET', {})).status).toBe(403);
    const alien = await forum.as('maria').message('adam', 'Only for you', 'The bot is not in here.');
    expect((await send(`/t/${alien}.json`)).status).toBe(403);
  });

  it('are at most twenty a day', async () => {
    const { send, clock } = await start({ rateScale: 1 });
    for (let index = 0; index < 20; index += 1) {
      clock.ms += 10_000;
      expect((await send('/posts.json', message('maria', `This is message number ${index}.`))).status).toBe(
        200,
      );
    }
    clock.ms += 10_000;
    expect((await send('/posts.json', message('maria', 'This is one too many.'))).status).toBe(429);
  });
});

describe('editing and deleting', () => {
  const edit = (send: Send, post: number, raw: string, rest: object = {}) =>
    send(`/posts/${post}.json`, { post: { raw, ...rest } }, 'PUT');

  it('edits a post, with a reason as a new version, and notices that somebody was faster', async () => {
    const { forum, send, clock } = await start();
    const { topic } = await asked(forum);
    const { id } = (await send('/posts.json', { topic_id: topic, raw: 'The plan has three steps.' })).json;
    clock.ms += 1000;
    const ninja = await edit(send, id, 'The plan has four steps, I see.');
    expect(ninja.json.post).toMatchObject({
      id,
      version: 1,
      edit_reason: null,
      updated_at: '2026-03-02T09:00:01.000Z',
    });
    const told = await edit(send, id, 'The plan has five steps, I see.', { edit_reason: 'approved' });
    expect(told.json.post).toMatchObject({ version: 2, edit_reason: 'approved' });
    await forum.as('root_admin').edit(id, 'The plan was changed by an admin.');
    const late = await edit(send, id, 'The plan is finished by now.', {
      original_text: 'The plan has five steps, I see.',
    });
    expect(late.status).toBe(409);
    expect((await edit(send, id, 'short')).json).toEqual({
      errors: ['Body is too short (minimum is 20 characters)'],
    });
    expect((await edit(send, 999_999, ASKS)).status).toBe(404);
  });

  it("keeps the version of an author's quick small edit, but never of another's or a late or a large one", async () => {
    const { forum, clock } = await start();
    const { topic, post } = await asked(forum);
    const now = () => forum.posts(topic)[0];
    const bumped = () => forum.topics().find((one) => one.id === topic)?.bumpedAt;
    const start0 = bumped();
    clock.ms += 60_000;
    await forum.as('maria').edit(post, `${ASKS} Thank you!`);
    expect(now()).toMatchObject({ version: 1, updatedAt: clock.ms });
    expect(bumped()).toBe(start0);
    await forum.as('root_admin').edit(post, `${ASKS} Thanks!`);
    expect(now()?.version).toBe(2);
    expect(bumped()).toBe(clock.ms);
    clock.ms += 301_000;
    await forum.as('maria').edit(post, `${ASKS} Many thanks!`);
    expect(now()?.version).toBe(3);
    await forum.as('maria').edit(post, `${ASKS} ${'And one more thing. '.repeat(30)}`);
    expect(now()?.version).toBe(4);
    await expect(forum.as('adam').edit(post, `${ASKS} Now!`)).rejects.toThrow('not permitted');
  });

  it('counts thirty edits a day that make a version', async () => {
    const { forum, send, clock } = await start({ rateScale: 1 });
    const { topic } = await asked(forum);
    const { id } = (await send('/posts.json', { topic_id: topic, raw: 'The plan has three steps.' })).json;
    for (let index = 0; index < 30; index += 1) {
      clock.ms += 10_000;
      const done = await edit(send, id, `The plan is at step ${index} now.`, {
        edit_reason: `step ${index}`,
      });
      expect(done.status).toBe(200);
    }
    expect((await edit(send, id, 'The plan is at its end now.', { edit_reason: 'end' })).status).toBe(429);
  });

  it('removes posts by staff; what an author takes back stays for a while', async () => {
    const { forum, send, clock } = await start();
    const { topic } = await asked(forum);
    clock.ms += 1000;
    const yes = await forum.as('adam').reply(topic, '@steward approve r42, I say.');
    const posts = async () => (await send(`/t/${topic}.json?include_raw=1`)).json.post_stream.posts;
    await forum.as('adam').deletePost(yes);
    expect((await posts())[1]).toMatchObject({
      raw: '(post deleted by author)',
      user_deleted: true,
      version: 2,
    });
    await forum.as('adam').recoverPost(yes);
    expect((await posts())[1]).toMatchObject({ raw: '@steward approve r42, I say.', user_deleted: false });
    clock.ms += 1000;
    await forum.as('root_admin').deletePost(yes);
    expect(await posts()).toHaveLength(1);
    expect(forum.posts(topic).at(-1)).toMatchObject({ id: yes, deleted: true });
    // The list goes back in time, and the number is not used again.
    const line = (await send(LIST)).json.topic_list.topics[1];
    expect(line).toMatchObject({ highest_post_number: 1, bumped_at: '2026-03-02T09:00:00.000Z' });
    await forum.as('adam').reply(topic, 'So I say nothing for now.');
    expect(numbers(await send(`/t/${topic}.json`))).toEqual([1, 3]);
  });
});

describe('limits', () => {
  it('answers sixty calls a minute to all keys together', async () => {
    const { send, clock } = await start({ rateScale: 1 });
    for (let index = 0; index < 60; index += 1) expect((await send('/u/maria.json')).status).toBe(200);
    clock.ms += 15_000;
    const no = await send('/u/maria.json');
    expect(no).toMatchObject({
      status: 429,
      json: { error_type: 'rate_limit', extras: { wait_seconds: 45, time_left: '45 seconds' } },
    });
    expect(no.headers.get('retry-after')).toBe('45');
    expect(no.headers.get('discourse-rate-limit-error-code')).toBe('admin_api_key_rate_limit');
    clock.ms += 45_000;
    expect((await send('/u/maria.json')).status).toBe(200);
  });

  it('allows a post each five seconds', async () => {
    const { forum, send, clock } = await start({ rateScale: 1 });
    const { topic } = await asked(forum);
    const say = (raw: string) => send('/posts.json', { topic_id: topic, raw });
    expect((await say('The first thing that is said here.')).status).toBe(200);
    clock.ms += 2000;
    expect(await say('The second thing that is said here.')).toMatchObject({
      status: 429,
      json: { extras: { wait_seconds: 3 } },
    });
    clock.ms += 3000;
    expect((await say('The second thing that is said here.')).status).toBe(200);
  });
});

describe('faults', () => {
  it('answers as the web server in front does, where and as often as told', async () => {
    const { forum, send } = await start();
    forum.misbehave({ status: 502, html: true, times: 2, on: /^\/u\// });
    const broken = await send('/u/maria.json');
    expect(broken).toMatchObject({ status: 502, json: null });
    expect(broken.text).toContain('<center>nginx</center>');
    expect((await send(LIST)).status).toBe(200);
    expect((await send('/u/maria.json')).status).toBe(502);
    expect((await send('/u/maria.json')).status).toBe(200);
    forum.misbehave({ status: 503 });
    expect((await send(LIST)).json).toMatchObject({ error_type: 'read_only' });
    forum.misbehave({ rateLimit: 7 });
    expect((await send(LIST)).headers.get('retry-after')).toBe('7');
    forum.misbehave({ status: 429, html: true, times: Number.POSITIVE_INFINITY });
    expect((await send(LIST)).json).toBeNull();
    forum.behave();
    expect((await send(LIST)).status).toBe(200);
  });

  it('does it and loses the answer, never answers, or is down', async () => {
    const { forum, send } = await start();
    const { topic } = await asked(forum);
    const reply = { topic_id: topic, raw: 'Nobody hears that this was said.' };
    forum.misbehave({ lostAnswer: true, method: 'POST' });
    await expect(send('/posts.json', reply)).rejects.toThrow();
    expect(forum.posts(topic)).toHaveLength(2);
    // Once more within two minutes is the same post.
    expect((await send('/posts.json', reply)).json.id).toBe(forum.posts(topic)[1]?.id);
    forum.misbehave({ down: true });
    await expect(send(LIST)).rejects.toThrow();
    forum.misbehave({ hang: true });
    const hanging = fetch(forum.url, { signal: AbortSignal.timeout(150) });
    await expect(hanging).rejects.toThrow('timeout');
    expect((await send(LIST)).status).toBe(200);
  });

  it('silences the bot', async () => {
    const { forum, send } = await start();
    const { topic } = await asked(forum);
    forum.misbehave({ silenced: true });
    expect((await send(LIST)).status).toBe(200);
    const no = await send('/posts.json', { topic_id: topic, raw: 'May I say something, please?' });
    expect(no).toMatchObject({ status: 403, json: { error_type: 'invalid_access' } });
  });
});

describe('webhooks', () => {
  interface Taken {
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: string;
  }
  /** A receiver that answers with these statuses, then with 200. */
  async function receive(forum: SandboxForum, statuses: number[] = [], options = {}) {
    const taken: Taken[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      taken.push({ headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200).end('taken');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = z.object({ port: z.number() }).parse(server.address());
    forum.setWebhook(`http://127.0.0.1:${port}/forum`, options);
    return taken;
  }
  const events = (forum: SandboxForum) => forum.webhooks.sent().map((one) => one.event);
  const settled = (forum: SandboxForum, count: number) =>
    forum.waitFor(() => forum.webhooks.sent().length >= count);

  it('are signed over their bytes and carry the post with its words', async () => {
    const { forum } = await start();
    const taken = await receive(forum);
    const { topic, post } = await asked(forum);
    await settled(forum, 2);
    expect(events(forum).sort()).toEqual(['post_created', 'topic_created']);
    const hook = taken.find((one) => one.headers['x-discourse-event'] === 'post_created');
    const signature = createHmac('sha256', forum.webhookSecret)
      .update(hook?.body ?? '')
      .digest('hex');
    expect(hook?.headers).toMatchObject({
      'x-discourse-instance': forum.url,
      'x-discourse-event-type': 'post',
      'x-discourse-event-signature': `sha256=${signature}`,
    });
    const { post: sent } = JSON.parse(hook?.body ?? '{}');
    expect(sent).toMatchObject({
      id: post,
      raw: ASKS,
      topic_id: topic,
      topic_title: 'Please give me a certificate',
      category_id: 24,
      category_slug: 'infra',
      topic_archetype: 'regular',
      topic_posts_count: 1,
    });
    for (const absent of ['yours', 'can_edit', 'actions_summary']) expect(sent).not.toHaveProperty(absent);
    const topicHook = taken.find((one) => one.headers['x-discourse-event'] === 'topic_created');
    expect(topicHook?.body).not.toContain('"raw"');
  });

  it('tell of edits, deletions and recoveries', async () => {
    const { forum } = await start();
    const { topic } = await asked(forum);
    await receive(forum);
    const post = await forum.as('adam').reply(topic, 'I say yes to all of this.');
    await forum.as('adam').edit(post, 'I say no to all of this now.');
    await forum.as('root_admin').deletePost(post);
    await forum.as('root_admin').recoverPost(post);
    await forum.as('root_admin').deleteTopic(topic);
    await settled(forum, 6);
    expect(events(forum).sort()).toEqual([
      'post_created',
      'post_destroyed',
      'post_destroyed',
      'post_edited',
      'post_recovered',
      'topic_destroyed',
    ]);
  });

  it('leak private messages without the category filter, and other categories', async () => {
    const { forum } = await start();
    const open = await receive(forum);
    await forum.as('maria').message('adam', 'Only for you', 'My private key is in here.');
    await settled(forum, 2);
    expect(open.some((one) => one.body.includes('My private key'))).toBe(true);
    const filtered = await receive(forum, [], { categoryOnly: true });
    await forum.as('maria').message('adam', 'Only for you', 'My other key is in here.');
    await forum.as('maria').topic('Somewhere else entirely', 'This is in another category.', 7);
    await asked(forum);
    await settled(forum, 4);
    expect(filtered.every((one) => one.body.includes('"category_id":24'))).toBe(true);
  });

  it('come again with a new id when that is turned on, by hand with the same id, and never after silence', async () => {
    const { forum } = await start();
    const { topic } = await asked(forum);
    const once = await receive(forum, [500]);
    await forum.as('adam').reply(topic, 'The first thing that happens.');
    await settled(forum, 1);
    const taken = await receive(forum, [500, 502], { retries: true, retryMs: [1, 1, 1, 1] });
    await forum.as('adam').reply(topic, 'The second thing that happens.');
    await settled(forum, 4);
    expect(once).toHaveLength(1);
    const again = taken.map((one) => one.headers['x-discourse-event-id']);
    expect(new Set(again).size).toBe(3);
    const [last] = forum.webhooks.sent().slice(-1);
    if (last === undefined) throw new Error('nothing was sent');
    expect(await forum.webhooks.again(last)).toMatchObject({ status: 200 });
    expect(taken.at(-1)).toMatchObject({
      body: last.body,
      headers: { 'x-discourse-event-id': last.eventId },
    });
    forum.setWebhook('http://127.0.0.1:9/', { retries: true, retryMs: [1] });
    await forum.as('adam').reply(topic, 'The third thing that happens.');
    await settled(forum, 5);
    expect(forum.webhooks.sent().slice(4)).toMatchObject([{ status: null }]);
  });

  it('come late, in another order, twice, never, or forged', async () => {
    const { forum } = await start();
    const { topic } = await asked(forum);
    const taken = await receive(forum);
    const say = (what: string) => forum.as('adam').reply(topic, `This is the ${what} thing that happens.`);
    forum.webhooks.hold(true);
    await say('first');
    forum.webhooks.hold(false);
    await settled(forum, 1);
    forum.webhooks.shuffle(true);
    await say('second');
    await say('third');
    await settled(forum, 3);
    const late = forum.webhooks
      .sent()
      .slice(1)
      .sort((a, b) => Number(a.eventId) - Number(b.eventId));
    expect(late.map((one) => /the (\w+) thing/.exec(one.body)?.[1])).toEqual(['third', 'second']);
    forum.webhooks.shuffle(false);
    forum.webhooks.drop(true);
    await say('fourth');
    forum.webhooks.drop(false);
    forum.webhooks.twice(true);
    await say('fifth');
    await settled(forum, 5);
    const [one, two] = forum.webhooks.sent().slice(3);
    expect(one?.body).toBe(two?.body);
    expect(one?.eventId).not.toBe(two?.eventId);
    expect(await forum.webhooks.raw({ body: '{}', signature: 'sha256=00' })).toEqual({
      status: 200,
      body: 'taken',
    });
    expect(taken.at(-1)?.headers['x-discourse-event-signature']).toBe('sha256=00');
    expect(taken.some((hook) => hook.body.includes('fourth'))).toBe(false);
  });
});

describe('a restart', () => {
  it('loses nothing that was said, nor what was answered', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'forum-'));
    closing.push(() => rmSync(directory, { recursive: true }));
    const statePath = join(directory, 'forum.jsonl');
    const first = await start({ statePath, seedTopics: 3 });
    const { topic, post } = await asked(first.forum);
    const reply = { topic_id: topic, raw: 'The plan has three steps, as follows.' };
    const said = await first.send('/posts.json', reply);
    first.forum.misbehave({ enqueue: true });
    await first.send('/posts.json', { topic_id: topic, raw: 'This waits for a moderator first.' });
    await first.forum.as('maria').edit(post, `${ASKS} Thank you!`);
    first.forum.rename('maria', 'mary');
    // Not closed: as after a kill.
    const second = await start({ statePath, seedTopics: 3 });
    expect(second.forum.apiKey).toBe(first.forum.apiKey);
    expect(second.forum.topics(24)).toHaveLength(5);
    expect(second.forum.posts(topic)).toEqual(first.forum.posts(topic));
    expect((await second.send('/posts.json', reply)).json.id).toBe(said.json.id);
    expect((await second.send('/u/mary.json')).status).toBe(200);
    second.forum.approveQueued();
    expect(second.forum.posts(topic)).toHaveLength(3);
    expect((await second.send(LIST)).json.topic_list.topics[1].id).toBe(topic);
  });
});
