import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { RealHosts } from '../sandbox/hosts/sshd.ts';
import { startHub } from '../sandbox/hub/hub.ts';
import type { Host } from '../sandbox/hub/world.ts';
import { makePki } from '../sandbox/pki.ts';
import { type SandboxSlack, startSlack } from '../sandbox/slack/slack.ts';
import type { Scope } from './scope.ts';

/** What a Steward needs to serve a pretend site. */
export interface BenchSite {
  readonly configPath: string;
  readonly apiUrl: string;
  readonly team: string;
  readonly signingSecret: string;
}

/** Plain data: it is handed to another process. */
export interface SiteOptions {
  /** Builders on the hub: builder1, builder2, ... with capacity 4. */
  readonly builders?: number;
  /** Does the hub take its time, as a real one does? */
  readonly slowHub?: boolean;
  readonly hosts?: Pick<RealHosts, 'hosts' | 'clientKey' | 'knownHosts'>;
  /** Settings of `nfs check`. */
  readonly nfs?: unknown;
}

/**
 * What a real hub takes, as measured on one: 8 ms for an edit of its own, 93 ms for 50 in one multiCall, and a few for
 * listHosts. So 6 for anything, and 1.75 more for each edit.
 */
export function costOfRealHub(method: string, calls: number): number {
  if (method === 'multiCall') return 6 + 1.75 * calls;
  return method === 'editHost' ? 7.75 : 6;
}

/** Starts a pretend hub and a pretend Slack without limits in this process. */
export async function startSite(
  scope: Scope,
  options: SiteOptions = {},
): Promise<BenchSite & { readonly slack: SandboxSlack }> {
  const dir = scope.dir();
  const pki = await makePki(join(dir, 'pki'));
  const hub = scope.keep(
    await startHub({
      version: '1.35',
      pki,
      ...(options.slowHub ? { costMs: costOfRealHub } : {}),
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
  const { apiUrl, team, signingSecret } = slack;
  return { slack, configPath, apiUrl, team, signingSecret };
}

const said = z.object({
  configPath: z.string(),
  apiUrl: z.string(),
  team: z.string(),
  signingSecret: z.string(),
});

/** The same in a process of its own, so that what the hub and Slack do costs the measured process nothing, as in life. */
export async function startSiteApart(scope: Scope, options: SiteOptions = {}): Promise<BenchSite> {
  const program = fileURLToPath(new URL('./site-child.ts', import.meta.url));
  const child = scope.spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the pretend site ended with ${code}`)));
    child.stdout?.once('data', (line: Buffer) => resolve(said.parse(JSON.parse(line.toString()))));
  });
}
