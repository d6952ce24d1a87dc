import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type SandboxHub, type SandboxHubOptions, startHub } from '../../sandbox/hub/hub.ts';
import { type KeyPair, makePki, type Pki } from '../../sandbox/pki.ts';
import type { HubCall, Log } from '../../src/core/ports.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { createHub, type Hub } from '../../src/koji/hub.ts';

let dir: string;
let pki: Pki;
let steward: KeyPair;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'steward-hub-'));
  pki = await makePki(dir);
  steward = await pki.client('steward');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Setup {
  readonly sandbox: SandboxHub;
  readonly hub: Hub;
  /** All that was logged, as text. */
  readonly logged: () => string;
}

async function setUp(
  options: Partial<SandboxHubOptions> & { who?: KeyPair; deadlineMs?: number } = {},
): Promise<Setup> {
  const { who = steward, deadlineMs = 5000, ...more } = options;
  const sandbox = await startHub({ version: '1.35', pki, ...more });
  closers.push(() => sandbox.close());
  const lines: string[] = [];
  const keepLine = (message: string, about?: Record<string, unknown>) => {
    lines.push(`${message} ${JSON.stringify(about ?? {})}`);
  };
  const log: Log = { info: keepLine, warn: keepLine, error: keepLine };
  const hub = createHub({ url: sandbox.url, ca: pki.ca, ...who, deadlineMs, log });
  closers.push(() => hub.close());
  return { sandbox, hub, logged: () => lines.join('\n') };
}

const soon = () => AbortSignal.timeout(20_000);
const capacity = (host: string, value: number): HubCall => ({
  method: 'editHost',
  args: [host],
  kwargs: { capacity: value },
});
const capacityOf = (sandbox: SandboxHub, name: string) =>
  sandbox.world.hosts.find((host) => host.name === name)?.capacity;
const read = (hub: Hub, method: string, ...args: string[]) => hub.read({ method, args }, soon());

describe.each(['1.20', '1.35'] as const)('a hub of version %s', (version) => {
  it('knows the bot, its permissions, and its own version where it has one', async () => {
    const { hub } = await setUp({ version });
    expect(await hub.whoAmI(soon())).toEqual({ name: 'steward', id: 2 });
    expect(await hub.permissions(soon())).toEqual(['host', 'repo', 'tag']);
    expect(await hub.account(soon())).toEqual({ name: 'steward', permissions: ['host', 'repo', 'tag'] });
    expect(await hub.version(soon())).toBe(version === '1.20' ? null : '1.35.3');
  });

  it('is read without a login', async () => {
    const { hub, sandbox } = await setUp({ version });
    expect(await read(hub, 'getHost', 'builder2')).toMatchObject({
      name: 'builder2',
      capacity: 4,
      comment: null,
    });
    expect(await read(hub, 'getHost', 'builder9')).toBeNull();
    expect(await read(hub, 'listHosts')).toHaveLength(4);
    expect(sandbox.world.sessions).toHaveLength(0);
  });

  it('carries out a change, and says false when there was nothing to change', async () => {
    const { hub, sandbox } = await setUp({ version });
    expect(await hub.carryOut([capacity('builder2', 8)], soon())).toEqual([{ kind: 'value', value: true }]);
    expect(await hub.carryOut([capacity('builder2', 8)], soon())).toEqual([{ kind: 'value', value: false }]);
    expect(capacityOf(sandbox, 'builder2')).toBe(8);
    expect(sandbox.writes()).toBe(1);
    expect(sandbox.history()[0]).toMatchObject({ method: 'editHost', user: 'steward' });
  });

  it('takes a lost answer for done when the hub confirms it, and changes things once', async () => {
    const { hub, sandbox } = await setUp({ version });
    for (const kind of ['lose-answer', 'truncate', 'gateway'] as const) {
      await sandbox.misbehave({ kind, method: 'disableHost' });
      const call: HubCall = { method: 'disableHost', args: ['builder1'] };
      expect(await hub.carryOut([call], soon()), kind).toEqual([{ kind: 'value', value: null }]);
    }
    expect(sandbox.history()).toHaveLength(3);
  });

  it('tells nothing about single calls of a batch whose answer was lost', async () => {
    const { hub, sandbox } = await setUp({ version });
    await sandbox.misbehave({ kind: 'lose-answer', method: 'multiCall' });
    const outcomes = await hub.carryOut([capacity('builder1', 9), capacity('builder9', 9)], soon());
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'unknown']);
    expect(capacityOf(sandbox, 'builder1')).toBe(9);
    expect(sandbox.history()).toHaveLength(1);
  });

  it('repeats a change that never arrived', async () => {
    const { hub, sandbox } = await setUp({ version });
    await hub.whoAmI(soon());
    await sandbox.misbehave({ kind: 'reset', times: 2 });
    expect(await hub.carryOut([capacity('builder2', 8)], soon())).toEqual([{ kind: 'value', value: true }]);
    expect(sandbox.writes()).toBe(1);
  });

  it('says unknown for every call when the hub stays silent', async () => {
    const { hub, sandbox } = await setUp({ version, deadlineMs: 150 });
    await hub.whoAmI(soon());
    await sandbox.misbehave({ kind: 'hang', times: Number.POSITIVE_INFINITY });
    const outcomes = await hub.carryOut([capacity('builder1', 9), capacity('builder2', 9)], soon());
    expect(outcomes).toHaveLength(2);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ kind: 'unknown', why: expect.stringMatching(/took too long/) });
    await sandbox.behave();
  });

  it('recognises a late change as done', async () => {
    const { hub, sandbox } = await setUp({ version, deadlineMs: 150 });
    await hub.whoAmI(soon());
    await sandbox.misbehave({ kind: 'slow', ms: 1000, method: 'editHost' });
    expect(await hub.carryOut([capacity('builder2', 8)], soon())).toEqual([{ kind: 'value', value: null }]);
    expect(sandbox.history()).toHaveLength(1);
  });

  it.each(['expire-sessions', 'drop-sessions'] as const)('logs in again after %s', async (kind) => {
    const { hub, sandbox } = await setUp({ version });
    await hub.carryOut([capacity('builder2', 5)], soon());
    await sandbox.misbehave({ kind });
    expect(await hub.carryOut([capacity('builder2', 6)], soon())).toEqual([{ kind: 'value', value: true }]);
    await sandbox.misbehave({ kind });
    expect(await hub.whoAmI(soon())).toMatchObject({ name: 'steward' });
    expect(sandbox.writes()).toBe(2);
  });

  it('says unknown when the session went with the lost answer', async () => {
    const { hub, sandbox } = await setUp({ version });
    await hub.whoAmI(soon());
    await sandbox.misbehave({ kind: 'lose-session', method: 'editHost' });
    expect(await hub.carryOut([capacity('builder2', 6)], soon())).toMatchObject([{ kind: 'unknown' }]);
    expect(sandbox.writes()).toBe(1);
  });

  it('carries out parallel changes one after the other', async () => {
    const { hub, sandbox } = await setUp({ version });
    const values = Array.from({ length: 20 }, (_, at) => at + 2);
    const outcomes = await Promise.all(
      values.map((value) => hub.carryOut([capacity('builder2', value)], soon())),
    );
    expect(outcomes.flat().filter(({ kind }) => kind !== 'value')).toEqual([]);
    expect(sandbox.history().map(({ args }) => args[1])).toMatchObject(
      values.map((value) => ({ capacity: value })),
    );
    expect(sandbox.world.sessions).toHaveLength(1);
  });

  it('gives each call of a batch its own outcome', async () => {
    const { hub, sandbox } = await setUp({ version });
    const calls = [
      capacity('builder1', 20),
      capacity('builder9', 8),
      capacity('builder2', 1),
      capacity('builder3', 12),
    ];
    const outcomes = await hub.carryOut(calls, soon());
    expect(outcomes).toMatchObject([
      { kind: 'value', value: true },
      { kind: 'fault', fault: { code: 1000 } },
      { kind: 'fault', fault: { code: 1 } },
      { kind: 'value', value: true },
    ]);
    expect(capacityOf(sandbox, 'builder3')).toBe(12);
  });

  it('carries out fifty changes in one exchange', async () => {
    const { hub, sandbox } = await setUp({ version });
    const calls = Array.from({ length: 50 }, (_, at) => capacity('builder2', at + 2));
    const outcomes = await hub.carryOut(calls, soon());
    expect(outcomes.filter(({ kind }) => kind === 'value')).toHaveLength(50);
    expect(sandbox.world.sessions[0]?.callnum).toBe(1);
  });

  it('lists all builders when one has a capacity that is not a number', async () => {
    const { hub } = await setUp({
      version,
      world: (world) => {
        for (const host of world.hosts) if (host.name === 'builder3') host.capacity = Number.NaN;
      },
    });
    const hosts = await read(hub, 'listHosts');
    expect(hosts).toHaveLength(4);
    expect(hosts).toContainEqual(expect.objectContaining({ name: 'builder3', capacity: null }));
    expect(hosts).toContainEqual(expect.objectContaining({ name: 'builder1', capacity: 16 }));
  });

  it('shows no SQL and no text of the hub', async () => {
    const { hub, sandbox } = await setUp({ version });
    const [outcome] = await hub.carryOut([capacity('builder2', 0)], soon());
    expect(outcome).toMatchObject({ kind: 'fault', fault: { code: 1 } });
    expect(JSON.stringify(outcome)).not.toMatch(/psycopg2|host_config|row/i);
    expect(JSON.stringify(outcome)).toContain('capacity=0');
    await sandbox.misbehave({ kind: 'sql' });
    await expect(read(hub, 'listHosts')).rejects.toThrow(/^The hub failed on listHosts\(\) \(code 1\)/);
  });

  it('does not let a disabled account in, and says whose', async () => {
    const { hub, sandbox } = await setUp({ version });
    await hub.carryOut([capacity('builder2', 8)], soon());
    for (const user of sandbox.world.users) if (user.name === 'steward') user.status = 1;
    const failed = await rejection(hub.carryOut([capacity('builder2', 9)], soon()));
    expect(failed).toBeInstanceOf(Refused);
    expect(String(failed)).toContain('`steward`');
    expect(capacityOf(sandbox, 'builder2')).toBe(8);
  });

  it('says that a permission is missing', async () => {
    const { hub } = await setUp({ version, who: await pki.client('pat') });
    expect(await hub.carryOut([capacity('builder2', 8)], soon())).toMatchObject([
      { kind: 'fault', fault: { code: 1004 } },
    ]);
  });

  it('logs no session key', async () => {
    const { hub, sandbox, logged } = await setUp({ version });
    await hub.carryOut([capacity('builder2', 8)], soon());
    await sandbox.misbehave({ kind: 'lose-answer' });
    await hub.carryOut([capacity('builder2', 9)], soon());
    expect(logged()).toContain('logged in on the hub');
    for (const { key } of sandbox.world.sessions) expect(logged()).not.toContain(key);
  });

  it('logs out at the end', async () => {
    const { hub, sandbox } = await setUp({ version });
    await hub.whoAmI(soon());
    await hub.close();
    expect(sandbox.world.sessions).toMatchObject([version === '1.20' ? { expired: true } : { closed: true }]);
  });
});

describe('a hub that is away', () => {
  it.each([
    ['html', /HTTP 503.*maintenance/],
    ['forbid', /HTTP 403/],
    ['redirect', /another address/],
    ['garbage', /not Koji's XML-RPC/],
    ['offline', /offline/],
    ['truncate', /closed the connection/],
  ] as const)(
    'is unavailable for reading while it answers with %s, and nothing else',
    async (kind, words) => {
      const { hub, sandbox } = await setUp();
      await sandbox.misbehave({ kind, times: Number.POSITIVE_INFINITY });
      const failed = await rejection(read(hub, 'listHosts'));
      expect(failed).toBeInstanceOf(Unavailable);
      expect(String(failed)).toMatch(words);
      expect(String(failed)).not.toMatch(/<|temporary outage|Traceback/);
      await sandbox.behave();
      expect(await read(hub, 'listHosts')).toHaveLength(4);
    },
  );

  it('is unavailable while nothing listens, for reads and for changes, and nothing is sent twice', async () => {
    const { hub, sandbox } = await setUp();
    await hub.carryOut([capacity('builder2', 8)], soon());
    await sandbox.misbehave({ kind: 'down' });
    expect(await rejection(read(hub, 'listHosts'))).toMatchObject({
      name: 'Unavailable',
      message: expect.stringMatching(/does not accept connections/),
    });
    expect(await rejection(hub.carryOut([capacity('builder2', 9)], soon()))).toBeInstanceOf(Unavailable);
    await sandbox.behave();
    expect(await hub.carryOut([capacity('builder2', 9)], soon())).toEqual([{ kind: 'value', value: true }]);
    expect(sandbox.writes()).toBe(2);
  });

  it('is unavailable for changes while it is offline or turns the bot away', async () => {
    const { hub, sandbox } = await setUp();
    await hub.whoAmI(soon());
    for (const kind of ['offline', 'forbid', 'redirect'] as const) {
      await sandbox.misbehave({ kind, method: 'editHost' });
      expect(await rejection(hub.carryOut([capacity('builder2', 9)], soon())), kind).toBeInstanceOf(
        Unavailable,
      );
    }
    expect(sandbox.history()).toEqual([]);
  });

  it('is waited for no longer than the deadline, and no longer than the caller wants', async () => {
    const { hub, sandbox } = await setUp({ deadlineMs: 200 });
    await sandbox.misbehave({ kind: 'hang' });
    expect(await rejection(read(hub, 'listHosts'))).toMatchObject({
      message: expect.stringMatching(/took too long/),
    });
    const { hub: patient, sandbox: silent } = await setUp();
    await silent.misbehave({ kind: 'hang' });
    const stop = new AbortController();
    const asked = rejection(patient.read({ method: 'listHosts', args: [] }, stop.signal));
    setTimeout(() => stop.abort(new Error('enough')), 50);
    expect(await asked).toMatchObject({ message: 'enough' });
  });

  it('lets a change that waits for its turn be called off', async () => {
    const { hub, sandbox } = await setUp({ deadlineMs: 1000 });
    await hub.whoAmI(soon());
    await sandbox.misbehave({ kind: 'slow', ms: 300 });
    const first = hub.carryOut([capacity('builder2', 8)], soon());
    const stop = new AbortController();
    const second = rejection(hub.carryOut([capacity('builder2', 9)], stop.signal));
    stop.abort(new Error('enough'));
    expect(await second).toMatchObject({ message: 'enough' });
    expect(await first).toEqual([{ kind: 'value', value: true }]);
    expect(sandbox.writes()).toBe(1);
  });

  it('may have carried out the change that the process stopped waiting for', async () => {
    const { hub, sandbox } = await setUp();
    await hub.whoAmI(soon());
    await sandbox.misbehave({ kind: 'slow', ms: 10_000, method: 'editHost' });
    const stop = new AbortController();
    const asked = hub.carryOut([capacity('builder2', 9)], stop.signal);
    await expect.poll(() => sandbox.writes(), { interval: 5 }).toBe(1);
    stop.abort(new Error('stopping'));
    expect(await asked).toMatchObject([{ kind: 'unknown' }]);
    expect(await rejection(hub.carryOut([capacity('builder2', 9)], stop.signal))).toMatchObject({
      message: 'stopping',
    });
  });

  it('does not fill the memory with an answer without an end', async () => {
    const { hub, sandbox } = await setUp({ deadlineMs: 10_000 });
    await sandbox.misbehave({ kind: 'huge' });
    expect(await rejection(read(hub, 'listHosts'))).toMatchObject({
      message: expect.stringMatching(/too large/),
    });
  });

  it('is read again once when a kept connection turns out to be closed', async () => {
    const { hub, sandbox } = await setUp();
    await read(hub, 'listHosts');
    await sandbox.misbehave({ kind: 'reset' });
    expect(await read(hub, 'listHosts')).toHaveLength(4);
    await sandbox.misbehave({ kind: 'reset', method: 'sslLogin' });
    await sandbox.misbehave({ kind: 'reset', method: 'getPerms' });
    expect(await hub.permissions(soon())).toContain('host');
  });
});

describe('certificates', () => {
  it('of a hub that the CA file does not vouch for are not trusted', async () => {
    const { sandbox } = await setUp();
    const other = await makePki(join(dir, 'other'));
    const hub = createHub({ url: sandbox.url, ca: other.ca, ...steward, log: silent });
    closers.push(() => hub.close());
    expect(await rejection(read(hub, 'listHosts'))).toMatchObject({
      name: 'Unavailable',
      message: expect.stringMatching(/does not vouch for/),
    });
  });

  it('of the bot that have expired are told before anything is sent', async () => {
    const { hub } = await setUp({ who: await pki.issue({ cn: 'steward', expired: true }) });
    expect(await rejection(hub.whoAmI(soon()))).toMatchObject({
      name: 'Refused',
      message: expect.stringMatching(/expired on 20/),
    });
    expect(await read(hub, 'listHosts')).toHaveLength(4);
  });

  it('of another CA do not log in', async () => {
    const other = await makePki(join(dir, 'other'));
    const { hub } = await setUp({ who: await other.client('steward') });
    expect(await rejection(hub.whoAmI(soon()))).toBeInstanceOf(Unavailable);
  });

  it('of somebody whom the hub does not know do not log in', async () => {
    const { hub } = await setUp({ who: await pki.client('neverseen'), createsUsers: false });
    expect(await rejection(hub.whoAmI(soon()))).toMatchObject({
      name: 'Refused',
      message: expect.stringMatching(/`neverseen`/),
    });
  });

  it('that cannot be read are refused at once', () => {
    const broken = {
      url: 'https://localhost/kojihub',
      ca: pki.ca,
      cert: steward.cert,
      key: 'no key',
      log: silent,
    };
    expect(() => createHub(broken)).toThrow(Refused);
    const foreign = { ...broken, key: pki.server.key };
    expect(() => createHub(foreign)).toThrow(/cannot be used: key values mismatch/);
    expect(() => createHub({ ...broken, key: steward.key, url: 'http://localhost/kojihub' })).toThrow(
      Refused,
    );
  });

  it('are not needed to read, and are to change', async () => {
    const { sandbox } = await setUp();
    const hub = createHub({ url: sandbox.url, ca: pki.ca, log: silent });
    closers.push(() => hub.close());
    expect(await read(hub, 'listHosts')).toHaveLength(4);
    expect(await rejection(hub.carryOut([capacity('builder2', 9)], soon()))).toBeInstanceOf(Refused);
  });
});

describe('sessions that the hub does not see', () => {
  it('are noticed at the login, not at the first change', async () => {
    const { hub, sandbox } = await setUp();
    // A proxy that drops the session: the hub answers getLoggedInUser with nil.
    await sandbox.misbehave({ kind: 'anonymous', method: 'getLoggedInUser' });
    expect(await rejection(hub.whoAmI(soon()))).toMatchObject({
      name: 'Refused',
      message: expect.stringMatching(/did not recognise it/),
    });
  });

  it('end after a day on newer hubs, and a new login follows', async () => {
    const { hub, sandbox } = await setUp({ renewalSeconds: 3600 });
    await hub.carryOut([capacity('builder2', 8)], soon());
    sandbox.world.sessions = sandbox.world.sessions.map((row) => ({ ...row, startTs: row.startTs - 7200 }));
    expect(await hub.carryOut([capacity('builder2', 9)], soon())).toEqual([{ kind: 'value', value: true }]);
    expect(sandbox.world.sessions).toHaveLength(2);
  });
});

describe('what may be asked', () => {
  it('for reading is only what reads', async () => {
    const { hub, sandbox } = await setUp();
    for (const method of [
      'editHost',
      'multiCall',
      'host.getTask',
      'getaway',
      'logout',
      'sslLogin',
      'newRepo',
    ]) {
      await expect(read(hub, method, 'x'), method).rejects.toThrow('not a reading method');
    }
    await expect(read(hub, 'count', 'disableHost', 'builder1')).rejects.toThrow('not a reading method');
    await expect(read(hub, 'getHost\nx')).rejects.toThrow();
    expect(sandbox.history()).toEqual([]);
  });

  it('with text that XML cannot carry is refused before anything is sent', async () => {
    const { hub, sandbox } = await setUp();
    const call: HubCall = { method: 'editHost', args: ['builder2'], kwargs: { comment: 'a\u0007b' } };
    expect(await rejection(hub.carryOut([call], soon()))).toMatchObject({
      name: 'Refused',
      message: expect.stringMatching(/U\+0007.*Nothing was sent/),
    });
    expect(sandbox.world.sessions).toHaveLength(0);
    expect(await hub.carryOut([], soon())).toEqual([]);
  });

  it('in any language arrives as it was written', async () => {
    const { hub } = await setUp();
    const comment = 'Größe “zu” klein ☃ <&> ]]>\n\t';
    await hub.carryOut([{ method: 'editHost', args: ['builder2'], kwargs: { comment } }], soon());
    expect(await read(hub, 'getHost', 'builder2')).toMatchObject({ comment });
  });
});

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`did not fail, but gave ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
