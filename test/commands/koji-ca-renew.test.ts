import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Asker,
  fingerprintOf,
  makeAsker,
  makeCa,
  openCa,
  SUBJECT,
  type TestCa,
} from '../support/certificate-authority.ts';
import { callsOf, deadlyPath, putScript, runScript } from '../support/root-script.ts';
import { pointsUpTo, thorough } from '../support/thorough.ts';

const CERTIFICATE = 'koji_ca_cert.crt';
const KEY = 'private/koji_ca_cert.key';
const SCRIPTS = ['koji-ca.sh', 'koji-ca-renew.sh'];

let base: string;
/** The CA that each test begins with: two are in, and one was revoked. */
let first: TestCa;
let people: Readonly<Record<'maria' | 'adam' | 'mallory', Asker>>;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'steward-renew-'));
  const root = join(base, 'first');
  first = onCurve(join(root, 'koji'));
  const one = (name: string): Asker => makeAsker(base, `${SUBJECT}/CN=${name}`);
  people = { maria: one('maria'), adam: one('adam'), mallory: one('mallory') };
  for (const name of SCRIPTS) putScript(root, name, { dir: first.dir });
  const signing = (args: readonly string[]) => runScript(root, 'koji-ca.sh', args);
  for (const [name, { der }] of Object.entries(people))
    expect(await signing(['sign', first.fingerprint, name, '10', der])).toMatchObject({ code: 0 });
  expect(await signing(['revoke', first.fingerprint, '03', 'keyCompromise', '365'])).toMatchObject({
    code: 0,
  });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
let root: string;
let ca: TestCa;
beforeEach(() => begin(first.dir));

function begin(from: string, conf: Readonly<Record<string, string>> = {}): void {
  root = join(base, `root${++count}`);
  cpSync(from, join(root, 'koji'), { recursive: true });
  ca = openCa(join(root, 'koji'));
  for (const name of SCRIPTS)
    putScript(root, name, { dir: ca.dir, crl_in_use: join(root, 'crl-of-httpd.pem'), ...conf });
}

const argsOf = (kind: string, most = '0'): string[] => [ca.fingerprint, kind, '3650', '365', most];
const renew = (kind: string, most?: string, path?: string) =>
  runScript(root, 'koji-ca-renew.sh', argsOf(kind, most), path);
const roots = (): string[] =>
  ca.read(CERTIFICATE).match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/g) ?? [];
const openssl = (args: readonly string[], input?: string) =>
  spawnSync('openssl', args, { cwd: ca.dir, encoding: 'utf8', ...(input === undefined ? {} : { input }) });
const textOf = (pem: string, ...args: readonly string[]): string =>
  openssl(['x509', '-noout', ...args], pem).stdout;

/** What a server with this file and this list says of each certificate; `strict`: as Python 3.13 has it. */
function verdicts(...strict: readonly string[]): string[] {
  writeFileSync(
    join(root, 'trusted'),
    `${ca.read(CERTIFICATE)}${readFileSync(join(root, 'crl-of-httpd.pem'))}`,
  );
  return ca.index().map((fields) => {
    const file = `newcerts/${fields[3]}.pem`;
    const args = ['verify', ...strict, '-crl_check_all', '-CAfile', join(root, 'trusted'), file];
    const { stdout, stderr } = openssl(args);
    return `${fields[5]?.split('CN=')[1]} ${/: OK/.test(stdout) ? 'in' : (/lookup: ?(.*)/.exec(stderr)?.[1] ?? '?')}`;
  });
}
const IN_AND_OUT = ['maria in', 'adam in', 'mallory certificate revoked'];

describe('renewing with the same key', () => {
  it('keeps key, name, serial and first day; signs with SHA-256; those who were in stay in, and who was out stays out', async () => {
    expect(await renew('same')).toEqual({ code: 0, stdout: 'renewed with the same key\n', stderr: '' });
    const [now = '', ...others] = roots();
    expect(others).toEqual([]);
    const same = [
      '-subject',
      '-issuer',
      '-serial',
      '-startdate',
      '-pubkey',
      '-nameopt',
      'multiline,show_type',
    ];
    expect(textOf(now, ...same)).toBe(textOf(ca.certificate, ...same));
    const text = textOf(now, '-text');
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256');
    expect(text).toMatch(
      /Basic Constraints: critical\s+CA:TRUE\s+X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign/,
    );
    const days = (Date.parse(new X509Certificate(now).validTo) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(3650);
    expect(verdicts('-x509_strict')).toEqual(IN_AND_OUT);
    expect(ca.read(`${CERTIFICATE}.${ca.fingerprint.slice(0, 16)}`)).toBe(ca.certificate);
    expect([ca.has('.renewal'), ca.has('.steward')]).toEqual([false, false]);
    expect(ca.read('crl.pem')).toBe(readFileSync(join(root, 'crl-of-httpd.pem'), 'utf8'));
    // Asked for once more with the same words, it is done once.
    expect(await renew('same')).toMatchObject({ code: 0, stdout: 'renewed already\n' });
    expect(roots()).toEqual([now]);
  });

  it('makes the CA of the seed good again: SHA-1, expired in 2024, a serial of its own', async () => {
    begin(expiredSha1(join(base, 'seed')));
    const { der } = makeAsker(base, `${SUBJECT}/CN=vera`);
    const sign = () => runScript(root, 'koji-ca.sh', ['sign', openCa(ca.dir).fingerprint, 'vera', '90', der]);
    expect((await sign()).stderr).toBe(
      "the CA has expired, so it signs nothing; 'ca renew' makes it good again\n",
    );
    expect(await renew('same')).toMatchObject({ code: 0, stderr: '' });
    const [now = ''] = roots();
    expect(textOf(now, '-serial', '-startdate')).toBe(
      'serial=9FE2E282E12B6C50\nnotBefore=Jul  8 09:34:30 2014 GMT\n',
    );
    expect(textOf(now, '-text')).toContain('Signature Algorithm: sha256WithRSAEncryption');
    expect(await sign()).toMatchObject({ code: 0 });
    expect(verdicts('-x509_strict')).toEqual(['old in', 'vera in']);
  });

  it.skipIf(!thorough)('adds what a certificate without basicConstraints lacks (thorough)', async () => {
    const bare = [
      'x509',
      '-in',
      CERTIFICATE,
      '-signkey',
      KEY,
      '-clrext',
      '-sha256',
      '-days',
      '20',
      '-out',
      'bare',
    ];
    expect(openssl(bare).status).toBe(0);
    renameSync(join(ca.dir, 'bare'), join(ca.dir, CERTIFICATE));
    ca = openCa(ca.dir);
    expect(textOf(ca.certificate, '-text')).not.toContain('Basic Constraints');
    expect(await renew('same')).toMatchObject({ code: 0 });
    expect(verdicts('-x509_strict')).toEqual(IN_AND_OUT);
  });
});

describe('renewing with a new key', () => {
  it('signs with it from then on, under a name of its own; both roots are in the file, and both have their list', async () => {
    expect(await renew('new')).toEqual({ code: 0, stdout: 'renewed with the new key\n', stderr: '' });
    const [now = '', old = '', ...others] = roots();
    expect([old, others]).toEqual([ca.certificate, []]);
    const today = new Date().toISOString().slice(0, 10);
    expect(new X509Certificate(now).subject).toBe(
      new X509Certificate(old).subject.replace('CN=koji CA', `CN=koji CA ${today}`),
    );
    expect(textOf(now, '-subject', '-nameopt', 'multiline,show_type')).toContain(
      'PRINTABLESTRING:Katello Koji',
    );
    expect(textOf(now, '-text')).toContain('ASN1 OID: prime256v1');
    expect(statSync(join(ca.dir, KEY)).mode & 0o777).toBe(0o600);
    const kept = `${KEY}.${ca.fingerprint.slice(0, 16)}`;
    expect(statSync(join(ca.dir, kept)).mode & 0o777).toBe(0o600);
    expect(openssl(['pkey', '-in', kept, '-pubout']).stdout).toBe(textOf(old, '-pubkey'));
    expect(openssl(['pkey', '-in', KEY, '-pubout']).stdout).toBe(textOf(now, '-pubkey'));
    expect(verdicts()).toEqual(IN_AND_OUT);

    const now1 = openCa(ca.dir);
    const vera = makeAsker(base, `${SUBJECT}/CN=vera`);
    const sign = ['sign', now1.fingerprint, 'vera', '90', vera.der];
    expect(await runScript(root, 'koji-ca.sh', sign)).toMatchObject({
      code: 0,
      stdout: 'signed 04\n',
      stderr: '',
    });
    expect(new X509Certificate(ca.read('newcerts/04.pem')).verify(new X509Certificate(now).publicKey)).toBe(
      true,
    );
    for (const serial of ['01', '04']) {
      const revoke = ['revoke', now1.fingerprint, serial, 'superseded', '365'];
      expect(await runScript(root, 'koji-ca.sh', revoke)).toMatchObject({ code: 0, stderr: '' });
    }
    expect(verdicts()).toEqual([
      'maria certificate revoked',
      'adam in',
      'mallory certificate revoked',
      'vera certificate revoked',
    ]);
  });

  it.skipIf(!thorough)(
    'may be renewed again, with the same key and with another new one (thorough)',
    async () => {
      await renew('new');
      ca = openCa(ca.dir);
      const [, old] = roots();
      expect(await renew('same')).toMatchObject({ code: 0, stderr: '' });
      expect([roots().length, roots()[1]]).toEqual([2, old]);
      ca = openCa(ca.dir);
      expect(await renew('new')).toMatchObject({ code: 0, stderr: '' });
      expect(roots()).toHaveLength(3);
      expect(new Set(roots().map((pem) => new X509Certificate(pem).subject)).size).toBe(3);
      expect(verdicts()).toEqual(IN_AND_OUT);
    },
  );

  it.skipIf(!thorough)(
    'is one of 4096 bits where the old one was RSA (thorough)',
    { timeout: 60_000 },
    async () => {
      begin(makeCa(join(base, 'rsa'), { days: 20 }).dir);
      expect(await renew('new')).toMatchObject({ code: 0, stderr: '' });
      expect(textOf(roots()[0] ?? '', '-text')).toContain('Public-Key: (4096 bit)');
    },
  );
});

describe('what cannot be renewed is left as it was', () => {
  const stranger = (): void => {
    makeCa(join(root, 'other'));
    const csr = makeAsker(base, `${SUBJECT}/CN=stray`).csr;
    writeFileSync(join(root, 'other/stray.csr'), csr);
    const keys = ['-keyfile', KEY, '-cert', CERTIFICATE, '-in', 'stray.csr', '-notext'];
    const args = ['ca', '-batch', '-config', 'ssl.cnf', ...keys, '-out', join(ca.dir, 'newcerts/09.pem')];
    expect(spawnSync('openssl', args, { cwd: join(root, 'other') }).status).toBe(0);
    appendFileSync(join(ca.dir, 'index.txt'), `V\t360101000000Z\t\t09\tunknown\t${SUBJECT}/CN=stray\n`);
  };
  it.each([
    ['a key with a passphrase', encryptKey, /has a passphrase/],
    ['no key', () => rmSync(join(ca.dir, KEY)), /there is no .*koji_ca_cert\.key/],
    [
      'the key of another',
      () => cpSync(join(makeCa(join(root, 'x')).dir, KEY), join(ca.dir, KEY)),
      /is not that of/,
    ],
    ['no index', () => noIndex(), /nobody knows what was signed/],
    [
      'an empty file of one',
      () => writeFileSync(join(ca.dir, 'newcerts/02.pem'), ''),
      /02 of adam, 1 in all/,
    ],
    ['another CA than was planned with', () => makeCa(ca.dir), /is not the certificate of the CA/],
    ['no word of root', () => rmSync(join(root, 'steward/ca.conf')), /nothing is signed or revoked here/],
    ...(thorough
      ? ([
          [
            'a valid certificate without its file',
            () => rmSync(join(ca.dir, 'newcerts/02.pem')),
            /cannot be tried.*02 of adam, 1 in all/,
          ],
          ['one of another CA', stranger, /cannot be tried.*09 of stray, 1 in all/],
        ] as const)
      : []),
  ] as const)('%s: says so', async (_, spoil, says) => {
    const file = join(ca.dir, CERTIFICATE);
    spoil();
    const before = readFileSync(file, 'utf8');
    for (const kind of thorough ? ['same', 'new'] : ['same']) {
      const ran = await renew(kind);
      expect([kind, ran.code, ran.stdout]).toEqual([kind, 1, '']);
      expect(ran.stderr).toMatch(says);
    }
    expect([readFileSync(file, 'utf8'), ca.has('.renewal')]).toEqual([before, false]);
  });

  it('unless those who decided said how many cannot be tried', async () => {
    rmSync(join(ca.dir, 'newcerts/02.pem'));
    stranger();
    expect((await renew('same', '1')).stderr).toMatch(/2 in all/);
    expect(await renew('same', '2')).toMatchObject({ code: 0 });
    expect(verdicts()[0]).toBe('maria in');
  });

  it('a certificate that the new one would turn away is named, and nothing is moved', async () => {
    // The certificate of the CA says nothing of its key, and one that it signed says something else than is true.
    ca.write(
      'ssl.cnf',
      `${printable(ca)}\n[bare]\nbasicConstraints = CA:true\nsubjectKeyIdentifier = none\n`,
    );
    const run = (...args: readonly string[]) => expect(openssl(args).status).toBe(0);
    const signing = ['ca', '-batch', '-config', 'ssl.cnf', '-keyfile', KEY, '-md', 'sha256', '-notext'];
    run('x509', '-x509toreq', '-in', CERTIFICATE, '-signkey', KEY, '-out', 'ca.csr');
    run(...signing, '-selfsign', '-extensions', 'bare', '-days', '20', '-in', 'ca.csr', '-out', CERTIFICATE);
    writeFileSync(join(ca.dir, 'other.ext'), 'subjectKeyIdentifier=01:02:03\nbasicConstraints=CA:TRUE\n');
    const other = ['-signkey', KEY, '-clrext', '-sha256', '-days', '20', '-extfile', 'other.ext'];
    run('x509', '-in', CERTIFICATE, ...other, '-out', 'other');
    ca = openCa(ca.dir);
    writeFileSync(join(ca.dir, 'lone.csr'), makeAsker(base, `${SUBJECT}/CN=lone`).csr);
    const names = ['-subj', '/C=US/ST=NC/O=Katello Koji/CN=lone', '-days', '9'];
    run(...signing, '-cert', 'other', '-in', 'lone.csr', ...names, '-out', 'lone');
    expect(await renew('same', '9')).toMatchObject({
      code: 1,
      stderr:
        'nothing was changed: with the new certificate these would be turned away: 05 of lone, 1 in all\n',
    });
    expect([ca.read(CERTIFICATE), ca.has('.renewal')]).toEqual([ca.certificate, false]);
  });

  it('and arguments that are none are refused', async () => {
    for (const args of [
      ['x', 'same', '3650', '365', '0'],
      [ca.fingerprint, 'other', '3650', '365', '0'],
      [ca.fingerprint, 'same', '5', '365', '0'],
      [ca.fingerprint, 'same', '3650;id', '365', '0'],
      [ca.fingerprint, 'same', '3650', '365'],
    ])
      expect(await runScript(root, 'koji-ca-renew.sh', args)).toMatchObject({ code: 1, stdout: '' });
    expect(ca.read(CERTIFICATE)).toBe(ca.certificate);
  });
});

describe('a renewal that dies', () => {
  it.each(thorough ? ['same', 'new'] : ['new'])(
    'between any two commands, with the %s key: the next run finishes it',
    {
      timeout: 600_000,
    },
    async (kind) => {
      const start = join(root, 'start');
      cpSync(ca.dir, start, { recursive: true });
      expect(await renew(kind, '0', deadlyPath(root, 0, 'before'))).toMatchObject({ code: 0 });
      const calls = callsOf(root);
      for (const at of thorough ? pointsUpTo(2 * calls, 0) : [calls, 2 * calls - 9]) {
        const [n, when] = [Math.ceil(at / 2), at % 2 === 1 ? 'before' : 'after'] as const;
        rmSync(ca.dir, { recursive: true });
        cpSync(start, ca.dir, { recursive: true });
        await renew(kind, '0', deadlyPath(root, n, when));
        await finished(kind, `${when} ${n} of ${calls}`);
      }
    },
  );

  it.skipIf(!thorough)(
    'while the files are put in place: also a signing finishes it first (thorough)',
    { timeout: 600_000 },
    async () => {
      const start = join(root, 'start');
      cpSync(ca.dir, start, { recursive: true });
      const calls = async (): Promise<number> => {
        await renew('new', '0', deadlyPath(root, 0, 'before'));
        return callsOf(root);
      };
      const all = await calls();
      // The last ones are the renames and their copies; after the very last there is nothing to finish.
      for (const back of pointsUpTo(12, 12)) {
        rmSync(ca.dir, { recursive: true });
        cpSync(start, ca.dir, { recursive: true });
        await renew('new', '0', deadlyPath(root, all - back, 'after'));
        const vera = makeAsker(base, `${SUBJECT}/CN=vera`);
        const sign = () =>
          runScript(root, 'koji-ca.sh', ['sign', openCa(ca.dir).fingerprint, 'vera', '9', vera.der]);
        const ran = await sign();
        if (ran.code !== 0) expect([back, await sign()]).toMatchObject([back, { code: 0 }]);
        expect([back, ca.has('.renewal')]).toEqual([back, false]);
        await finished('new', `${back} before the last`);
      }
    },
  );

  async function finished(kind: string, where: string): Promise<void> {
    expect([where, await renew(kind)]).toMatchObject([where, { code: 0 }]);
    expect([where, roots().length]).toEqual([where, kind === 'new' ? 2 : 1]);
    expect([where, fingerprintOf(roots()[0] ?? '') === ca.fingerprint]).toEqual([where, false]);
    const own = openssl(['pkey', '-in', KEY, '-pubout']).stdout;
    expect([where, own]).toEqual([where, textOf(roots()[0] ?? '', '-pubkey')]);
    expect([where, verdicts().slice(0, 3)]).toEqual([where, IN_AND_OUT]);
    expect([where, ca.has('.renewal')]).toEqual([where, false]);
  }

  it('on a full disk stops, changes nothing, and goes on when there is room', async () => {
    const args = argsOf('same');
    const full = spawnSync(
      'bash',
      ['-c', 'trap "" XFSZ; ulimit -f 1; exec bash "$@"', 'full', join(root, 'koji-ca-renew.sh'), ...args],
      { encoding: 'utf8' },
    );
    expect(full.status).toBe(1);
    expect(full.stderr).not.toBe('');
    expect(ca.read(CERTIFICATE)).toBe(ca.certificate);
    expect(await renew('same')).toMatchObject({ code: 0 });
  });
});

/** One whose key is quickly made, and whose name is in printable strings, as in Koji's guide. */
function onCurve(dir: string): TestCa {
  makeCa(dir, { days: 20, mask: 'MASK:0x2002' });
  const run = (args: readonly string[]) => expect(spawnSync('openssl', args, { cwd: dir }).status).toBe(0);
  run(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', KEY]);
  const how = ['req', '-config', 'ssl.cnf', '-new', '-x509', '-key', KEY, '-sha256', '-days', '20'];
  run([...how, '-subj', `${SUBJECT}/OU=CA/CN=koji CA`, '-out', CERTIFICATE]);
  return openCa(dir);
}

/** Its own file, with which `openssl ca -subj` writes names as the CA has its own. */
const printable = (one: TestCa): string =>
  one.read('ssl.cnf').replace('preserve = no', 'preserve = no\nstring_mask = MASK:0x2002');

function noIndex(): void {
  for (const name of ['index.txt', 'index.txt.old']) rmSync(join(ca.dir, name));
}

/** As the seed has it, with a key of ours: SHA-1, ten years that ended in 2024, and one certificate that outlived it. */
function expiredSha1(dir: string): string {
  const made = makeCa(dir, { mask: 'MASK:0x2002' });
  made.write('ssl.cnf', printable(made));
  const run = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const how = ['ca', '-batch', '-config', 'ssl.cnf', '-keyfile', KEY, '-notext', '-md', 'sha1'];
  made.write('serial', '9FE2E282E12B6C50\n');
  run('x509', '-x509toreq', '-in', CERTIFICATE, '-signkey', KEY, '-out', 'ca.csr');
  const dates = ['-startdate', '140708093430Z', '-enddate', '240705093430Z'];
  run(...how, '-selfsign', '-extensions', 'v3_ca', ...dates, '-in', 'ca.csr', '-out', CERTIFICATE);
  made.write('index.txt', '');
  made.write('serial', '01\n');
  writeFileSync(join(dir, 'old.csr'), makeAsker(dir, `${SUBJECT}/CN=old`).csr);
  const old = [
    '-subj',
    '/C=US/ST=NC/O=Katello Koji/CN=old',
    '-startdate',
    '240101000000Z',
    '-enddate',
    '360101000000Z',
    '-in',
    'old.csr',
    '-out',
    'old.crt',
  ];
  run(...how, '-md', 'sha256', '-cert', CERTIFICATE, ...old);
  return dir;
}

function encryptKey(): void {
  const file = join(ca.dir, KEY);
  spawnSync('openssl', ['pkey', '-aes256', '-passout', 'pass:secret', '-in', file, '-out', `${file}.new`]);
  renameSync(`${file}.new`, file);
}
