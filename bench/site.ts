import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RealHosts } from '../sandbox/hosts/sshd.ts';
import { type SandboxHub, startHub } from '../sandbox/hub/hub.ts';
import type { Host } from '../sandbox/hub/world.ts';
import { makePki } from '../sandbox/pki.ts';
import { type SandboxSlack, startSlack } from '../sandbox/slack/slack.ts';
import type { Scope } from './scope.ts';

/** A pretend hub and a pretend Slack without limits, and the config of a Steward that serves them. */
export interface BenchSite {
  readonly dir: string;
  readonly hub: SandboxHub;
  readonly slack: SandboxSlack;
  readonly configPath: string;
}

export interface SiteOptions {
  /** Builders on the hub: builder1, builder2, ... with capacity 4. */
  readonly builders?: number;
  /** What a request costs the hub, in milliseconds. */
  readonly costMs?: (method: string, calls: number) => number;
  readonly hosts?: RealHosts;
  /** Settings of `nfs check`. */
  readonly nfs?: unknown;
}

export async function startSite(scope: Scope, options: SiteOptions = {}): Promise<BenchSite> {
  const dir = scope.dir();
  const pki = await makePki(join(dir, 'pki'));
  const hub = scope.keep(
    await startHub({
      version: '1.35',
      pki,
      ...(options.costMs ? { costMs: options.costMs } : {}),
      world: (world) => {
        const model = world.hosts.find((host) => host.name === 'builder2');
        if (!model || options.builders === undefined) return;
        world.hosts = Array.from(
          { length: options.builders },
          (_, at): Host => ({
            ...model,
            id: at + 1,
            name: `builder${at + 1}`,
            channels: [...model.channels],
          }),
        );
      },
    }),
  );
  const slack = scope.keep(await startSlack({ rateScale: Number.POSITIVE_INFINITY }));
  const secret = async (name: string, text: string): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const client = await pki.client('steward');
  const { hosts } = options;
  const config = {
    hub: {
      url: hub.url,
      ca: await secret('hub-ca.pem', pki.ca),
      cert: await secret('hub-cert.pem', client.cert),
      key: await secret('hub-key.pem', client.key),
    },
    hosts: {
      user: 'root',
      privateKey: await secret('ssh-key', hosts?.clientKey ?? ''),
      knownHosts: await secret('known-hosts', hosts?.knownHosts ?? ''),
      list: (hosts?.hosts ?? []).map(({ name, address, port }) => ({ name, address, port })),
    },
    database: { dir: join(dir, 'data') },
    slack: {
      mode: 'http',
      team: slack.team,
      approversChannel: 'C0ADMINS',
      apiUrl: slack.apiUrl,
      botToken: { file: await secret('bot-token', slack.botToken) },
      signingSecret: { file: await secret('signing-secret', slack.signingSecret) },
    },
    people: [
      { id: 'maria', name: 'maria', slack: 'U0MARIA', roles: ['packager'] },
      { id: 'adam', name: 'adam', slack: 'U0ADAM', roles: ['admin'] },
    ],
    ...(options.nfs ? { commands: { 'nfs check': { settings: options.nfs } } } : {}),
    http: { port: 0 },
  };
  const configPath = join(dir, 'steward.yaml');
  await writeFile(configPath, stringify(config), { mode: 0o600 });
  return { dir, hub, slack, configPath };
}
