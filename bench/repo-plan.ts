import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../commands/repositories/settings.ts';
import { startHosts } from '../sandbox/hosts/hosts.ts';
import { startHub } from '../sandbox/hub/hub.ts';
import { hasCurl, MIRROR } from '../sandbox/mirror/mirror.ts';
import { makePki } from '../sandbox/pki.ts';
import type { View } from '../src/core/command.ts';
import { scanCommands } from '../src/core/registry.ts';
import { createHosts } from '../src/hosts/hosts.ts';
import { createHub } from '../src/koji/hub.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { median } from './numbers.ts';

const SECTIONS = 2_000;
const ROUNDS = 15;

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** Planning `repo add` where mrepo.conf has 2,000 sections, without what the hub and the mirror's host take. */
export const repoPlan: readonly Benchmark[] = [
  {
    name: 'repo.plan',
    what: 'planning an addition to an mrepo.conf of 2,000 sections, besides the network',
    lacks: () => (hasCurl ? null : 'there is no curl here'),
    run: measure,
  },
];

async function measure({ scope, say }: Bench): Promise<readonly Figure[]> {
  const dir = scope.dir();
  const pki = await makePki(join(dir, 'pki'));
  const hub = scope.keep(
    await startHub({
      version: '1.35',
      pki,
      world: (world) => world.users.find((user) => user.name === 'steward')?.permissions.push('admin'),
    }),
  );
  const client = scope.keep(
    createHub({ url: hub.url, ca: pki.ca, ...(await pki.client('steward')), log: silent }),
  );
  const sandbox = scope.keep(
    await startHosts({ dir: join(dir, 'hosts'), names: ['mirror'], mirror: { host: 'mirror' } }),
  );
  appendFileSync(join(sandbox.world('mirror').root, MIRROR.config), sections());
  const { hosts: list, clientKey: privateKey, knownHosts, scriptsDir } = sandbox;
  const hosts = scope.keep(createHosts({ hosts: list, privateKey, knownHosts, scriptsDir, log: silent }));
  const registry = await scanCommands(new URL('../commands/', import.meta.url));
  const command = registry.get('repo add');
  if (!command) throw new Error('there is no command repo add');

  const away = { count: 0, since: 0, ms: 0 };
  const outside = async <T>(read: () => Promise<T>): Promise<T> => {
    if (away.count++ === 0) away.since = performance.now();
    try {
      return await read();
    } finally {
      if (--away.count === 0) away.ms += performance.now() - away.since;
    }
  };
  const view: View = {
    hub: {
      read: (call, signal) => outside(() => client.read(call, signal)),
      account: (signal) => outside(() => client.account(signal)),
    },
    hosts: {
      names: () => hosts.names(),
      read: (host, script, args, options) => outside(() => hosts.read(host, script, args, options)),
    },
    jobLogs: { last: async () => null },
    asker: { id: 'maria', name: 'maria', roles: new Set(), accounts: {} },
    now: new Date(),
    signal: new AbortController().signal,
  };
  const given = {
    label: 'epel10',
    from: 'os=http://mirror.example.org/os/$arch/',
    tag: 'foreman-nightly-el8-build',
  };
  const seen: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    away.ms = 0;
    const began = performance.now();
    const plan = await command.plan(given, view, settings.parse({ host: 'mirror' }));
    seen.push(performance.now() - began - away.ms);
    if (plan.kind !== 'plan' || plan.steps.length < 5) throw new Error('not the plan of an addition');
  }
  say(`rounds: ${seen.map((ms) => Math.round(ms)).join(' ')} ms`);
  return [
    {
      name: 'repo.plan',
      // The first one compiles.
      ours: median(seen.slice(1)),
      peer: null,
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 300 },
    },
  ];
}

/** As people write them, with comments and more than one address. */
function sections(): string {
  return Array.from(
    { length: SECTIONS },
    (_, n) => `
### Distribution ${n}
[dist${n}]
Name = Distribution ${n} ($arch)
release = ${n}
arch = x86_64
os = http://mirror.example.org/dist${n}/os/$arch/
     http://other.example.org/dist${n}/os/$arch/
updates: rsync://mirror.example.org/dist${n}/updates/$arch/ ; every night
`,
  ).join('');
}
