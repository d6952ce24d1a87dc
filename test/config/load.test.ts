import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { makeSite, put, registry, type TestSite } from './site.ts';

let site: TestSite;
beforeAll(async () => {
  site = await makeSite();
});
afterAll(() => site.remove());

describe('a config that is right', () => {
  it('is the example, once its files are there', async () => {
    const loaded = await site.load(site.settings());
    expect(loaded).toMatchObject({ ok: true });
    if (!loaded.ok) return;
    const { config } = loaded;
    expect(config.hub).toMatchObject({ url: 'https://koji.katello.org/kojihub', user: 'steward' });
    expect(config.site.web).toBe('http://koji.katello.org/koji');
    expect(config.hub?.ca).toContain('BEGIN CERTIFICATE');
    expect(config.hosts?.list).toContainEqual({
      name: 'kojibuilder2.katello.org',
      address: '10.0.0.12',
      port: 22,
      user: 'steward',
    });
    expect(config.hosts?.scriptsDir).toBe('/usr/local/libexec/steward');
    expect(config.slack).toMatchObject({ botToken: 'xoxb-1-test', appToken: 'xapp-1-test' });
    expect(config.database.url).toBe('postgres://steward:secret@127.0.0.1/steward');
    expect(config.redis.url).toBe('redis://127.0.0.1:6379');
    expect(config.site.rule('builder disable').approval.expiresHours).toBe(24);
    expect(config.site.settings('nfs check')).toMatchObject({
      fstype: '^nfs4?$',
      groups: [
        { mounts: expect.arrayContaining([expect.objectContaining({ at: '/mnt/koji', mode: 'rw' })]) },
      ],
    });
    expect(config.site.settings('cert list')).toEqual(config.site.settings('ca check'));
    expect(config.site.settings('ca check')).toMatchObject({
      host: 'koji.katello.org',
      dir: '/etc/pki/koji',
      index: 'index.txt',
      crlInUse: '/etc/httpd/conf/koji-crl.pem',
    });
    expect(config.warnings).toEqual([]);
  });

  it('has commands off that need more on the hub than it names, and on once it names that', async () => {
    const settings = site.settings();
    const off = await site.load(settings);
    put(settings, ['hub', 'permissions'], ['host', 'admin']);
    const on = await site.load(settings);
    if (!off.ok || !on.ok) throw new Error('not read');
    expect(off.config.site.rule('account grant').off).toBe(
      'it needs the permission `admin` on the hub, which `hub.permissions` does not name',
    );
    expect(off.config.site.rule('builder capacity').off).toBeUndefined();
    expect(on.config.site.rule('account grant').off).toBeUndefined();
    expect(on.config.hub?.permissions).toEqual(['host', 'admin']);
  });

  it('needs a hub and an account on the hosts, and everything else has a default', async () => {
    const { hub, hosts } = site.settings() as { hub: unknown; hosts: object };
    const loaded = await site.load({ hub, hosts: { ...hosts, list: [] } }, 'all', {});
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        slack: null,
        people: [],
        everybody: ['packager'],
        operators: ['admin'],
        http: { host: '127.0.0.1', port: 8420 },
        reminders: { hours: 4 },
        worker: { leaseSeconds: 20, concurrency: 8 },
        log: { level: 'info' },
        database: { url: undefined, dir: join(process.cwd(), '.steward/data') },
        redis: { url: undefined },
      },
    });
    expect(loaded.ok && loaded.config.site.settings('nfs check')).toMatchObject({ groups: [] });
  });

  it('gives the web role neither hub certificate nor SSH key, and the worker no Slack token', async () => {
    const settings = site.settings();
    for (const keys of [
      ['hub', 'ca'],
      ['hub', 'cert'],
      ['hub', 'key'],
      ['hosts', 'privateKey'],
      ['hosts', 'knownHosts'],
    ])
      put(settings, keys, 'not-on-this-machine');
    const web = await site.load(settings, 'web');
    expect(web).toMatchObject({ ok: true, config: { hub: null, hosts: null, slack: { team: 'T0FOREMAN' } } });
    const worker = await site.load(site.settings(), 'worker', {});
    expect(worker).toMatchObject({ ok: true, config: { slack: null, hub: { user: 'steward' } } });
  });

  it('takes the database and Redis from the environment where the file names none', async () => {
    const settings = site.settings();
    put(settings, ['database'], undefined);
    put(settings, ['redis'], undefined);
    const env = { ...site.env, DATABASE_URL: 'postgres://b/b', REDIS_URL: 'redis://r' };
    const first = await site.load(settings, 'all', env);
    expect(first).toMatchObject({
      ok: true,
      config: { database: { url: 'postgres://b/b' }, redis: { url: 'redis://r' } },
    });
    const second = await site.load(settings, 'all', { ...env, STEWARD_DATABASE_URL: 'postgres://a/a' });
    expect(second).toMatchObject({ ok: true, config: { database: { url: 'postgres://a/a' } } });
  });

  it('lets doctor read on past secrets and files that are not there, and says which', async () => {
    const settings = site.settings();
    put(settings, ['hub', 'key'], 'gone.pem');
    const loaded = await site.load(settings, 'doctor', { SLACK_BOT_TOKEN: 'xoxb-1' });
    expect(loaded).toMatchObject({
      ok: true,
      config: { hub: null, slack: null, hosts: { user: 'steward' } },
    });
    if (!loaded.ok) return;
    expect(loaded.config.unread.map((one) => one.path)).toEqual([
      'hub.key',
      'slack.appToken',
      'discourse.key',
      'discourse.webhookSecret',
    ]);
  });

  it('warns of a key that others may read, and of a config that others may write', async () => {
    chmodSync(join(site.dir, 'ssh_key'), 0o640);
    await site.load(site.settings());
    chmodSync(site.file, 0o666);
    const loaded = await loadConfig(site.file, { registry, role: 'all', env: site.env });
    chmodSync(join(site.dir, 'ssh_key'), 0o600);
    chmodSync(site.file, 0o600);
    expect(loaded.ok && loaded.config.warnings.map((one) => `${one.path}: ${one.says}`)).toEqual([
      ': others than its owner may change this file, and so who may approve what: chmod go-w it',
      `hosts.privateKey: others than its owner may read ${join(site.dir, 'ssh_key')}: chmod 600 it`,
    ]);
  });

  it('takes audiences with a place each, and warns of those where nothing is said', async () => {
    const settings = site.settings();
    put(settings, ['audiences'], {
      packagers: { slack: 'C0KOJI', forum: 4711 },
      others: { forum: { category: 'development/packaging/5' } },
    });
    put(settings, ['discourse'], undefined);
    const loaded = await site.load(settings);
    expect(loaded.ok && [...loaded.config.site.audiences]).toEqual(['packagers', 'others']);
    expect(loaded.ok && loaded.config.warnings.map((one) => `${one.path}: ${one.says}`)).toEqual(
      expect.arrayContaining([
        'audiences.packagers.forum: there is no `discourse` part, so nothing is said there',
        'audiences.others.forum: there is no `discourse` part, so nothing is said there',
      ]),
    );
    const wrong = site.settings();
    put(wrong, ['audiences'], {
      nobody: {},
      '#koji': { slack: 'C0KOJI' },
      odd: { slack: 'koji', forum: 'infra' },
    });
    const refused = await site.load(wrong);
    expect(refused.ok ? [] : refused.problems.map((one) => `${one.path}: ${one.says}`)).toEqual([
      expect.stringMatching(/^audiences\.nobody: names no place: give it slack, forum or both/),
      expect.stringMatching(/^audiences.*#koji.*: .*should be a word/),
      expect.stringMatching(/^audiences\.odd\.slack: should be the id of a channel/),
      expect.stringMatching(/^audiences\.odd\.forum: should be true/),
    ]);
  });

  it('warns of what settings of commands name and the rest of the config does not have', async () => {
    const settings = site.settings();
    put(settings, ['shared', 'ca', 'host'], 'koji.katelo.org');
    put(settings, ['shared', 'ca', 'places', 1], { name: 'b', host: 'b9', file: '/etc/kojid/serverca.crt' });
    put(settings, ['shared', 'ca', 'newUserPermissions'], ['build']);
    put(settings, ['shared', 'repos', 'host'], 'mirror');
    put(settings, ['shared', 'repos', 'entries'], 'confdir');
    put(settings, ['shared', 'repos', 'announce'], { audience: 'packager' });
    put(settings, ['shared', 'repos', 'destinations', 'main'], 'file:///mnt/koji/www/<label>/RPMS.<repo>/');
    put(settings, ['commands', 'nfs check', 'settings', 'groups', 0, 'hosts', 0], 'kojibuilder9');
    const loaded = await site.load(settings);
    const says = loaded.ok ? loaded.config.warnings.map((one) => `${one.path}: ${one.says}`) : [];
    expect(says).toEqual([
      expect.stringMatching(/^commands."nfs check".settings.groups.0.hosts.0: hosts.list has no host/),
      expect.stringMatching(/^shared.ca.host: .* Did you mean koji.katello.org\?$/),
      expect.stringMatching(/^shared.ca.places.1.host: hosts.list has no host of this name/),
      expect.stringMatching(/^shared.ca.newUserPermissions: takes `admin` in hub.permissions/),
      expect.stringMatching(/^shared.repos.host: hosts.list has no host of this name/),
      expect.stringMatching(/^shared.repos.destinations.main: .*builds find nothing there$/),
      expect.stringMatching(/^shared.repos.entries: is confdir, and confdir is not named/),
      expect.stringMatching(
        /^shared.repos.announce.audience: audiences has no packager, .* Audiences: packagers/,
      ),
    ]);
  });

  it('warns where everybody may approve, and where too few people could', async () => {
    const settings = site.settings();
    put(settings, ['everybody'], ['admin']);
    const loose = await site.load(settings);
    expect(loose.ok && loose.config.warnings.map((one) => one.says)).toContain(
      'everybody is admin, so anybody may approve `builder capacity`',
    );
    const lonely = site.settings();
    put(lonely, ['roles', 'admin'], {});
    put(lonely, ['people'], []);
    const nobody = await site.load(lonely);
    expect(nobody.ok && nobody.config.warnings.map((one) => one.says)).toContain(
      '`builder capacity` needs the yes of 1 admin, and people of that role are 0',
    );
  });
});
