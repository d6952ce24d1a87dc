import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { CA_DIR } from '../../sandbox/hosts/ca.ts';
import { type CertificateSite, certificateOf, startCertificateSite } from '../support/certificate-site.ts';
import { PEOPLE } from '../support/kernel.ts';

const { maria, adam } = PEOPLE;

let site: CertificateSite;
let home: string;
beforeAll(async () => {
  site = await startCertificateSite();
  home = await mkdtemp(join(tmpdir(), 'steward-cert-renew-'));
});
afterAll(async () => {
  await site.close();
  await rm(home, { recursive: true, force: true });
});
beforeEach(() => {
  site.reset();
  // Whoever had the first certificates has the key of them at home, where the client looks for it.
  writeFileSync(
    join(home, '.katello.cert'),
    site.ca().read('newcerts/02.pem') + readFileSync(join(site.root, CA_DIR, 'private/users.key'), 'utf8'),
  );
});

const here = (line: string): string =>
  execFileSync('bash', ['-c', line], {
    cwd: home,
    env: { ...process.env, HOME: home },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const valid = (user: string) =>
  site
    .ca()
    .index()
    .filter((fields) => fields[0] === 'V' && fields[5]?.endsWith(`/CN=${user}`))
    .map((fields) => fields[3]);

it('gives another certificate beside the old one, and says what to do with that', async () => {
  const { csr } = site.asker('maria');
  const planned = await site.kernel.ask(maria, `cert renew csr=${csr}`);
  expect(planned.plan).toMatchObject({
    title: 'Renew the certificate of maria',
    risk: 'low',
    needs: { people: 1 },
  });
  expect(planned.plan?.steps[0]?.step.changes[0]).toMatchObject({
    before: expect.stringMatching(/^02 until 20/),
    after: 'these, and one more, good for 365 days',
  });
  expect(planned.plan?.notes.join()).toContain('Nothing proves that whoever asks has the key');
  await site.kernel.say(adam, `approve ${planned.id}`);
  await site.kernel.settle();
  const done = await site.kernel.load(planned.id);
  expect(done.status).toBe('succeeded');
  expect(new X509Certificate(certificateOf(done)).subject).toContain('CN=maria');
  expect(valid('maria')).toEqual(['02', '09']);
  expect(done.answer?.texts?.[0]?.title).toContain('save it as `maria-new.crt`, beside your `maria-new.key`');
  expect(done.answer?.next).toEqual(['cert revoke 02 reason=replaced because=renewed']);
});

it('proves the old key by the lines that it shows, done as they stand', async () => {
  const { answer } = await site.kernel.ask(maria, 'cert renew');
  const [make = '', prove = ''] = answer?.texts?.map(({ text }) => text) ?? [];
  here(make);
  const proof = here(prove).trim();
  const csr = readFileSync(join(home, 'maria-new.csr'), 'utf8');
  const planned = await site.kernel.ask(maria, `cert renew proof=${proof} csr=${csr}`);
  expect(planned.plan?.notes.join()).toMatch(/Signed with the key of 02 until 20.*whoever asks has that key/);
  // A proof of another request is none.
  const other = site.asker('maria').csr;
  expect(await site.kernel.ask(maria, `cert renew proof=${proof} csr=${other}`)).toMatchObject({
    status: 'refused',
    says: 'The proof is not a signature on this request by the key of a valid certificate of maria.',
  });
});

it('of an admin of the hub takes two without the proof, and one with it', async () => {
  site.kernel.hub.world.users.push({
    id: 900,
    name: 'maria',
    status: 0,
    usertype: 0,
    permissions: ['admin'],
  });
  const [make = '', prove = ''] =
    (await site.kernel.ask(maria, 'cert renew')).answer?.texts?.map(({ text }) => text) ?? [];
  here(make);
  const csr = readFileSync(join(home, 'maria-new.csr'), 'utf8');
  expect((await site.kernel.ask(maria, `cert renew csr=${csr}`)).plan?.needs.people).toBe(2);
  const proof = here(prove).trim();
  expect((await site.kernel.ask(maria, `cert renew proof=${proof} csr=${csr}`)).plan?.needs.people).toBe(1);
});

it('wants a new key, and something to renew', async () => {
  here(
    `openssl req -new -key ${join(site.root, CA_DIR, 'private/users.key')} -out same.csr -subj "/C=US/ST=NC/O=Koji Sandbox/CN=kojira2"`,
  );
  expect(
    await site.kernel.ask({ ...maria, id: 'toni' }, `cert renew csr=${site.asker('toni').csr}`),
  ).toMatchObject({
    status: 'refused',
    says: 'toni has no valid certificate to renew.',
    next: '`cert issue` gives a new one.',
  });
  const first = site.asker('toni');
  await site.through({ ...maria, id: 'toni', name: 'toni' }, `cert issue csr=${first.csr}`);
  writeFileSync(join(home, 'toni.key'), first.key);
  here(
    'openssl req -new -sha256 -key toni.key -out again.csr -subj "/C=US/ST=NC/O=Koji Sandbox/OU=x/CN=toni"',
  );
  const same = readFileSync(join(home, 'again.csr'), 'utf8');
  expect(await site.kernel.ask({ ...maria, id: 'toni' }, `cert renew csr=${same}`)).toMatchObject({
    status: 'refused',
    says: expect.stringMatching(
      /^The request is for the key of 09 until .*, and a renewal takes a new key\.$/,
    ),
  });
});

it('a worker that dies after it was signed and before anybody knows delivers it, and signs nothing again', async () => {
  const line = () => `cert renew csr=${site.asker('maria').csr}`;
  const done = await site.dies(maria, line, /^after host koji-ca\.sh/);
  expect(done.status).toBe('succeeded');
  expect(`${certificateOf(done)}\n`).toBe(site.ca().read('newcerts/09.pem'));
  expect(valid('maria')).toEqual(['02', '09']);
});
