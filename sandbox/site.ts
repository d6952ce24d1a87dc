import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { crlsIn } from '../commands/certificates/crl.ts';
import { exampleSettings } from '../commands/nfs-check/settings.ts';
import { type SandboxForum, startForum } from './discourse/forum.ts';
import { CRL_IN_USE } from './hosts/ca.ts';
import { type SandboxHosts, startHosts } from './hosts/hosts.ts';
import { type SandboxHub, startHub } from './hub/hub.ts';
import type { Version } from './hub/method.ts';
import { makePki } from './pki.ts';
import { type SandboxSlack, startSlack } from './slack/slack.ts';

/** A whole pretend site, and the config file of a Steward that serves it. */
export interface SandboxSite {
  readonly hub: SandboxHub;
  readonly hosts: SandboxHosts;
  readonly slack: SandboxSlack;
  readonly forum: SandboxForum;
  /** PEM of the CA, which signed the hub's certificate too. */
  readonly ca: string;
  readonly configPath: string;
  close(): Promise<void>;
}

/** Builders of the pretend site; all of them are hosts as well. */
export const BUILDERS = ['builder1', 'builder2', 'builder3', 'koji-fedora28'] as const;

/** The host with the certificate authority; it signs for the pretend hub. */
const CA_HOST = 'ca';

/** The host that mirrors external repositories. */
const MIRROR_HOST = 'mirror';

/** Starts hub, hosts, Slack and forum in `dir`; the same directory gives the same site again. */
export async function startSite(options: {
  readonly dir: string;
  readonly version?: Version;
  readonly slackMode?: 'http' | 'socket';
  /** Port that Steward is to listen on; 0 for any. */
  readonly port?: number;
  readonly logLevel?: 'info' | 'warn';
}): Promise<SandboxSite> {
  const { dir, version = '1.20', slackMode = 'http', port = 0, logLevel = 'warn' } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const pki = await makePki(join(dir, 'pki'));
  const crl = join(dir, 'hosts', CA_HOST, CRL_IN_USE);
  const hub = await startHub({
    version,
    pki,
    statePath: join(dir, 'hub.json'),
    isRevoked: (serial) => isOnList(crl, serial),
    world: (world) => {
      for (const user of world.users) if (user.name === 'steward') user.permissions.push('admin');
      // Long enough to be seen.
      Object.assign(world.newRepos, { openAfter: 1, endAfter: 2.5 });
      // Something to do for `builder enable`.
      const resting = world.hosts.find((host) => host.name === 'builder3');
      if (resting) Object.assign(resting, { enabled: false, comment: 'new disk, to be tried again' });
    },
  });
  const hosts = await startHosts({
    dir: join(dir, 'hosts'),
    names: [...BUILDERS, CA_HOST, MIRROR_HOST],
    ca: { host: CA_HOST, authority: pki.authority },
    mirror: { host: MIRROR_HOST },
  });
  const slack = await startSlack({ statePath: join(dir, 'slack.json') });
  const forum = await startForum({ statePath: join(dir, 'forum.json') });
  const configPath = await writeConfig(dir, {
    hub,
    hosts,
    slack,
    forum,
    slackMode,
    port,
    logLevel,
    ca: pki.ca,
    steward: await pki.client('steward'),
  });
  return {
    hub,
    hosts,
    slack,
    forum,
    ca: pki.ca,
    configPath,
    async close() {
      await Promise.all([slack.close(), forum.close(), hosts.close(), hub.close()]);
    },
  };
}

function isOnList(file: string, serial: string): boolean {
  return existsSync(file) && crlsIn(readFileSync(file)).some(({ serials }) => serials.has(serial));
}

async function writeConfig(
  dir: string,
  site: {
    readonly hub: SandboxHub;
    readonly hosts: SandboxHosts;
    readonly slack: SandboxSlack;
    readonly forum: SandboxForum;
    readonly slackMode: 'http' | 'socket';
    readonly port: number;
    readonly logLevel: 'info' | 'warn';
    readonly ca: string;
    readonly steward: { readonly cert: string; readonly key: string };
  },
): Promise<string> {
  const secret = async (name: string, text: string): Promise<string> => {
    const path = join(dir, 'secrets', name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  await mkdir(join(dir, 'secrets'), { recursive: true, mode: 0o700 });
  const { hub, hosts, slack, forum } = site;
  const account = (username: string) => forum.users.find((user) => user.username === username)?.id;
  const config = {
    hub: {
      url: hub.url,
      web: 'https://koji.example.org/koji',
      ca: await secret('hub-ca.pem', site.ca),
      cert: await secret('hub-cert.pem', site.steward.cert),
      key: await secret('hub-key.pem', site.steward.key),
      user: 'steward',
      permissions: ['host', 'admin', 'tag'],
    },
    hosts: {
      user: hosts.hosts[0]?.user,
      privateKey: await secret('ssh-key', hosts.clientKey),
      knownHosts: await secret('known-hosts', hosts.knownHosts),
      scriptsDir: hosts.scriptsDir,
      list: hosts.hosts.map(({ name, address, port }) => ({ name, address, port })),
    },
    database: { dir: join(dir, 'data') },
    slack: {
      mode: site.slackMode,
      team: slack.team,
      approversChannel: 'C0ADMINS',
      apiUrl: slack.apiUrl,
      botToken: { file: await secret('slack-bot-token', slack.botToken) },
      appToken: { file: await secret('slack-app-token', slack.appToken) },
      signingSecret: { file: await secret('slack-signing-secret', slack.signingSecret) },
    },
    discourse: {
      url: forum.url,
      username: forum.bot.username,
      key: { file: await secret('forum-key', forum.apiKey) },
      category: forum.category.path,
      // The one key of this forum, which takes 60.
      callsPerMinute: 50,
      webhookSecret: { file: await secret('forum-webhook', forum.webhookSecret) },
    },
    people: [
      { id: 'maria', name: 'maria', slack: 'U0MARIA', discourse: account('maria'), roles: ['packager'] },
      { id: 'toni', name: 'toni', discourse: account('toni'), roles: ['packager'] },
      { id: 'adam', name: 'adam', slack: 'U0ADAM', discourse: account('adam'), roles: ['admin'] },
    ],
    roles: { packager: {}, admin: { slackGroups: ['S0ADMINS'], discourseGroups: ['koji-admins'] } },
    audiences: { packagers: { slack: 'C0KOJI', forum: true } },
    commands: { 'nfs check': { settings: { ...exampleSettings, deadlineSeconds: 3 } } },
    shared: {
      ca: {
        host: CA_HOST,
        crlInUse: CRL_IN_USE,
        newUserPermissions: ['image'],
        client: { name: 'kkoji', server: hub.url, cert: '~/.katello.cert', ca: '~/.katello-ca.cert' },
      },
      repos: {
        host: MIRROR_HOST,
        announce: {
          audience: 'packagers',
          text: 'Fresh content can break builds: say so in #koji if yours does.',
        },
      },
    },
    http: { port: site.port },
    worker: { leaseSeconds: 5 },
    log: { level: site.logLevel },
  };
  const path = join(dir, 'steward.yaml');
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}
