import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { approve, client, start, startBolt } from './slack-rig.ts';

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
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    onTestFinished(() => server.closeAllConnections());
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
      onTestFinished(() => socket.disconnect());
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
