import { WebClient } from '@slack/web-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type SandboxSlack, startSlack } from '../../sandbox/slack/slack.ts';

let slack: SandboxSlack;
let web: WebClient;
beforeAll(async () => {
  slack = await startSlack({ rateScale: Number.POSITIVE_INFINITY });
  web = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } });
});
afterAll(() => slack.close());

const opened = z.object({ upload_url: z.string(), file_id: z.string() });
const announce = async (length: number) =>
  opened.parse(await web.apiCall('files.getUploadURLExternal', { filename: 'a.txt', length }));
const send = async (url: string, body: string) => (await fetch(url, { method: 'POST', body })).status;
const complete = (id: string, more: Record<string, unknown> = {}) =>
  web.apiCall('files.completeUploadExternal', { files: [{ id, title: 'A text' }], ...more });
const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => z.object({ data: z.object({ error: z.string() }) }).parse(error).data.error,
  );

it('shows a file only when its bytes came and it was completed, and then in the thread', async () => {
  const ts = slack.plant({ channel: 'C0KOJI', user: 'U0MARIA', text: 'what happened?' });
  const { upload_url, file_id } = await announce(5);
  expect(await failure(complete(file_id))).toBe('file_not_found');
  expect(await send(upload_url, 'text\n')).toBe(200);
  expect(slack.thread('C0KOJI', ts)).toHaveLength(1);
  expect(slack.file(file_id)).toBeNull();
  await complete(file_id, { channel_id: 'C0KOJI', thread_ts: ts });
  expect(slack.thread('C0KOJI', ts)[1]).toMatchObject({
    files: [{ id: file_id, name: 'a.txt', title: 'A text', size: 5 }],
  });
  expect(slack.file(file_id)?.bytes.toString()).toBe('text\n');
  const { messages } = z
    .object({
      messages: z.array(z.looseObject({ files: z.array(z.looseObject({ title: z.string() })).optional() })),
    })
    .parse(await web.apiCall('conversations.replies', { channel: 'C0KOJI', ts }));
  expect(messages[1]?.files?.[0]?.title).toBe('A text');
  expect(await failure(complete(file_id, { channel_id: 'C0KOJI' }))).toBe('file_not_found');
});

it('takes the bytes once, and as many as were announced', async () => {
  const { upload_url, file_id } = await announce(5);
  expect(await send(upload_url, 'longer\n')).toBe(400);
  expect(await send(upload_url, 'text\n')).toBe(200);
  expect(await send(upload_url, 'text\n')).toBe(404);
  expect(await send(`${upload_url}0`, 'text\n')).toBe(404);
  await complete(file_id);
  expect(slack.file(file_id)?.bytes.toString()).toBe('text\n');
});

it('refuses an empty file, a channel by its name, and one that the bot is not in', async () => {
  expect(await failure(announce(0))).toBe('missing_argument');
  const { upload_url, file_id } = await announce(2);
  await send(upload_url, 'ab');
  expect(await failure(complete(file_id, { channel_id: '#koji' }))).toBe('channel_not_found');
  expect(await failure(complete(file_id, { channel_id: 'C0RANDOM' }))).toBe('not_in_channel');
});

it('keeps an app without the scope from it', async () => {
  const other = await startSlack({ rateScale: Number.POSITIVE_INFINITY, scopes: ['chat:write'] });
  const client = new WebClient(other.botToken, { slackApiUrl: other.apiUrl, retryConfig: { retries: 0 } });
  const asked = client.apiCall('files.getUploadURLExternal', { filename: 'a.txt', length: 1 });
  expect(await failure(asked)).toBe('missing_scope');
  await other.close();
});
