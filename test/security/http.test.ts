import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretsIn } from '../../config/secrets.ts';
import { holdsPrivateKey } from '../../src/core/private-key.ts';
import type { Http } from '../../src/http.ts';
import { createRedactor } from '../../src/log.ts';
import { startApi } from '../support/api.ts';
import { type Kernel, startKernel } from '../support/kernel.ts';

let kernel: Kernel;
let http: Http;
let base: string;
beforeAll(async () => {
  kernel = await startKernel();
  ({ http, url: base } = await startApi(kernel, {
    refuses: (text) => (holdsPrivateKey(text) ? 'That looks like a private key.' : null),
  }));
});
afterAll(async () => {
  await http.stop();
  await kernel.close();
});

let keys = 0;
const say = (text: string, token: string) =>
  fetch(`${base}/api/say`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': `security-${keys++}`,
    },
    body: JSON.stringify({ text }),
  });

describe('the terminal’s door', () => {
  it('stays open to who was let in lately, however often others behind the same proxy try wrong tokens', async () => {
    const { id, token } = await kernel.store.tokens.issue('maria', '');
    const other = await kernel.store.tokens.issue('adam', '');
    expect((await say('help', token)).status).toBe(200);
    for (let n = 0; n < 12; n++) await say('help', `kst_${'x'.repeat(43)}`);
    expect((await say('help', `kst_${'x'.repeat(43)}`)).status).toBe(429);
    expect((await say('help', other.token)).status).toBe(429);
    expect((await say('help', token)).status).toBe(200);
    await kernel.store.tokens.revoke(id);
    expect((await say('help', token)).status).toBe(401);
    expect((await say('help', token)).status).toBe(429);
  });

  it('keeps nothing of a private key that somebody typed', async () => {
    const { token } = await kernel.store.tokens.issue('adam', '');
    const pem = `-----BEGIN EC PRIVATE KEY-----\n${'A'.repeat(64)}\n-----END EC PRIVATE KEY-----`;
    // Its address is closed by the test before for a minute: another one of this machine's.
    const answer = await fetch(`${base}/api/say`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': 'with-a-key-in-it',
        'x-forwarded-for': '192.0.2.77',
      },
      body: JSON.stringify({ text: `builder disable builder2 because=${pem}` }),
    });
    expect([answer.status, await answer.json()]).toEqual([400, { says: 'That looks like a private key.' }]);
    expect(await kernel.store.requests.list({ limit: 10 })).toEqual([]);
  });

  it('shows health and metrics to nobody whom a proxy sends, whichever header it adds', async () => {
    for (const path of ['/readyz', '/metrics']) {
      expect((await fetch(base + path)).status).toBe(200);
      for (const name of [
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-proto',
        'x-real-ip',
        'forwarded',
        'via',
      ])
        for (const value of ['192.0.2.1', ''])
          expect([path, name, (await fetch(base + path, { headers: { [name]: value } })).status]).toEqual([
            path,
            name,
            404,
          ]);
    }
  });
});

describe('a path that says another than it means', () => {
  const ask = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(base);
      request({ host: '127.0.0.1', port, path }, (res) => {
        resolve(res.statusCode);
        res.resume();
      })
        .on('error', reject)
        .end();
    });

  it.each([
    '/api/../metrics',
    '/api/%2e%2e/metrics',
    '/api/.%2E/metrics',
    '/api/..\\metrics',
    '/slack/../metrics',
    '/api/./../metrics',
    'http://127.0.0.1/metrics',
    '/api/..',
    '/..?x',
    '*',
  ])('is refused: %s', async (path) => {
    expect(await ask(path)).toBe(400);
  });

  it('is told from one with dots in a name, or after the question mark', async () => {
    expect(await ask('/metrics')).toBe(200);
    expect(await ask('/healthz?x=/../')).toBe(200);
    expect(await ask('/..a/b..c/.d')).toBe(404);
    expect(await ask('/')).toBe(404);
    expect(await ask(`/${'/..'.repeat(5_000)}x`)).toBe(400);
  });
});

describe('the log', () => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(2)}\n-----END PRIVATE KEY-----\n`;
  const config = {
    hub: { key: pem },
    hosts: { privateKey: pem.replaceAll('MII', 'NJJ') },
    slack: { botToken: 'xoxb-1-2', appToken: undefined, signingSecret: '8f742231b10e8888abcd99yyyzzz85a5' },
    discourse: null,
    database: { url: 'postgres://steward:p%40ss%2Fw%22ord@db/steward' },
    redis: { url: undefined },
  };
  const redact = createRedactor(secretsIn(config));

  it('holds no secret of this process, also one that does not look like one, nor a line of a key', () => {
    const secrets = [config.slack.signingSecret, 'p@ss/w"ord', ...pem.split('\n').slice(1, 2)];
    for (const secret of [...secrets, ...config.hosts.privateKey.split('\n').slice(1, 2)]) {
      expect(redact(`a ${secret} b`)).toBe('a [secret] b');
      expect(redact(JSON.stringify({ says: `a ${secret} b` }))).toBe('{"says":"a [secret] b"}');
    }
    expect(redact(' -----BEGIN CERTIFICATE----- is public')).toContain('CERTIFICATE');
  });

  it('holds no session of the hub in any writing, no password of an address, no address to answer to', () => {
    const session = '1234-AbCdEfGh';
    for (const text of [
      `Koji-Session-Key: ${session}`,
      `/kojihub?session-id=1&session-key=${session}&callnum=2`,
      `<name>session-key</name><value><string>${session}</string></value>`,
      `{"session-key":"${session}"}`,
      JSON.stringify(`{"session-key":"${session}"}`),
      JSON.stringify({ body: `{'session-key': '${session}'}` }),
    ])
      expect(redact(text)).not.toContain(session);
    expect(redact('redis://:a/b@c@redis:6379/0 is away')).toBe('redis://:[password]@redis:6379/0 is away');
    expect(redact('https://hooks.slack.com/commands/T1/2/abc said no')).not.toContain('abc');
    expect(redact('at http://127.0.0.1:8420/readyz')).toBe('at http://127.0.0.1:8420/readyz');
  });
});
