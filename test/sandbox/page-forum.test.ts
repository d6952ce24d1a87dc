import type { Page as Tab } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type SandboxForum, startForum } from '../../sandbox/discourse/forum.ts';
import { forumScreenOf } from '../../sandbox/page/forum-screen.ts';
import { type Page, startPage } from '../../sandbox/page/page.ts';
import { createReading } from '../../sandbox/page/reading.ts';
import { pastedPart } from '../../sandbox/page/template.ts';
import { type SandboxSlack, startSlack } from '../../sandbox/slack/slack.ts';
import { CHROMIUM, openTab } from '../support/browser.ts';

let slack: SandboxSlack;
let forum: SandboxForum;
let page: Page;

async function start(): Promise<void> {
  slack = await startSlack({ rateScale: Number.POSITIVE_INFINITY });
  forum = await startForum({ rateScale: Number.POSITIVE_INFINITY });
  page = await startPage({ slack, forum, extras: { template: '```\nask: builder capacity\nhost:\n```' } });
}

async function stop(): Promise<void> {
  await page.close();
  await Promise.all([slack.close(), forum.close()]);
}

const lineShape = z.object({
  id: z.number(),
  title: z.string(),
  isNew: z.boolean(),
  unread: z.number(),
  isRead: z.boolean(),
  replies: z.number(),
  closed: z.boolean(),
});
const topicShape = z.object({
  mayReply: z.boolean(),
  earlier: z.number(),
  offers: z.array(z.object({ line: z.string(), raw: z.string() })),
  posts: z.array(z.object({ id: z.number(), raw: z.string().nullable(), mayDelete: z.boolean() })),
});

/** What somebody's window shows of the forum. */
function screen(user: string, reading = createReading()) {
  const parts = forumScreenOf(forum, slack, user, reading);
  return {
    account: z.object({ account: z.number().nullable() }).parse(parts.forum).account,
    topics: z.array(lineShape).parse(parts['forum topics']),
    messages: z.array(lineShape).parse(parts['forum messages']),
    topic: (id: number) => topicShape.optional().parse(parts[`topic ${id}`]),
  };
}

async function order(as: string, what: Record<string, unknown>): Promise<{ status: number; body: string }> {
  const response = await fetch(`${page.url}do`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: page.url.replace(/\/$/, '') },
    body: JSON.stringify({ as, ...what }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, body: await response.text() };
}

const WORDS = 'Could somebody raise the capacity of builder2 please?';

describe('what somebody sees of the forum', () => {
  beforeEach(start);
  afterEach(stop);

  it('is the same topics for everybody, and the private messages of oneself only', async () => {
    const { topic } = await forum.as('maria').topic('More room on builder2 please', WORDS);
    const secret = await forum
      .as('steward')
      .message('maria', 'Your request r1', 'Only for your eyes, maria.');
    for (const user of ['U0MARIA', 'U0ADAM', 'U0GUEST'])
      expect(screen(user).topics.map((one) => one.id)).toContain(topic);
    expect(screen('U0MARIA').messages.map((one) => one.id)).toEqual([secret]);
    for (const user of ['U0ADAM', 'U0GUEST']) {
      expect(screen(user).messages).toEqual([]);
      expect(screen(user).topic(secret)).toBeUndefined();
      expect(JSON.stringify(forumScreenOf(forum, slack, user, createReading()))).not.toContain('your eyes');
    }
  });

  it('gives the account with the same name, and no account to who has none; never the bot’s', async () => {
    const { topic } = await forum.as('maria').topic('More room on builder2 please', WORDS);
    expect(screen('U0MARIA').account).toBe(101);
    expect(screen('U0GUEST').account).toBeNull();
    expect(screen('U0STEWARD').account).toBeNull();
    expect(screen('U0MARIA').topic(topic)).toMatchObject({ mayReply: true });
    expect(screen('U0GUEST').topic(topic)).toMatchObject({ mayReply: false, offers: [] });
  });

  it('lets people change their own posts only, and delete a first one only while it is alone', async () => {
    const { topic, post } = await forum.as('maria').topic('More room on builder2 please', WORDS);
    expect(screen('U0MARIA').topic(topic)?.posts).toEqual([{ id: post, raw: WORDS, mayDelete: true }]);
    const answer = await forum.as('adam').reply(topic, 'That can be done, I will look at it.');
    expect(screen('U0MARIA').topic(topic)?.posts).toEqual([
      { id: post, raw: WORDS, mayDelete: false },
      { id: answer, raw: null, mayDelete: false },
    ]);
    forum.setTopic(topic, { closed: true });
    expect(screen('U0ADAM').topic(topic)).toMatchObject({ mayReply: false });
    expect(screen('U0ADAM').topics.find((one) => one.id === topic)).toMatchObject({ closed: true });
  });

  it('marks what is new to them, until they have read it', async () => {
    const reading = createReading();
    const line = (user: string) => screen(user, reading).topics.find((one) => one.id === topic);
    const { topic } = await forum.as('maria').topic('More room on builder2 please', WORDS);
    expect(line('U0ADAM')).toMatchObject({ isNew: true, unread: 0 });
    // Nobody has to read their own words, and the topic of a year ago is no news.
    expect(line('U0MARIA')).toMatchObject({ isNew: false, unread: 0, isRead: true });
    expect(screen('U0ADAM').topics.filter((one) => one.isNew)).toHaveLength(1);
    reading.mark('U0ADAM', `topic ${topic}`, 1);
    expect(line('U0ADAM')).toMatchObject({ isNew: false, unread: 0, isRead: true });
    await forum.as('bea').reply(topic, 'I have seen the same on builder3.');
    expect(line('U0ADAM')).toMatchObject({ isNew: false, unread: 1, isRead: false });
    expect(line('U0MARIA')).toMatchObject({ unread: 1, replies: 1 });
  });

  it('offers approving to admins only, and only where the bot asks for it; never a post that is too short', async () => {
    const { topic } = await forum.as('maria').topic('More room on builder2 please', WORDS);
    const lines = (user: string) =>
      screen(user)
        .topic(topic)
        ?.offers.map((one) => one.line) ?? [];
    expect(lines('U0ADAM')).not.toContain('@steward show r1');
    expect(lines('U0ADAM').join()).not.toContain('approve');
    await forum.as('steward').reply(topic, 'Waits for a yes. Reply with `@steward approve r1` or not.');
    expect(lines('U0ADAM')).toEqual(expect.arrayContaining(['@steward approve r1', '@steward show r1']));
    expect(lines('U0MARIA')).toContain('@steward builder capacity builder2 8');
    expect(lines('U0MARIA').join()).not.toContain('approve');
    for (const { raw } of screen('U0ADAM').topic(topic)?.offers ?? [])
      expect([raw, raw.length >= 20]).toEqual([raw, true]);
  });

  it('has an end: the last 50 topics, and 200 posts of each', async () => {
    const { topic } = await forum.as('maria').topic('The longest topic of them all', WORDS);
    for (let index = 0; index < 210; index += 1)
      await forum.as('adam').reply(topic, `This is the answer number ${index}.`);
    const posts = screen('U0MARIA').topic(topic);
    expect(posts?.posts).toHaveLength(200);
    expect(posts?.earlier).toBe(11);
    for (let index = 0; index < 55; index += 1)
      await forum.as('carl').topic(`Another question, number ${index}`, WORDS);
    expect(screen('U0MARIA').topics).toHaveLength(50);
    expect(screen('U0MARIA').topic(topic)).toBeUndefined();
  });

  it('tells an open window when a topic is gone', async () => {
    const { topic } = await forum.as('maria').topic('More room on builder2 please', WORDS);
    const leaving = new AbortController();
    const response = await fetch(`${page.url}live?as=U0ADAM`, {
      signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(10_000)]),
    });
    let told = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const before = told;
      told += chunk;
      if (!before.includes(`"topic ${topic}"`) && told.includes(`"topic ${topic}"`))
        await forum.as('root_admin').deleteTopic(topic);
      if (told.includes(`{"part":"topic ${topic}","value":null}`)) break;
    }
    expect(told).toContain(WORDS);
    expect(told).toContain(`{"part":"topic ${topic}","value":null}`);
    leaving.abort();
  });
});

describe('what people do in the forum by the page', () => {
  beforeEach(start);
  afterEach(stop);

  it('is done with their own account', async () => {
    const opened = await order('U0MARIA', { what: 'open-topic', title: 'More room on builder2', raw: WORDS });
    const { topic } = z.object({ topic: z.number() }).parse(JSON.parse(opened.body));
    await order('U0ADAM', { what: 'post', topic, raw: 'That can be done, I will look.' });
    expect(forum.posts(topic).map((post) => post.userId)).toEqual([101, 102]);
    const answer = forum.posts(topic)[1]?.id ?? 0;
    await order('U0ADAM', { what: 'edit-post', post: answer, raw: 'That cannot be done, I am sorry.' });
    expect(forum.posts(topic)[1]?.raw).toBe('That cannot be done, I am sorry.');
    await order('U0ADAM', { what: 'delete-post', post: answer });
    expect(forum.posts(topic)[1]?.userDeleted).toBe(true);
  });

  it('is refused to who has no account, and where the forum says no, in its words', async () => {
    const { topic, post } = await forum.as('maria').topic('More room on builder2 please', WORDS);
    const secret = await forum
      .as('steward')
      .message('maria', 'Your request r1', 'Only for your eyes, maria.');
    const raw = 'These are words that are long enough.';
    const refused: readonly [string, Record<string, unknown>, RegExp][] = [
      ['U0GUEST', { what: 'open-topic', title: 'A question of a guest', raw }, /no account in the forum/],
      ['U0GUEST', { what: 'post', topic, raw }, /no account in the forum/],
      ['U0STRANGER', { what: 'edit-post', post, raw }, /no account in the forum/],
      ['U0STEWARD', { what: 'post', topic, raw }, /.+/],
      ['U0ADAM', { what: 'edit-post', post, raw }, /not permitted/],
      ['U0ADAM', { what: 'delete-post', post }, /not permitted/],
      ['U0ADAM', { what: 'post', topic: secret, raw }, /Something has gone wrong/],
      ['U0MARIA', { what: 'post', topic, raw: 'short' }, /too short \(minimum is 20/],
      ['U0MARIA', { what: 'post', topic: 'x', raw }, /cannot be understood/],
    ];
    for (const [as, what, words] of refused) {
      const answer = await order(as, what);
      expect([as, what, answer.status]).toEqual([as, what, 400]);
      expect(answer.body).toMatch(words);
    }
    forum.setTopic(topic, { closed: true });
    expect(await order('U0MARIA', { what: 'post', topic, raw })).toMatchObject({ status: 400 });
    expect(forum.posts(topic).filter((one) => one.action === null)).toHaveLength(1);
    expect(forum.posts(secret)).toHaveLength(1);
  });
});

it('offers of the template’s page what is to be pasted', () => {
  expect(pastedPart('# A page\n\nPaste this:\n\n````markdown\n```\nask: x\n```\n````\n\nThe end.')).toBe(
    '```\nask: x\n```',
  );
  expect(pastedPart('# A page\n\n---\n\n```\nask: x\n```\n')).toBe('```\nask: x\n```');
});

describe.skipIf(CHROMIUM === undefined)(
  'the forum on the demo page in Chromium (skipped where there is no chromium)',
  () => {
    let tab: Tab;
    let trouble: string[];
    let close: () => Promise<void>;

    beforeAll(async () => {
      await start();
      ({ tab, trouble, close } = await openTab(page.url, { width: 1320, height: 720 }));
    });
    afterAll(async () => {
      await close?.();
      await stop();
    });

    const pane = () => tab.locator('#forum');
    const become = async (name: string) => {
      await tab.getByRole('radio', { name }).click();
      await tab.locator(`.person.me[data-person=U0${name.toUpperCase()}]`).waitFor();
    };

    it('lets somebody open a topic, with the template if they like', async () => {
      await tab.getByRole('button', { name: 'Infra SIG' }).click();
      await tab.getByRole('button', { name: 'New topic' }).click();
      await tab.getByLabel('Title').fill('<b>More</b> room on builder2');
      await tab.getByRole('button', { name: 'Use the template' }).click();
      expect(await tab.getByLabel('What do you need?').inputValue()).toContain('ask: builder capacity');
      await tab.getByLabel('What do you need?').fill(HOSTILE);
      await tab.getByRole('button', { name: 'Create topic' }).click();
      await pane().getByRole('heading', { name: '<b>More</b> room on builder2' }).waitFor();
    });

    it('shows what people write as text, never as markup', async () => {
      const post = pane().locator('.post').first();
      await post.getByText('<img src=x onerror=alert(1)>').waitFor();
      expect(await post.locator('.post-body').locator('img, script, iframe, style').count()).toBe(0);
      expect(
        await post.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
      ).toEqual(['https://example.org/']);
      expect(await post.getByRole('cell', { name: '<i>4</i>' }).count()).toBe(1);
      expect(await post.locator('.mention').allTextContents()).toEqual(['@steward']);
    });

    it('draws check lists, diffs and folds, and an edited post keeps what was unfolded', async () => {
      const topic = forum.topics(forum.category.id).at(-1)?.id ?? 0;
      const answer = await forum.as('steward').reply(topic, BOT_POST);
      const post = pane().locator(`[data-post="${answer}"]`);
      await post.getByRole('img', { name: 'to do' }).waitFor();
      expect(await post.locator('.removed').textContent()).toBe('- capacity of builder2: 4');
      expect(await post.locator('.added').textContent()).toBe('+ capacity of builder2: 8');
      await post.getByText('The exact call').click();
      await post.getByText('editHost("builder2", capacity=8)').waitFor();
      await forum.as('steward').edit(answer, BOT_POST.replace('[ ]', '[x]'));
      await post.getByRole('img', { name: 'done' }).waitFor();
      expect(await post.getByText('editHost("builder2", capacity=8)').isVisible()).toBe(true);
    });

    it('keeps what somebody types in a reply while posts arrive, and posts it as them', async () => {
      await become('adam');
      const topic = forum.topics(forum.category.id).at(-1)?.id ?? 0;
      await tab.getByLabel('Reply to this topic').fill('I will look at it tomorrow.');
      await forum.as('bea').reply(topic, 'Somebody else was quicker here.');
      await pane().getByText('Somebody else was quicker here.').waitFor();
      expect(await tab.getByLabel('Reply to this topic').inputValue()).toBe('I will look at it tomorrow.');
      expect(await tab.evaluate('document.activeElement.id')).toBe('forum-reply');
      await tab.keyboard.press('Control+Enter');
      await pane().locator('.post').getByText('I will look at it tomorrow.').waitFor();
      expect(await tab.getByLabel('Reply to this topic').inputValue()).toBe('');
      await tab.getByRole('button', { name: '@steward approve r1' }).click();
      await forum.waitFor(() => forum.posts(topic).at(-1)?.raw.startsWith('@steward approve r1'));
      await pane().locator('.post').getByText('Thank you!').waitFor();
    });

    it('lets somebody edit and take back their own post, and nobody else’s', async () => {
      const mine = pane().locator('.post').filter({ hasText: 'I will look at it tomorrow.' });
      expect(await pane().getByRole('button', { name: 'Edit' }).count()).toBe(2);
      await mine.getByRole('button', { name: 'Edit' }).click();
      await tab.getByLabel(/Edit post/).fill('I will look at it next week.');
      await tab.getByRole('button', { name: 'Save' }).click();
      const changed = pane().locator('.post').filter({ hasText: 'I will look at it next week.' });
      await changed.getByRole('button', { name: 'Delete' }).click();
      await tab.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await pane().getByText('(post deleted by author)').waitFor();
    });

    it('lets a visitor read, and says why there is nowhere to write', async () => {
      await become('guest');
      await pane().getByText('You have no account in this forum').waitFor();
      expect(await tab.getByLabel('Reply to this topic').count()).toBe(0);
      await become('maria');
    });

    it('stands beside the chat where there is room, and fits a phone; with the keyboard one comes back to the line', async () => {
      await tab.setViewportSize({ width: 1680, height: 900 });
      await tab.getByLabel('Message', { exact: true }).waitFor();
      expect(await pane().isVisible()).toBe(true);
      await tab.setViewportSize({ width: 390, height: 844 });
      await tab.getByLabel('Message', { exact: true }).waitFor({ state: 'hidden' });
      await tab.getByRole('button', { name: 'Back to the topics' }).press('Enter');
      await pane()
        .getByRole('button', { name: /More.* room on builder2/ })
        .waitFor();
      expect(await tab.evaluate('document.activeElement.className')).toBe('topic-link');
      const wide = await tab.evaluate('document.documentElement.scrollWidth > window.innerWidth');
      expect(wide).toBe(false);
      expect(trouble).toEqual([]);
    });
  },
);

const HOSTILE = `@steward and @nobody: <img src=x onerror=alert(1)> <script>alert(2)</script>
[bad](javascript:alert(3)) [worse](data:text/html,x) [good](https://example.org/)

| builder | <b>capacity</b> |
| --- | --- |
| builder2 | <i>4</i> |`;

const BOT_POST = `✋ **Raise the capacity of builder2 from 4 to 8**

Reply here with \`@steward approve r1\` to say yes.

- [ ] Set the capacity of builder2 to 8

\`\`\`diff
- capacity of builder2: 4
+ capacity of builder2: 8
\`\`\`

[details="The exact call"]

\`\`\`text
editHost("builder2", capacity=8)
\`\`\`

[/details]`;
