import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CA_DIR } from '../../sandbox/hosts/ca.ts';
import { startHub } from '../../sandbox/hub/hub.ts';
import { drawCard } from '../../src/core/drawing.ts';
import { historyReply } from '../../src/core/listing.ts';
import { run } from '../../src/core/runner.ts';
import { createHub } from '../../src/koji/hub.ts';
import { requestMessage } from '../../src/slack/request-message.ts';
import { told } from '../core/support.ts';
import { makeAsker, makeCa } from '../support/certificate-authority.ts';
import {
  type CertificateSite,
  certificateOf,
  SANDBOX_SUBJECT,
  startCertificateSite,
} from '../support/certificate-site.ts';
import { PEOPLE } from '../support/kernel.ts';
import { keepLog } from '../support/log.ts';
import { thorough } from '../support/thorough.ts';

const { maria, adam, bea, carl } = PEOPLE;
const toni = { ...maria, id: 'toni', name: 'toni' };
const alive = () => new AbortController().signal;

let site: CertificateSite;
let dir: string;
beforeAll(async () => {
  site = await startCertificateSite();
  dir = await mkdtemp(join(tmpdir(), 'steward-cert-issue-'));
});
afterAll(async () => {
  await site.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  site.reset();
  await site.sandbox.heal('ca');
  site.sandbox.world('ca').clock(0);
});

const serialsOf = (user: string) =>
  site
    .ca()
    .index()
    .filter((fields) => fields[0] === 'V' && fields[5]?.endsWith(`/CN=${user}`))
    .map((fields) => fields[3]);

describe('a certificate of one’s own', () => {
  it('is planned with all that it rests on, signed after one yes, and comes back with everything to use it', async () => {
    const { csr, fingerprint, key } = site.asker('toni');
    const planned = await site.kernel.ask(toni, `cert issue csr=${csr}`);
    expect(planned).toMatchObject({ status: 'planned', plan: { risk: 'low', needs: { people: 1 } } });
    const { step } = planned.plan?.steps[0] ?? {};
    expect(step?.changes).toEqual([
      { what: 'valid certificates of toni', before: 'none', after: 'one, good for 365 days' },
    ]);
    const evidence = Object.fromEntries(step?.evidence.map(({ label, value }) => [label, value]) ?? []);
    expect(evidence).toMatchObject({
      'SHA-256 of the request': fingerprint,
      key: 'EC P-256',
      'account on the hub': 'none yet',
    });
    expect(evidence.CA).toMatch(/^ca, ends 20\d\d-\d\d-\d\d, in \d{4} days; SHA-256 with ECDSA$/);
    expect(planned.plan?.notes.join()).toContain('`account create toni`');
    await site.kernel.say(adam, `approve ${planned.id}`);
    await site.kernel.settle();

    const done = await site.kernel.load(planned.id);
    expect(done.status).toBe('succeeded');
    const certificate = new X509Certificate(certificateOf(done));
    expect(certificate.subject).toBe('C=US\nST=NC\nO=Koji Sandbox\nCN=toni');
    expect(certificate.verify(new X509Certificate(site.ca().certificate).publicKey)).toBe(true);
    expect(serialsOf('toni')).toEqual(['09']);
    expect(done.answer).toMatchObject({
      title: 'Certificate 09 of toni',
      next: ['account create toni', 'cert show 09'],
    });

    // What it says is enough: done as written, the files are what a client and a browser take.
    const home = await mkdtemp(join(dir, 'home-'));
    const text = (part: string): string =>
      done.answer?.texts?.find(({ title }) => title.includes(part))?.text ?? '';
    writeFileSync(join(home, 'toni.key'), key);
    writeFileSync(join(home, 'toni.crt'), text('save it as `toni.crt`'));
    writeFileSync(join(home, '.katello-ca.cert'), text('of the CA'));
    const here = (line: string): string =>
      execFileSync('bash', ['-c', line], {
        cwd: home,
        env: { ...process.env, HOME: home },
        encoding: 'utf8',
      });
    here(text('in one file'));
    here(`${text('browser')} -passout pass:`);
    expect(here('openssl verify -CAfile ~/.katello-ca.cert ~/.katello.cert')).toContain('OK');
    expect(here('stat -c %a ~/.katello.cert')).toBe('600\n');
    expect(here('openssl pkcs12 -in kkoji_browser_cert.p12 -passin pass: -nodes')).toContain('CN = toni');
    expect(text('configuration')).toBe(
      `[kkoji]
server = http://koji.example.org/kojihub
weburl = http://koji.example.org/koji
topurl = http://koji.example.org/
cert = ~/.katello.cert
ca = ~/.katello-ca.cert
serverca = ~/.katello-ca.cert
authtype = ssl`,
    );
    expect(text('kkoji`')).toBe('mkdir -p ~/bin\nln -s /usr/bin/koji ~/bin/kkoji');
    expect(text('Try it')).toBe('kkoji moshimoshi');
  });

  it('logs in to the hub', async () => {
    const { csr, key } = site.asker('toni');
    const cert = certificateOf(await site.through(toni, `cert issue csr=${csr}`));
    const server = await startHub({
      version: '1.20',
      pki: site.pki,
      world: (world) =>
        void world.users.push({ id: 900, name: 'toni', status: 0, usertype: 0, permissions: ['repo'] }),
    });
    const hub = createHub({ url: server.url, ca: site.pki.ca, cert, key, deadlineMs: 5_000, log: keepLog() });
    try {
      expect(await hub.account(alive())).toMatchObject({ name: 'toni', permissions: ['repo'] });
    } finally {
      await hub.close();
      await server.close();
    }
  });

  it('begins with the one line that makes a key of 4096 bits; plan and result of that are shown whole in Slack', async () => {
    const { answer } = await site.kernel.ask(toni, 'cert issue');
    const line = answer?.texts?.[0]?.text ?? '';
    expect(line).toContain('-subj "/C=US/ST=NC/O=Koji Sandbox/CN=toni"');
    expect(answer?.lines?.join('\n')).toContain(
      'Say `cert issue csr=` with all of toni.csr pasted behind it',
    );
    expect((await site.kernel.say(toni, 'cert issue csr=')).kind).toBe('form');
    const home = await mkdtemp(join(dir, 'home-'));
    execFileSync('bash', ['-c', line], { cwd: home, stdio: 'pipe' });
    const csr = readFileSync(join(home, 'toni.csr'), 'utf8');
    const planned = await site.kernel.ask(toni, `cert issue csr=${csr}`);
    const shown = (card: ReturnType<typeof drawCard>) => JSON.stringify(requestMessage(card).blocks);
    expect(shown(drawCard(planned, 'low'))).toContain('steward:approve');
    await site.kernel.say(adam, `approve ${planned.id}`);
    await site.kernel.settle();
    const done = await site.kernel.load(planned.id);
    const all = shown(drawCard(done, 'low'));
    expect(done.answer?.texts).toHaveLength(7);
    for (const { text } of done.answer?.texts ?? [])
      expect(all).toContain(
        JSON.stringify(text.replaceAll('&', '&amp;').replaceAll('>', '&gt;')).slice(1, -1),
      );
  });

  it('that was asked for again with the same request is shown again, and not signed again', async () => {
    const { csr } = site.asker('toni');
    const first = certificateOf(await site.through(toni, `cert issue csr=${csr}`));
    // As a forum makes it: one long line.
    const again = await site.kernel.ask(toni, `cert issue csr=${csr.replaceAll('\n', ' ')}`);
    expect(again).toMatchObject({ status: 'succeeded', plan: { steps: [] } });
    expect(certificateOf(again)).toBe(first);
    expect(serialsOf('toni')).toEqual(['09']);
  });

  it('is bound to the request that was approved: another one asks anew', async () => {
    const [one, two] = [site.asker('toni'), site.asker('toni')];
    const planned = [
      await site.kernel.ask(toni, `cert issue csr=${one.csr}`),
      await site.kernel.ask(toni, `cert issue csr=${two.csr}`),
    ] as const;
    expect(planned[0].plan?.steps[0]?.digest).not.toBe(planned[1].plan?.steps[0]?.digest);
    await site.kernel.say(adam, `approve ${planned[0].id}`);
    await site.kernel.say(adam, `approve ${planned[1].id}`);
    await site.kernel.settle();
    const ends = [await site.kernel.load(planned[0].id), await site.kernel.load(planned[1].id)];
    // The second would be a second valid certificate.
    expect(ends.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
    expect(ends[1]?.says).toContain('toni has a valid certificate already: 09 until');
    expect(serialsOf('toni')).toEqual(['09']);
  });
});

describe('who may have what', () => {
  it('somebody else’s is for an admin to ask for, and takes two others', async () => {
    const { csr } = site.asker('toni');
    expect(told(await site.kernel.say(maria, `cert issue for=toni csr=${csr}`))).toContain(
      'You may not ask for `cert issue for=…`',
    );
    const planned = await site.kernel.ask(adam, `cert issue for=toni csr=${csr}`);
    expect(planned.plan).toMatchObject({ risk: 'high', needs: { people: 2, ownRequest: false } });
    await site.kernel.say(bea, `approve ${planned.id}`);
    await site.kernel.settle();
    expect(serialsOf('toni')).toEqual([]);
    await site.kernel.say(carl, `approve ${planned.id}`);
    await site.kernel.settle();
    expect(await site.kernel.load(planned.id)).toMatchObject({ status: 'succeeded' });
  });

  it('an admin’s on the hub takes two as well, also one’s own', async () => {
    site.kernel.hub.world.users.push(
      ...site.kernel.hub.world.users
        .filter(({ name }) => name === 'steward')
        .map((one) => ({ ...one, id: 900, name: 'toni', permissions: ['admin'] })),
    );
    const planned = await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`);
    expect(planned.plan?.needs.people).toBe(2);
    expect(planned.plan?.notes.join()).toContain('may do everything there');
  });

  it('whoever pastes a request and says no more is told the lines that take it', async () => {
    expect(await site.kernel.say(toni, site.asker('toni').csr)).toMatchObject({
      kind: 'reply',
      reply: { next: ['cert issue csr=…', 'cert renew csr=…'] },
    });
  });

  it('somebody whom the config does not know is told what is missing', async () => {
    const stranger = { ...maria, id: 'slack:T1/U9', name: 'Pat' };
    expect(await site.kernel.ask(stranger, 'cert issue')).toMatchObject({
      status: 'refused',
      says: 'I do not know which Koji user Pat is, and a certificate is for one.',
    });
  });

  it('a disabled account, a builder’s, the bot’s own and a service’s get none', async () => {
    const { users } = site.kernel.hub.world;
    const disabled = users.find(({ name }) => name === 'sasha');
    const refused = async (user: string, who = adam) => {
      const request = await site.kernel.ask(who, `cert issue for=${user} csr=${site.asker(user).csr}`);
      expect([user, request.status]).toEqual([user, 'refused']);
      return request.says;
    };
    if (disabled) disabled.status = 1;
    expect(await refused('sasha')).toContain('The hub has sasha, disabled');
    expect(await refused('builder1')).toContain('the account that a builder logs in with');
    expect(await refused('steward')).toContain('is, or looks like, the account of a service');
    expect(await refused('k0jiadmin')).toContain('is, or looks like, the account of a service');
    expect(site.ca().index()).toHaveLength(8);
  });

  it('one who has a valid one is told to renew or to revoke, and a key of somebody else is refused', async () => {
    expect(await site.kernel.ask(maria, `cert issue csr=${site.asker('maria').csr}`)).toMatchObject({
      status: 'refused',
      says: expect.stringMatching(/^maria has a valid certificate already: 02 until 20/),
      next: expect.stringContaining('`cert renew`'),
    });
    // The key of the pretend site's first certificates.
    execFileSync('openssl', [
      ...[
        'req',
        '-new',
        '-key',
        join(site.root, CA_DIR, 'private/users.key'),
        '-out',
        join(dir, 'other.csr'),
      ],
      ...['-subj', `${SANDBOX_SUBJECT}/CN=toni`],
    ]);
    const taken = readFileSync(join(dir, 'other.csr'), 'utf8');
    expect(await site.kernel.ask(toni, `cert issue csr=${taken}`)).toMatchObject({
      status: 'refused',
      says: 'The key of this request is in use: maria has a valid certificate for it.',
    });
  });
});

describe('somebody new on the hub', () => {
  const account = () => site.kernel.hub.world.users.find(({ name }) => name === 'toni');
  const makeAdmin = () =>
    site.kernel.hub.world.users.find(({ name }) => name === 'steward')?.permissions.push('admin');
  const titles = async (): Promise<readonly string[]> => {
    const { plan } = await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`);
    return plan?.steps.map(({ step }) => step.title) ?? [];
  };

  it('gets the account and what the site gives to new people in the same plan', async () => {
    site.set({ newUserPermissions: ['image', 'tag'] });
    makeAdmin();
    const planned = await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`);
    expect(planned.plan?.steps.map(({ step }) => step.title)).toEqual([
      'Create toni',
      'Grant image to toni',
      'Grant tag to toni',
      'Sign a certificate for toni',
    ]);
    await site.kernel.say(adam, `approve ${planned.id}`);
    // Another worker has got so far, and died.
    site.kernel.hub.world.users.push({
      id: 900,
      name: 'toni',
      status: 0,
      usertype: 0,
      permissions: ['image'],
    });
    await site.kernel.settle();
    expect(await site.kernel.load(planned.id)).toMatchObject({
      status: 'succeeded',
      answer: { next: ['cert show 09'] },
    });
    expect(account()?.permissions.toSorted()).toEqual(['image', 'tag']);
  });

  it('gets nothing more where they are not new, or the config does not say what', async () => {
    makeAdmin();
    expect(await titles()).toEqual(['Sign a certificate for toni']);
    site.set({ newUserPermissions: ['image'] });
    site.kernel.hub.world.users.push({
      id: 900,
      name: 'toni',
      status: 0,
      usertype: 0,
      permissions: ['repo'],
    });
    expect(await titles()).toEqual(['Sign a certificate for toni']);
  });

  it('is told what a Koji admin types, where Steward may not', async () => {
    site.set({ newUserPermissions: ['image'] });
    const { plan } = await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`);
    expect(plan?.steps).toHaveLength(1);
    expect(plan?.notes.join()).toContain('`koji add-user toni; koji grant-permission image toni`');
  });

  it('whose name differs from another’s in capital letters only is refused', async () => {
    site.set({ newUserPermissions: [] });
    makeAdmin();
    site.kernel.hub.world.users.push({ id: 900, name: 'Toni', status: 0, usertype: 0, permissions: [] });
    expect(await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`)).toMatchObject({
      status: 'refused',
      says: expect.stringContaining('The hub has Toni already'),
    });
  });
});

it('a key whose certificate was revoked is never signed again', async () => {
  const { csr } = site.asker('toni');
  await site.through(toni, `cert issue csr=${csr}`);
  await site.through(toni, 'cert revoke toni reason=key-lost because=it was on a stolen laptop');
  expect(await site.kernel.ask(toni, `cert issue csr=${csr}`)).toMatchObject({
    status: 'refused',
    says: 'The certificate 09 of toni for this key was revoked, and no other is signed for it.',
  });
  expect((await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`)).status).toBe('planned');
});

describe('what is not a request for this person', () => {
  const csrOf = (subject: string, ...key: readonly string[]): string =>
    makeAsker(dir, subject, ...(key.length > 0 ? [key] : [])).csr;
  const own = (): string => site.asker('toni').csr;
  // The first letter of the last four: of the others some bits are no bytes.
  const spoiled = (pem: string): string =>
    pem.replace(/(.)(?=...\n-----END)/, (letter: string) => (letter === 'A' ? 'B' : 'A'));

  it.each([
    [
      'a broken signature',
      () => spoiled(own()),
      /signature on the request does not fit|damaged|cannot be read/,
    ],
    ['a key of 1024 bits', () => csrOf(`${SANDBOX_SUBJECT}/CN=toni`, 'rsa:1024'), /RSA 1024, too short/],
    [
      'a name with a slash',
      () => csrOf(`${SANDBOX_SUBJECT}/CN=to\\/ni`),
      /“\/” cannot be part|cannot be part of a Koji user name/,
    ],
    ['a look-alike', () => csrOf(`${SANDBOX_SUBJECT}/CN=tоni`), /CN/],
    ['200 characters', () => csrOf(`${SANDBOX_SUBJECT}/CN=toni`).slice(0, 200), /damaged/],
    [
      'somebody else',
      () => csrOf(`${SANDBOX_SUBJECT}/CN=adam`),
      /The CN is adam, and the certificate is for toni/,
    ],
    ['another organisation', () => csrOf('/C=US/ST=NC/O=Other/CN=toni'), /signs for O=Koji Sandbox only/],
    ['two requests', () => `${own()}\n${own()}`, /2 different signing requests/],
    ['a certificate', () => site.ca().certificate, /That is a certificate/],
    ['no request at all', () => 'please', /no signing request/],
  ] satisfies [string, () => string, RegExp][])(
    '%s: refused in words before anybody is asked',
    async (_, make, says) => {
      const request = await site.kernel.ask(toni, `cert issue csr=${make()}`);
      expect(request.status).toBe('refused');
      expect(request.says).toMatch(says);
      expect(request.next).toBeTruthy();
      expect(site.ca().index()).toHaveLength(8);
    },
  );

  it.each([
    ['Windows line ends', (csr: string) => csr.replaceAll('\n', '\r\n')],
    ['no line breaks', (csr: string) => csr.replaceAll('\n', ' ')],
    ['a forum’s dashes', (csr: string) => csr.replaceAll('-----', '—–')],
    ['a quote around it', (csr: string) => csr.replace(/^/gm, '> ')],
  ] as const)('%s are mended', async (_, spoil) => {
    const { csr } = site.asker('toni');
    expect(await site.kernel.ask(toni, `cert issue csr=${spoil(csr)}`)).toMatchObject({ status: 'planned' });
  });
});

describe('a CA that is not as it should be', () => {
  it('has expired: says so, and what an admin asks for', async () => {
    rmSync(join(site.root, CA_DIR), { recursive: true });
    makeCa(join(site.root, CA_DIR), { expired: true });
    const { csr } = makeAsker(dir, '/C=US/ST=NC/O=Katello Koji/CN=toni');
    for (const line of [`cert issue csr=${csr}`, 'cert issue'])
      expect(await site.kernel.ask(toni, line)).toMatchObject({
        status: 'refused',
        says: expect.stringContaining('The CA ended on 2024-07-05'),
        next: expect.stringContaining('`ca renew because=…`'),
      });
  });

  it('ends soon: no certificate outlives it, and the plan says until when', async () => {
    rmSync(join(site.root, CA_DIR), { recursive: true });
    const ca = makeCa(join(site.root, CA_DIR), { days: 40 });
    const { csr } = makeAsker(dir, '/C=US/ST=NC/O=Katello Koji/CN=toni');
    const planned = await site.kernel.ask(toni, `cert issue csr=${csr}`);
    expect(planned.plan?.steps[0]?.step.changes[0]?.after).toMatch(
      /^one, good until 20\d\d-\d\d-\d\d, when the CA ends$/,
    );
    await site.kernel.say(adam, `approve ${planned.id}`);
    await site.kernel.settle();
    const certificate = new X509Certificate(certificateOf(await site.kernel.load(planned.id)));
    expect(certificate.validTo).toBe(new X509Certificate(ca.certificate).validTo);
  });

  it('has a clock that is an hour off: nothing is signed until that is mended', async () => {
    site.sandbox.world('ca').clock(3600);
    expect(await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`)).toMatchObject({
      status: 'refused',
      says: 'It needs a clock on ca that is right to ten minutes, and there is one that is 60 minutes ahead.',
    });
  });

  it.each([
    ['a truncated index', 'index.txt', (text: string) => text.slice(0, -10), /is not whole/],
    ['no index', 'index.txt', () => null, /index\.txt on ca is not there/],
    ['no certificate', 'koji_ca_cert.crt', () => 'nothing\n', /koji_ca_cert\.crt on ca/],
  ] as const)('%s: refused before anybody is asked', async (_, name, spoil, says) => {
    const file = join(site.root, CA_DIR, name);
    const text = spoil(readFileSync(file, 'utf8'));
    if (text === null) rmSync(file);
    else writeFileSync(file, text);
    const request = await site.kernel.ask(toni, `cert issue csr=${site.asker('toni').csr}`);
    expect(request.status).toBe('refused');
    expect(request.says).toMatch(says);
  });

  it('may not be used by Steward, because root of its host has not said so', async () => {
    rmSync(join(site.root, 'etc/steward/ca.conf'));
    expect(await site.kernel.ask(toni, 'cert issue')).toMatchObject({
      status: 'refused',
      says: 'Root of ca has not said that Steward may sign and revoke there.',
      next: expect.stringContaining('install -D -m 644 /dev/null /etc/steward/ca.conf'),
    });
  });

  it('fails to sign: the request says why, and resumes when that is mended', async () => {
    const serial = join(site.root, CA_DIR, 'serial');
    const kept = readFileSync(serial, 'utf8');
    rmSync(serial);
    rmSync(`${serial}.old`, { force: true });
    const failed = await site.through(toni, `cert issue csr=${site.asker('toni').csr}`);
    expect(failed).toMatchObject({
      status: 'failed',
      says: expect.stringContaining('there is no number in'),
    });
    writeFileSync(serial, kept);
    await site.kernel.say(toni, `resume ${failed.id}`);
    await site.kernel.settle();
    expect(await site.kernel.load(failed.id)).toMatchObject({ status: 'succeeded' });
  });

  it('has a key with a passphrase: the request says so, and nothing was signed', async () => {
    const key = join(site.root, CA_DIR, 'private/koji_ca_cert.key');
    execFileSync('openssl', ['ec', '-aes256', '-passout', 'pass:x', '-in', key, '-out', key], {
      stdio: 'pipe',
    });
    expect(await site.through(toni, `cert issue csr=${site.asker('toni').csr}`)).toMatchObject({
      status: 'failed',
      says: expect.stringContaining('the key of the CA has a passphrase'),
    });
    expect(site.ca().index()).toHaveLength(8);
  });
});

it.each([
  ['after it was signed, and nobody knows yet', /^after host koji-ca\.sh/],
  ['while what there is to show is looked up', /^before append succeeded/],
])('a worker that dies %s: it was signed once, and is delivered', async (_, moment) => {
  const done = await site.dies(toni, () => `cert issue csr=${site.asker('toni').csr}`, moment);
  expect(done.status).toBe('succeeded');
  expect(serialsOf('toni')).toEqual(['09']);
  expect(`${certificateOf(done)}\n`).toBe(site.ca().read('newcerts/09.pem'));
});

it('many that are approved at once are signed one after the other, each with a serial of its own', {
  timeout: 1_200_000,
}, async () => {
  const letter = (at: number): string => String.fromCharCode(97 + at);
  const users = Array.from(
    { length: thorough ? 200 : 3 },
    (_, at) => `user${letter(Math.floor(at / 26))}${letter(at % 26)}`,
  );
  const asked = await Promise.all(
    users.map(async (user) => {
      const who = { ...maria, id: user, name: user };
      return site.kernel.ask(who, `cert issue csr=${site.asker(user).csr}`);
    }),
  );
  for (const { id } of asked) await site.kernel.say(adam, `approve ${id}`);
  site.kernel.hinted.length = 0;
  const before = site.ca().read('serial');
  await Promise.all(asked.map(({ id }) => run(id, site.kernel.work, alive())));
  for (const { id } of asked) await site.kernel.until(id, 'succeeded');
  const first = Number.parseInt(before, 16);
  const serials = users.flatMap(serialsOf).map((serial) => Number.parseInt(serial ?? '', 16));
  expect(serials.toSorted((a, b) => a - b)).toEqual(users.map((_, at) => first + at));
  expect(Number.parseInt(site.ca().read('serial'), 16)).toBe(first + users.length);
  const keys = ['-keyfile', 'private/koji_ca_cert.key', '-cert', 'koji_ca_cert.crt'];
  execFileSync('openssl', ['ca', '-config', 'ssl.cnf', '-updatedb', ...keys], {
    cwd: join(site.root, CA_DIR),
    stdio: 'pipe',
  });
  for (const [at, { id }] of asked.entries())
    expect(`${certificateOf(await site.kernel.load(id))}\n`).toBe(
      site.ca().read(`newcerts/${serialsOf(users[at] ?? '')[0]}.pem`),
    );
});

describe('private keys', () => {
  it('are in no record, no message and no log', async () => {
    const rows: unknown[] = [];
    for (let after = 0; ; ) {
      const page = await site.kernel.store.ledger.rows(after, 500);
      if (page.length === 0) break;
      rows.push(...page);
      after = page.at(-1)?.n ?? after;
    }
    const listed = await site.kernel.store.requests.list({ limit: 500 });
    const shown = await Promise.all(
      listed.map(async ({ id }) => {
        const request = await site.kernel.load(id);
        const card = drawCard(request, 'low');
        return [card, requestMessage(card), historyReply(id, await site.kernel.store.requests.events(id))];
      }),
    );
    const text = JSON.stringify([rows, listed, shown, site.kernel.log.lines, site.log.lines]);
    expect(rows.length).toBeGreaterThan(50);
    expect(site.keyLines().length).toBeGreaterThan(50);
    expect(site.keyLines().filter((line) => text.includes(line))).toEqual([]);
    expect(text).not.toContain('PRIVATE KEY');
  });
});
