import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCsr } from '../commands/certificates/csr.ts';
import { CA_DIR, hasOpenssl } from '../sandbox/hosts/ca.ts';
import { type SandboxSite, startSite } from '../sandbox/site.ts';
import type { Message } from '../sandbox/slack/model.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import { alternate, median, timed, until } from './numbers.ts';
import { startProgram } from './program.ts';

const KOJI = 'C0KOJI';
const ADMINS = 'C0ADMINS';
const SUBJECT = '/C=US/ST=NC/O=Koji Sandbox';
const ROUNDS = 5;
const DEADLINE_MS = 30_000;
/**
 * Slack takes about one message a second and channel, and fifty edits a minute, of which one certificate needs six; what
 * waits for that is no part of what is measured.
 */
const REST_MS = 3_500;

/** Certificates: asked for and approved in Slack, signed over SSH by the real openssl, shown in the thread. */
export const certificates: readonly Benchmark[] = [
  {
    name: 'cert.issue',
    what: 'from the last approval to the certificate in the thread, and `cert list` of 10,000',
    lacks: () => (hasOpenssl ? null : 'no openssl here'),
    run: measure,
  },
  {
    name: 'cert.csr',
    what: 'checking a signing request',
    lacks: () => (hasOpenssl ? null : 'no openssl here'),
    run: checking,
  },
];

async function measure({ scope, cli, say }: Bench) {
  const dir = scope.dir();
  const site = scope.keep(await startSite({ dir: join(dir, 'site'), logLevel: 'info' }));
  const program = await startProgram(scope, {
    cli: await cli(),
    configPath: site.configPath,
    role: 'all',
    servers: null,
  });
  site.slack.setRequestUrl(`http://127.0.0.1:${program.port}/slack/events`);
  const ca = join(site.hosts.world('ca').root, CA_DIR);
  const apart = join(dir, 'ca');
  cpSync(ca, apart, { recursive: true });
  let number = 0;
  const makeCsr = (): string => {
    number++;
    const files = ['-keyout', `${number}.key`, '-out', `${number}.csr`];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl(dir, 'req', '-new', ...key, ...files, '-subj', `${SUBJECT}/CN=user${number}`);
    return readFileSync(join(dir, `${number}.csr`), 'utf8');
  };
  const ours = async (): Promise<number> => {
    await rest();
    return issue(site, `user${number + 1}`, makeCsr());
  };
  const floor = async (): Promise<number> => {
    makeCsr();
    return timed(async () => signAlone(apart, join(dir, `${number}.csr`), `user${number}`));
  };
  await alternate(1, ours, floor);
  const few = await alternate(ROUNDS, ours, floor);
  say(`with few others ${few.ours.map(Math.round)} ms, openssl alone ${few.peer.map(Math.round)} ms`);
  addValid(ca, 1_000);
  const many = await alternate(ROUNDS, ours, floor);
  say(`with 1,000 others ${many.ours.map(Math.round)} ms`);
  addEntries(ca, 10_000);
  const listed: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await rest();
    listed.push(await list(site));
  }
  say(`10,000 listed in ${listed.map(Math.round)} ms`);
  return [
    {
      name: 'cert.issue',
      ours: median(few.ours),
      peer: median(few.peer),
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 3000 } as const,
    },
    {
      name: 'cert.issue.with-1000',
      ours: median(many.ours),
      peer: median(many.peer),
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 3000 } as const,
    },
    {
      name: 'cert.list.10000',
      ours: median(listed),
      peer: null,
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 1000 } as const,
    },
  ];
}

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, REST_MS));

/** Milliseconds from the press of the last who has to say yes to the certificate in front of people. */
async function issue({ slack }: SandboxSite, user: string, csr: string): Promise<number> {
  await slack.as('U0ADAM').slash(`/koji cert issue for=${user} csr=${csr}`, KOJI);
  const shown = (text: string) => (): Message | undefined =>
    slack.messages(ADMINS).find((one) => holds(one, `certificate for ${user}`) && holds(one, text));
  const card = await slack.waitFor(shown('Approve'), DEADLINE_MS);
  await slack.as('U0BEA').press(ADMINS, card.ts, 'Approve');
  await slack.waitFor(shown('1 of 2'), DEADLINE_MS);
  await rest();
  const result = (): boolean =>
    slack.messages(KOJI).some((one) => holds(one, `of ${user}`) && holds(one, 'BEGIN CERTIFICATE-----'));
  const began = performance.now();
  const pressed = slack.as('U0CARL').press(ADMINS, card.ts, 'Approve');
  await until(`a certificate for ${user}`, result, DEADLINE_MS);
  const took = performance.now() - began;
  await pressed;
  return took;
}

async function list({ slack }: SandboxSite): Promise<number> {
  const before = slack.messages(KOJI).length;
  const began = performance.now();
  const asked = slack.as('U0MARIA').slash('/koji cert list', KOJI);
  const isThere = (): boolean =>
    slack
      .messages(KOJI)
      .slice(before)
      .some((one) => holds(one, 'Only the first 50 of'));
  await until('the list', isThere, DEADLINE_MS);
  const took = performance.now() - began;
  await asked;
  return took;
}

const holds = (message: Message, text: string): boolean => JSON.stringify(message).includes(text);

function openssl(cwd: string, ...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd, stdio: 'pipe', timeout: DEADLINE_MS });
}

/** What signing takes at least: one `openssl ca`, without SSH, locks, checks, records or anybody who is told. */
function signAlone(dir: string, csr: string, user: string): void {
  const keys = ['-keyfile', 'private/koji_ca_cert.key', '-cert', 'koji_ca_cert.crt'];
  const files = ['-notext', '-subj', `${SUBJECT}/CN=${user}`, '-in', csr, '-out', 'out.crt'];
  openssl(dir, 'ca', '-batch', '-config', 'ssl.cnf', ...keys, ...files);
}

/** So many valid ones of others, each with its file, which is the same for all. */
function addValid(dir: string, count: number): void {
  const serials = Array.from({ length: count }, (_, at) => serialOf(0x10_0000 + at));
  appendFileSync(
    join(dir, 'index.txt'),
    serials.map((serial) => lineOf('V', '351231000000Z', serial)).join(''),
  );
  for (const serial of serials)
    copyFileSync(join(dir, 'newcerts/04.pem'), join(dir, `newcerts/${serial}.pem`));
}

/** Fills the record up to so many entries, most of them of certificates whose time is over. */
function addEntries(dir: string, count: number): void {
  const text = readFileSync(join(dir, 'index.txt'), 'utf8');
  const missing = count - (text.split('\n').length - 1);
  const lines = Array.from({ length: missing }, (_, at) =>
    lineOf('E', '200101000000Z', serialOf(0x20_0000 + at)),
  );
  writeFileSync(join(dir, 'index.txt'), lines.join('') + text);
}

const serialOf = (number: number): string => number.toString(16).toUpperCase();
const lineOf = (state: string, until: string, serial: string): string =>
  `${state}\t${until}\t\t${serial}\tunknown\t${SUBJECT}/CN=user${serial}\n`;

async function checking({ scope }: Bench) {
  const dir = scope.dir();
  const ca = ['C', 'ST', 'O'].map((key, at) => ({
    key,
    value: ['US', 'NC', 'Koji Sandbox'][at] ?? '',
    encoding: 'utf8' as const,
  }));
  const times = [['rsa:4096'], ['rsa:8192'], ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']].map((key) => {
    const files = ['-keyout', 'x.key', '-out', 'x.csr', '-subj', `${SUBJECT}/CN=maria`];
    openssl(dir, 'req', '-new', '-newkey', ...key, '-nodes', ...files);
    const csr = readFileSync(join(dir, 'x.csr'), 'utf8');
    return median(
      Array.from({ length: 200 }, () => {
        const began = performance.now();
        if (checkCsr(csr, { ca, user: 'maria' }).kind !== 'ok') throw new Error('a request that is refused');
        return performance.now() - began;
      }),
    );
  });
  return [
    {
      name: 'cert.csr',
      ours: Math.max(...times),
      peer: null,
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 20 } as const,
    },
  ];
}
