import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { SandboxForum } from '../../sandbox/discourse/forum.ts';
import { ASKS, asked, start } from './forum-rig.ts';

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
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
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
