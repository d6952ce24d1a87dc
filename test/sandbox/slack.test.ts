import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from '@slack/bolt';
import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import { WebClient } from '@slack/web-api';
import { Ajv } from 'ajv';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkMessageBlocks } from '../../sandbox/slack/blocks.ts';
import { type SandboxSlack, type SlackOptions, startSlack } from '../../sandbox/slack/slack.ts';

const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: SlackOptions = {}): Promise<{ slack: SandboxSlack; web: WebClient }> {
  const slack = await startSlack({ rateScale: Number.POSITIVE_INFINITY, ...options });
  closing.push(() => slack.close());
  return { slack, web: client(slack) };
}

const client = (slack: SandboxSlack, token = slack.botToken) =>
  new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: 2000,
  });

/** A real Bolt app on a free port that `slack` sends to. */
async function startBolt(slack: SandboxSlack, set: (app: App) => void): Promise<void> {
  const app = new App({
    token: slack.botToken,
    signingSecret: slack.signingSecret,
    clientOptions: { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } },
    logLevel: LogLevel.ERROR,
  });
  app.error(async () => {});
  set(app);
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  closing.push(() => app.stop());
  const address = z.object({ port: z.number() }).parse(server.address());
  slack.setRequestUrl(`http://127.0.0.1:${address.port}/slack/events`);
}

const failure = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return z.object({ data: z.object({ error: z.string() }) }).parse(error).data.error;
  }
};

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
const approve = {
  type: 'actions',
  elements: [
    {
      type: 'button',
      action_id: 'approve',
      style: 'primary',
      text: { type: 'plain_text', text: 'Approve' },
      value: 'r42:1',
    },
  ],
};
const modal = {
  type: 'modal' as const,
  title: { type: 'plain_text' as const, text: 'Capacity' },
  submit: { type: 'plain_text' as const, text: 'Ask' },
  blocks: [
    {
      type: 'input',
      block_id: 'host',
      label: { type: 'plain_text' as const, text: 'Builder' },
      element: { type: 'plain_text_input' as const, action_id: 'host' },
    },
  ],
};

describe('the pretend Web API', () => {
  it('posts, edits and deletes as the real client calls it', async () => {
    const { slack, web } = await start();
    const posted = await web.chat.postMessage({
      channel: 'C0KOJI',
      text: 'r1',
      blocks: [section('*r1*')],
      metadata: { event_type: 'r', event_payload: { id: 'r1' } },
    });
    const ts = posted.ts ?? '';
    await web.chat.postMessage({ channel: 'C0KOJI', thread_ts: ts, text: 'done' });
    expect(slack.thread('C0KOJI', ts).map((message) => message.text)).toEqual(['r1', 'done']);
    await web.chat.update({ channel: 'C0KOJI', ts, text: 'plain now' });
    expect(slack.messages('C0KOJI')[0]).toMatchObject({
      text: 'plain now',
      blocks: [],
      edited: true,
      metadata: { event_type: 'r' },
    });
    const replies = await web.conversations.replies({ channel: 'C0KOJI', ts, include_all_metadata: true });
    expect(replies.messages?.[0]).toMatchObject({
      reply_count: 1,
      metadata: { event_payload: { id: 'r1' } },
    });
    await web.chat.delete({ channel: 'C0KOJI', ts });
    expect(slack.messages('C0KOJI')).toEqual([]);
  });

  it('says no with HTTP 200 and an error code', async () => {
    const { slack, web } = await start();
    expect(await failure(web.chat.postMessage({ channel: 'C0RANDOM', text: 'x' }))).toBe('not_in_channel');
    expect(await failure(web.chat.postMessage({ channel: 'C0NOPE', text: 'x' }))).toBe('channel_not_found');
    expect(await failure(web.chat.postMessage({ channel: 'C0KOJI', text: '' }))).toBe('no_text');
    expect(await failure(web.chat.update({ channel: 'C0KOJI', ts: '1.2', text: 'x' }))).toBe(
      'message_not_found',
    );
    const theirs = slack.plant({ channel: 'C0KOJI', user: 'U0MARIA', text: 'mine' });
    expect(await failure(web.chat.update({ channel: 'C0KOJI', ts: theirs, text: 'x' }))).toBe(
      'cant_update_message',
    );
    const own = await web.chat.postMessage({ channel: 'C0KOJI', text: 'x' });
    expect(
      await failure(web.chat.update({ channel: 'C0KOJI', ts: own.ts ?? '', text: 'x'.repeat(4001) })),
    ).toBe('msg_too_long');
    expect(await failure(web.conversations.join({ channel: 'C0RANDOM' }))).toBe('missing_scope');
    expect(await failure(client(slack, 'xoxb-wrong').auth.test())).toBe('invalid_auth');
    expect(await failure(client(slack, slack.appToken).auth.test())).toBe('not_allowed_token_type');
    expect(await failure(web.apiCall('no.such'))).toBe('unknown_method');
    const shown = await web.chat.postEphemeral({ channel: 'C0KOJI', user: 'U0MARIA', text: 'only you' });
    expect(await failure(web.chat.update({ channel: 'C0KOJI', ts: shown.message_ts ?? '', text: 'x' }))).toBe(
      'message_not_found',
    );
    expect(await failure(web.chat.postEphemeral({ channel: 'C0ADMINS', user: 'U0MARIA', text: 'x' }))).toBe(
      'user_not_in_channel',
    );
  });

  it('says who is a guest, a bot or from another workspace, and who is in a group', async () => {
    const { web } = await start();
    expect((await web.users.info({ user: 'U0GUEST' })).user?.is_restricted).toBe(true);
    expect((await web.users.info({ user: 'U0STRANGER' })).user?.team_id).toBe('T0OTHER');
    expect((await web.users.info({ user: 'U0STEWARD' })).user?.is_bot).toBe(true);
    expect((await web.usergroups.users.list({ usergroup: 'S0ADMINS' })).users).toEqual([
      'U0ADAM',
      'U0BEA',
      'U0CARL',
    ]);
  });

  it('answers 429 with Retry-After once a tier is used up, per method', async () => {
    const { slack, web } = await start({ rateScale: 0.1 });
    await web.usergroups.users.list({ usergroup: 'S0ADMINS' });
    await web.usergroups.users.list({ usergroup: 'S0ADMINS' });
    const answer = await fetch(`${slack.apiUrl}usergroups.users.list?usergroup=S0ADMINS`, {
      headers: { authorization: `Bearer ${slack.botToken}` },
    });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(20);
    expect((await web.usergroups.list()).ok).toBe(true);
  });

  it('lets a channel have one new message a second after a short burst', async () => {
    let now = Date.now();
    const { web } = await start({ rateScale: 1, now: () => now });
    for (let n = 0; n < 4; n++) await web.chat.postMessage({ channel: 'C0KOJI', text: `${n}` });
    await expect(web.chat.postMessage({ channel: 'C0KOJI', text: 'x' })).rejects.toMatchObject({
      retryAfter: 1,
    });
    await web.chat.postMessage({ channel: 'C0ADMINS', text: 'elsewhere' });
    now += 1000;
    await web.chat.postMessage({ channel: 'C0KOJI', text: 'again' });
  });

  it('tells people of new messages that mention them, and never of edits', async () => {
    const { slack, web } = await start();
    const posted = await web.chat.postMessage({ channel: 'C0KOJI', text: 'a request' });
    await web.chat.update({ channel: 'C0KOJI', ts: posted.ts ?? '', text: 'done, <@U0MARIA>' });
    await web.chat.postMessage({ channel: 'C0KOJI', text: 'for <@U0ADAM>', blocks: [section('no mention')] });
    expect(slack.pings('U0MARIA')).toEqual([]);
    expect(slack.pings('U0ADAM')).toEqual([]);
    await web.chat.postMessage({ channel: 'C0ADMINS', text: '<!subteam^S0ADMINS> please' });
    expect(slack.pings('U0BEA')).toMatchObject([{ why: 'group', channel: 'C0ADMINS' }]);
    await web.chat.postMessage({ channel: 'C0KOJI', thread_ts: posted.ts ?? '', text: 'done, <@U0MARIA>' });
    expect(slack.pings('U0MARIA')).toMatchObject([{ why: 'mention' }]);
  });

  it('misbehaves when told to: does it and loses the answer', async () => {
    const { slack, web } = await start();
    slack.misbehave({ method: 'chat.postMessage', kind: 'lose-answer' });
    await expect(web.chat.postMessage({ channel: 'C0KOJI', text: 'once' })).rejects.toThrow();
    expect(slack.messages('C0KOJI')).toHaveLength(1);
    slack.misbehave({ method: '*', kind: '500' });
    await expect(web.auth.test()).rejects.toThrow();
    slack.misbehave({ method: 'auth.test', kind: '429', retryAfter: 7 });
    await expect(web.auth.test()).rejects.toMatchObject({ retryAfter: 7 });
    expect((await web.auth.test()).user_id).toBe('U0STEWARD');
  });

  it('remembers messages over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slack-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    const statePath = join(folder, 'deep', 'slack.json');
    const first = await startSlack({ statePath });
    await client(first).chat.postMessage({
      channel: 'U0MARIA',
      text: 'still here',
      blocks: [section('still here')],
    });
    await first.close();
    const { slack, web } = await start({ statePath });
    expect(slack.messages('dm:U0MARIA')).toMatchObject([
      { text: 'still here', blocks: [{ type: 'section' }] },
    ]);
    expect(slack.botToken).toBe(first.botToken);
    expect(Number((await web.chat.postMessage({ channel: 'C0KOJI', text: 'x' })).ts)).toBeGreaterThan(
      Number(slack.messages('dm:U0MARIA')[0]?.ts),
    );
  });
});

describe('modals', () => {
  it('open once, within three seconds of the press', async () => {
    let now = Date.now();
    const { slack, web } = await start({ now: () => now });
    const triggers: string[] = [];
    await startBolt(slack, (app) => {
      app.command(/.*/, async ({ ack, command }) => {
        triggers.push(command.trigger_id);
        await ack();
      });
    });
    await slack.as('U0MARIA').slash('/koji builder capacity', 'C0KOJI');
    await slack.as('U0MARIA').slash('/koji builder capacity', 'C0KOJI');
    const [first = '', second = ''] = triggers;
    await web.views.open({ trigger_id: first, view: modal });
    expect(await failure(web.views.open({ trigger_id: first, view: modal }))).toBe('exchanged_trigger_id');
    expect(await failure(web.views.open({ trigger_id: 'x', view: modal }))).toBe('invalid_trigger_id');
    now += 3001;
    expect(await failure(web.views.open({ trigger_id: second, view: modal }))).toBe('expired_trigger_id');
    expect(slack.views('U0MARIA')).toHaveLength(1);
  });

  it('show the errors of a submission and close when it is taken', async () => {
    const { slack } = await start();
    await startBolt(slack, (app) => {
      app.command('/koji', async ({ ack, client: web, command }) => {
        await ack();
        await web.views.open({ trigger_id: command.trigger_id, view: { ...modal, callback_id: 'ask' } });
      });
      app.view('ask', async ({ ack, view }) => {
        const host = view.state.values.host?.host?.value ?? '';
        await (host === 'builder2'
          ? ack()
          : ack({ response_action: 'errors', errors: { host: 'No such builder.' } }));
      });
    });
    const maria = slack.as('U0MARIA');
    await maria.slash('builder capacity', 'C0KOJI');
    const view = await slack.waitFor(() => slack.views('U0MARIA')[0]);
    expect((await maria.submit(view.id, {})).errors).toEqual({
      host: 'Please complete this required field.',
    });
    expect((await maria.submit(view.id, { host: 'bilder' })).errors).toEqual({ host: 'No such builder.' });
    expect(await maria.submit(view.id, { host: 'builder2' })).toEqual({ ok: true, errors: {} });
    expect(slack.views('U0MARIA')).toEqual([]);
  });
});

describe('views', () => {
  it('stack three deep, keep a hash, and a Home is published for one person', async () => {
    const { slack, web } = await start();
    const triggers: string[] = [];
    await startBolt(slack, (app) => {
      app.shortcut('ask', async ({ ack, shortcut }) => {
        triggers.push(shortcut.trigger_id);
        await ack();
      });
      app.event('app_home_opened', async ({ event, client: home }) => {
        await home.views.publish({
          user_id: event.user,
          view: {
            type: 'home',
            blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'Nothing waits.' } }],
          },
        });
      });
    });
    const maria = slack.as('U0MARIA');
    for (let n = 0; n < 4; n++) await maria.shortcut('ask');
    const [first = '', second = '', third = '', fourth = ''] = triggers;
    const opened = await web.views.open({ trigger_id: first, view: modal });
    await web.views.push({ trigger_id: second, view: modal });
    await web.views.push({ trigger_id: third, view: modal });
    expect(await failure(web.views.push({ trigger_id: fourth, view: modal }))).toBe('push_limit_reached');
    const at = { view_id: opened.view?.id ?? '', view: { ...modal, callback_id: 'new' } };
    expect(await failure(web.views.update({ ...at, hash: '1.nope' }))).toBe('hash_conflict');
    await web.views.update({ ...at, hash: opened.view?.hash ?? '' });
    expect(await failure(web.views.update({ view_id: 'V0NOPE', view: modal }))).toBe('not_found');
    expect(slack.views('U0MARIA').map((view) => view.body.callback_id)).toEqual([
      'new',
      undefined,
      undefined,
    ]);
    await maria.openHome();
    await slack.waitFor(() => slack.home('U0MARIA'));
    expect(slack.home('U0ADAM')).toBeNull();
  });
});

describe('what it sends over HTTP', () => {
  it('is signed so that a real Bolt app takes it, and a wrong or old signature is refused', async () => {
    const { slack } = await start();
    const heard: string[] = [];
    await startBolt(slack, (app) => {
      app.command('/koji', async ({ ack, command }) => {
        heard.push(`${command.user_id} ${command.channel_name} ${command.text}`);
        await ack({ text: 'on it' });
      });
      app.action('approve', async ({ ack, action, body, respond }) => {
        await ack();
        heard.push(`${body.user.id} ${'value' in action ? action.value : ''}`);
        await respond({ text: 'thanks', replace_original: false });
      });
      app.event('app_mention', async ({ event, say }) => {
        await say({ text: `heard ${event.text}`, thread_ts: event.ts });
      });
    });
    expect(await slack.deliver.challenge()).toBe(true);
    await slack.as('U0MARIA').slash('/koji builder list', 'C0KOJI');
    expect(slack.ephemerals('U0MARIA')).toMatchObject([{ text: 'on it', from: 'bot' }]);
    const posted = await client(slack).chat.postMessage({
      channel: 'C0KOJI',
      text: 'card',
      blocks: [approve],
    });
    await slack.as('U0ADAM').press('C0KOJI', posted.ts ?? '', 'Approve');
    await slack.waitFor(() => slack.ephemerals('U0ADAM').find((one) => one.text === 'thanks'));
    expect(heard).toEqual(['U0MARIA koji builder list', 'U0ADAM r42:1']);
    const ts = await slack.as('U0MARIA').say('@steward help <now>', 'C0KOJI');
    await slack.waitFor(() =>
      slack.thread('C0KOJI', ts).find((one) => one.text.includes('heard <@U0STEWARD> help &lt;now&gt;')),
    );

    const [sent] = slack.deliver.sent().filter((one) => one.body.includes('builder'));
    if (sent === undefined) throw new Error('nothing was sent');
    expect((await slack.deliver.raw({ body: sent.body, signature: 'v0=00' })).status).toBe(401);
    expect((await slack.deliver.raw({ body: sent.body, ageSeconds: 360 })).status).toBe(401);
    expect((await slack.deliver.again(sent)).status).toBe(200);
  });

  it('is what the manifest asks for: its events, its commands, its scopes', async () => {
    const { slack } = await start();
    const heard: string[] = [];
    await startBolt(slack, (app) => {
      app.event(/.*/, async ({ event }) => {
        heard.push(event.type);
      });
      app.command(/.*/, async ({ ack }) => ack());
    });
    const maria = slack.as('U0MARIA');
    await maria.say('nobody is asked', 'C0KOJI');
    await maria.say('builder list', 'dm');
    await slack.changeGroup('S0ADMINS', ['U0BEA']);
    expect(heard).toEqual(['message', 'subteam_members_changed']);
    await maria.slash('/deploy now', 'C0KOJI');
    expect(slack.ephemerals('U0MARIA')).toMatchObject([
      { from: 'service', text: '/deploy is not a valid command.' },
    ]);
    const answer = await fetch(`${slack.apiUrl}usergroups.users.list?usergroup=S0ADMINS`, {
      headers: { authorization: `Bearer ${slack.botToken}` },
    });
    expect(await answer.json()).toMatchObject({ users: ['U0BEA'] });
    expect(answer.headers.get('x-oauth-scopes')?.split(',')).toContain('chat:write');
  });

  it('shows a person that a command was not acknowledged in time', async () => {
    const { slack } = await start({ ackMs: 200 });
    await startBolt(slack, (app) => app.command('/koji', async () => {}));
    await slack.as('U0MARIA').slash('/koji builder list', 'C0KOJI');
    expect(slack.ephemerals('U0MARIA')).toMatchObject([
      { from: 'service', text: expect.stringContaining('operation_timeout') },
    ]);
  });

  it('sends an event again with a retry number until it is taken', async () => {
    const { slack } = await start({ retryMs: [1, 1] });
    const seen: (string | undefined)[] = [];
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => {
      seen.push(request.headers['x-slack-retry-num']?.toString());
      request.resume();
      response.writeHead(seen.length < 3 ? 500 : 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    closing.push(() => server.closeAllConnections());
    slack.setRequestUrl(`http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}/`);
    await slack.as('U0MARIA').say('@steward help', 'C0KOJI');
    expect(seen).toEqual([undefined, '1', '2']);
  });

  it('lets a response_url be used five times, for thirty minutes', async () => {
    let now = Date.now();
    const { slack } = await start({ now: () => now });
    const urls: string[] = [];
    await startBolt(slack, (app) =>
      app.command('/koji', async ({ ack, command }) => {
        urls.push(command.response_url);
        await ack();
      }),
    );
    await slack.as('U0MARIA').slash('/koji one', 'C0RANDOM');
    await slack.as('U0MARIA').slash('/koji two', 'C0RANDOM');
    const use = async (url = '', body: object = { text: 'hello' }) =>
      (
        await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).status;
    expect(await use(urls[0], { text: 'all', response_type: 'in_channel' })).toBe(200);
    for (let n = 0; n < 4; n++) expect(await use(urls[0])).toBe(200);
    expect(await use(urls[0])).toBe(404);
    expect(slack.messages('C0RANDOM')).toMatchObject([{ text: 'all' }]);
    expect(slack.ephemerals('U0MARIA')).toHaveLength(4);
    now += 30 * 60_000 + 1;
    expect(await use(urls[1])).toBe(404);
  });
});

describe('Socket Mode', () => {
  it('gives each payload to one of two connections of the real client, and survives a refresh', async () => {
    const { slack } = await start({ retryMs: [100, 100] });
    const heard: string[] = [];
    const clients = ['a', 'b'].map((name) => {
      const socket = new SocketModeClient({
        appToken: slack.appToken,
        logLevel: LogLevel.ERROR,
        clientOptions: { slackApiUrl: slack.apiUrl },
        clientPingTimeout: 300,
      });
      socket.on('slash_commands', async ({ ack, body }) => {
        heard.push(`${name} ${z.object({ text: z.string() }).parse(body).text}`);
        await ack({ text: 'on it' });
      });
      return socket;
    });
    for (const socket of clients) {
      closing.push(() => socket.disconnect());
      await socket.start();
    }
    expect(slack.sockets()).toBe(2);
    for (const text of ['1', '2', '3', '4']) await slack.as('U0MARIA').slash(`/koji ${text}`, 'C0KOJI');
    expect(heard.map((line) => line.slice(2))).toEqual(['1', '2', '3', '4']);
    expect(new Set(heard.map((line) => line[0]))).toEqual(new Set(['a', 'b']));
    expect(slack.ephemerals('U0MARIA').map((one) => one.text)).toEqual(['on it', 'on it', 'on it', 'on it']);

    slack.refreshSockets('refresh_requested', 50);
    const back = Date.now() + 5000;
    while (
      slack.callLog().filter((call) => call.method === 'apps.connections.open').length < 4 ||
      slack.sockets() < 2
    ) {
      if (Date.now() > back) throw new Error('the connections did not come back');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await slack.as('U0MARIA').slash('/koji 5', 'C0KOJI')).kind).toBe('ok');
  });

  it('fails a command for the person when nobody is connected', async () => {
    const { slack } = await start();
    await slack.as('U0MARIA').slash('/koji x', 'C0KOJI');
    expect(slack.ephemerals('U0MARIA')[0]?.text).toContain('dispatch_failed');
  });
});

const plainText = (text: string) => ({ type: 'plain_text', text });
const rich = (text: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
});

/** Blocks that the service takes, and blocks that it does not. */
const GOOD: readonly (readonly unknown[])[] = [
  [section('x'.repeat(3000))],
  [{ type: 'section', fields: Array.from({ length: 10 }, () => ({ type: 'mrkdwn', text: 'f' })) }],
  [{ type: 'header', text: plainText('h'.repeat(150)) }, { type: 'divider' }, approve],
  [{ type: 'context', elements: [{ type: 'mrkdwn', text: 'r42' }] }],
  [rich('hello')],
  [
    {
      type: 'table',
      rows: [[{ type: 'raw_text', text: 'host' }, rich('b')]],
      column_settings: [{ align: 'right' }],
    },
  ],
  [
    {
      type: 'plan',
      title: 'Steps',
      tasks: [{ type: 'task_card', task_id: '1', title: 'one', status: 'complete', details: rich('d') }],
    },
  ],
  Array.from({ length: 50 }, () => ({ type: 'divider' })),
];
const BAD: readonly (readonly unknown[])[] = [
  [section('x'.repeat(3001))],
  [section('')],
  [{ type: 'section' }],
  [{ type: 'header', text: plainText('h'.repeat(151)) }],
  [{ type: 'header', text: { type: 'mrkdwn', text: 'h' } }],
  [{ type: 'actions', elements: [] }],
  [
    {
      type: 'actions',
      elements: Array.from({ length: 26 }, (_, n) => ({ type: 'button', text: plainText(`b${n}`) })),
    },
  ],
  [{ type: 'actions', elements: [{ type: 'button', text: plainText('b'.repeat(76)) }] }],
  [{ type: 'context', elements: Array.from({ length: 11 }, () => ({ type: 'mrkdwn', text: 'c' })) }],
  [
    {
      type: 'plan',
      title: 'Steps',
      tasks: [{ type: 'task_card', task_id: '1', title: 'one', status: 'completed' }],
    },
  ],
  [{ type: 'table', rows: Array.from({ length: 101 }, () => [{ type: 'raw_text', text: 'x' }]) }],
  [{ ...approve, surprise: true }],
  [{ type: 'sections', text: plainText('x') }],
  Array.from({ length: 51 }, () => ({ type: 'divider' })),
];

describe('the check of blocks', () => {
  it('takes what the service takes and refuses what it refuses', () => {
    for (const blocks of GOOD) expect(checkMessageBlocks(blocks)).toMatchObject({ ok: true });
    for (const blocks of BAD) expect(checkMessageBlocks(blocks)).toMatchObject({ ok: false });
    expect(checkMessageBlocks([section('x'), { type: 'input' }])).toMatchObject({
      messages: [expect.stringContaining('[json-pointer:/blocks/1]')],
    });
    const table = { type: 'table', rows: [[{ type: 'raw_text', text: 'x' }]] };
    expect(checkMessageBlocks([table, table])).toMatchObject({ messages: ['only_one_table_allowed'] });
    expect(checkMessageBlocks(Array.from({ length: 5 }, () => section('x'.repeat(2900))))).toMatchObject({
      error: 'msg_blocks_too_long',
    });
  });

  const schemaPath = '../shared/contracts/slack/blockkit.schema.json';
  it.skipIf(!existsSync(schemaPath))(
    'agrees with the contract schema (skipped where ../shared/contracts is absent)',
    () => {
      const schema = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(schemaPath, 'utf8')));
      const ajv = new Ajv({ strict: false });
      ajv.addSchema(schema, 'kit');
      const message = ajv.compile({
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: { $ref: 'kit#/definitions/KnownBlock' },
      });
      for (const blocks of GOOD) expect([blocks, message(blocks)]).toEqual([blocks, true]);
      for (const blocks of BAD) expect([blocks, message(blocks)]).toEqual([blocks, false]);
    },
  );
});
