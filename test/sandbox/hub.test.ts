import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureVersion } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type SandboxHub, type SandboxHubOptions, startHub } from '../../sandbox/hub/hub.ts';
import { type KeyPair, makePki, type Pki } from '../../sandbox/pki.ts';
import { decodeReply, type Reply } from '../../src/koji/decode.ts';
import { encodeCall, encodeItem, encodeMultiCall } from '../../src/koji/encode.ts';

const CAPTURED = join(import.meta.dirname, '../../../shared/contracts/koji');
const here = existsSync(CAPTURED);

let dir: string;
let pki: Pki;
let kojiadmin: KeyPair;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'steward-sandbox-'));
  pki = await makePki(dir);
  kojiadmin = await pki.client('kojiadmin');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function start(options: Partial<SandboxHubOptions> = {}): Promise<SandboxHub> {
  const hub = await startHub({ version: '1.35', pki, ...options });
  closers.push(() => hub.close());
  return hub;
}

interface Ask {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly who?: KeyPair;
  readonly tls?: SecureVersion;
  readonly from?: string;
  readonly httpMethod?: string;
}

/** One bare POST. */
function post(
  hub: SandboxHub,
  body: string,
  ask: Ask = {},
): Promise<{ status: number; type: string; text: string }> {
  const { port } = new URL(hub.url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path: ask.path ?? '/kojihub',
        method: ask.httpMethod ?? 'POST',
        headers: ask.headers ?? {},
        ca: pki.ca,
        ...ask.who,
        maxVersion: ask.tls ?? 'TLSv1.2',
        agent: false,
        ...(ask.from === undefined ? {} : { localAddress: ask.from }),
        signal: AbortSignal.timeout(10_000),
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, type: incoming.headers['content-type'] ?? '', text }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function call(
  hub: SandboxHub,
  method: string,
  args: readonly unknown[] = [],
  ask: Ask & { kwargs?: object } = {},
): Promise<Reply> {
  const { status, text } = await post(hub, encodeCall(method, args, ask.kwargs), ask);
  expect(status).toBe(200);
  return decodeReply(text);
}

interface Login {
  readonly id: number;
  readonly key: string;
  /** The session in headers, with a number under the name that is read, or under the one that is not. */
  headers(callnum?: number, name?: string): Ask;
  query(callnum?: number): Ask;
}

async function login(hub: SandboxHub, who: KeyPair = kojiadmin): Promise<Login> {
  const reply = await call(hub, 'sslLogin', [], { path: '/kojihub/ssllogin', who });
  const value = (reply.kind === 'value' ? reply.value : {}) as {
    'session-id': number;
    'session-key': string;
  };
  const id = value['session-id'];
  const key = value['session-key'];
  return {
    id,
    key,
    headers: (callnum, name = 'Koji-CallNum') => ({
      headers: {
        'Koji-Session-Id': String(id),
        'Koji-Session-Key': key,
        ...(callnum === undefined ? {} : { [name]: String(callnum) }),
      },
    }),
    query: (callnum) => ({
      path: `/kojihub?session-id=${id}&session-key=${key}${callnum === undefined ? '' : `&callnum=${callnum}`}`,
    }),
  };
}

const value = (wanted: unknown): Reply => ({ kind: 'value', value: wanted });
const fault = (code: number) => expect.objectContaining({ kind: 'fault', code });

describe('a session', () => {
  it('of 1.20 stands in the query string, and in headers it is anonymous without a word', async () => {
    const hub = await start({ version: '1.20' });
    const session = await login(hub);
    expect(await call(hub, 'getLoggedInUser', [], session.query())).toMatchObject({
      value: { name: 'kojiadmin' },
    });
    expect(await call(hub, 'getLoggedInUser', [], session.headers())).toEqual(value(null));
    expect(await call(hub, 'disableHost', ['builder1'], session.headers())).toEqual(fault(1004));
    expect(await call(hub, 'disableHost', ['builder1'], session.query())).toEqual(value(null));
  });

  it('of 1.35 stands in headers, and in the query string unless that is disabled', async () => {
    const hub = await start();
    const session = await login(hub);
    expect(await call(hub, 'getLoggedInUser', [], session.headers())).toMatchObject({
      value: { name: 'kojiadmin' },
    });
    expect(await call(hub, 'getLoggedInUser', [], session.query())).toMatchObject({
      value: { name: 'kojiadmin' },
    });
    const strict = await start({ urlSessionsDisabled: true });
    const other = await login(strict);
    expect(await call(strict, 'getLoggedInUser', [], other.query())).toEqual(value(null));
  });

  it.each(['1.20', '1.35'] as const)('of %s takes each number of a change once', async (version) => {
    const hub = await start({ version });
    const session = await login(hub);
    const at = version === '1.20' ? session.query : session.headers;
    expect(await call(hub, 'getHost', ['builder1'], at(10))).toMatchObject({ kind: 'value' });
    expect(await call(hub, 'disableHost', ['builder1'], at(10))).toEqual(value(null));
    expect(await call(hub, 'disableHost', ['builder1'], at(10))).toEqual(fault(1009));
    expect(await call(hub, 'getHost', ['builder1'], at(10))).toEqual(fault(1009));
    expect(await call(hub, 'disableHost', ['builder1'], at(9))).toEqual(fault(1008));
    expect(await call(hub, 'disableHost', ['builder9'], at(11))).toEqual(fault(1000));
    expect(await call(hub, 'disableHost', ['builder1'], at(11))).toEqual(value(null));
    expect(await call(hub, 'editHost', ['builder1'], { ...at(12), kwargs: { capacty: 9 } })).toEqual(
      value(false),
    );
    expect(await call(hub, 'disableHost', ['builder1'], at(12))).toEqual(value(null));
    expect(hub.writes()).toBe(3);
  });

  it('of 1.35 does not look at the header that Koji’s own client sends', async () => {
    const hub = await start();
    const session = await login(hub);
    const at = session.headers(20, 'Koji-Session-Callnum');
    expect(await call(hub, 'disableHost', ['builder1'], at)).toEqual(value(null));
    expect(await call(hub, 'disableHost', ['builder1'], at)).toEqual(value(null));
  });

  it('stores the number of a multiCall that only read', async () => {
    const hub = await start();
    const session = await login(hub);
    const body = encodeMultiCall([encodeItem('getHost', ['builder1'])]);
    expect(decodeReply((await post(hub, body, session.headers(5))).text)).toMatchObject({ kind: 'value' });
    expect(decodeReply((await post(hub, body, session.headers(5))).text)).toEqual(fault(1009));
  });

  it('is bound to its address, its key and its end', async () => {
    const hub = await start();
    const session = await login(hub);
    expect(await call(hub, 'getPerms', [], { ...session.headers(), from: '127.0.0.2' })).toEqual(fault(1002));
    const wrong = { headers: { 'Koji-Session-Id': String(session.id), 'Koji-Session-Key': 'x' } };
    expect(await call(hub, 'getPerms', [], wrong)).toEqual(fault(1002));
    const noKey = { headers: { 'Koji-Session-Id': String(session.id) } };
    expect(await call(hub, 'getPerms', [], noKey)).toEqual(fault(1));
    expect(await call(hub, 'logout', [], session.headers())).toEqual(value(null));
    expect(await call(hub, 'getPerms', [], session.headers())).toEqual(fault(1002));
    const old = await start({ version: '1.20' });
    const other = await login(old);
    expect(await call(old, 'logout', [], other.query())).toEqual(value(null));
    expect(await call(old, 'getPerms', [], other.query())).toEqual(fault(1007));
  });

  it('of 1.35 is renewed under a new key', async () => {
    const hub = await start();
    const session = await login(hub);
    await hub.misbehave({ kind: 'expire-sessions' });
    expect(await call(hub, 'getPerms', [], session.headers())).toEqual(fault(1007));
    const again = { ...session.headers(), path: '/kojihub/ssllogin', who: kojiadmin };
    expect(await call(hub, 'sslLogin', [], again)).toEqual(fault(1007));
    const renewed = await call(hub, 'sslLogin', [], { ...again, kwargs: { renew: true } });
    expect(renewed).toMatchObject({ value: { 'session-id': session.id } });
    expect(await call(hub, 'getPerms', [], session.headers())).toEqual(fault(1002));
    const live = await login(hub);
    expect(await call(hub, 'sslLogin', [], { ...again, ...live.headers() })).toEqual(fault(1002));
  });
});

describe('a login', () => {
  it('needs a certificate of the CA, at its own path, and TLS 1.2 from this client', async () => {
    const hub = await start();
    const body = encodeCall('sslLogin', []);
    const path = '/kojihub/ssllogin';
    await expect(post(hub, body, { path })).rejects.toThrow(/hang up|ECONNRESET/);
    await expect(
      post(hub, body, { path, who: await pki.issue({ cn: 'pat', expired: true }) }),
    ).rejects.toThrow();
    expect(await call(hub, 'sslLogin', [], { who: kojiadmin })).toEqual(fault(1002));
    expect(await call(hub, 'sslLogin', [], { path, who: await pki.issue({ cn: null }) })).toEqual(
      fault(1002),
    );
    expect(await call(hub, 'sslLogin', [], { path, who: await pki.client('retired') })).toEqual(fault(1002));
    const late = await post(hub, body, { path, who: kojiadmin, tls: 'TLSv1.3' });
    expect(late).toMatchObject({
      status: 403,
      text: expect.stringContaining('Cannot perform Post-Handshake'),
    });
    expect(late.type).toContain('text/html');
  });

  it('makes an account for whoever has a certificate, unless told not to', async () => {
    const hub = await start();
    const session = await login(hub, await pki.client('newcomer'));
    expect(await call(hub, 'getPerms', [], session.headers())).toEqual(value([]));
    const strict = await start({ createsUsers: false });
    const refused = { path: '/kojihub/ssllogin', who: await pki.client('newcomer') };
    expect(await call(strict, 'sslLogin', [], refused)).toEqual(fault(1002));
  });
});

describe.each(['1.20', '1.35'] as const)('methods of %s', (version) => {
  const begin = async (who?: KeyPair) => {
    const hub = await start({ version });
    const session = await login(hub, who);
    const at = version === '1.20' ? session.query() : session.headers();
    const ask = (method: string, args: readonly unknown[] = [], kwargs?: object) =>
      call(hub, method, args, { ...at, ...(kwargs === undefined ? {} : { kwargs }) });
    return { hub, ask };
  };

  it('know hosts by name or number, and not knowing one is no fault', async () => {
    const { ask } = await begin();
    expect(await ask('getHost', [1])).toMatchObject({ value: { name: 'builder1' } });
    expect(await ask('getHost', ['1'])).toEqual(value(null));
    expect(await ask('getHost', ['builder9'], { strict: true })).toEqual(fault(1000));
    expect(await ask('getHost', ['builder1'], { bogus: 1 })).toEqual(fault(1019));
    expect(await ask('getHost')).toEqual(fault(1019));
    expect(await ask('nothing')).toEqual(fault(1000));
  });

  it('list hosts in an order that changes with each edit', async () => {
    const { ask } = await begin();
    const names = async () => {
      const reply = await ask('listHosts', [], { channelID: 'default', enabled: true });
      return reply.kind === 'value' ? (reply.value as { name: string }[]).map(({ name }) => name) : [];
    };
    expect(await names()).toEqual(['builder3', 'builder1', 'builder2']);
    await ask('editHost', ['builder3'], { comment: 'x' });
    expect(await names()).toEqual(['builder1', 'builder2', 'builder3']);
  });

  it('answer a capacity that is not above 1 with SQL, and take what PostgreSQL takes', async () => {
    const { ask, hub } = await begin();
    for (const capacity of [0, 1, -3, 'lots', null]) {
      expect(await ask('editHost', ['builder2'], { capacity }), String(capacity)).toMatchObject({
        code: 1,
        text: expect.stringContaining('psycopg2'),
      });
    }
    expect(hub.writes()).toBe(0);
    expect(await ask('editHost', ['builder2'], { capacity: '6.5' })).toEqual(value(true));
    expect(await ask('getHost', ['builder2'])).toMatchObject({ value: { capacity: 6.5 } });
  });

  it('say nothing about "already"', async () => {
    const { ask, hub } = await begin();
    expect(await ask('disableHost', ['builder2'])).toEqual(value(null));
    expect(await ask('disableHost', ['builder2'])).toEqual(value(null));
    expect(hub.writes()).toBe(2);
    expect(await ask('addHostToChannel', ['builder2', 'default'])).toEqual(fault(1000));
    expect(await ask('addHost', ['builder2', ['x86_64']])).toEqual(fault(1000));
  });

  it('take the letters of a string for architectures', async () => {
    const { ask } = await begin();
    expect(await ask('addHost', ['builder9', 'x86_64'])).toMatchObject({ kind: 'value' });
    expect(await ask('getHost', ['builder9'])).toMatchObject({
      value: { arches: 'x 8 6 _ 6 4', ready: false },
    });
    expect(await ask('getLastHostUpdate', [1])).toMatchObject({
      value: expect.stringMatching(version === '1.20' ? /^\d{4}-\d\d-\d\d [\d:.]+$/ : /\+00:00$/),
    });
  });

  it('make a new task for each newRepo', async () => {
    const { ask } = await begin();
    const first = await ask('newRepo', ['foreman-nightly-el8-build']);
    const second = await ask('newRepo', ['foreman-nightly-el8-build']);
    expect(first).not.toEqual(second);
    expect(await ask('newRepo', ['nosuchtag'])).toMatchObject({
      kind: version === '1.20' ? 'value' : 'fault',
    });
  });

  it('let a newRepo run to its end, and say how it ended', async () => {
    const { ask, hub } = await begin();
    const [tag, other] = ['foreman-nightly-el8-build', 'katello-nightly-el8-build'];
    const make = async (name: string): Promise<number> =>
      z.object({ value: z.number() }).parse(await ask('newRepo', [name])).value;
    const state = async (id: number): Promise<unknown> => {
      const found = await ask('getTaskInfo', [id]);
      return z.object({ value: z.object({ state: z.number() }) }).parse(found).value.state;
    };
    const result = (id: number) => ask('getTaskResult', [id, false]);
    Object.assign(hub.world.newRepos, { openAfter: 0, endAfter: 0, fates: { [tag]: 'free' } });
    const id = await make(tag);
    expect([await state(id), await ask('getRepo', [tag])]).toEqual([0, value(null)]);
    hub.world.newRepos.fates = { [tag]: 'open' };
    expect([await state(id), await result(id)]).toEqual([1, fault(1000)]);
    hub.world.newRepos.fates = { [other]: 'failed' };
    expect([await state(id), await ask('getRepo', [tag])]).toMatchObject([2, { value: { state: 1 } }]);
    const failed = await make(other);
    expect([await state(failed), await result(failed)]).toMatchObject([5, { value: { faultCode: 1000 } }]);
    // A task that is made anew while no builder of its channel is enabled stays where it is.
    for (const host of hub.world.hosts) host.enabled = false;
    expect(await state(await make(tag))).toBe(0);
  });

  it('want the permission for each change', async () => {
    const { ask, hub } = await begin(await pki.client('robin'));
    const refused: [string, ...unknown[]][] = [
      ['editHost', 'builder1'],
      ['disableHost', 'builder1'],
      ['createUser', 'x'],
      ['createExternalRepo', 'x', 'http://x'],
      ['newRepo', 'foreman-nightly-el8-build'],
      ['cancelTask', 901],
    ];
    for (const [method, ...args] of refused) expect(await ask(method, args), method).toEqual(fault(1004));
    expect(hub.history()).toEqual([]);
  });

  it('keep external repositories as the hub does', async () => {
    const { ask } = await begin();
    const tag = 'foreman-nightly-el8';
    expect(await ask('createExternalRepo', ['epel', 'not a url'])).toMatchObject({
      value: { url: 'not a url/' },
    });
    expect(await ask('createExternalRepo', ['epel', 'x'])).toEqual(fault(1000));
    expect(await ask('addExternalRepoToTag', [tag, 'epel'])).toEqual(fault(1019));
    expect(await ask('addExternalRepoToTag', [tag, 'epel', 5], { merge_mode: 'bare' })).toEqual(value(null));
    expect(await ask('addExternalRepoToTag', [tag, 'centos8-base', 5])).toEqual(fault(1000));
    const arches = await ask('addExternalRepoToTag', [tag, 'centos8-base', 6], { arches: 'x86_64' });
    expect(arches).toEqual(version === '1.20' ? fault(1019) : value(null));
  });

  it('keep users as the hub does', async () => {
    const { ask } = await begin();
    expect(await ask('createUser', ['lee'])).toMatchObject({ kind: 'value' });
    expect(await ask('createUser', ['lee'])).toEqual(fault(1000));
    expect(await ask('grantPermission', ['lee', 'repo'])).toEqual(value(null));
    expect(await ask('grantPermission', ['lee', 'repo'])).toEqual(fault(1000));
    expect(await ask('getUserPerms', ['lee'])).toEqual(value(['repo']));
    expect(await ask('disableUser', ['lee'])).toEqual(value(null));
    expect(await ask('getUser', ['lee'])).toMatchObject({ value: { status: 1 } });
    expect(await ask('getUser', ['nobody'])).toEqual(value(null));
    expect(await ask('revokePermission', ['lee', 'tag'])).toEqual(fault(1000));
    expect(await ask('grantPermission', ['lee', 'nosuch'])).toEqual(fault(1000));
    const newer = version !== '1.20';
    const direct = await ask('getUserPerms', ['lee'], { with_groups: false });
    expect(direct).toEqual(newer ? value(['repo']) : fault(1019));
    expect(await ask('listUsers', [], { perm: 'admin' })).toMatchObject(
      newer ? { value: [{ name: 'kojiadmin' }] } : fault(1019),
    );
    expect(await ask('listUsers', [0, 'LEE'])).toMatchObject({ value: [{ name: 'lee', status: 1 }] });
    expect(await ask('createUser', ['two words'])).toMatchObject(newer ? fault(1000) : { kind: 'value' });
    expect(await ask('createUser', ['x'.repeat(256)])).toEqual(fault(1));
  });

  const why = here ? '' : ' (skipped: no captured exchanges beside this checkout)';
  it.skipIf(!here)(`give structs with the fields of the real hub${why}`, async () => {
    const { ask } = await begin();
    const shapes: [string, string, readonly unknown[], object?][] = [
      ['getHost', 'getHost', ['builder1']],
      ['listHosts', 'listHosts', []],
      ['getUser', 'getUser', ['pat']],
      ['getLoggedInUser', 'getLoggedInUser', []],
      ['getSessionInfo', 'getSessionInfo', []],
      ['getTag', 'getTag', [1]],
      ['listTags', 'listTags', []],
      ['getTaskInfo', 'getTaskInfo', [901], { request: true }],
      ['listTasks', 'listTasks', []],
      ['getExternalRepo', 'getExternalRepo', [1]],
      ['getTagExternalRepos', 'getTagExternalRepos', [2]],
      ['getAllPerms', 'getAllPerms', []],
      ...(version === '1.20'
        ? []
        : [['listChannels', 'listChannels', ['builder1']] satisfies [string, string, unknown[]]]),
    ];
    for (const [name, method, args, kwargs] of shapes) {
      const http = readFileSync(join(CAPTURED, `hub-${version}`, name, 'response.http'), 'utf8');
      const real = decodeReply(http.slice(http.indexOf('<?xml')));
      expect(fieldsOf(await ask(method, args, kwargs)), name).toEqual(fieldsOf(real));
    }
  });
});

describe('the sandbox hub', () => {
  it('finds the same world at a second start, NaN and all', async () => {
    const statePath = join(dir, 'state.json');
    const setNaN: SandboxHubOptions['world'] = (world) => {
      for (const host of world.hosts) if (host.name === 'builder3') host.capacity = Number.NaN;
    };
    const first = await startHub({ version: '1.35', pki, statePath, world: setNaN });
    const session = await login(first);
    await call(first, 'editHost', ['builder2'], { ...session.headers(1), kwargs: { capacity: 9 } });
    await first.close();
    const second = await start({ statePath });
    expect(second.world).toEqual(first.world);
    expect(second.writes()).toBe(1);
    expect(await call(second, 'disableHost', ['builder2'], session.headers(1))).toEqual(fault(1009));
  });

  it('shows its builders checking in', async () => {
    const hub = await start({
      world: ({ hosts }) => {
        for (const host of hosts) host.checksInEverySeconds = 0.05;
      },
    });
    const ask = () => call(hub, 'getLastHostUpdate', [1], { kwargs: { ts: true } });
    const first = await ask();
    await expect.poll(ask).not.toEqual(first);
  });

  it('is spoken to by another implementation of XML-RPC', async () => {
    const require = createRequire(import.meta.url);
    const xmlrpc = require('xmlrpc') as {
      createSecureClient(options: object): {
        methodCall(
          method: string,
          params: readonly unknown[],
          done: (error: unknown, value: unknown) => void,
        ): void;
      };
    };
    const hub = await start({ version: '1.20' });
    const about = {
      host: '127.0.0.1',
      port: Number(new URL(hub.url).port),
      ca: pki.ca,
      maxVersion: 'TLSv1.2',
    };
    const ask = (path: string, method: string, params: readonly unknown[]) =>
      new Promise<unknown>((resolve, reject) =>
        xmlrpc
          .createSecureClient({ ...about, ...kojiadmin, path, agent: false })
          .methodCall(method, params, (error, read) => (error ? reject(error) : resolve(read))),
      );
    const session = (await ask('/kojihub/ssllogin', 'sslLogin', [])) as Record<string, unknown>;
    const path = `/kojihub?session-id=${session['session-id']}&session-key=${session['session-key']}`;
    expect(await ask(path, 'editHost', ['builder2', { capacity: 9, __starstar: true }])).toBe(true);
    expect(await ask('/kojihub', 'getHost', ['builder2'])).toMatchObject({ capacity: 9, comment: null });
    await expect(ask('/kojihub', 'editHost', ['builder2'])).rejects.toMatchObject({ faultCode: 1004 });
  });

  it('answers what is no call as the version does', async () => {
    const hub = await start();
    const old = await start({ version: '1.20' });
    expect(await post(hub, 'not xml')).toMatchObject({ status: 400, type: 'text/plain' });
    expect(decodeReply((await post(old, 'not xml')).text)).toEqual(fault(1));
    expect(await post(hub, '', { httpMethod: 'GET' })).toMatchObject({ status: 405 });
    expect(await post(hub, '', { path: '/elsewhere' })).toMatchObject({ status: 404 });
  });
});

/** The names of the fields, of the first where there are many. */
function fieldsOf(reply: Reply): unknown {
  if (reply.kind === 'fault') return reply;
  const one: unknown = Array.isArray(reply.value) ? reply.value[0] : reply.value;
  return Object.keys(one as object).sort();
}
