import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../../commands/certificates/settings.ts';
import { CA_DIR, CRL_IN_USE } from '../../sandbox/hosts/ca.ts';
import { startHosts } from '../../sandbox/hosts/hosts.ts';
import type { Answer } from '../../src/core/answer.ts';
import type { Command, View } from '../../src/core/command.ts';
import type { Concern, WatchView } from '../../src/core/concern.ts';
import { createHosts } from '../../src/hosts/hosts.ts';
import { silent } from '../hosts/support.ts';
import { openssl, temporaryDir } from '../support/openssl.ts';

const HOST = 'ca';

/** A pretend host with a real CA, and commands that look at it over SSH. */
export async function startCaRig() {
  const place = temporaryDir();
  const sandbox = await startHosts({ dir: place.dir, names: [HOST], scripts: [], ca: { host: HOST } });
  const { hosts: targets, clientKey: privateKey, knownHosts, scriptsDir } = sandbox;
  const hosts = createHosts({ hosts: targets, privateKey, knownHosts, scriptsDir, log: silent });
  const world = sandbox.world(HOST);
  const dir = join(world.root, CA_DIR);
  const file = (name: string): string => (name.startsWith('/') ? join(world.root, name) : join(dir, name));

  return {
    sandbox,
    world,
    dir,
    file,
    read: (name: string): string => readFileSync(file(name), 'utf8'),
    write: (name: string, text: string | Buffer): void => writeFileSync(file(name), text),
    append: (name: string, text: string): void => appendFileSync(file(name), text),
    remove: (name: string): void => rmSync(file(name), { recursive: true }),
    /** Runs the real openssl in the CA's directory. */
    openssl: (...args: readonly string[]): string => openssl(args, { cwd: dir }),
    ca(...args: readonly string[]): string {
      const keys = ['-keyfile', 'private/koji_ca_cert.key', '-cert', 'koji_ca_cert.crt'];
      return openssl(['ca', '-batch', '-config', 'ssl.cnf', ...keys, ...args], { cwd: dir });
    },
    /** Asks a command, as the worker does. */
    async ask(
      command: Command,
      given: Readonly<Record<string, string>> = {},
      more: { readonly now?: Date; readonly settings?: object; readonly signal?: AbortSignal } = {},
    ): Promise<Answer> {
      const view: View = {
        hub: { read: noHub, account: noHub },
        hosts,
        jobLogs: { last: async () => null },
        asker: { id: 'pat', name: 'Pat', roles: new Set(['packager']), accounts: {} },
        now: more.now ?? new Date(),
        signal: more.signal ?? new AbortController().signal,
      };
      const own = settings.parse({ host: HOST, crlInUse: CRL_IN_USE, ...more.settings });
      const planned = await command.plan(given, view, own);
      if (planned.kind !== 'answer') throw new Error('not an answer');
      return planned;
    },
    /** What its watch sees, with a hub that has these builders, and nobody of the config but these owners. */
    async watch(
      command: Command,
      who: { readonly builders?: readonly string[]; readonly owners?: readonly string[] },
      more: { readonly now?: Date; readonly settings?: object } = {},
    ): Promise<readonly Concern[]> {
      const builders = (who.builders ?? []).map((name, id) => ({ id, name, capacity: 2, enabled: true }));
      const view: WatchView = {
        hub: { read: async () => builders, account: async () => ({ name: 'steward', permissions: [] }) },
        hosts,
        jobLogs: { last: async () => null },
        asker: { id: 'steward', name: 'Steward', roles: new Set(), accounts: {} },
        now: more.now ?? new Date(),
        signal: new AbortController().signal,
        owner: async (user) => (who.owners?.includes(user) ? user : null),
      };
      const own = settings.parse({ host: HOST, crlInUse: CRL_IN_USE, ...more.settings });
      return (await command.watch?.(view, own)) ?? [];
    },
    async close(): Promise<void> {
      await hosts.close();
      await sandbox.close();
      place.remove();
    },
  };
}

const noHub = () => Promise.reject(new Error('this command does not need the hub'));

export type CaRig = Awaited<ReturnType<typeof startCaRig>>;
