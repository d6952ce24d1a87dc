import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ASKS, asked, type Got, LIST, numbers, start } from './forum-rig.ts';

const ids = (got: Got): number[] => got.json.latest_posts.map((post: { id: number }) => post.id);

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

  it('has ten thousand old topics, and lists them to the last', async () => {
    const { forum, send } = await start({ seedTopics: 10_000 });
    await asked(forum);
    for (const page of [0, 100, 300])
      expect((await send(`${LIST}?page=${page}`)).json.topic_list.topics.length).toBeGreaterThanOrEqual(30);
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

describe('a restart', () => {
  it('loses nothing that was said, nor what was answered', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'forum-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
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
