import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../config/load.ts';
import { makePki } from '../../sandbox/pki.ts';
import { scanCommands } from '../../src/core/registry.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');
const WORKERS = ['hub_ca', 'hub_client', 'ssh_key', 'ssh_known_hosts'];
const WEBS = ['slack_bot_token', 'slack_app_token', 'slack_signing_secret'];

const service = z.looseObject({
  command: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()).min(2) }).loose(),
  environment: z.record(z.string(), z.string()).default({}),
  networks: z.array(z.string()),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.literal('service_healthy') })).default({}),
  stop_grace_period: z.string().optional(),
});
const composeFile = z.looseObject({
  services: z.record(z.string(), service),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.record(z.string(), z.unknown()),
});

async function compose() {
  return composeFile.parse(parse(await read('docker-compose.yml'), { merge: true }));
}

/** The commands of a health check as a program and its arguments. */
function nodeCheck(test: readonly string[]): string {
  const [how, program, flag, script = ''] = test;
  expect([how, program, flag]).toEqual(['CMD', 'node', '-e']);
  return script;
}

const runNode = async (script: string): Promise<number> =>
  promisify(execFile)(process.execPath, ['-e', script], { timeout: 10_000 }).then(
    () => 0,
    (error: unknown) => z.object({ code: z.number() }).parse(error).code,
  );

describe('docker-compose.yml', () => {
  it('has a web process, a worker, PostgreSQL and Redis, each with a health check', async () => {
    const { services } = await compose();
    expect(Object.keys(services).sort()).toEqual(['postgres', 'redis', 'web', 'worker']);
  });

  it('gives the web process no key of hub or hosts, and the worker no Slack secret', async () => {
    const { web, worker } = (await compose()).services;
    expect(web?.secrets.filter((name) => WORKERS.includes(name))).toEqual([]);
    expect(worker?.secrets.filter((name) => WEBS.includes(name))).toEqual([]);
    expect(worker?.secrets).toEqual(expect.arrayContaining(WORKERS));
    for (const part of [web, worker]) {
      expect(Object.keys(part?.environment ?? {})).toEqual(['REDIS_URL']);
      expect(part?.volumes).toEqual(['./config/steward.yaml:/etc/steward/steward.yaml:ro']);
    }
  });

  it('names only secrets, networks and volumes that it declares', async () => {
    const { services, secrets, networks, volumes } = await compose();
    for (const part of Object.values(services)) {
      for (const name of part.secrets) expect(Object.keys(secrets)).toContain(name);
      for (const name of part.networks) expect(Object.keys(networks)).toContain(name);
      for (const volume of part.volumes.filter((one) => !one.startsWith('.')))
        expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    }
  });

  it('lets a worker end the call that it has begun, and serves with options that exist', async () => {
    const { web, worker } = (await compose()).services;
    expect(Number.parseInt(worker?.stop_grace_period ?? '0', 10)).toBeGreaterThanOrEqual(170);
    expect(web?.command).toEqual(['serve', '--role', 'web', '--config', '/etc/steward/steward.yaml']);
    expect(worker?.command).toEqual(['serve', '--role', 'worker', '--config', '/etc/steward/steward.yaml']);
    const source = await read('src/cli/run.ts');
    for (const option of ['role', 'config']) expect(source).toContain(`${option}: { type: 'string' }`);
  });

  it('has health checks that run, and say no where nothing is', async () => {
    const { web, worker } = (await compose()).services;
    expect(await runNode(nodeCheck(web?.healthcheck.test ?? []).replace('8420', '9'))).toBe(1);
    const closed = nodeCheck(worker?.healthcheck.test ?? [])
      .replace('1538', '0009')
      .replace('18EB', '0009');
    expect(await runNode(closed)).toBe(1);
  });

  it('goes with the config that docs/running.md describes, for each half without the files of the other', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'steward-compose-'));
    try {
      const pki = await makePki(join(dir, 'pki'));
      const client = await pki.client('steward');
      const text = await read('docs/running.md');
      const named = (setting: string): string =>
        new RegExp(`${setting.replace('.', '\\.')}: (?:\\{ file: )?/run/secrets/(\\w+)`).exec(text)?.[1] ??
        `no ${setting}`;
      const contents: Record<string, string> = {
        database_url: 'postgres://steward:x@postgres:5432/steward',
        slack_bot_token: 'xoxb-1',
        slack_app_token: 'xapp-1',
        hub_ca: pki.ca,
        hub_client: `${client.cert}\n${client.key}`,
        ssh_key: '-----BEGIN OPENSSH PRIVATE KEY-----\n',
        ssh_known_hosts: '# none yet\n',
      };
      const { services } = await compose();
      for (const role of ['web', 'worker'] as const) {
        const run = join(dir, role);
        await mkdir(run);
        for (const name of services[role]?.secrets ?? [])
          await writeFile(join(run, name), contents[name] ?? '', { mode: 0o400 });
        const at = (setting: string): string => join(run, named(setting));
        const config = {
          hub: {
            url: 'https://koji.example.org/kojihub',
            ca: at('hub.ca'),
            cert: at('hub.key'),
            key: at('hub.key'),
          },
          hosts: {
            user: 'steward',
            privateKey: at('hosts.privateKey'),
            knownHosts: at('hosts.knownHosts'),
            list: [{ name: 'builder1' }],
          },
          database: { url: { file: at('database.url') } },
          slack: {
            mode: 'socket',
            team: 'T0EXAMPLE',
            botToken: { file: at('slack.botToken') },
            appToken: { file: at('slack.appToken') },
          },
          http: { host: '0.0.0.0' },
        };
        const path = join(run, 'steward.yaml');
        await writeFile(path, JSON.stringify(config), { mode: 0o600 });
        const registry = await scanCommands(new URL('commands/', root));
        const env = { REDIS_URL: services[role]?.environment.REDIS_URL };
        const loaded = await loadConfig(path, { registry, role, env });
        expect(loaded.ok ? [] : loaded.problems, role).toEqual([]);
        expect(loaded.ok && loaded.config.redis.url).toBe('redis://redis:6379');
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('the image', () => {
  it('runs as nobody special, with a command that exists, and without a health check that fits one half only', async () => {
    const lines = (await read('Dockerfile')).split('\n');
    expect(lines).toContain('USER node');
    expect(lines.filter((line) => /^(HEALTHCHECK|VOLUME)/.test(line))).toEqual([]);
    const [, entry = ''] = lines.join('\n').match(/^ENTRYPOINT \["node", "\/app\/(.*)"\]$/m) ?? [];
    expect(existsSync(new URL(entry.replace(/^dist\//, '').replace(/\.js$/, '.ts'), root))).toBe(true);
    const [, command = '[]'] = lines.join('\n').match(/^CMD (\[.*\])$/m) ?? [];
    expect(JSON.parse(command)).toEqual(['serve', '--role', 'all', '--config', '/etc/steward/steward.yaml']);
  });

  it('is built of what it names, and of no config or secret that lies beside', async () => {
    const [, building = ''] = (await read('Dockerfile')).split(/^FROM /m);
    const copied = [...building.matchAll(/^COPY ([^-].*) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    const ignored = (await read('.dockerignore'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignored[0]).toBe('*');
    expect(ignored).toContain('config/steward.yaml');
    for (const path of copied) {
      expect(existsSync(new URL(path, root)), path).toBe(true);
      expect(ignored, path).toContain(`!${path.replace(/^\.\//, '')}`);
    }
    // Of config/ only what is named: keys may lie beside a site's own.
    const within = ignored.filter((line) => line.startsWith('!config/'));
    expect(within).toEqual(['!config/*.ts', '!config/steward.example.yaml', '!config/slack-manifest.yaml']);
    expect(ignored.filter((line) => line.startsWith('!')).length).toBe(copied.length + within.length);
  });
});

const noSystemd = await promisify(execFile)('systemd-analyze', ['--version']).then(
  () => null,
  () => 'no systemd-analyze',
);

describe.each(['web', 'worker'] as const)('steward-%s.service', (role) => {
  const unit = async (): Promise<string> => read(`deploy/systemd/steward-${role}.service`);
  const settings = async (key: string): Promise<readonly string[]> =>
    [...(await unit()).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

  it('runs as an account of its own, with its role, and gains no rights', async () => {
    expect(await settings('User')).toEqual([`steward-${role}`]);
    expect(await settings('ExecStart')).toEqual([
      `/usr/bin/node /opt/koji-steward/dist/src/cli.js serve --role ${role} --config /etc/steward/steward.yaml`,
    ]);
    for (const key of ['NoNewPrivileges', 'ProtectHome', 'PrivateTmp', 'PrivateDevices'])
      expect(await settings(key), key).toEqual(['yes']);
    expect(await settings('ProtectSystem')).toEqual(['strict']);
    expect(await settings('CapabilityBoundingSet')).toEqual(['']);
    expect(Number((await settings('TimeoutStopSec'))[0])).toBeGreaterThanOrEqual(170);
  });

  it('is handed its own secrets, which stand where docs/running.md says that the config names them', async () => {
    const given = (await settings('LoadCredential')).map((one) => one.split(':'));
    for (const [name, path] of given) expect(path).toBe(`/etc/steward/secrets/${name}`);
    const names = given.map(([name = '']) => name);
    const others = role === 'web' ? /^(hub|ssh|known)/ : /^slack/;
    expect(names.filter((name) => others.test(name))).toEqual([]);
    expect(await settings('BindReadOnlyPaths')).toEqual([
      `/run/credentials/steward-${role}.service:/etc/steward/secrets`,
    ]);
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(await read('docs/running.md')) ?? [];
    const named = [...yaml.matchAll(/secrets\/([\w.-]+)/g)].map(([, name = '']) => name);
    const mine = role === 'web' ? /^(slack|database)/ : /^(hub|ssh|known|database)/;
    expect([...new Set(named)].filter((name) => mine.test(name)).sort()).toEqual([...names].sort());
  });

  it.skipIf(noSystemd !== null)(
    `is a unit that systemd understands${noSystemd === null ? '' : ` (skipped: ${noSystemd})`}`,
    async () => {
      const dir = await mkdtemp(join(tmpdir(), 'steward-unit-'));
      try {
        const path = join(dir, `steward-${role}.service`);
        // The program of the unit need not be installed here.
        await writeFile(path, (await unit()).replace('/usr/bin/node', process.execPath));
        const { stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', path], {
          timeout: 20_000,
        });
        expect(stderr.split('\n').filter((line) => line.includes(`steward-${role}`))).toEqual([]);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  );
});
