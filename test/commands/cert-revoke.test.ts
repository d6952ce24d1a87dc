import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CA_DIR, CRL_IN_USE } from '../../sandbox/hosts/ca.ts';
import { makeAsker, makeCa } from '../support/certificate-authority.ts';
import {
  type CertificateSite,
  certificateOf,
  SANDBOX_SUBJECT,
  startCertificateSite,
} from '../support/certificate-site.ts';
import { PEOPLE } from '../support/kernel.ts';
import { startDoor } from '../support/tls-door.ts';

const { maria, adam } = PEOPLE;
const toni = { ...maria, id: 'toni', name: 'toni' };

let site: CertificateSite;
beforeAll(async () => {
  site = await startCertificateSite();
});
afterAll(() => site.close());
beforeEach(() => site.reset());

const inUse = (): string => readFileSync(join(site.root, CRL_IN_USE), 'utf8');
const revoked = (): readonly string[] =>
  site
    .ca()
    .index()
    .filter((fields) => fields[0] === 'R')
    .map((fields) => fields[3] ?? '');
const listed = (): readonly string[] => {
  const text = execFileSync('openssl', ['crl', '-noout', '-text'], { input: inUse(), encoding: 'utf8' });
  return [...text.matchAll(/Serial Number: (\S+)/g)].map(([, serial = '']) => serial);
};

describe('cert revoke', () => {
  it('is found by its second word, and by what happened', async () => {
    const said = (text: string) => site.kernel.say(maria, text);
    expect(await said('revoke maria because=the laptop was stolen, please')).toMatchObject({
      reply: { next: ['cert revoke maria because=the laptop was stolen'] },
    });
    expect(await said('I lost my key')).toMatchObject({
      reply: { next: ['cert revoke <which> because=<because>'] },
    });
  });

  it('of one’s own takes mine', async () => {
    const planned = await site.kernel.ask(maria, 'cert revoke mine because=the laptop was stolen');
    expect(planned.plan).toMatchObject({ title: 'Revoke 02 of maria: the laptop was stolen' });
    expect(planned.plan?.notes.join()).not.toContain('asks for this');
  });

  it('of a user: index, list and the copy of httpd have it, and what helps next is said', async () => {
    const planned = await site.kernel.ask(adam, 'cert revoke bea reason=left because=has left the project');
    expect(planned.plan).toMatchObject({
      title: 'Revoke 04 of bea: has left the project',
      risk: 'low',
      notes: expect.arrayContaining(['It is a certificate of bea, and adam asks for this.']),
      steps: [
        { step: { changes: [{ what: 'certificate 04 of bea', before: 'let in', after: 'turned away' }] } },
      ],
    });
    await site.kernel.say(PEOPLE.bea, `approve ${planned.id}`);
    await site.kernel.settle();
    const done = await site.kernel.load(planned.id);
    expect(done).toMatchObject({ status: 'succeeded', answer: { title: 'Revoked: 04' } });
    expect(done.answer?.next).toEqual(['account disable bea because=…', 'cert list bea']);
    expect([revoked(), listed()]).toEqual([
      ['01', '04', '07'],
      ['01', '04', '07'],
    ]);
    expect(site.ca().read('index.txt')).toMatch(/^R\t[^\t]+\t[^\t]+,cessationOfOperation\t04\t/m);
    expect(inUse()).toBe(site.ca().read('crl.pem'));
    expect(await site.kernel.ask(adam, 'cert revoke bea because=again')).toMatchObject({
      status: 'succeeded',
    });
  });

  it('of a serial takes that one alone, however it is written', async () => {
    const done = await site.through(adam, 'cert revoke 0x2 because=the key was lost');
    expect(done).toMatchObject({
      status: 'succeeded',
      plan: { title: 'Revoke 02 of maria: the key was lost' },
    });
    expect(revoked()).toEqual(['01', '02', '07']);
  });

  it('of all valid ones of a user is one step each', async () => {
    await site.through(adam, `cert renew csr=${site.asker('adam').csr}`);
    const done = await site.through(toni, 'cert revoke adam because=two keys were lost');
    expect(done.plan?.steps.map((now) => now.step.key)).toEqual(['revoke:03', 'revoke:09']);
    expect(revoked()).toEqual(['01', '03', '07', '09']);
    expect(done.answer?.title).toBe('Revoked: 03, 09');
  });

  it.each([
    ['nobody that it knows', 'marai', /never signed anything for marai.*Did you mean maria/],
    ['a serial that was never given', 'FF', /nothing with that serial/],
    ['somebody whose last one has ended', 'evan', /evan has no valid certificate: the last one ended on/],
  ])('%s: refused in words', async (_, which, says) => {
    const request = await site.kernel.ask(adam, `cert revoke ${which} because=x`);
    expect(request.status).toBe('refused');
    expect(request.says).toMatch(says);
  });

  it('finds what is of a user also where a part of its subject names another', async () => {
    const lines = site.ca().read('index.txt');
    const odd = lines.replace(/^(V\t[^\n]*)\/CN=bea$/m, '$1/OU=x/CN=adam/CN=bea');
    expect(odd).not.toBe(lines);
    site.ca().write('index.txt', odd);
    expect(await site.kernel.ask(adam, 'cert revoke bea because=has left')).toMatchObject({
      status: 'planned',
      plan: { steps: [{ step: { key: 'revoke:04' } }] },
    });
  });

  it('says that nobody is turned away where the config names no list that httpd reads', async () => {
    const other = await startCertificateSite({ crlInUse: undefined });
    try {
      const { plan } = await other.kernel.ask(adam, 'cert revoke bea because=x');
      expect(plan?.notes.join()).toContain('it still lets this certificate in');
    } finally {
      await other.close();
    }
  });

  it('is the undo of an issue, and keeps what it said would stay', async () => {
    const { id } = await site.through(toni, `cert issue csr=${site.asker('toni').csr}`);
    const undo = await site.through(toni, `undo ${id}`);
    expect(undo.status).toBe('succeeded');
    expect(revoked()).toContain('09');
  });

  it('a worker that dies after it was done, and before anybody knows: it stays done, and is said', async () => {
    const done = await site.dies(adam, () => 'cert revoke bea because=x', /^after host koji-ca\.sh/);
    expect(done).toMatchObject({ status: 'succeeded', answer: { title: 'Revoked: 04' } });
    expect([revoked(), listed()]).toEqual([
      ['01', '04', '07'],
      ['01', '04', '07'],
    ]);
  });
});

describe('the door of the hub, set up as Koji’s httpd is', () => {
  it('lets a new certificate in; keeps the revoked, the expired and the foreign one out', async () => {
    const asker = site.asker('toni');
    const certificate = certificateOf(await site.through(toni, `cert issue csr=${asker.csr}`));
    const ca = site.ca();
    const { server } = site.pki;
    const open = () => startDoor({ ca: ca.certificate, crl: inUse(), server });

    const expired = site.asker('evan');
    const dir = join(site.root, CA_DIR);
    const foreignDir = join(site.root, 'var/lib/foreign');
    makeCa(foreignDir);
    const foreign = makeAsker(foreignDir, '/C=US/ST=NC/O=Katello Koji/CN=toni');
    const signBy = (where: string, csr: string, ...more: readonly string[]): string => {
      writeFileSync(join(where, 'one.csr'), csr);
      const files = ['-keyfile', 'private/koji_ca_cert.key', '-cert', 'koji_ca_cert.crt', '-in', 'one.csr'];
      const args = ['ca', '-batch', '-config', 'ssl.cnf', ...files, '-notext', '-out', 'one.crt', ...more];
      execFileSync('openssl', args, { cwd: where, stdio: 'pipe' });
      return readFileSync(join(where, 'one.crt'), 'utf8');
    };
    const expiredCert = signBy(
      dir,
      expired.csr,
      ...['-subj', `${SANDBOX_SUBJECT}/CN=evan`],
      ...['-startdate', '200101000000Z', '-enddate', '210101000000Z'],
    );
    const foreignCert = signBy(foreignDir, foreign.csr, '-md', 'sha256', '-days', '30');

    const before = await open();
    expect(await before.knock(certificate, asker.key)).toBe('toni');
    expect(await before.knock(expiredCert, expired.key)).toBe('turned away');
    expect(await before.knock(foreignCert, foreign.key)).toBe('turned away');
    await before.close();

    expect((await site.through(toni, 'cert revoke toni because=the key was lost')).status).toBe('succeeded');
    const after = await open();
    expect(await after.knock(certificate, asker.key)).toBe('turned away');
    await after.close();
  });
});
