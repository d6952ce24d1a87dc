import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, startRig, textOf } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

const form = 'application/x-www-form-urlencoded';

async function send(
  body: string | Buffer,
  headers: Record<string, string> = {},
  path = '/slack/events',
  method = 'POST',
) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const hmac = createHmac('sha256', rig.slack.signingSecret)
    .update(`v0:${timestamp}:`)
    .update(body)
    .digest('hex');
  return await fetch(`http://127.0.0.1:${rig.port}${path}`, {
    method,
    headers: {
      'content-type': form,
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${hmac}`,
      ...headers,
    },
    ...(method === 'POST' ? { body: typeof body === 'string' ? body : new Uint8Array(body) } : {}),
  });
}

const command = (text: string, trigger = `t${Math.random()}`) =>
  new URLSearchParams({
    command: '/koji',
    text,
    trigger_id: trigger,
    team_id: rig.slack.team,
    user_id: 'U0MARIA',
    channel_id: 'C0KOJI',
    token: 'relic',
  }).toString();

describe('the door for Slack over HTTP', () => {
  it('answers the handshake of a new URL', async () => {
    expect(await rig.slack.deliver.challenge()).toBe(true);
  });

  it('answers Slack’s check of the certificate, signed or not', async () => {
    expect((await send('ssl_check=1&token=x', { 'x-slack-signature': 'v0=0' })).status).toBe(200);
    expect((await send('ssl_check=1&token=x')).status).toBe(200);
  });

  it('does nothing for an unsigned body that only says it is such a check', async () => {
    const sneaky = await send(`ssl_check=1&${command('builder capacity builder2 8')}`, {
      'x-slack-signature': 'v0=0',
    });
    expect(sneaky.status).toBe(401);
  });

  it.each([
    ['a wrong signature', { 'x-slack-signature': `v0=${'0'.repeat(64)}` }, 401, 'bad-signature'],
    ['a signature of another length', { 'x-slack-signature': 'v0=00' }, 401, 'bad-signature'],
    ['a timestamp that is no number', { 'x-slack-request-timestamp': '1e9' }, 401, 'bad-signature'],
  ])('refuses %s, and counts it', async (_, headers, status, counted) => {
    const before = rig.counts.get(counted as 'stale') ?? 0;
    expect((await send(command('help'), headers)).status).toBe(status);
    expect(rig.counts.get(counted as 'stale')).toBe(before + 1);
  });

  it('refuses a request without a signature', async () => {
    const bare = await fetch(`http://127.0.0.1:${rig.port}/slack/events`, { method: 'POST', body: 'x=1' });
    expect(bare.status).toBe(401);
  });

  it('refuses what was signed more than five minutes ago', async () => {
    const old = await rig.slack.deliver.raw({ body: command('help'), ageSeconds: 360 });
    expect(old.status).toBe(401);
    expect(rig.counts.get('stale')).toBe(1);
  });

  it('refuses another method, and another path below its own', async () => {
    expect((await send('', {}, '/slack/events', 'GET')).status).toBe(405);
    expect((await send('x=1', {}, '/slack/other')).status).toBe(404);
    expect((await send('x=1', {}, '/metrics')).status).toBe(404);
  });

  it('refuses more than a megabyte, announced or not', async () => {
    expect((await send('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
    const status = await new Promise<number>((resolve, reject) => {
      const req = httpRequest(
        { port: rig.port, host: '127.0.0.1', path: '/slack/events', method: 'POST' },
        (res) => {
          resolve(res.statusCode ?? 0);
          res.resume();
          req.destroy();
        },
      );
      req.on('error', reject);
      for (let n = 0; n < 40; n++) req.write(Buffer.alloc(32 * 1024, 120));
    });
    expect(status).toBe(413);
  });

  it('answers a signed body that it cannot read with 400, and goes on', async () => {
    expect((await send('command=%2Fkoji&text=help')).status).toBe(400);
    expect((await send('payload=%7B')).status).toBe(400);
    expect((await send('{', { 'content-type': 'application/json' })).status).toBe(400);
    const deep = `{"type":"event_callback","event_id":"E","event":{"type":"x","a":${'['.repeat(90_000)}${']'.repeat(90_000)}}}`;
    expect([200, 400]).toContain((await send(deep, { 'content-type': 'application/json' })).status);
    expect((await send('[[['.repeat(100_000), { 'content-type': 'application/json' })).status).toBe(400);
  });

  it('acknowledges kinds of deliveries that it has no use for', async () => {
    expect((await send(`payload=${encodeURIComponent('{"type":"view_closed"}')}`)).status).toBe(200);
  });

  it('stores before it acknowledges, and keeps Slack’s old token out', async () => {
    const before = rig.rows.size;
    const answer = await send(command('help'));
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(rig.rows.size).toBe(before + 1);
    expect(JSON.stringify([...rig.rows.values()])).not.toContain('relic');
  });

  it('takes NUL, lone surrogates and 40,000 characters', async () => {
    for (const text of ['a\0b', '%ED%A0%80', 'x'.repeat(40_000), '\u202e']) {
      expect((await send(command(text))).status).toBe(200);
    }
    expect(textOf([...rig.rows.values()].map((row) => row.body))).not.toMatch(/[\0\p{Surrogate}]/u);
  });

  it('answers 503 to buttons and forms while the database is down', async () => {
    rig.state.down = true;
    const press = {
      type: 'block_actions',
      user: { id: 'U0ADAM' },
      team: { id: rig.slack.team },
      trigger_id: 'x',
      actions: [{ action_id: 'steward:approve', action_ts: '1.1', value: 'r1:1' }],
      container: { message_ts: '1.2' },
    };
    expect((await send(`payload=${encodeURIComponent(JSON.stringify(press))}`)).status).toBe(503);
    rig.state.down = false;
  });
});
