import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import accountGrant from '../../commands/account-grant/command.ts';
import builderCapacity from '../../commands/builder-capacity/command.ts';
import builderDisable from '../../commands/builder-disable/command.ts';
import builderList from '../../commands/builder-list/command.ts';
import caCheck from '../../commands/ca-check/command.ts';
import certList from '../../commands/cert-list/command.ts';
import nfsCheck from '../../commands/nfs-check/command.ts';
import repoCheck from '../../commands/repo-check/command.ts';
import repoList from '../../commands/repo-list/command.ts';
import { type ConfigRole, type LoadResult, loadConfig } from '../../config/load.ts';
import { makePki } from '../../sandbox/pki.ts';
import { createRegistry } from '../../src/core/registry.ts';

export const registry = createRegistry([
  accountGrant,
  builderCapacity,
  builderDisable,
  builderList,
  caCheck,
  certList,
  nfsCheck,
  repoCheck,
  repoList,
]);

export const EXAMPLE = readFileSync(
  fileURLToPath(new URL('../../config/steward.example.yaml', import.meta.url)),
  'utf8',
);

/** The example's settings as data, its files in a private directory, its secrets in an environment of its own. */
export interface TestSite {
  readonly dir: string;
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  /** A fresh copy of the settings, for a test to spoil. */
  settings(): unknown;
  load(what: unknown, role?: ConfigRole, env?: NodeJS.ProcessEnv): Promise<LoadResult>;
  remove(): void;
}

export async function makeSite(): Promise<TestSite> {
  const dir = mkdtempSync(join(tmpdir(), 'steward-config-'));
  const pki = await makePki(join(dir, 'pki'));
  const bot = await pki.client('steward');
  const write = (name: string, text: string, mode = 0o600): void =>
    writeFileSync(join(dir, name), text, { mode });
  write('katello-ca.crt', pki.ca);
  write('steward.pem', `${bot.cert}\n${bot.key}\n`);
  write('ssh_key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n');
  write('known_hosts', 'koji.katello.org ssh-ed25519 AAAA\n');
  write('database-url', 'postgres://steward:secret@127.0.0.1/steward\n');
  const text = EXAMPLE.replaceAll('/etc/steward/', '');
  const file = join(dir, 'steward.yaml');
  const env = {
    SLACK_BOT_TOKEN: 'xoxb-1-test',
    SLACK_APP_TOKEN: 'xapp-1-test',
    DISCOURSE_API_KEY: 'ab'.repeat(32),
    DISCOURSE_WEBHOOK_SECRET: 'a-secret-of-the-webhook',
  };
  return {
    dir,
    file,
    env,
    settings: () => parse(text),
    load: (what, role = 'all', own = env) => {
      writeFileSync(file, typeof what === 'string' ? what : stringify(what), { mode: 0o600 });
      return loadConfig(file, { registry, role, env: own });
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Puts a value at a place of nested data; `undefined` takes the place away. */
export function put(data: unknown, keys: readonly (string | number)[], value: unknown): void {
  const last = keys.at(-1);
  let at = data as Record<string | number, unknown>;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  if (last === undefined) return;
  if (value === undefined) delete at[last];
  else at[last] = value;
}
