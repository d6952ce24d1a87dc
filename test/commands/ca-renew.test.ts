import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCertificates } from '../../commands/certificates/certificate.ts';
import { lookAtPlaces } from '../../commands/certificates/places.ts';
import { CA_DIR, CERTIFICATE, CRL_IN_USE } from '../../sandbox/hosts/ca.ts';
import { viewOf } from '../../src/core/world.ts';
import { makeAsker, makeCa } from '../support/certificate-authority.ts';
import {
  CA_SETTINGS,
  type CertificateSite,
  certificateOf,
  SANDBOX_SUBJECT,
  startCertificateSite,
} from '../support/certificate-site.ts';
import { PEOPLE } from '../support/kernel.ts';
import { startDoor } from '../support/tls-door.ts';

const { maria, adam } = PEOPLE;
const vera = { ...maria, id: 'vera', name: 'vera' };
/** A certificate and its key. */
type Pair = readonly [string, string];
const KEY = 'private/koji_ca_cert.key';

let site: CertificateSite;
beforeAll(async () => {
  site = await startCertificateSite({ places: [] });
});
afterAll(() => site.close());
beforeEach(() => site.reset());

const file = (): string => site.ca().read(CERTIFICATE);
const inUse = (): string => readFileSync(join(site.root, CRL_IN_USE), 'utf8');
const roots = () => readCertificates(file()).certificates;
const same = 'ca renew because=it ends soon';
const fresh = 'ca renew key=new because=the old one was on a stolen disk';

/** Runs `openssl ca` in a CA's directory, as somebody does who asks nobody. */
function caBy(dir: string, ...args: readonly string[]): void {
  const how = ['ca', '-batch', '-config', 'ssl.cnf', '-keyfile', KEY, '-cert', CERTIFICATE];
  execFileSync('openssl', [...how, ...args], { cwd: dir, stdio: 'pipe' });
}

function signBy(dir: string, csr: string, ...more: readonly string[]): string {
  writeFileSync(join(dir, 'one.csr'), csr);
  caBy(dir, '-in', 'one.csr', '-notext', '-out', 'one.crt', ...more);
  return readFileSync(join(dir, 'one.crt'), 'utf8');
}

describe('the door of the hub, set up as Koji’s httpd is, before and after a renewal', () => {
  it('lets in who was in, and who comes new; the revoked, the expired and the foreign stay out: same key, then new key', {
    timeout: 120_000,
  }, async () => {
    const { server } = site.pki;
    const dir = join(site.root, CA_DIR);
    const signed = (user: string, ...dates: readonly string[]): Pair => {
      const { csr, key } = site.asker(user);
      return [signBy(dir, csr, '-subj', `${SANDBOX_SUBJECT}/CN=${user}`, ...dates), key];
    };
    const inside = signed('toni');
    const gone = signed('wolf');
    caBy(dir, '-revoke', 'one.crt');
    caBy(dir, '-gencrl', '-out', join(site.root, CRL_IN_USE));
    const ended = signed('evan', '-startdate', '200101000000Z', '-enddate', '210101000000Z');
    const strange = makeCa(join(site.root, 'var/lib/foreign'));
    const foreigner = makeAsker(strange.dir, '/C=US/ST=NC/O=Katello Koji/CN=toni');
    const foreign: Pair = [signBy(strange.dir, foreigner.csr, '-md', 'sha256', '-days', '30'), foreigner.key];

    const knocks = async (ca: string, ...more: readonly Pair[]) => {
      const door = await startDoor({ ca, crl: inUse(), server });
      const heard: string[] = [];
      for (const pair of [inside, gone, ended, foreign, ...more]) heard.push(await door.knock(...pair));
      await door.close();
      return heard;
    };
    const usual = ['toni', 'turned away', 'turned away', 'turned away'];
    const first = file();
    expect(await knocks(first)).toEqual(usual);

    expect(await site.through(adam, same)).toMatchObject({
      status: 'succeeded',
      plan: { risk: 'high', needs: { people: 2 } },
    });
    expect(file()).not.toBe(first);
    expect(await knocks(file())).toEqual(usual);

    expect((await site.through(adam, fresh)).status).toBe('succeeded');
    const old = roots()[1]?.pem ?? '';
    const asker = site.asker('vera');
    const done = await site.through(vera, `cert issue csr=${asker.csr}`);
    const newcomer: Pair = [certificateOf(done), asker.key];
    // Both certificates of the CA are what people are given.
    expect(done.answer?.texts?.find(({ title }) => title.includes('of the CA'))?.text).toBe(
      roots()
        .map(({ pem }) => pem)
        .join('\n'),
    );
    expect(await knocks(file(), newcomer)).toEqual([...usual, 'vera']);
    // A place that has the old file goes on as before, and does not know the new key.
    expect(await knocks(old, newcomer)).toEqual([...usual, 'turned away']);

    // The old key still makes the list of what it signed.
    await site.through(adam, 'cert revoke toni because=lost');
    expect(await knocks(file(), newcomer)).toEqual([...Array(4).fill('turned away'), 'vera']);
  });
});

describe('ca renew', () => {
  it('shows what is wrong, what changes, what is tried, and that there is no undo', async () => {
    const { plan } = await site.kernel.ask(adam, same);
    const [step] = plan?.steps ?? [];
    expect(step?.step.changes[0]?.before).toMatch(/^until \d{4}-\d\d-\d\d, SHA-256 with ECDSA, serial /);
    expect(step?.step.changes[0]?.after).toBe(
      'good for 3650 days, signed with SHA-256, the same key, name and serial',
    );
    expect(step?.step.evidence.map(({ label }) => label)).toEqual(
      expect.arrayContaining(['CA', 'valid certificates', 'last of them ends', 'kept beside']),
    );
    expect(plan?.notes.join()).toMatch(/There is no undo/);
    expect(step?.step.inverse).toBeUndefined();
  });

  it('is done once: asked again there is nothing to renew, and another new key has to be asked for by name', {
    timeout: 120_000,
  }, async () => {
    const done = await site.through(adam, fresh);
    expect(done.answer?.lines?.join()).toContain('stands after it in the file');
    const checked = (await site.kernel.ask(adam, 'ca check')).answer?.table?.rows ?? [];
    const old = checked.find(([check]) => check?.startsWith('old root '));
    expect(old?.[2]).toMatch(
      /^still needed by 5: 02 of maria, .*; the last ends \d{4}-\d\d-\d\d, in \d+ days$/,
    );
    expect(checked.find(([check]) => check?.startsWith('CRL of '))?.[1]).toBe('ok');
    mkdirSync(join(site.ca().dir, '.renewal'));
    expect((await site.kernel.ask(adam, 'ca check')).answer?.lines?.join()).toMatch(
      /renewal: Say `ca renew` again/,
    );
    rmSync(join(site.ca().dir, '.renewal'), { recursive: true });
    const again = await site.kernel.ask(adam, fresh);
    expect(again).toMatchObject({ status: 'succeeded', plan: { steps: [] } });
    const [serial] = roots().map((one) => one.serial);
    expect(again.plan?.notes.join()).toContain(`replaces=${serial}`);
    expect(
      (await site.kernel.ask(adam, `ca renew key=new replaces=${serial} because=x`)).plan?.steps,
    ).toHaveLength(1);
  });

  const REFUSED: readonly (readonly [string, () => void, string, RegExp])[] = [
    [
      'a file that is gone',
      () => remove('newcerts/04.pem'),
      same,
      /of 1 the file is gone: 04 of bea.*missing=1/,
    ],
    ['a line of the index that is none', () => write('index.txt', 'x\n'), same, /is not whole \(line 1/],
    ['a key that is not there', () => remove(KEY), same, /key is not where the config says/],
    ['a key with a passphrase', () => encrypt(), same, /has a passphrase/],
    [
      'another’s certificate',
      () => write(CERTIFICATE, site.ca().read('newcerts/04.pem')),
      same,
      /cannot renew itself/,
    ],
    [
      'an hour between the clocks',
      () => site.sandbox.world('ca').clock(3600),
      same,
      /needs a clock on ca that is right/,
    ],
    ['a fortnight for a CA', () => undefined, 'ca renew days=14 because=x', /less than 30 days/],
    ['the same key for another', () => undefined, 'ca renew replaces=01 because=x', /the serial stays/],
  ];
  it.each(REFUSED)('%s: refused, and what to do is said', async (_, spoil, line, says) => {
    // So that an account without rights sees what is in it; without that only the run can say so.
    chmodSync(join(site.ca().dir, 'private'), 0o755);
    spoil();
    const request = await site.kernel.ask(adam, line);
    site.sandbox.world('ca').clock(0);
    expect(request.status).toBe('refused');
    expect(`${request.says} ${request.next ?? ''}`).toMatch(says);
  });

  it('is for admins, and takes two who did not ask', async () => {
    expect((await site.kernel.say(maria, same)).kind).not.toBe('request');
    expect((await site.kernel.ask(adam, same)).plan?.needs).toMatchObject({ people: 2, ownRequest: false });
  });
});

describe('the places that need the CA’s file', () => {
  const view = () =>
    viewOf(site.kernel.work.world, { ...adam, accounts: {} }, new Date(), new AbortController().signal);
  const look = async (place: object) => {
    const settings = { ...CA_SETTINGS, places: [{ name: 'hub', ...place }] };
    const [seen] = await lookAtPlaces({ host: 'ca', roots: roots() }, settings, view());
    return [seen?.state, seen?.found];
  };
  const PLACE = { host: 'builder1', file: '/etc/koji-ca.crt' };
  const put = (text: string): void => {
    const { root } = site.sandbox.world('builder1');
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, PLACE.file), text);
  };

  it('are seen to have it, to have the old one, both, or none', { timeout: 120_000 }, async () => {
    rmSync(join(site.sandbox.world('builder1').root, PLACE.file), { force: true });
    expect(await look(PLACE)).toEqual(['old', '/etc/koji-ca.crt is not there']);
    const again = ['x509', '-in', CERTIFICATE, '-signkey', KEY, '-days', '20'];
    const old = execFileSync('openssl', again, { cwd: site.ca().dir, stdio: 'pipe' }).toString();
    put(old);
    expect(await look(PLACE)).toEqual(['old', '/etc/koji-ca.crt lacks the new certificate']);
    put(old + file());
    expect((await look(PLACE))[1]).toMatch(/an old one of the same name beside it/);
    put(file());
    expect(await look(PLACE)).toEqual(['new', '/etc/koji-ca.crt is the new one']);
    expect(await look({ ...PLACE, host: 'elsewhere' })).toMatchObject(['unseen', /no SSH access/]);
    expect(await look({})).toEqual(['hand', 'nothing that Steward could look at']);
  });

  it('are a check-list in the thread: open until each is seen to have it, or somebody says so', {
    timeout: 120_000,
  }, async () => {
    site.set({ places: [{ name: 'hub', ...PLACE }, { name: 'users' }] });
    rmSync(join(site.sandbox.world('builder1').root, PLACE.file), { force: true });
    const request = await site.through(adam, same);
    expect(request).toMatchObject({ status: 'running', waiting: { reason: 'hand' } });
    expect(request.plan?.steps.map(({ step, state }) => [step.title, state])).toEqual([
      ['Renew the CA’s certificate with its key', 'done'],
      ['New CA file: hub', 'started'],
      ['New CA file: users', 'started'],
    ]);
    expect((await site.kernel.ask(adam, 'ca check')).answer?.table?.rows).toEqual(
      expect.arrayContaining([
        ['CA file at hub', 'bad', '/etc/koji-ca.crt is not there'],
        ['CA file at users', 'not looked at', expect.stringContaining('cannot be looked at')],
      ]),
    );
    put(file());
    await site.kernel.say(adam, `check ${request.id}`);
    await site.kernel.settle();
    const half = await site.kernel.load(request.id);
    expect(half.plan?.steps.map(({ state }) => state)).toEqual(['done', 'done', 'started']);
    await site.kernel.say(PEOPLE.bea, `done ${request.id} 3`);
    await site.kernel.settle();
    const done = await site.kernel.load(request.id);
    expect(done).toMatchObject({
      status: 'succeeded',
      answer: { title: expect.stringMatching(/^The CA is good until/) },
    });
    expect(done.answer?.texts?.[0]?.text.trim()).toBe(file().trim());
    expect((await site.kernel.ask(maria, 'ca file')).answer?.texts?.[0]?.text.trim()).toBe(file().trim());
  });

  it('by a handshake: whose certificate does not verify is open; which roots a server knows is seen with a new key', {
    timeout: 120_000,
  }, async () => {
    const { server } = site.pki;
    const open = (ca: string) => startDoor({ ca, crl: inUse(), server });
    const old = file();
    const foreign = makeCa(join(site.root, 'var/lib/foreign')).certificate;
    // As after a renewal with a new key: another name first.
    write(CERTIFICATE, foreign + old);
    const before = await open(old);
    expect(await look({ tls: before.address })).toMatchObject([
      'old',
      /does not ask for certificates of .* yet/,
    ]);
    await before.close();
    const after = await open(file());
    expect(await look({ tls: after.address })).toMatchObject(['new', /asks for certificates of/]);
    write(CERTIFICATE, foreign);
    expect(await look({ tls: after.address })).toMatchObject(['old', /does not verify with it/]);
    await after.close();
    expect((await look({ tls: after.address }))[0]).toBe('unseen');
  });
});

const remove = (name: string): void => rmSync(join(site.ca().dir, name));
const write = (name: string, text: string): void => site.ca().write(name, text);

function encrypt(): void {
  const key = join(site.ca().dir, KEY);
  execFileSync('openssl', ['pkey', '-aes256', '-passout', 'pass:secret', '-in', key, '-out', `${key}.new`]);
  renameSync(`${key}.new`, key);
  chmodSync(key, 0o644);
}
