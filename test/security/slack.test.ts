import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIntake } from '../../src/slack/intake.ts';
import { createPeople } from '../../src/slack/people.ts';
import { createSlackHttp } from '../../src/slack/receiver.ts';
import { memoryInbox } from '../slack/memory.ts';
import { type Rig, startRig, textOf } from '../slack/rig.ts';
import { keepLog } from '../support/log.ts';

const SECRET = 'a signing secret';

describe('the door for Slack, to somebody who cannot sign', () => {
  const box = memoryInbox();
  const counts = new Map<string, number>();
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    const log = keepLog();
    const nothing = (): void => undefined;
    const answer = async () => null;
    const intake = createIntake({
      inbox: box.inbox,
      hand: nothing,
      answer,
      burnt: nothing,
      count: nothing,
      log,
    });
    const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
    const http = createSlackHttp({ signingSecret: SECRET, intake, count, log, now: () => new Date() });
    server = createServer((req, res) => void http(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => box.rows.clear());

  const signed = (body: string) => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const hmac = createHmac('sha256', SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
    return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${hmac}` };
  };
  const post = (body: string, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}/slack/events`, { method: 'POST', body, headers });

  it('reads a captured delivery as what it was signed as, whatever content type somebody gives it', async () => {
    const press = {
      type: 'block_actions',
      user: { id: 'U0ADAM' },
      team: { id: 'T1' },
      trigger_id: 'x',
      actions: [{ action_id: 'steward:approve', action_ts: '1.1', value: 'r1:1' }],
    };
    // What a packager writes to the bot, for somebody who sees the delivery pass to send again as a form.
    const text = `hello &payload=${encodeURIComponent(JSON.stringify(press))}&x=`;
    const event = { type: 'message', channel_type: 'im', channel: 'D1', user: 'U0MARIA', ts: '1.1', text };
    const body = JSON.stringify({ type: 'event_callback', team_id: 'T1', event_id: 'Ev1', event });
    const types = [
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data',
    ];
    for (const type of types)
      expect((await post(body, { ...signed(body), 'content-type': type })).status).toBe(200);
    expect([...box.rows.keys()]).toHaveLength(1);
    expect([...box.rows.keys()][0]).toMatch(/^slack:event:/);
  });

  it('keeps no more than a kilobyte of what does not look signed', async () => {
    expect((await post('x'.repeat(2_000), {})).status).toBe(413);
    expect((await post('x'.repeat(1_000), {})).status).toBe(401);
    expect((await post('x'.repeat(2_000), { ...signed(''), 'x-slack-signature': 'v0=1' })).status).toBe(413);
  });

  it('does not keep the bodies of a hundred at once, and takes Slack’s again when they are gone', async () => {
    const before = process.memoryUsage().external + process.memoryUsage().arrayBuffers;
    const headers = Object.entries(signed('something else')).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `POST /slack/events HTTP/1.1\r\nhost: x\r\n${headers.join('')}content-length: 1000000\r\n\r\n`;
    const heard: string[] = [];
    const sockets = await Promise.all(
      Array.from({ length: 100 }, () => sendAll(port, head + 'x'.repeat(999_000), heard)),
    );
    await expect.poll(() => counts.get('busy') ?? 0, { timeout: 10_000 }).toBeGreaterThan(10);
    expect(process.memoryUsage().external + process.memoryUsage().arrayBuffers - before).toBeLessThan(300e6);
    for (const socket of sockets) socket.destroy();
    const body = 'ssl_check=1';
    await expect.poll(async () => (await post(body, signed(body))).status, { timeout: 10_000 }).toBe(200);
  });
});

async function sendAll(port: number, text: string, heard: string[]): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
      resolve(socket);
    });
    socket.on('error', () => undefined);
    socket.on('data', (data) => heard.push(String(data)));
  });
}

describe('a thread in which two requests were asked', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.close());

  it('makes an `approve` without a number ask which, for somebody else may have slipped the second in', async () => {
    const thread = await rig.slack.as('U0MARIA').say('@steward builder capacity builder2 8', 'C0KOJI');
    const where = `C0KOJI/${thread}`;
    await expect.poll(() => rig.places.find('slack', where)).toEqual(['r1']);
    await rig.slack.as('U0BEA').say('@steward builder capacity builder1 2', 'C0KOJI', thread);
    await expect.poll(async () => [...(await rig.places.find('slack', where))].sort()).toEqual(['r1', 'r2']);
    await rig.slack.as('U0ADAM').say('@steward approve', 'C0KOJI', thread);
    const said = await rig.slack.waitFor(() => rig.heard.find((one) => one.text === 'approve'));
    expect(said).toMatchObject({ who: 'adam', here: undefined });
    await rig.front().idle();
    expect([...rig.requests.values()].map((one) => one.status)).toEqual(['planned', 'planned']);
  });

  it('shows nothing for a request that is not there, and keeps no place for it', async () => {
    await rig.slack.deliver.raw({
      body: `payload=${encodeURIComponent(
        JSON.stringify({
          type: 'block_actions',
          user: { id: 'U0MARIA' },
          team: { id: rig.slack.team },
          trigger_id: 'x',
          channel: { id: 'C0KOJI' },
          container: { message_ts: '1.5', channel_id: 'C0KOJI' },
          actions: [{ action_id: 'steward:show', action_ts: '1.6', value: 'r999:1' }],
        }),
      )}`,
    });
    await rig.front().idle();
    expect(await rig.places.of('r999')).toEqual([]);
  });
});

describe('a name that somebody gives themselves in Slack', () => {
  const named = async (real_name: string) => {
    const info = { id: 'U0EVIL', team_id: 'T1', name: 'evil', real_name };
    const people = createPeople({
      api: { call: async () => ({ kind: 'ok', data: { user: info }, scopes: [] }), stop: () => undefined },
      options: {
        people: [{ id: 'evgeni', name: 'Evgeni Golov', slack: 'U0EVGENI', roles: ['admin'] }],
        roles: {},
        everybody: ['packager'],
        team: 'T1',
      },
      log: keepLog(),
      now: () => new Date(),
    });
    const known = await people.who('U0EVIL');
    return known.kind === 'person' ? known.person.name : '';
  };

  it.each([
    'Evgeni Golov',
    'evgeni  golov',
    'Evgeni\u200b Golov',
    'Ｅvgeni Golov',
    'évgeni.golov',
    'evgeni',
    'Steward',
    '\u200b',
    // Cyrillic, a figure, a capital I.
    '\u0415vgeni Golov',
    'Evgeni Go1ov',
    'Evgeni GoIov',
  ])('is not believed where it is that of somebody the config lists: %j', async (name) => {
    expect(await named(name)).toContain('(U0EVIL)');
  });

  it('is shown as it is otherwise', async () => {
    expect(await named('Mallory')).toBe('Mallory');
    expect(textOf(await named('Evgeni'))).toContain('U0EVIL');
  });
});
