import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../config/load.ts';
import { type SandboxSite, startSite } from '../../sandbox/site.ts';
import { scanCommands } from '../../src/core/registry.ts';
import { lookAtSettings } from '../../src/doctor-settings.ts';
import { openDatabase } from '../../src/store/database.ts';
import { keepLog } from '../support/log.ts';
import { freePort } from '../support/process.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { steward } from './terminal.ts';

let dir: string;
let site: SandboxSite;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'steward-cli-'));
  site = await startSite({ dir: join(dir, 'site') });
});
afterAll(async () => {
  await site.close();
  rmSync(dir, { recursive: true, force: true });
});

const here = (...args: string[]) => steward([...args, '--config', site.configPath]);

/** The site's config with something changed, beside it. */
function changed(name: string, change: (config: Record<string, Record<string, unknown>>) => void): string {
  const config = parse(readFileSync(site.configPath, 'utf8')) as Record<string, Record<string, unknown>>;
  change(config);
  const path = join(dir, 'site', `${name}.yaml`);
  writeFileSync(path, stringify(config), { mode: 0o600 });
  return path;
}

describe('tokens on the server', () => {
  it('are issued from the config, and say who has the embedded database open', async () => {
    const unknown = await here('token', 'issue', 'mria');
    expect(unknown).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Did you mean maria?') });
    const issued = await here('token', 'issue', 'maria', '--label', 'laptop');
    expect(issued).toMatchObject({ code: 0, out: expect.stringMatching(/^kst_[\w-]{43}\n$/) });
    const database = await openDatabase({ dir: join(dir, 'site/data'), log: keepLog() });
    const { code, err } = await here('token', 'list');
    await database.close();
    expect(code).toBe(1);
    expect(err.replace(/\s+/g, ' ')).toContain(`is in use by process ${process.pid}`);
  });
});

describe('the bundle for hosts', () => {
  it('holds every root script, a sudoers file and an installer, and the archive of them', async () => {
    const out = join(dir, 'bundle');
    expect(await here('host', 'bundle', '--out', out)).toMatchObject({ code: 0 });
    // A second time over the first: read-only files are in the way.
    expect(await here('host', 'bundle', '--out', out)).toMatchObject({ code: 0 });
    expect(readFileSync(join(out, 'sudoers'), 'utf8')).toMatch(/NOPASSWD: sha256:[0-9a-f]{64} \//);
    expect(statSync(join(out, 'install.sh')).mode & 0o100).toBe(0o100);
    expect(existsSync(join(out, 'scripts/restart-kojid.sh'))).toBe(true);
    expect(readFileSync(`${out}.tar`).toString('latin1')).toContain('steward-bundle/sudoers');
  });
});

describe('the config', () => {
  it('is checked for one role or for all', async () => {
    expect(await here('config', 'check', '--role', 'web')).toMatchObject({
      code: 0,
      out: expect.stringContaining('is right for the role web'),
    });
    const path = changed('wrong', (config) => {
      config.log = { level: 'loud' };
      config.hosts = { ...config.hosts, prot: 22 };
    });
    const wrong = await steward(['config', 'check', '--config', path]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/wrong.yaml:\d+: log.level: should be one of debug, info, warn, error, silent/);
    expect(wrong.err).toMatch(/wrong.yaml:\d+: hosts.prot: is not a setting. Did you mean port\?/);
  });
});

describe('doctor', () => {
  interface Row {
    readonly area: string;
    readonly check: string;
    readonly ok: string;
    readonly says: string;
    readonly todo?: string;
  }
  async function look(path: string, ...args: string[]) {
    const ran = await steward(['doctor', '--json', '--config', path, ...args]);
    return { code: ran.code, rows: (JSON.parse(ran.out) as { rows: readonly Row[] }).rows };
  }
  const find = (rows: readonly Row[], area: string, check: string) =>
    rows.find((row) => row.area === area && row.check === check);

  /** What the settings of commands name, looked at in this process. */
  async function examined(path: string): Promise<readonly Row[]> {
    const registry = await scanCommands(new URL('../../commands/', import.meta.url));
    const loaded = await loadConfig(path, { registry, role: 'doctor', env: {} });
    if (!loaded.ok) throw new Error('a config that is wrong');
    return lookAtSettings(loaded.config, registry, { signal: AbortSignal.timeout(20_000), log: keepLog() });
  }

  it('finds a site in order: hub, permissions, Slack, database, and what hosts lack', async () => {
    const { rows } = await look(site.configPath);
    expect(find(rows, 'hub', 'answers')).toMatchObject({
      ok: 'ok',
      says: expect.stringContaining('before 1.23'),
    });
    expect(find(rows, 'hub', 'login')).toMatchObject({ ok: 'ok', says: 'as steward' });
    expect(find(rows, 'hub', 'own certificate')?.ok).toMatch(/^(ok|warn)$/);
    expect(find(rows, 'slack', 'bot token')).toMatchObject({ ok: 'ok' });
    expect(find(rows, 'database', 'directory')).toMatchObject({
      ok: 'ok',
      says: expect.stringContaining('PostgreSQL'),
    });
    expect(find(rows, 'queue', 'where')).toMatchObject({ ok: 'ok' });
    expect(find(rows, 'builder2', 'ssh')).toMatchObject({ ok: 'ok' });
    expect(rows.filter((row) => row.ok === 'bad' && !row.todo && !/install|sudo/i.test(row.says))).toEqual(
      [],
    );
  });

  it('tries out what the settings of commands name: the CA and the mirror', async () => {
    const rows = await examined(site.configPath);
    expect(rows.filter(({ ok }) => ok === 'bad' || ok === 'warn')).toEqual([]);
    expect(find(rows, 'shared.ca', '/etc/steward/ca.conf')?.says).toBe('names the same files as shared.ca');
    expect(find(rows, 'shared.repos', 'mrepo')).toMatchObject({ ok: 'ok', says: '/usr/bin/mrepo' });
  });

  it.each<[string, string, string, (text: string) => string | null, [string, string, RegExp, RegExp]]>([
    [
      'root’s file that names no copy of the list for httpd',
      'ca',
      'etc/steward/ca.conf',
      () => '',
      ['shared.ca', 'bad', /ca.conf on ca names no crl_in_use/, /there `crl_in_use=\/etc\/httpd/],
    ],
    [
      'an httpd that nobody tells of a new list',
      'ca',
      'etc/steward/ca.conf',
      (text) => text.replace(/^reload.*$/m, ''),
      ['shared.ca', 'warn', /names no unit/, /reload=httpd.service/],
    ],
    [
      'no word of root on the mirror',
      'mirror',
      'etc/steward/mirror.conf',
      () => null,
      ['shared.repos', 'bad', /Root of mirror has not said/, /docs\/running.md, section 6/],
    ],
    [
      'mrepo that is not installed',
      'mirror',
      'usr/bin/mrepo',
      () => null,
      ['shared.repos', 'bad', /\/usr\/bin\/mrepo is not there/, /Install mrepo/],
    ],
    [
      'mrepo that works elsewhere',
      'mirror',
      'etc/mrepo.conf',
      (text) => text.replace(/^srcdir = .*$/m, 'srcdir = /var/mrepo'),
      ['shared.repos', 'bad', /says srcdir = \/var\/mrepo/, /Make them the same/],
    ],
  ])('finds %s before anybody asks', async (_, host, file, spoil, [area, state, says, todo]) => {
    const at = join(site.hosts.world(host).root, file);
    const { mode } = statSync(at);
    const text = readFileSync(at, 'utf8');
    const spoilt = spoil(text);
    if (spoilt === null) rmSync(at);
    else writeFileSync(at, spoilt);
    try {
      const rows = (await examined(site.configPath)).filter(({ ok }) => ok === state);
      expect(rows).toEqual([
        expect.objectContaining({
          area,
          says: expect.stringMatching(says),
          todo: expect.stringMatching(todo),
        }),
      ]);
    } finally {
      writeFileSync(at, text, { mode });
    }
  });

  it('says what to do about each thing that is wrong, and ends with 1', async () => {
    const port = await freePort();
    const path = changed('sick', (config) => {
      const { hub, slack, hosts } = config;
      config.hub = { ...hub, url: `https://127.0.0.1:${port}/kojihub` };
      config.slack = { ...slack, team: 'T0OTHER' };
      config.hosts = { ...hosts, list: [{ name: 'gone', address: '127.0.0.1', port }] };
      config.redis = { url: `redis://127.0.0.1:${port}` };
      config.database = { url: `postgres://127.0.0.1:${port}/steward` };
    });
    const { code, rows } = await look(path);
    expect(code).toBe(1);
    expect(find(rows, 'hub', 'answers')).toMatchObject({ ok: 'bad', todo: expect.any(String) });
    expect(find(rows, 'slack', 'bot token')).toMatchObject({ ok: 'bad', todo: expect.any(String) });
    expect(find(rows, 'gone', 'ssh')).toMatchObject({ ok: 'bad' });
    for (const area of ['shared.ca', 'shared.repos'])
      expect(find(rows, area, 'answers')).toMatchObject({ ok: 'bad', todo: expect.any(String) });
    expect(find(rows, 'queue', 'answers')).toMatchObject({
      ok: 'bad',
      says: expect.stringContaining('Redis does not answer'),
    });
    expect(find(rows, 'database', 'answers')).toMatchObject({ ok: 'bad', todo: expect.any(String) });
    const shown = await steward(['doctor', '--config', path]);
    expect(shown.code).toBe(1);
    expect(shown.out).toMatch(/\d+ of \d+ checks are bad\./);
  });

  it('looks only at what a role needs, and reads on past what cannot be read', async () => {
    const path = changed('half', (config) => {
      config.hub = { ...config.hub, key: 'gone.pem' };
    });
    const web = await look(path, '--role', 'web');
    expect(web.code).toBe(0);
    expect(web.rows.some((row) => row.area === 'hub' || row.area === 'builder1')).toBe(false);
    const worker = await look(path, '--role', 'worker');
    expect(worker.code).toBe(1);
    expect(find(worker.rows, 'config', 'hub.key')).toMatchObject({ ok: 'bad' });
    expect(find(worker.rows, 'hub', 'answers')).toMatchObject({ ok: 'skipped' });
    expect(worker.rows.some((row) => row.area === 'slack')).toBe(false);
  });

  it('changes nothing: a database that is not there is not made', async () => {
    const path = changed('fresh', (config) => {
      config.database = { dir: join(dir, 'never') };
    });
    const { rows } = await look(path, '--role', 'web');
    expect(find(rows, 'database', 'directory')).toMatchObject({
      ok: 'ok',
      says: expect.stringContaining('is made at the first start'),
    });
    expect(existsSync(join(dir, 'never'))).toBe(false);
  });

  it.skipIf(noRedis !== null)(`judges Redis${noRedis === null ? '' : ` (skipped: ${noRedis})`}`, async () => {
    const redis = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    const path = changed('redis', (config) => {
      config.redis = { url: redis.url };
    });
    const { rows } = await look(path, '--role', 'web');
    await redis.stop();
    expect(find(rows, 'queue', 'answers')).toMatchObject({ ok: 'ok' });
    expect(find(rows, 'queue', 'maxmemory-policy')).toMatchObject({
      ok: 'bad',
      todo: expect.stringContaining('noeviction'),
    });
  });
});

describe('what steward is called with', () => {
  it.each([
    [['tokn'], 'Did you mean steward token'],
    [['token'], 'Which of these? steward token issue'],
    [['token', 'isue', 'maria'], 'Which of these?'],
    [['doctr'], 'Did you mean steward doctor?'],
    [['builder', 'list'], 'To ask for something: steward ask builder list'],
    [['doctor', '--jsn'], 'Did you mean --json?'],
    [['serve', '--role', 'boss'], '--role is web, worker or all'],
    [['token', 'list', 'x'], 'what “x” is for'],
    [['token', 'issue'], 'For whom?'],
    [['audit', 'verify', '--head', 'x'], '64 hexadecimal digits'],
    [['ask'], 'Say what you want'],
    [['ask', '--jsn', 'help'], 'I do not know the option --jsn'],
  ])('%j is answered with what was meant, and 2', async (args, says) => {
    const { code, err } = await steward(args, {});
    expect(code).toBe(2);
    expect(err.replace(/\s+/g, ' ')).toContain(says);
  });

  it('shows help and its version', async () => {
    expect(await steward(['--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('steward token issue'),
    });
    expect(await steward(['token', 'issue', '--help'])).toMatchObject({ code: 0 });
    expect(await steward([])).toMatchObject({ code: 2 });
    expect((await steward(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('the program itself', () => {
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
  const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', cli, ...args],
        { env: { PATH: process.env.PATH, ...env }, timeout: 30_000 },
        (error, out, err) => resolve({ code: error ? error.code : 0, out, err }),
      );
    });

  it('ends with the code of what happened, without colours in a pipe', async () => {
    const unserved = changed('unserved', (config) => {
      config.http = { port: 'x' };
    });
    const [version, wrong, serve] = await Promise.all([
      start(['--version']),
      start(['doctr']),
      start(['serve', '--config', unserved]),
    ]);
    expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\./) });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean steward doctor?') });
    expect(wrong.err).not.toContain('\u001b');
    expect(serve).toMatchObject({
      code: 2,
      err: expect.stringContaining('http.port: should be a number, not text'),
    });
  });
});
