import { describe, expect, it } from 'vitest';
import { ASKS, asked, LIST, numbers, type Send, start } from './forum-rig.ts';

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
