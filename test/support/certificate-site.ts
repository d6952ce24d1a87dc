import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settings } from '../../commands/certificates/settings.ts';
import { CA_DIR, CRL_IN_USE } from '../../sandbox/hosts/ca.ts';
import { startHosts } from '../../sandbox/hosts/hosts.ts';
import { makePki } from '../../sandbox/pki.ts';
import { run } from '../../src/core/runner.ts';
import { createHosts } from '../../src/hosts/hosts.ts';
import { type Asker, makeAsker, openCa, type TestCa } from './certificate-authority.ts';
import { onlyCrash, startMortal } from './crash.ts';
import { keepTree } from './kept-tree.ts';
import { type Kernel, PEOPLE, startKernel } from './kernel.ts';
import { keepLog } from './log.ts';

/** The subject of what the pretend site's CA signs, without the user. */
export const SANDBOX_SUBJECT = '/C=US/ST=NC/O=Koji Sandbox';

/** The settings of a site like the one of the seed. */
export const CA_SETTINGS = settings.parse({
  host: 'ca',
  crlInUse: CRL_IN_USE,
  client: {
    name: 'kkoji',
    server: 'http://koji.example.org/kojihub',
    weburl: 'http://koji.example.org/koji',
    topurl: 'http://koji.example.org/',
    config: '~/.koji/foreman-config',
    cert: '~/.katello.cert',
    ca: '~/.katello-ca.cert',
  },
});

/** A kernel whose hosts have a CA, by the real openssl; every test can begin with the first one again. */
export async function startCertificateSite(change: Readonly<Record<string, unknown>> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'steward-certs-'));
  const pki = await makePki(join(dir, 'pki'));
  const sandbox = await startHosts({
    dir: join(dir, 'hosts'),
    names: ['builder1', 'ca'],
    ca: { host: 'ca', authority: pki.authority },
  });
  const { hosts: targets, clientKey: privateKey, knownHosts, scriptsDir } = sandbox;
  const log = keepLog();
  const hosts = createHosts({ hosts: targets, privateKey, knownHosts, scriptsDir, log });
  const names = [
    'ca renew',
    'ca check',
    'ca file',
    'cert issue',
    'cert renew',
    'cert revoke',
    'cert list',
    'cert show',
  ];
  const of: Record<string, unknown> = {};
  const set = (more: Readonly<Record<string, unknown>>): void => {
    for (const name of names) of[name] = { ...CA_SETTINGS, ...change, ...more };
  };
  set({});
  const kernel = await startKernel({
    hosts,
    settings: of,
    leaseMs: 20_000,
  });
  const { root } = sandbox.world('ca');
  const restore = keepTree(root, ['etc']);
  const users = JSON.stringify(kernel.hub.world.users);
  const keys = new Set<string>();

  return {
    kernel,
    sandbox,
    /** Of the hub that takes what this CA signs. */
    pki,
    root,
    log,
    ca: (): TestCa => openCa(join(root, CA_DIR)),
    /** Other settings of `shared.ca`, until the next reset. */
    set,
    reset(): void {
      set({});
      restore();
      kernel.hub.world.users = JSON.parse(users) as typeof kernel.hub.world.users;
      kernel.hinted.length = 0;
    },
    /** A key and a request of this user; the key is remembered, to be looked for where it must not be. */
    asker(user: string, ...newkey: readonly string[]): Asker {
      const made = makeAsker(dir, `${SANDBOX_SUBJECT}/CN=${user}`, ...(newkey.length > 0 ? [newkey] : []));
      for (const line of secretLines(made.key))
        if (!made.csr.replaceAll('\n', '').includes(line)) keys.add(line);
      return made;
    },
    /** The lines of every private key that was made, the CA's too, as far as they are not in the request as well. */
    keyLines: (): readonly string[] => [
      ...keys,
      ...secretLines(openCa(join(root, CA_DIR)).read('private/koji_ca_cert.key')),
    ],
    /** Asks, gets every yes that it needs, and runs. */
    async through(who: (typeof PEOPLE)[keyof typeof PEOPLE], line: string) {
      const request = await kernel.ask(who, line);
      const yes = [PEOPLE.bea, PEOPLE.carl].slice(0, request.plan?.needs.people ?? 0);
      for (const one of yes) await kernel.say(one, `approve ${request.id}`);
      await kernel.settle();
      return kernel.load(request.id);
    },
    /**
     * Runs it with a worker that dies at this moment, and then with one that lives; gives the request. The laws let it
     * die at every moment; here what matters is what comes of it.
     */
    async dies(who: (typeof PEOPLE)[keyof typeof PEOPLE], line: () => string, moment: RegExp) {
      const approved = async (): Promise<string> => {
        const { id } = await kernel.ask(who, line());
        await kernel.say(PEOPLE.bea, `approve ${id}`);
        kernel.hinted.length = 0;
        return id;
      };
      const id = await approved();
      const mortal = startMortal(kernel, moment);
      await run(id, mortal.work, new AbortController().signal).catch(onlyCrash);
      if (!mortal.died()) throw new Error(`no such moment among ${mortal.crossings.join(', ')}`);
      await kernel.lapse();
      await run(id, kernel.work, new AbortController().signal);
      return kernel.load(id);
    },
    async close(): Promise<void> {
      await kernel.close();
      await hosts.close();
      await sandbox.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** What of a key in PEM is long enough to be looked for. */
function secretLines(key: string): readonly string[] {
  return key.split('\n').filter((line) => line.length > 40 && !line.startsWith('-----'));
}

export type CertificateSite = Awaited<ReturnType<typeof startCertificateSite>>;

/** The certificate that a finished request shows. */
export function certificateOf(request: Awaited<ReturnType<Kernel['load']>>): string {
  const text = request.answer?.texts?.[0]?.text;
  if (text === undefined) throw new Error(`${request.id} shows no certificate: ${request.says}`);
  return text;
}
