import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineOf } from '../../src/cli/ask.ts';
import { createHttp, type Http } from '../../src/http.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { freePort } from '../support/process.ts';
import { steward } from './terminal.ts';

let kernel: Kernel;
let http: Http;
let url: string;
let working: NodeJS.Timeout;
const tokens = new Map<string, string>();
const known = new Map<string, (typeof PEOPLE)['maria']>(Object.entries(PEOPLE));

beforeAll(async () => {
  kernel = await startKernel();
  http = createHttp({
    host: '127.0.0.1',
    port: 0,
    health: async () => ({ ok: true, parts: {} }),
    metrics: async () => '',
    desk: kernel.desk,
    tokens: kernel.store.tokens,
    personById: async (id) => known.get(id) ?? null,
    log: kernel.log,
  });
  url = `http://127.0.0.1:${(await http.start()).port}`;
  for (const id of known.keys()) tokens.set(id, (await kernel.store.tokens.issue(id, 'test')).token);
  // A worker, as far as the terminal can tell.
  let busy = false;
  working = setInterval(() => {
    if (busy) return;
    busy = true;
    void kernel.settle().finally(() => {
      busy = false;
    });
  }, 20);
});
afterAll(async () => {
  clearInterval(working);
  await http.stop();
  await kernel.close();
});

const as = (who: string, ...args: string[]) =>
  steward(args, { STEWARD_URL: url, STEWARD_TOKEN: tokens.get(who) ?? '' });

const idIn = (text: string): string => /\br\d+\b/.exec(text)?.[0] ?? 'none';

describe('steward ask', () => {
  it('answers a question with a table and ends with 0', async () => {
    const { code, out } = await as('maria', 'ask', 'builder', 'list');
    expect(code).toBe(0);
    expect(out).toMatch(/Builder.*Capacity/);
    expect(out).toContain('asked by maria');
  });

  it('goes the whole way: asked, waits (3), approved by another, done (0), undone', async () => {
    const asked = await as('maria', 'ask', 'builder', 'capacity', 'builder2', '9');
    expect(asked.code).toBe(3);
    expect(asked.out).toMatch(/Waits for the yes of 1 admin \(not maria\)/);
    expect(asked.out).toContain('calls editHost("builder2", capacity=9)');
    const id = idIn(asked.out);

    const own = await as('maria', 'ask', 'approve', id);
    expect(own).toMatchObject({ code: 4, out: expect.stringContaining('You may not approve') });

    const approved = await as('adam', 'ask', 'approve', id);
    expect(approved.code).toBe(0);
    expect(approved.out).toMatch(/✓ 1\. Set the capacity of builder2 to 9/);
    expect(kernel.hub.writes()).toBe(1);

    const late = await as('bea', 'ask', 'deny', id, 'because=too late');
    expect(late.code).toBe(1);
    const undo = await as('maria', 'ask', '--json', 'undo', id);
    expect(undo.code).toBe(3);
    expect(JSON.parse(undo.out)).toMatchObject({
      said: { kind: 'request', isNew: true },
      card: { status: 'planned' },
    });
  });

  it('lets an admin deny with a reason of several words, and says so to the asker with 1', async () => {
    const asked = await as('maria', 'ask', 'builder', 'disable', 'builder3', 'because=the disk is failing');
    expect(asked.code).toBe(3);
    const id = idIn(asked.out);
    const denied = await as('adam', 'ask', 'deny', id, 'because=it was replaced');
    expect(denied.code).toBe(0);
    const shown = await as('maria', 'ask', 'show', id);
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('it was replaced') });
  });

  it.each([
    ['a word it does not know', ['bilder', 'list'], 2, 'Did you mean this?'],
    ['a parameter that is missing', ['builder', 'capacity', 'builder2'], 2, 'capacity is missing.'],
    ['a parameter that is wrong', ['builder', 'capacity', 'builder2', '1e309'], 2, 'Give a number above 1'],
    ['a request that does not exist', ['show', 'r99999'], 2, 'There is no request r99999'],
    ['a host that does not exist', ['builder', 'capacity', 'bilder2', '8'], 1, 'Did you mean builder2?'],
    ['help', ['help'], 0, 'What you can ask for'],
  ])('ends for %s with the right code', async (_title, words, code, says) => {
    const ran = await as('maria', 'ask', ...words);
    expect(ran).toMatchObject({ code, out: expect.stringContaining(says) });
  });

  it('ends with 4 for somebody who may not ask', async () => {
    const { code, out } = await as('nobody', 'ask', 'builder', 'list');
    expect(code).toBe(4);
    expect(out).toContain('You may not ask');
  });

  it('freezes and thaws with 0', async () => {
    expect((await as('adam', 'ask', 'freeze', 'because=upgrade')).code).toBe(0);
    expect((await as('adam', 'ask', 'thaw')).code).toBe(0);
  });

  it('does not wait with --no-follow, and prints one JSON object with --json', async () => {
    const { code, out } = await as('maria', 'say', '--json', '--no-follow', 'builder list');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      said: { kind: 'request' },
      card: { status: expect.any(String) },
    });
  });

  it('is told that the token is wrong, and that nobody listens', async () => {
    const wrong = await steward(['ask', 'help'], { STEWARD_URL: url, STEWARD_TOKEN: 'kst_wrong' });
    expect(wrong).toMatchObject({ code: 4, err: expect.stringContaining('personal token') });
    const away = await steward(['ask', 'help'], {
      STEWARD_URL: `http://127.0.0.1:${await freePort()}`,
      STEWARD_TOKEN: 'kst_x',
    });
    expect(away).toMatchObject({ code: 4, err: expect.stringContaining('does not answer (ECONNREFUSED)') });
  });

  it('asks once although the answer is lost', async () => {
    const keys: unknown[] = [];
    // A proxy that carries the first call through and loses its answer.
    const proxy = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const init = { method: req.method ?? 'GET', headers: req.headers as Record<string, string> };
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
      const answer = await fetch(`${url}${req.url}`, { ...init, ...body });
      if (req.method === 'POST') keys.push(req.headers['idempotency-key']);
      if (keys.length === 1) return void res.destroy();
      res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = proxy.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const before = (await kernel.store.requests.list({ limit: 200 })).length;
    const ran = await steward(['ask', 'builder', 'list'], {
      STEWARD_URL: `http://127.0.0.1:${port}`,
      STEWARD_TOKEN: tokens.get('maria') ?? '',
    });
    proxy.closeAllConnections();
    proxy.close();
    expect(ran.code).toBe(0);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect((await kernel.store.requests.list({ limit: 200 })).length).toBe(before + 1);
  });

  it('stops waiting when it is interrupted, and says that the request goes on', async () => {
    clearInterval(working);
    const interrupt = new AbortController();
    const going = steward(
      ['ask', 'builder', 'list'],
      { STEWARD_URL: url, STEWARD_TOKEN: tokens.get('maria') ?? '' },
      interrupt.signal,
    );
    setTimeout(() => interrupt.abort(new Error('interrupted')), 300);
    const { code, err } = await going;
    expect(code).toBe(130);
    expect(err).toMatch(/r\d+ goes on without you/);
  });
});

describe('who speaks, and to whom', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'steward-home-'));
    mkdirSync(join(home, '.config/steward'), { recursive: true });
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('stands in files below the home directory, and a token that others may read is refused', async () => {
    writeFileSync(join(home, '.config/steward/server'), `${url}\n`);
    const file = join(home, '.config/steward/token');
    writeFileSync(file, `${tokens.get('maria')}\n`, { mode: 0o600 });
    expect((await steward(['ask', 'help'], { HOME: home })).code).toBe(0);
    chmodSync(file, 0o644);
    const open = await steward(['ask', 'help'], { HOME: home });
    expect(open).toMatchObject({ code: 2, err: expect.stringContaining('chmod 600') });
  });

  it('is asked for where there is no token', async () => {
    const { code, err } = await steward(['ask', 'help'], { HOME: join(home, 'nobody') });
    expect(code).toBe(2);
    expect(err).toContain('steward token issue');
  });

  it('sends no token in the clear to another machine', async () => {
    const { code, err } = await steward(['ask', 'help'], {
      STEWARD_URL: 'http://192.0.2.1:8420',
      STEWARD_TOKEN: 'kst_x',
    });
    expect(code).toBe(2);
    expect(err.replace(/\s+/g, ' ')).toContain('in the clear');
  });
});

describe('the words of a shell', () => {
  it.each([
    [
      ['builder', 'disable', 'builder2', 'because=the disk is failing'],
      'builder disable builder2 because=the disk is failing',
    ],
    [['cert', 'revoke', 'because=lost', 'reason=left'], 'cert revoke because=lost reason=left'],
    [['cert', 'revoke', 'because=no reason=left here'], 'cert revoke because="no reason=left here"'],
    [
      ['cert', 'issue', 'csr=-----BEGIN X-----\nMIIC\nab==\n'],
      'cert issue csr=-----BEGIN X-----\nMIIC\nab==',
    ],
    [['help builder'], 'help builder'],
    [['deny', 'r1', 'two words'], 'deny r1 "two words"'],
    [['deny', 'r1', 'say "no"'], `deny r1 'say "no"'`],
    [[' '], ''],
  ])('%j become the line %j', (words, line) => {
    expect(lineOf(words)).toBe(line);
  });
});
