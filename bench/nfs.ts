import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeSSH } from 'node-ssh';
import { type HungMount, hangMount, noHungMount } from '../sandbox/hosts/hung-mount.ts';
import { noSshd, type RealHosts, startSshd } from '../sandbox/hosts/sshd.ts';
import type { Answer } from '../src/core/answer.ts';
import { commandLine } from '../src/hosts/quote.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { type BenchKernel, HERE, MARIA, startKernel } from './kernel.ts';
import { alternate, median, timed, until } from './numbers.ts';
import { stuckBelow, treeOf } from './processes.ts';
import type { Scope } from './scope.ts';
import { startSiteApart } from './site.ts';

const HOSTS = 64;
const ROUNDS = 7;
const DEADLINE_S = 3;
const CPU_RUNS = 100;
const SCRIPT = fileURLToPath(new URL('../commands/nfs-check/check.sh', import.meta.url));
const TYPES = '^(nfs4?|fuse\\.nfs)$';
const NAMES = ['koji', 'packages', 'repos', 'external-repos'] as const;
/** Hosts that are made ill in the second half. */
const ILL = { killable: 'real61', unkillable: 'real62', frozen: ['real63', 'real64'] } as const;

/** `nfs check` over real sshd, one process a host, each at an address of its own. */
export const nfs: readonly Benchmark[] = [
  {
    name: 'nfs.script',
    what: 'CPU of the script itself, with the stat that it starts',
    lacks: () => (process.platform === 'linux' ? null : 'not Linux'),
    run: scriptCpu,
  },
  {
    name: 'nfs.warm',
    what: `nfs check over ${HOSTS} hosts, against the same script over bare kept connections`,
    lacks: noSshd,
    run: warm,
  },
  {
    name: 'nfs.ill',
    what: 'the same with 2 hung mounts (killable and not) and 2 frozen sshd',
    lacks: () => noSshd() ?? noHungMount(),
    run: ill,
  },
];

interface Mount {
  readonly at: string;
  readonly from: string;
}

/** Directories of this machine that every host believes to be NFS mounts. */
function mountsIn(dir: string): readonly Mount[] {
  return NAMES.map((name) => {
    const at = join(dir, name);
    mkdirSync(at);
    return { at, from: `koji.example.org:/${name}` };
  });
}

function mountinfo(mounts: readonly Mount[], type = 'nfs4'): string {
  const lines = mounts.map(
    ({ at, from }, index) =>
      `${100 + index} 20 0:${50 + index} / ${at} rw,relatime shared:1 - ${type} ${from} rw,hard,addr=127.0.0.1`,
  );
  return `20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n${lines.join('\n')}\n`;
}

/** Every host sees the good mounts, and those of `more` that are for it. */
function believe(real: RealHosts, good: readonly Mount[], more: Readonly<Record<string, Mount>>): void {
  for (const { name } of real.hosts) {
    const ill = more[name];
    const text = mountinfo(good) + (ill ? mountinfo([ill], 'fuse.nfs').split('\n').slice(1).join('\n') : '');
    const proc = join(real.rootOf(name), 'proc/self');
    mkdirSync(proc, { recursive: true });
    writeFileSync(join(proc, 'mountinfo'), text);
  }
}

async function startFarm(scope: Scope, more: (dir: string) => Readonly<Record<string, Mount>>) {
  const dir = scope.dir();
  const good = mountsIn(dir);
  const special = more(dir);
  const real = scope.keep(await startSshd({ dir, count: HOSTS }));
  believe(real, good, special);
  const groups = [
    { hosts: 'all', mounts: good },
    ...Object.entries(special).map(([host, mount]) => ({ hosts: [host], mounts: [mount] })),
  ];
  const site = await startSiteApart(scope, {
    hosts: { hosts: real.hosts, clientKey: real.clientKey, knownHosts: real.knownHosts },
    nfs: { deadlineSeconds: DEADLINE_S, fstype: TYPES, groups },
  });
  return { dir, real, good, kernel: await startKernel(scope, site, null) };
}

/** The whole request: asked, planned by a job, answered in the record. */
async function ask(kernel: BenchKernel): Promise<Answer> {
  const end = kernel.nextEnd();
  await kernel.desk.say({ who: MARIA, text: 'nfs check all', place: HERE, origin: `bench:${randomUUID()}` });
  const { id, status } = await end;
  const { answer } = await kernel.load(id);
  if (status !== 'answered' || !answer) throw new Error(`nfs check ${status}`);
  return answer;
}

async function warm({ scope, say }: Bench): Promise<readonly Figure[]> {
  const { real, good, kernel } = await startFarm(scope, () => ({}));
  const bare = await bareConnections(scope, real, good);
  const ours = () =>
    timed(async () => {
      const answer = await ask(kernel);
      if (answer.verdict !== 'ok') throw new Error(`${answer.title}: ${JSON.stringify(answer.table?.rows)}`);
    });
  const peer = () => timed(bare);
  await alternate(2, ours, peer);
  const seen = await alternate(ROUNDS, ours, peer);
  say(`ours ${seen.ours.map(Math.round)} ms, bare ${seen.peer.map(Math.round)} ms`);
  return [
    {
      name: 'nfs.warm',
      ours: median(seen.ours),
      peer: median(seen.peer),
      unit: 'ms',
      target: { of: 'ratio', is: 'at most', value: 1.3 },
    },
  ];
}

/** The same script over node-ssh alone: kept connections without Nagle's delay, and no more care than that. */
async function bareConnections(scope: Scope, real: RealHosts, good: readonly Mount[]) {
  const connections = await Promise.all(
    real.hosts.map(async ({ address, port, user }) => {
      const ssh = new NodeSSH();
      await ssh.connect({
        host: address,
        port,
        username: user,
        privateKey: real.clientKey,
        readyTimeout: 30_000,
      });
      ssh.connection?.setNoDelay(true);
      scope.later(() => ssh.dispose());
      return ssh;
    }),
  );
  const text = readFileSync(SCRIPT, 'utf8');
  const command = `cd / && exec bash -s -- ${commandLine(argumentsOf(good))}`;
  return async (): Promise<void> => {
    const all = await Promise.all(connections.map((ssh) => ssh.execCommand(command, { stdin: text })));
    const bad = all.find(
      ({ code, stdout }) => code !== 0 || !stdout.trimEnd().endsWith(`END ${good.length}`),
    );
    if (bad) throw new Error(`the bare script failed: ${bad.stdout}${bad.stderr}`);
  };
}

function argumentsOf(mounts: readonly Mount[]): readonly string[] {
  return [String(DEADLINE_S), TYPES, ...mounts.flatMap(({ at, from }) => [at, from, 'rw', ''])];
}

async function ill({ scope, say }: Bench): Promise<readonly Figure[]> {
  const { dir, real, kernel } = await startFarm(scope, (below) => ({
    [ILL.killable]: hungAt(below, 'killable'),
    [ILL.unkillable]: hungAt(below, 'unkillable'),
  }));
  for (const how of ['killable', 'unkillable'] as const) {
    const { at, from } = mountAt(dir, how);
    scope.keep<HungMount>(await hangMount(at, from, how, 120_000));
  }
  for (const name of ILL.frozen) freeze(scope, real, name);

  const first = await look(kernel, dir);
  const second = await look(kernel, dir);
  say(
    `first ${Math.round(first.ms)} ms, ${first.stuck} stuck; second ${Math.round(second.ms)} ms, ${second.stuck} stuck`,
  );
  const most = (DEADLINE_S + 2) * 1000;
  return [
    {
      name: 'nfs.ill.time',
      ours: Math.max(first.ms, second.ms),
      peer: null,
      unit: 'ms',
      target: { of: 'ours', is: 'at most', value: most },
    },
    {
      name: 'nfs.ill.reported-well',
      ours: Math.min(first.well, second.well),
      peer: null,
      unit: 'hosts',
      target: { of: 'ours', is: 'at least', value: HOSTS - 4 },
    },
    {
      name: 'nfs.ill.stuck-after-second',
      ours: second.stuck,
      peer: first.stuck,
      unit: 'processes',
      target: { of: 'ours', is: 'at most', value: first.stuck },
    },
  ];
}

function mountAt(dir: string, how: string): Mount {
  return { at: join(dir, `hung-${how}`), from: `127.0.0.1:/${how}` };
}

function hungAt(dir: string, how: string): Mount {
  const mount = mountAt(dir, how);
  mkdirSync(mount.at);
  return mount;
}

/** Stops the listener and the sessions that it has: what is open says nothing more, what is new says nothing at all. */
function freeze(scope: Scope, real: RealHosts, name: string): void {
  const pid = Number(readFileSync(`${real.rootOf(name)}.pid`, 'utf8'));
  const signal = (what: 'SIGSTOP' | 'SIGCONT'): void => {
    for (const one of treeOf(pid)) process.kill(one, what);
  };
  signal('SIGSTOP');
  scope.later(() => signal('SIGCONT'));
}

async function look(kernel: BenchKernel, dir: string) {
  let well = 0;
  const ms = await timed(async () => {
    const { table } = await ask(kernel);
    const rows = table?.rows ?? [];
    const states = new Map(rows.map(([host = '', , state = '']) => [host, state] as const));
    for (const host of [ILL.killable, ILL.unkillable])
      if (states.get(host) !== 'hung')
        throw new Error(`${host} is not said to hang: ${JSON.stringify(rows)}`);
    for (const host of ILL.frozen)
      if (!states.has(host)) throw new Error(`nothing is said of ${host}: ${JSON.stringify(rows)}`);
    well = Number(/^(\d+) hosts$/.exec(rows.at(-1)?.[0] ?? '')?.[1] ?? 0);
  });
  // What was told to end and can, is gone a moment later.
  await until('the killable probe ends', () => stuckBelow(join(dir, 'hung-killable')) === 0, 3_000);
  return { ms, well, stuck: stuckBelow(dir) };
}

/** User and system time of the script as a host runs it: over a pipe, with all that it starts and waits for. */
async function scriptCpu({ scope }: Bench): Promise<readonly Figure[]> {
  const dir = scope.dir();
  const mounts = mountsIn(dir);
  mkdirSync(join(dir, 'proc/self'), { recursive: true });
  mkdirSync(join(dir, 'run/steward'), { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'proc/self/mountinfo'), mountinfo(mounts));
  const text = readFileSync(SCRIPT, 'utf8');
  const costs: number[] = [];
  for (let run = 0; run < CPU_RUNS; run++) costs.push(await costOf(text, argumentsOf(mounts), dir));
  return [
    {
      name: 'nfs.script',
      ours: median(costs),
      peer: null,
      unit: 'ms CPU',
      target: { of: 'ours', is: 'under', value: 10 },
    },
  ];
}

function costOf(text: string, args: readonly string[], root: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // The outer bash only tells what the inner one took: `times` prints its own times and then its children's.
    const outer = spawn('bash', ['-c', 'bash -s -- "$@" || exit; times', 'bash', ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // With a socket for its input and a low SHLVL bash takes itself for a remote shell, and reads ~/.bashrc.
      env: { PATH: process.env.PATH, STEWARD_ROOT: root, SHLVL: '3' },
      timeout: 20_000,
    });
    let said = '';
    outer.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    outer.once('close', (code) => {
      const [, minutes, seconds, sysMinutes, sysSeconds] =
        /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(said) ?? [];
      if (code !== 0 || seconds === undefined || !said.includes(`END ${NAMES.length}`))
        reject(new Error(`the script failed: ${said}`));
      else
        resolve(
          (Number(minutes) * 60 + Number(seconds) + Number(sysMinutes) * 60 + Number(sysSeconds)) * 1000,
        );
    });
    outer.stdin.on('error', () => undefined);
    outer.stdin.end(text);
  });
}
