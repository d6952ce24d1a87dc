import { request } from 'node:http';
import { WebClient } from '@slack/web-api';
import type { Page as Tab } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Page, startPage } from '../../sandbox/page/page.ts';
import { type SandboxSlack, startSlack } from '../../sandbox/slack/slack.ts';
import { transcript } from '../../sandbox/slack/transcript.ts';
import { CHROMIUM, openTab } from '../support/browser.ts';
import { startSampleBot } from './sample-bot.ts';

let slack: SandboxSlack;
let page: Page;
const closing: (() => Promise<unknown> | unknown)[] = [];

async function start(): Promise<void> {
  slack = await startSlack({ rateScale: Number.POSITIVE_INFINITY });
  closing.push(() => slack.close());
  closing.push(await startSampleBot(slack));
  page = await startPage({
    slack,
    extras: {
      world: async () => [{ title: 'Builders', rows: [{ label: 'builder2', value: '4', tone: 'good' }] }],
      commands: [{ line: 'builder list', summary: 'Shows every builder' }],
      suggestions: ['/koji builder list'],
    },
  });
  closing.push(() => page.close());
}

async function stop(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

/** A request with headers that `fetch` would not let through. */
function ask(
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, page.url), {
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
    });
    call.on('error', reject);
    call.on('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    call.end(options.body);
  });
}

describe('the door of the demo page', () => {
  afterEach(stop);

  it('lets in nobody who comes under another name or from another site', async () => {
    await start();
    const { origin, port } = new URL(page.url);
    const body = JSON.stringify({ as: 'U0MARIA', what: 'say', channel: 'C0KOJI', text: 'hello' });
    const post = (headers: Record<string, string>) =>
      ask('/do', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
    expect((await ask('/', { headers: { host: `evil.example:${port}` } })).status).toBe(403);
    expect((await ask('/live?as=U0MARIA', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await ask('/extras', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    expect((await post({ origin, 'content-type': 'text/plain' })).status).toBe(403);
    expect(slack.messages('C0KOJI')).toEqual([]);
    expect((await post({ origin })).status).toBe(200);
    expect(slack.messages('C0KOJI')).toMatchObject([{ user: 'U0MARIA', text: 'hello' }]);
  });

  it('sends a strict policy, and no file but its own', async () => {
    await start();
    const home = await ask('/');
    expect(home.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(home.body).not.toMatch(/https?:\/\//);
    for (const path of ['/../page.ts', '/%2e%2e/page.ts', '/page.ts', '/assets/app.js', '/nothing.js'])
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
  });

  it('opens a text that was shared, has anything else loaded, and says when a file is gone', async () => {
    await start();
    const web = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } });
    const share = async (filename: string, bytes: string): Promise<string> => {
      const { upload_url, file_id } = z
        .object({ upload_url: z.string(), file_id: z.string() })
        .parse(await web.apiCall('files.getUploadURLExternal', { filename, length: bytes.length }));
      await fetch(upload_url, { method: 'POST', body: bytes });
      await web.apiCall('files.completeUploadExternal', { files: [{ id: file_id }], channel_id: 'C0KOJI' });
      return file_id;
    };
    const text = await ask(`/files/${await share('r42.txt', '<b>got 1 of 4</b>\n')}`);
    expect(text).toMatchObject({ status: 200, body: '<b>got 1 of 4</b>\n' });
    expect(text.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'inline; filename="r42.txt"',
      'x-content-type-options': 'nosniff',
    });
    const other = await ask(`/files/${await share('r42.html', '<b>x</b>')}`);
    expect(other.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="r42.html"',
    });
    expect((await ask('/files/F0NOTHING')).status).toBe(404);
    expect(transcript(slack, 'C0KOJI')).toContain('📎 r42.txt: r42.txt');
  });

  it('says what went wrong with an order, and does not fall over', async () => {
    await start();
    const { origin } = new URL(page.url);
    const post = (order: unknown) =>
      ask('/do', {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: JSON.stringify(order),
      });
    expect((await post({ what: 'fly' })).status).toBe(400);
    expect(await post({ as: 'U0GUEST', what: 'say', channel: 'C0ADMINS', text: 'x' })).toMatchObject({
      status: 400,
      body: expect.stringContaining('guest is not in C0ADMINS'),
    });
  });
});

describe('the transcript', () => {
  afterEach(stop);

  it('shows a thread as people see it, in plain text', async () => {
    await start();
    const maria = slack.as('U0MARIA');
    await maria.say('builder2 is slow & <sad> :hourglass:', 'C0KOJI');
    await maria.slash('/koji bilder list', 'C0KOJI');
    await maria.slash('/koji builder list', 'C0KOJI');
    await maria.slash('/koji builder capacity builder2 8', 'C0KOJI');
    await slack.waitFor(
      () => slack.messages('C0KOJI').length === 3 && slack.ephemerals('U0MARIA').length === 1,
    );
    const card = await slack.waitFor(() =>
      slack.messages('C0KOJI').find((one) => one.text.startsWith('r42')),
    );
    await slack.waitFor(() => slack.thread('C0KOJI', card.ts).length === 2);
    const text = transcript(slack, 'C0KOJI', { as: 'U0MARIA' });
    expect(text).toContain('maria\n  builder2 is slow & <sad> ⏳');
    expect(text).toContain('steward (only visible to maria)\n  I do not know `bilder list`.');
    expect(text).toContain('builder2         4   3.1  9 s ago');
    expect(text).toContain('[Approve] [Deny] [Show]');
    expect(text).toContain('    │ steward\n    │   I asked @adam, @bea and @carl.');
    expect(transcript(slack, 'C0KOJI')).not.toContain('only visible');
  });
});

describe.skipIf(CHROMIUM === undefined)(
  'the demo page in Chromium (skipped where there is no chromium)',
  () => {
    let tab: Tab;
    let trouble: string[];
    let close: () => Promise<void>;

    beforeAll(async () => {
      await start();
      ({ tab, trouble, close } = await openTab(page.url));
    });
    afterAll(async () => {
      await close?.();
      await stop();
    });

    const write = async (text: string) => {
      await tab.getByLabel('Message', { exact: true }).fill(text);
      await tab.keyboard.press('Enter');
    };
    const become = (name: string) => tab.getByRole('radio', { name }).click();

    it('shows what people write as text, never as markup', async () => {
      await write('<img src=x onerror=alert(1)> *bold* & `code`');
      const message = tab.locator('#messages .message').last();
      await message.getByText('<img src=x onerror=alert(1)>').waitFor();
      expect(await tab.locator('#messages .body img').count()).toBe(0);
      expect(await message.locator('strong').last().textContent()).toBe('bold');
    });

    it('offers commands while somebody types, and takes one with the keyboard', async () => {
      await tab.getByLabel('Message', { exact: true }).pressSequentially('/koji bu');
      await tab.getByRole('option', { name: '/koji builder list' }).waitFor();
      await tab.keyboard.press('Tab');
      await tab.keyboard.press('Enter');
      await tab.getByRole('cell', { name: 'createrepo' }).waitFor();
      expect(await tab.locator('.b-table th').allTextContents()).toContain('Last check-in');
    });

    it('shows a refusal to the one who asked, and to nobody else', async () => {
      await write('/koji bilder list');
      await tab.getByText('Only visible to you').waitFor();
      await become('bea');
      await tab.locator('.person.me[data-person=U0BEA]').waitFor();
      await tab.getByRole('cell', { name: 'createrepo' }).waitFor();
      expect(await tab.getByText('Only visible to you').count()).toBe(0);
      await become('maria');
    });

    it('asks, approves as somebody else, and shows the same message in its new state', async () => {
      await write('/koji builder capacity builder2 8');
      await tab.getByRole('button', { name: 'Approve' }).waitFor();
      await become('adam');
      await tab.locator('.person.me[data-person=U0ADAM]').waitFor();
      await tab.getByRole('button', { name: 'Approve' }).click();
      await tab.getByText('Done: the capacity of builder2 is 8').waitFor();
      expect(await tab.getByRole('button', { name: 'Approve' }).count()).toBe(0);
      expect(await tab.locator('#messages .card-message').count()).toBe(1);
      await tab.getByRole('button', { name: '2 replies' }).click();
      await tab.locator('#thread').getByText('r42 is done').waitFor();
      await tab.getByLabel('Reply', { exact: true }).fill('/koji help');
      await tab.getByText('Slash commands do not work in threads').waitFor();
      await tab.getByLabel('Reply', { exact: true }).fill('@steward thanks');
      await tab.keyboard.press('Enter');
      await tab.locator('#thread').getByText('You said:').waitFor();
      await tab.keyboard.press('Escape');
    });

    it('fills in a form, shows its errors beside the fields, and keeps what was typed', async () => {
      await become('maria');
      await tab.locator('.person.me[data-person=U0MARIA]').waitFor();
      await write('/koji builder capacity');
      const form = tab.getByRole('dialog', { name: 'builder capacity' });
      await form.waitFor();
      await form.getByRole('button', { name: 'Ask' }).click();
      await form.getByText('Please complete this required field.').first().waitFor();
      await form.getByLabel('Builder').selectOption('builder2');
      await form.getByLabel('Capacity').fill('1');
      await form.getByRole('button', { name: 'Ask' }).click();
      await form.getByText('A number above 1, please.').waitFor();
      expect(await form.getByLabel('Capacity').inputValue()).toBe('1');
      expect(await form.getByLabel('Capacity').getAttribute('aria-invalid')).toBe('true');
      await form.getByLabel('Capacity').fill('8');
      await form.getByRole('button', { name: 'Ask' }).click();
      await form.waitFor({ state: 'hidden' });
      expect(slack.views('U0MARIA')).toEqual([]);
    });

    it('fits a phone, and says nothing in the console', async () => {
      await tab.setViewportSize({ width: 390, height: 760 });
      await tab.getByRole('button', { name: 'Channels' }).click();
      await tab.getByRole('button', { name: 'random' }).click();
      await tab.getByText('Steward is not in this channel').waitFor();
      const wide = await tab.evaluate('document.documentElement.scrollWidth > window.innerWidth');
      expect(wide).toBe(false);
      expect(trouble).toEqual([]);
    });
  },
);
