import { afterEach, describe, expect, it } from 'vitest';
import { parseCategory } from '../../src/discourse/category.ts';
import { latestShape, pageShape, postsShape } from '../../src/discourse/post-shapes.ts';
import {
  accountShape,
  listShape,
  scopesShape,
  topicShape,
  writtenShape,
} from '../../src/discourse/shapes.ts';
import { type Rig, startRig } from './rig.ts';

const WORDS = 'Could somebody please look at what the build system is doing?';

const rigs: Rig[] = [];
async function start(options: Parameters<typeof startRig>[0] = {}): Promise<Rig> {
  const rig = await startRig(options);
  rigs.push(rig);
  return rig;
}
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

describe('the category', () => {
  it.each([
    'development/infra/24',
    '/c/development/infra/24',
    'c/development/infra/24/',
    'development/infra/24 ',
  ])('is read as people copy it: %s', (path) => {
    expect(parseCategory(path)).toEqual({ id: 24, slugs: ['development', 'infra'] });
  });

  it.each([
    '24',
    'infra',
    'infra/x',
    'infra/0',
    '../24',
    'a//24',
    'a/b/c/d/24',
    'https://forum.example.org/c/infra/24',
  ])('is refused with an example: %s', (path) => {
    expect(() => parseCategory(path)).toThrow(/like development\/infra\/24/u);
  });
});

describe('reading the forum', () => {
  it('lists the topics of a category below another, page by page', async () => {
    const { forum } = await start({ seedTopics: 70 });
    const pages = [];
    for (const page of [0, 1, 2]) {
      const seen = await forum.topics(page, 'look');
      if (seen.kind !== 'ok') throw new Error(seen.kind);
      pages.push(seen.value);
    }
    expect(pages.map(({ topics, more }) => [topics.length, more])).toEqual([
      [30, true],
      [30, true],
      [11, false],
    ]);
    const [pinned, ...rest] = pages[0]?.topics ?? [];
    expect(pinned?.pinned).toBe(true);
    expect(rest[0]).toMatchObject({ categoryId: 24, highest: 1, closed: false, archived: false });
    expect(rest.map(({ bumpedAt }) => bumpedAt.getTime())).toEqual(
      rest.map(({ bumpedAt }) => bumpedAt.getTime()).toSorted((a, b) => b - a),
    );
  });

  it('gives posts as they were written, from any number on', async () => {
    const { forum, sandbox } = await start();
    const maria = sandbox.as('maria');
    const { topic } = await maria.topic('A question about builders', WORDS);
    const mailed = await sandbox
      .as('carl')
      .reply(topic, `${WORDS} **Really**.`, { viaEmail: true, replyTo: 1 });
    for (let n = 3; n <= 45; n++) await maria.reply(topic, `${WORDS} This is number ${n}.`);
    const first = await forum.postsFrom(topic, 1, 'look');
    if (first.kind !== 'ok') throw new Error(first.kind);
    expect(first.value.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(first.value[1]).toMatchObject({
      id: mailed,
      topic,
      userId: 104,
      username: 'carl',
      name: 'Carl Osei',
      trustLevel: 2,
      raw: `${WORDS} **Really**.`,
      version: 1,
      viaEmail: true,
      isRegular: true,
      replyTo: 1,
    });
    const later = await forum.postsFrom(topic, 40, 'look');
    expect(later.kind === 'ok' && later.value.map(({ number }) => number)).toEqual([40, 41, 42, 43, 44, 45]);
  });

  it('gives the posts that are asked for, and none that was deleted or taken back', async () => {
    const { forum, sandbox } = await start();
    const { topic, post } = await sandbox.as('maria').topic('A question about builders', WORDS);
    const deleted = await sandbox.as('carl').reply(topic, `${WORDS} One.`);
    const takenBack = await sandbox.as('carl').reply(topic, `${WORDS} Two.`);
    await sandbox.as('mod_mia').deletePost(deleted);
    await sandbox.as('carl').deletePost(takenBack);
    const seen = await forum.postsById(topic, [post, deleted, takenBack], 'look');
    expect(seen.kind === 'ok' && seen.value.map(({ id }) => id)).toEqual([post]);
    const all = await forum.postsFrom(topic, 1, 'look');
    expect(all.kind === 'ok' && all.value.map(({ id }) => id)).toEqual([post]);
  });

  it('tells what the forum writes itself from what people write', async () => {
    const { forum, sandbox } = await start();
    const { topic } = await sandbox.as('maria').topic('A question about builders', WORDS);
    sandbox.setTopic(topic, { closed: true });
    const seen = await forum.postsFrom(topic, 1, 'look');
    expect(seen.kind === 'ok' && seen.value.map(({ isRegular }) => isRegular)).toEqual([true, false]);
  });

  it('says of a topic what can be done in it', async () => {
    const { forum, sandbox } = await start();
    const { topic } = await sandbox.as('maria').topic('A question about builders', WORDS);
    expect(await forum.topic(topic, 'look')).toEqual({
      kind: 'ok',
      value: {
        title: 'A question about builders',
        categoryId: 24,
        closed: false,
        archived: false,
        slowModeSeconds: 0,
        mayPost: true,
        highest: 1,
      },
    });
    sandbox.setTopic(topic, { closed: true, slowModeSeconds: 600 });
    expect(await forum.topic(topic, 'look')).toMatchObject({
      value: { closed: true, slowModeSeconds: 600, mayPost: false },
    });
    await sandbox.as('mod_mia').deleteTopic(topic);
    expect(await forum.topic(topic, 'look')).toEqual({ kind: 'gone' });
    expect(await forum.postsFrom(topic, 1, 'look')).toEqual({ kind: 'gone' });
    expect(await forum.postsById(topic, [1], 'look')).toEqual({ kind: 'gone' });
  });

  it('walks over the posts of the whole forum by windows of ids', async () => {
    const { forum, sandbox } = await start();
    const { topic } = await sandbox.as('maria').topic('A question about builders', WORDS);
    await sandbox.as('maria').topic('A question about something else', WORDS, 7);
    for (let n = 0; n < 60; n++) await sandbox.as('maria').message('carl', 'Not for others', `${WORDS} ${n}`);
    const last = await sandbox.as('carl').reply(topic, `${WORDS} The last.`);
    const newest = await forum.latest(null, 'look');
    expect(newest.kind === 'ok' && newest.value.map(({ id, categoryId }) => [id, categoryId])).toEqual([
      [last, 24],
    ]);
    const older = await forum.latest(last - 55, 'look');
    expect(older.kind === 'ok' && older.value.map(({ categoryId }) => categoryId)).toContain(7);
    expect(older.kind === 'ok' && older.value[0]?.raw).toBe(WORDS);
  });

  it('says that it may not walk when the key has no scope for it', async () => {
    const { forum } = await start({ scopes: ['topics:read_lists:category_id=24', 'topics:read'] });
    expect(await forum.latest(null, 'look')).toEqual({ kind: 'gone' });
    expect((await forum.topics(0, 'look')).kind).toBe('ok');
  });

  it('knows an account with its groups, by the name of now', async () => {
    const { forum, sandbox } = await start();
    sandbox.rename('maria', 'maria.rossi');
    expect(await forum.account('maria', 'look')).toEqual({ kind: 'gone' });
    expect(await forum.account('maria.rossi', 'look')).toMatchObject({
      value: { id: 101, username: 'maria.rossi', name: 'Maria Rossi', trustLevel: 2 },
    });
    const adam = await forum.account('adam', 'look');
    expect(adam.kind === 'ok' && adam.value.groups).toContain('koji-admins');
    expect(await forum.account('../admin', 'look')).toEqual({ kind: 'gone' });
  });

  it('asks without the key whether there is a group of a name', async () => {
    const { forum, sandbox } = await start();
    expect(await forum.isGroup('koji-admins', 'look')).toEqual({ kind: 'ok', value: true });
    expect(await forum.isGroup('maria', 'look')).toEqual({ kind: 'ok', value: false });
    expect(sandbox.callLog().every(({ authenticated }) => !authenticated)).toBe(true);
    sandbox.misbehave({ status: 403 });
    expect((await forum.isGroup('security', 'look')).kind).toBe('away');
  });

  it('knows what its key may do', async () => {
    const { forum } = await start();
    const seen = await forum.scopes();
    if (seen.kind !== 'ok') throw new Error(seen.kind);
    expect(seen.value.map(({ scope }) => scope)).toEqual(
      expect.arrayContaining([
        'topics:read_lists',
        'topics:read',
        'topics:write',
        'posts:edit',
        'users:show',
      ]),
    );
    expect(seen.value.find(({ scope }) => scope === 'topics:read_lists')?.params).toEqual({
      category_id: ['24'],
    });
  });

  it.each([
    [{ status: 502, html: true }],
    [{ status: 503 }],
    [{ status: 500 }],
    [{ down: true as const }],
    [{ hang: true as const }],
  ])('concludes nothing from %j', async (fault) => {
    const { forum, sandbox } = await start();
    sandbox.misbehave(fault);
    expect(await forum.topics(0, 'look')).toMatchObject({ kind: 'away' });
    expect((await forum.topics(0, 'look')).kind).toBe('ok');
  });

  it('waits out a 429 and asks again', async () => {
    const { forum, sandbox, asked } = await start();
    sandbox.misbehave({ rateLimit: 1 });
    expect((await forum.topics(0, 'look')).kind).toBe('ok');
    expect(asked()).toHaveLength(2);
  });
});

describe('writing to the forum', () => {
  const status = 'The status of request r42: it waits for a yes from an admin.';

  it('replies, edits with a reason, and writes to one person', async () => {
    const { forum, sandbox } = await start();
    const { topic } = await sandbox.as('maria').topic('A question about builders', WORDS);
    const written = await forum.reply({ topic, replyTo: 1 }, status, 'answer');
    if (written.kind !== 'ok') throw new Error(written.kind);
    expect(written).toMatchObject({ topic, number: 2 });
    const edited = await forum.edit(written.post, `${status} Done.`, 'it has ended', 'progress');
    expect(edited).toEqual(written);
    expect(sandbox.posts(topic)[1]).toMatchObject({
      raw: `${status} Done.`,
      editReason: 'it has ended',
      replyTo: 1,
    });
    expect(await forum.message('maria', 'Your certificate', status, 'answer')).toMatchObject({ kind: 'ok' });
    expect(sandbox.messages('maria').map(({ title }) => title)).toEqual(['Your certificate']);
  });

  it('writes to nobody who is not plainly one account', async () => {
    const { forum, asked } = await start();
    for (const name of ['maria@example.org', 'maria,carl', 'maria carl', '', '../x']) {
      expect(await forum.message(name, 'A title', status, 'answer')).toMatchObject({ why: 'invalid' });
    }
    expect(asked()).toEqual([]);
  });

  it('knows a post that is held for a moderator', async () => {
    const { forum, sandbox } = await start();
    const { topic } = await sandbox.as('maria').topic('A question about builders', WORDS);
    sandbox.misbehave({ enqueue: true });
    expect(await forum.reply({ topic, replyTo: null }, status, 'answer')).toEqual({ kind: 'held' });
  });

  it('tells one refusal from another', async () => {
    const { forum, sandbox } = await start({ botIsCategoryModerator: false });
    const { topic } = await sandbox.as('maria').topic('A question about builders', WORDS);
    const say = (n: number, to = topic) =>
      forum.reply({ topic: to, replyTo: null }, `${status} (${n})`, 'answer');
    expect(await say(1)).toMatchObject({ kind: 'ok' });
    expect(await forum.reply({ topic, replyTo: 1 }, `${status} (1)`, 'answer')).toMatchObject({
      why: 'similar',
    });
    await say(2);
    await say(3);
    expect(await say(4)).toMatchObject({ kind: 'refused', why: 'consecutive' });
    await sandbox.as('maria').reply(topic, 'Thank you, and now for something else.');
    sandbox.setTopic(topic, { slowModeSeconds: 600 });
    expect(await say(5)).toMatchObject({ kind: 'refused', why: 'slow' });
    sandbox.setTopic(topic, { slowModeSeconds: 0, closed: true });
    expect(await say(6)).toMatchObject({ kind: 'refused', why: 'closed' });
    expect(await forum.reply({ topic, replyTo: null }, 'short', 'answer')).toMatchObject({ kind: 'refused' });
    const open = await sandbox.as('maria').topic('Another question about builders', `${WORDS} Yes.`);
    expect(await forum.reply({ topic: open.topic, replyTo: null }, 'short', 'answer')).toMatchObject({
      why: 'invalid',
    });
    sandbox.misbehave({ silenced: true });
    expect(await say(7, open.topic)).toMatchObject({ kind: 'refused', why: 'forbidden' });
    expect(await forum.edit(999_999, status, '', 'progress')).toMatchObject({
      kind: 'refused',
      why: 'missing',
    });
  });

  it('says when somebody else edited meanwhile', async () => {
    const { forum, sandbox } = await start();
    sandbox.misbehave({ status: 409 });
    expect(await forum.edit(1001, status, '', 'progress')).toEqual({ kind: 'conflict' });
  });

  it.each([
    ['an answer that never came', { lostAnswer: true as const }],
    ['no answer', { hang: true as const }],
    ['an error', { status: 500 }],
    ['a page of the server in front', { status: 502, html: true }],
  ])('does not know, and does not repeat, after %s', async (_, fault) => {
    const { forum, sandbox, asked } = await start();
    const { topic } = await sandbox.as('maria').topic('A question about builders', WORDS);
    sandbox.misbehave({ ...fault, method: 'POST' });
    expect(await forum.reply({ topic, replyTo: null }, status, 'answer')).toMatchObject({ kind: 'lost' });
    expect(asked()).toHaveLength(1);
  });

  it('gives up a kind of writing of which the forum takes no more today', async () => {
    let at = Date.now();
    const { forum, sandbox } = await start({ rateScale: 1, now: () => at });
    for (let n = 0; n < 20; n++) {
      at += 10_000;
      expect(await forum.message('maria', `Number ${n}`, `${status} (${n})`, 'answer')).toMatchObject({
        kind: 'ok',
      });
    }
    at += 10_000;
    const refused = await forum.message('maria', 'One more', `${status} (one more)`, 'answer');
    expect(refused).toMatchObject({ kind: 'refused', why: 'slow' });
    expect(refused.kind === 'refused' && (refused.waitMs ?? 0) > 60_000).toBe(true);
    expect((await forum.topics(0, 'look')).kind).toBe('ok');
    expect(sandbox.messages('maria')).toHaveLength(20);
  });
});

describe('servers of other versions', () => {
  const at = '2021-03-04T05:06:07.000Z';
  const post = {
    id: 7,
    topic_id: 3,
    post_number: 2,
    user_id: 9,
    username: 'maria',
    raw: WORDS,
    created_at: at,
  };
  const streamed = (...posts: object[]) => postsShape.parse({ post_stream: { posts } });

  it('may leave out what they do not know, and tell more than we know', () => {
    expect(streamed({ ...post, reactions: [], wiki: false })).toEqual([
      {
        id: 7,
        topic: 3,
        number: 2,
        userId: 9,
        username: 'maria',
        name: '',
        trustLevel: null,
        raw: WORDS,
        version: 1,
        createdAt: new Date(at),
        updatedAt: new Date(at),
        viaEmail: false,
        isRegular: true,
        replyTo: null,
      },
    ]);
    const topic = { id: 3, title: 'T', slug: 't', category_id: 24, highest_post_number: 2, created_at: at };
    for (const tags of [['a'], [{ id: 1, name: 'a', slug: 'a' }], undefined]) {
      const read = listShape.parse({ topic_list: { topics: [{ ...topic, tags }], more_topics_url: null } });
      expect(read).toMatchObject({ more: false, topics: [{ id: 3, bumpedAt: new Date(at), pinned: false }] });
    }
  });

  it('show a moderator of the category what was deleted, which is gone all the same', () => {
    expect(
      streamed(post, { ...post, id: 8, deleted_at: at }, { ...post, id: 9, user_deleted: true }),
    ).toHaveLength(1);
    expect(latestShape.parse({ latest_posts: [{ ...post, deleted_at: at }] })).toEqual([]);
    expect(pageShape.parse({ post_stream: { posts: [] }, deleted_at: at }).deleted).toBe(true);
    expect(topicShape.parse({ title: 'T', highest_post_number: 1, deleted_at: at }).deleted).toBe(true);
  });

  it('of what is hidden hold no words, and keep nothing else from being read', () => {
    const { raw: _, ...hidden } = { ...post, id: 8, hidden: true };
    expect(streamed(post, hidden)).toMatchObject([{ isRegular: true }, { id: 8, isRegular: false, raw: '' }]);
    expect(streamed(post, { ...post, id: 9, created_at: 'yesterday' })).toHaveLength(1);
    expect(() => streamed({ ...post, created_at: 'yesterday' })).toThrow();
  });

  it('say in a topic by leaving it out that nobody may reply', () => {
    const read = topicShape.parse({ title: 'T', highest_post_number: 1, details: {} });
    expect(read.topic).toMatchObject({ mayPost: false, slowModeSeconds: 0, categoryId: null });
  });

  it('keep the author of a post whose account is gone, and a reply number as text', () => {
    expect(streamed({ ...post, user_id: null, username: null, reply_to_post_number: '1' })).toMatchObject([
      { userId: 0, username: '', replyTo: 1 },
    ]);
  });

  it('hide what somebody does not want to show of themselves', () => {
    expect(accountShape.parse({ user: { id: 9, username: 'maria', profile_hidden: true } })).toEqual({
      id: 9,
      username: 'maria',
      name: '',
      trustLevel: 0,
      groups: [],
    });
  });

  it('name scopes for people or for programs', () => {
    const scope = { resource: 'topics', allowed_parameters: { category_id: ['24'], topic_id: null } };
    const names = [
      { ...scope, action: 'read_lists' },
      { ...scope, action: 'read lists', key: 'read_lists' },
    ].map((one) => scopesShape.parse({ scopes: [one] })[0]);
    expect(names).toEqual(
      Array(2).fill({ scope: 'topics:read_lists', params: { category_id: ['24'], topic_id: [] } }),
    );
    expect(scopesShape.parse({ scopes: null })).toEqual([]);
  });

  it('answer a new post with it, or with what was done', () => {
    const place = { id: 7, topic_id: 3, post_number: 2 };
    expect(writtenShape.parse(place)).toEqual(place);
    expect(writtenShape.parse({ action: 'create_post', success: true, post: place })).toEqual(place);
    expect(writtenShape.parse({ action: 'enqueued', success: true })).toBe('held');
  });
});
