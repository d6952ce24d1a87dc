import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type ForumOptions, type SandboxForum, startForum } from '../../sandbox/discourse/forum.ts';
import { createDiscourseApi } from '../../src/discourse/api.ts';
import { examineForum } from '../../src/discourse/examine.ts';
import { SCOPES } from '../../src/discourse/examine-key.ts';
import { createWebhook } from '../../src/discourse/webhook.ts';
import { keepLog } from '../support/log.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Asked {
  readonly forum?: ForumOptions;
  readonly url?: string;
  readonly key?: string;
  readonly username?: string;
  readonly category?: string;
  readonly moderates?: boolean;
  readonly group?: string;
  readonly people?: (forum: SandboxForum) => readonly number[];
  readonly webhook?: { readonly secret: string; readonly at: string };
  readonly before?: (forum: SandboxForum) => void | Promise<void>;
  readonly categories?: readonly string[];
  readonly topics?: (forum: SandboxForum) => readonly number[];
}

/** What doctor says of a pretend forum, line by line. */
async function examine(asked: Asked = {}) {
  const scopes = [...Object.keys(SCOPES), 'posts:list'];
  const forum = await startForum({ rateScale: Number.POSITIVE_INFINITY, scopes, ...asked.forum });
  closing.push(() => forum.close());
  await asked.before?.(forum);
  const username = asked.username ?? forum.bot.username;
  const api = createDiscourseApi({
    url: asked.url ?? forum.url,
    key: asked.key ?? forum.apiKey,
    username,
    deadlineMs: 1000,
    log: keepLog(),
  });
  closing.push(() => api.stop());
  const found = await examineForum({
    api,
    username,
    category: asked.category ?? forum.category.path,
    moderates: asked.moderates ?? true,
    categories: asked.categories ?? [],
    topics: asked.topics?.(forum) ?? [],
    groups: [
      {
        name: asked.group ?? 'koji-admins',
        people: asked.people?.(forum) ?? [idOf(forum, 'adam'), idOf(forum, 'bea')],
      },
    ],
    webhook: asked.webhook ? { ...asked.webhook, instance: forum.url } : null,
  });
  const bad = found.filter(({ state }) => state === 'bad' || state === 'warn');
  return { found, bad, wrong: bad.map(({ what, state, says }) => `${state} ${what}: ${says}`) };
}

const idOf = (forum: SandboxForum, name: string): number =>
  forum.users.find((user) => user.username === name)?.id ?? 0;

describe('doctor', () => {
  it('finds nothing wrong with a forum that is set up as the docs say', async () => {
    const { found, wrong } = await examine();
    expect(wrong).toEqual([]);
    expect(found.map(({ what }) => what)).toEqual([
      'key',
      'scopes',
      'clock',
      'category',
      'account',
      'moderating',
      'group koji-admins',
      'webhook',
    ]);
  });

  it('looks at the categories and topics that messages are for', async () => {
    const { wrong, found } = await examine({
      forum: { scopes: [...Object.keys(SCOPES), 'posts:list'] },
      categories: ['support/7', 'nowhere/99'],
      topics: (forum) => [forum.topics()[0]?.id ?? 0, 4711],
      before: async (forum) => {
        await forum.as('maria').topic('A topic for what is new', 'All that is new stands here, please.');
      },
    });
    expect(wrong).toEqual([
      'bad category nowhere/99: nowhere/99 is not there, or not for the bot',
      'bad topic 4711: it is not there, or not for the bot',
    ]);
    expect(found.map(({ what, state }) => `${state} ${what}`)).toEqual(
      expect.arrayContaining(['ok category support/7', expect.stringMatching(/^ok topic \d+$/)]),
    );
  });

  it('says which scopes are missing and what for, and which are more than needed', async () => {
    const without = Object.keys(SCOPES).filter((scope) => scope !== 'posts:edit');
    const missing = await examine({ forum: { scopes: without } });
    expect(missing.wrong).toContainEqual(
      expect.stringMatching(/bad scope posts:edit: missing: needed for keeping/),
    );
    const more = await examine({ forum: { scopes: [...Object.keys(SCOPES), 'uploads:create'] } });
    expect(more.wrong).toEqual(['warn scopes: more than is used: uploads:create']);
    const all = await examine({ forum: { scopes: [] } });
    expect(all.wrong).toContainEqual(expect.stringMatching(/may do everything.*private messages/));
  });

  it('says that a key is unknown, another user’s, or that nothing answers', async () => {
    expect((await examine({ key: 'ab'.repeat(32) })).wrong).toEqual([
      expect.stringMatching(/does not know this key/),
    ]);
    expect((await examine({ username: 'maria' })).wrong).toEqual([expect.stringMatching(/another user’s/)]);
    expect((await examine({ url: 'http://127.0.0.1:9' })).wrong).toEqual([
      expect.stringMatching(/does not answer/),
    ]);
  });

  it('says that the category is not there', async () => {
    expect((await examine({ category: 'development/infra/9999' })).wrong).toEqual([
      expect.stringMatching(/bad category: development\/infra\/9999 is not there/),
    ]);
    const scopes = [...Object.keys(SCOPES).slice(1), 'topics:read_lists:category_id=24'];
    const other = await examine({ category: 'development/9', forum: { scopes } });
    expect(other.wrong).toEqual([expect.stringMatching(/bad category: the key may not list it/)]);
  });

  it('says who is listed and not in the group, and who is in it and not listed', async () => {
    const { wrong } = await examine({ people: (forum) => [idOf(forum, 'adam'), idOf(forum, 'maria')] });
    expect(wrong).toEqual([
      expect.stringMatching(/warn group koji-admins: listed in the config and not in it: account \d+/),
      'warn group koji-admins: in it and not listed in the config with their number: bea',
    ]);
  });

  it('says that a group hides its members', async () => {
    const { wrong } = await examine({
      group: 'hidden-admins',
      before: (forum) => forum.makeGroup('hidden-admins', ['adam', 'bea'], { public: false }),
    });
    expect(wrong).toEqual([expect.stringMatching(/not there, or its members are not public/)]);
  });

  it('tries the webhook’s secret at the program that runs', async () => {
    const secret = 'the secret of the webhook';
    const webhook = createWebhook({
      secret,
      instance: 'http://127.0.0.1',
      category: 24,
      self: () => null,
      inbox: { put: async () => 'new', pending: async () => [], done: async () => undefined },
      hinted: () => undefined,
      count: () => undefined,
      log: keepLog(),
    });
    const server = createServer((req, res) => {
      // The pretend forum's port is not known before.
      req.headers['x-discourse-instance'] = 'http://127.0.0.1';
      void webhook(req, res);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const address = server.address();
    const at = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    const good = await examine({ webhook: { secret, at } });
    expect(good.found.at(-1)).toMatchObject({ what: 'webhook', state: 'ok' });
    const wrong = await examine({ webhook: { secret: 'another secret', at } });
    expect(wrong.found.at(-1)).toMatchObject({ what: 'webhook', state: 'bad' });
    const away = await examine({ webhook: { secret, at: 'http://127.0.0.1:9' } });
    expect(away.found.at(-1)).toMatchObject({ what: 'webhook', state: 'skipped' });
  });
});
