import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeAsker, makeCa, openCa, SUBJECT, type TestCa } from '../support/certificate-authority.ts';
import { callsOf, deadlyPath, putScript, runScript } from '../support/root-script.ts';
import { pointsUpTo, thorough } from '../support/thorough.ts';

let base: string;
let first: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'steward-koji-ca-'));
  first = join(base, 'first');
  makeCa(first);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
let root: string;
let ca: TestCa;
beforeEach(() => {
  root = join(base, `root${++count}`);
  cpSync(first, join(root, 'koji'), { recursive: true });
  ca = openCa(join(root, 'koji'));
  settings({});
});

const settings = (more: Readonly<Record<string, string>>): void =>
  putScript(root, 'koji-ca.sh', { dir: ca.dir, ...more });
const run = (args: readonly string[], path?: string) => runScript(root, 'koji-ca.sh', args, path);
const asker = (name: string, ...key: readonly string[]) =>
  makeAsker(base, `${SUBJECT}/CN=${name}`, ...(key.length > 0 ? [key] : []));
const sign = (user: string, der: string, days = '365') => run(['sign', ca.fingerprint, user, days, der]);
const revoke = (serial: string, ...rest: readonly string[]) =>
  run(['revoke', ca.fingerprint, serial, rest[0] ?? 'superseded', rest[1] ?? '3650']);
const kept = (user: string, fingerprint: string) => ca.read(`certs/${user}.${fingerprint}.crt`);
const serialsOf = (user: string, state = 'V') =>
  ca
    .index()
    .filter((fields) => fields[0] === state && fields[5]?.endsWith(`/CN=${user}`))
    .map((fields) => fields[3]);

describe('signing', () => {
  it('signs nothing where somebody else could put a link in the way of what root writes', async () => {
    const maria = asker('maria');
    for (const name of ['newcerts', 'certs', 'private', 'index.txt', 'serial']) {
      if (!ca.has(name)) mkdirSync(join(ca.dir, name));
      const { mode } = statSync(join(ca.dir, name));
      chmodSync(join(ca.dir, name), mode | 0o020);
      expect(await sign('maria', maria.der)).toMatchObject({
        code: 1,
        stderr: `${name === 'private' ? 'private/.' : name} can be written by others than root, so it is not used\n`,
      });
      chmodSync(join(ca.dir, name), mode);
    }
    expect(await sign('maria', maria.der)).toMatchObject({ code: 0 });
  });

  it('gives a certificate of this key for this user, and keeps it with its request', async () => {
    const maria = asker('maria');
    expect(await sign('maria', maria.der)).toEqual({ code: 0, stdout: 'signed 01\n', stderr: '' });
    const certificate = new X509Certificate(kept('maria', maria.fingerprint));
    expect(certificate.subject).toBe('C=US\nST=NC\nO=Katello Koji\nCN=maria');
    expect(certificate.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(certificate.serialNumber).toBe('01');
    expect(ca.read(`certs/maria.${maria.fingerprint}.csr`)).toContain('BEGIN CERTIFICATE REQUEST');
    expect(serialsOf('maria')).toEqual(['01']);
    expect(ca.read('index.txt.attr')).toMatch(/unique_subject = no/);
    const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(365);
    expect(ca.has('.steward')).toBe(false);
    // Nobody else can hold it.
    expect(statSync(join(ca.dir, '.steward.lock')).mode & 0o777).toBe(0o600);
  });

  it('of the same request again gives the same certificate and takes no serial', async () => {
    const maria = asker('maria');
    await sign('maria', maria.der);
    const once = kept('maria', maria.fingerprint);
    expect(await sign('maria', maria.der, '30')).toMatchObject({ code: 0, stdout: 'signed 01\n' });
    expect(kept('maria', maria.fingerprint)).toBe(once);
    expect(ca.read('serial').trim()).toBe('02');
  });

  it('never outlives its CA, and an expired one signs nothing', async () => {
    rmSync(ca.dir, { recursive: true });
    makeCa(join(root, 'koji'), { days: 20 });
    ca = openCa(join(root, 'koji'));
    const maria = asker('maria');
    await sign('maria', maria.der);
    expect(new X509Certificate(kept('maria', maria.fingerprint)).validTo).toBe(
      new X509Certificate(ca.certificate).validTo,
    );
    rmSync(ca.dir, { recursive: true });
    makeCa(join(root, 'koji'), { expired: true });
    ca = openCa(join(root, 'koji'));
    expect(await sign('maria', maria.der)).toMatchObject({
      code: 1,
      stderr: "the CA has expired, so it signs nothing; 'ca renew' makes it good again\n",
    });
    expect(ca.index()).toEqual([]);
  });

  it('gives a SHA-256 signature also where the CA’s own file still says SHA-1', async () => {
    const maria = asker('maria', 'rsa:2048');
    await sign('maria', maria.der);
    const { stdout } = spawnSync('openssl', ['x509', '-noout', '-text'], {
      input: kept('maria', maria.fingerprint),
      encoding: 'utf8',
    });
    expect(stdout).toContain('Signature Algorithm: sha256WithRSAEncryption');
  });

  it.each([
    ['a request for somebody else', () => ['adam', asker('maria').der], 'the request is not for adam'],
    ['a name that is a part of another', () => ['mari', asker('maria').der], 'the request is not for mari'],
    [
      'two names',
      () => ['maria', makeAsker(base, `${SUBJECT}/CN=maria/CN=adam`).der],
      'the request is not for maria',
    ],
    ['a path for a user', () => ['../maria', asker('maria').der], 'not a user name'],
    ['a key of 1024 bits', () => ['maria', asker('maria', 'rsa:1024').der], 'not a key that is signed here'],
    [
      'a short key with another size in its name',
      () => ['maria', makeAsker(base, `${SUBJECT}/OU=Public-Key: (4096 bit)/CN=maria`, ['rsa:1024']).der],
      'not a key that is signed here',
    ],
    [
      'a curve that is not one of the two',
      () => ['maria', asker('maria', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1').der],
      'not a key that is signed here',
    ],
    [
      'a name with a line break',
      () => ['maria', makeAsker(base, `${SUBJECT}/CN=maria\nCN=maria`).der],
      'the request is not for maria',
    ],
    [
      'another name that pretends to be a line of its own',
      () => ['maria', makeAsker(base, `${SUBJECT}/OU=x\n    CN=maria/CN=adam`).der],
      'the request is not for maria',
    ],
    ['bytes that are no request', () => ['maria', 'AAAA'], 'not a signing request'],
    ['a quote', () => ['maria', `AAAA';id`], 'not a signing request'],
    ['a very long request', () => ['maria', 'A'.repeat(6001)], 'not a signing request'],
    ['a request that was changed', () => ['maria', spoiled(asker('maria').der)], 'not signed by its own key'],
  ] as const)('refuses %s, and takes no serial', async (_, make, says) => {
    const [user = '', der = ''] = make();
    const ran = await sign(user, der);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain(says);
    expect([ca.read('serial'), ca.index()]).toEqual(['01\n', []]);
  });

  it.each([
    ['no serial', () => rmSync(join(ca.dir, 'serial')), 'there is no number in'],
    ['no index', () => rmSync(join(ca.dir, 'index.txt')), 'without it nobody knows what was signed'],
    [
      'a config that others may write',
      () => chmodSync(join(ca.dir, 'ssl.cnf'), 0o666),
      'can be written by others',
    ],
    ['another CA than was planned with', () => makeCa(ca.dir), 'is not the certificate of the CA'],
    ['a key with a passphrase', encryptKey, 'the key of the CA has a passphrase'],
    ['no word of root', () => rmSync(join(root, 'steward/ca.conf')), 'so nothing is signed or revoked here'],
    ['settings that are none', () => settings({ shell: '/bin/sh' }), 'there is no setting shell'],
    ['settings that go up', () => settings({ key: 'private/../../key' }), 'is no plain path'],
  ] as const)('with %s says so, and signs nothing', async (_, spoil, says) => {
    spoil();
    const ran = await sign('maria', asker('maria').der);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain(says);
    expect(ca.has('newcerts/01.pem')).toBe(false);
  });

  it.each([
    ['printable strings', 'MASK:0x2002', 'PRINTABLESTRING'],
    ['UTF-8', 'utf8only', 'UTF8STRING'],
  ])('names the user as the CA names itself, also where the CA’s name is in %s', async (_, mask, type) => {
    rmSync(ca.dir, { recursive: true });
    ca = makeCa(join(root, 'koji'), { mask });
    for (const name of ['maria', 'adam']) {
      const csr = makeAsker(base, `/C=DE/O=Other & Sons/OU=Kitchen/CN=${name}`);
      expect(await sign(name, csr.der)).toMatchObject({ code: 0, stderr: '' });
      const { stdout } = spawnSync(
        'openssl',
        ['x509', '-noout', '-subject', '-nameopt', 'show_type,sep_multiline,sname'],
        { input: kept(name, csr.fingerprint), encoding: 'utf8' },
      );
      expect(
        stdout
          .split('\n')
          .slice(1, 5)
          .map((line) => line.trim()),
      ).toEqual(['C=PRINTABLESTRING:US', `ST=${type}:NC`, `O=${type}:Katello Koji`, `CN=${type}:${name}`]);
    }
  });

  it('takes no extensions from a request, and says so where the CA’s file would copy them', async () => {
    const name = join(base, 'ext');
    spawnSync('openssl', [
      ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-outform', 'DER'],
      ...['-out', `${name}.der`, '-subj', `${SUBJECT}/CN=maria`, '-addext', 'basicConstraints=CA:TRUE'],
    ]);
    const der = readFileSync(`${name}.der`).toString('base64');
    ca.write('ssl.cnf', ca.read('ssl.cnf').replace('preserve = no', 'copy_extensions = copy'));
    expect((await sign('maria', der)).stderr).toContain('take copy_extensions out of it');
    ca.write('ssl.cnf', ca.read('ssl.cnf').replace('copy_extensions = copy', ''));
    expect(await sign('maria', der)).toMatchObject({ code: 0 });
    expect(new X509Certificate(ca.read('newcerts/01.pem')).ca).toBe(false);
  });

  it('on a full disk stops, loses nothing, and goes on when there is room', async () => {
    const old = Array.from({ length: 200 }, (_, at) => {
      const serial = (0x1000 + at).toString(16).toUpperCase();
      return `E\t250101000000Z\t\t${serial}\tunknown\t/C=US/ST=NC/O=Katello Koji/CN=old${at}\n`;
    }).join('');
    ca.write('index.txt', old);
    const maria = asker('maria');
    const args = ['sign', ca.fingerprint, 'maria', '365', maria.der];
    // No file may grow beyond 8 KB: as with a full disk, a write ends in the middle.
    const full = spawnSync(
      'bash',
      ['-c', 'trap "" XFSZ; ulimit -f 8; exec bash "$@"', 'full', join(root, 'koji-ca.sh'), ...args],
      { encoding: 'utf8' },
    );
    expect(full.status).toBe(1);
    expect(full.stderr).toMatch(/openssl said|could not be written|is full/);
    expect([ca.read('index.txt'), ca.read('serial')]).toEqual([old, '01\n']);
    expect(await run(args)).toMatchObject({ code: 0, stdout: 'signed 01\n' });
    expect(ca.index()).toHaveLength(201);
  });

  it('of many at once gives each a serial of its own, and an index that openssl reads', {
    timeout: 600_000,
  }, async () => {
    const count = thorough ? 200 : 12;
    const many = Array.from({ length: count }, (_, at) => ({ user: `user${at}`, ...asker(`user${at}`) }));
    // Who has waited a minute for the others gives up and says so; whoever is told that comes again.
    const signLater = async (user: string, der: string): ReturnType<typeof sign> => {
      const ran = await sign(user, der);
      return ran.stderr.startsWith('another run holds') ? signLater(user, der) : ran;
    };
    const ran = await Promise.all(many.map(({ user, der }) => signLater(user, der)));
    expect(ran.filter(({ code }) => code !== 0)).toEqual([]);
    expect(new Set(ran.map(({ stdout }) => stdout)).size).toBe(count);
    expect(ca.index()).toHaveLength(count);
    expect(Number.parseInt(ca.read('serial'), 16)).toBe(count + 1);
    const checked = spawnSync(
      'openssl',
      [
        'ca',
        '-config',
        'ssl.cnf',
        '-updatedb',
        '-keyfile',
        'private/koji_ca_cert.key',
        '-cert',
        'koji_ca_cert.crt',
      ],
      { cwd: ca.dir },
    );
    expect(checked.status).toBe(0);
    for (const { user, fingerprint } of many)
      expect(kept(user, fingerprint)).toBe(ca.read(`newcerts/${serialsOf(user)[0]}.pem`));
  });
});

describe('revoking', () => {
  const serials = (file: string) =>
    [
      ...spawnSync('openssl', ['crl', '-in', file, '-noout', '-text'], { encoding: 'utf8' }).stdout.matchAll(
        /Serial Number: (\S+)/g,
      ),
    ].map(([, serial]) => serial);

  it('writes it into the index and the list, and where httpd reads that', async () => {
    settings({ crl_in_use: join(root, 'crl-of-httpd.pem') });
    const [maria, adam] = [asker('maria'), asker('adam')];
    await sign('maria', maria.der);
    await sign('adam', adam.der);
    expect(await revoke('01', 'keyCompromise')).toEqual({ code: 0, stdout: 'revoked 01\n', stderr: '' });
    expect(ca.index().map((fields) => [fields[0], fields[2]?.split(',')[1], fields[3]])).toEqual([
      ['R', 'keyCompromise', '01'],
      ['V', undefined, '02'],
    ]);
    expect(serials(join(ca.dir, 'crl.pem'))).toEqual(['01']);
    expect(readFileSync(join(root, 'crl-of-httpd.pem'), 'utf8')).toBe(ca.read('crl.pem'));
    expect(await revoke('01')).toMatchObject({ code: 0 });
    expect(await revoke('02')).toMatchObject({ code: 0 });
    expect(serials(join(ca.dir, 'crl.pem'))).toEqual(['01', '02']);
  });

  it('has httpd read it before it says that it is done', async () => {
    const bin = join(root, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'systemctl'),
      `#!/bin/bash\necho "$@" >>"$TEST_BOOK"\n[[ ! -e ${root}/stuck ]]\n`,
      {
        mode: 0o755,
      },
    );
    const path = `${bin}${delimiter}${process.env.PATH}`;
    settings({ reload: 'httpd.service' });
    await sign('maria', asker('maria').der);
    writeFileSync(join(root, 'stuck'), '');
    const args = ['revoke', ca.fingerprint, '01', 'superseded', '30'];
    expect(await run(args, path)).toMatchObject({
      code: 1,
      stderr: 'httpd.service did not reload, so it still lets 01 in\n',
    });
    expect(ca.has('crl.pem')).toBe(false);
    rmSync(join(root, 'stuck'));
    expect(await run(args, path)).toMatchObject({ code: 0 });
    expect(readFileSync(join(root, 'book'), 'utf8')).toBe('reload httpd.service\nreload httpd.service\n');
    expect(ca.has('crl.pem')).toBe(true);
  });

  it('has the index and the serial on the disk before a certificate or a list leaves the host', async () => {
    const bin = join(root, 'bin');
    mkdirSync(bin);
    // Says, of each call, which of the two files is there already: the certificate, the list of revoked ones.
    writeFileSync(
      join(bin, 'sync'),
      `#!/bin/bash\necho "$* crt=$(ls ${ca.dir}/certs/*.crt 2>/dev/null | wc -l) crl=$(ls ${ca.dir}/crl.pem 2>/dev/null | wc -l)" >>"$TEST_BOOK"\n`,
      { mode: 0o755 },
    );
    const path = `${bin}${delimiter}${process.env.PATH}`;
    const args = ['sign', ca.fingerprint, 'maria', '30', asker('maria').der];
    expect(await run(args, path)).toMatchObject({ code: 0 });
    expect(await run(['revoke', ca.fingerprint, '01', 'superseded', '30'], path)).toMatchObject({ code: 0 });
    const [signed, revoked] = readFileSync(join(root, 'book'), 'utf8').trim().split('\n');
    expect(signed).toMatch(/^-- index.txt serial .*\. crt=0 crl=0$/);
    expect(revoked).toMatch(/^-- index.txt serial .*\. crt=1 crl=0$/);
  });

  it.each([
    ['a serial that was never given', ['0F'], 'the CA never signed a certificate 0F'],
    ['a serial that is none', ['0f;id'], 'not a serial number'],
    ['a reason that is none', ['01', 'boredom'], 'not a reason'],
    ['days that are none', ['01', 'superseded', '-1'], 'not a number of days'],
  ] as const)('refuses %s', async (_, args, says) => {
    const [serial, ...rest] = args;
    const ran = await revoke(serial, ...rest);
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.stderr).toContain(says);
  });
});

describe('a run that dies', () => {
  /** Kills a run before and after each of its commands, and has the next one finish; how often one died. */
  async function everyDeath(args: readonly string[], after: () => Promise<void>) {
    const again = (): void => {
      rmSync(ca.dir, { recursive: true, force: true });
      cpSync(join(root, 'start'), ca.dir, { recursive: true });
    };
    again();
    expect(await run(args, deadlyPath(root, 0, 'before'))).toMatchObject({ code: 0 });
    const commands = callsOf(root);
    let deaths = 0;
    for (const at of pointsUpTo(2 * commands, 6)) {
      const [n, when] = [Math.ceil(at / 2), at % 2 === 1 ? 'before' : 'after'] as const;
      again();
      const ran = await run(args, deadlyPath(root, n, when));
      if (ran.code !== 0) deaths++;
      expect([n, when, await run(args)]).toMatchObject([n, when, { code: 0 }]);
      await after();
    }
    return deaths;
  }

  it('between any two commands of signing: the next run finishes, and there is one certificate', {
    timeout: 240_000,
  }, async () => {
    await sign('adam', asker('adam').der);
    cpSync(ca.dir, join(root, 'start'), { recursive: true });
    const maria = asker('maria');
    const deaths = await everyDeath(['sign', ca.fingerprint, 'maria', '365', maria.der], async () => {
      expect(serialsOf('maria')).toEqual(['02']);
      expect(ca.read('serial').trim()).toBe('03');
      expect(kept('maria', maria.fingerprint)).toBe(ca.read('newcerts/02.pem'));
      expect(serialsOf('adam')).toEqual(['01']);
    });
    expect(deaths).toBeGreaterThan(thorough ? 20 : 4);
  });

  it('between any two commands of revoking: the next run finishes', { timeout: 240_000 }, async () => {
    settings({ crl_in_use: join(root, 'crl-of-httpd.pem') });
    await sign('adam', asker('adam').der);
    await sign('maria', asker('maria').der);
    cpSync(ca.dir, join(root, 'start'), { recursive: true });
    const deaths = await everyDeath(['revoke', ca.fingerprint, '02', 'superseded', '365'], async () => {
      expect([serialsOf('maria', 'R'), serialsOf('adam')]).toEqual([['02'], ['01']]);
      expect(readFileSync(join(root, 'crl-of-httpd.pem'), 'utf8')).toBe(ca.read('crl.pem'));
    });
    expect(deaths).toBeGreaterThan(thorough ? 8 : 4);
  });

  it('inside openssl, between any two of its renames: what it signed is delivered and not signed again', async () => {
    await sign('adam', asker('adam').der);
    const start = join(root, 'start');
    cpSync(ca.dir, start, { recursive: true });
    const maria = asker('maria');
    await sign('maria', maria.der);
    const done = join(root, 'done');
    cpSync(ca.dir, done, { recursive: true });
    const signed = ca.read('newcerts/02.pem');
    const FILES = ['serial', 'index.txt', 'index.txt.attr'];
    for (const renames of thorough ? [0, 1, 2, 3, 4, 5, 6] : [0, 3, 6]) {
      rmSync(ca.dir, { recursive: true });
      cpSync(start, ca.dir, { recursive: true });
      copyFileSync(join(done, 'newcerts/02.pem'), join(ca.dir, 'newcerts/02.pem'));
      for (const name of FILES) copyFileSync(join(done, name), join(ca.dir, `${name}.new`));
      FILES.flatMap((name) => [[name, `${name}.old`] as const, [`${name}.new`, name] as const])
        .slice(0, renames)
        .forEach(([from, to]) => {
          renameSync(join(ca.dir, from), join(ca.dir, to));
        });
      expect([renames, await sign('maria', maria.der)]).toMatchObject([
        renames,
        { code: 0, stdout: 'signed 02\n' },
      ]);
      expect([serialsOf('maria'), ca.read('serial').trim()]).toEqual([['02'], '03']);
      expect(FILES.filter((name) => ca.has(`${name}.new`))).toEqual([]);
      if (renames > 0) expect(kept('maria', maria.fingerprint)).toBe(signed);
    }
  });

  it('and leaves an openssl behind is waited for', async () => {
    const bin = join(root, 'slow');
    mkdirSync(bin);
    // Lives on after the script was killed, and then goes on signing.
    writeFileSync(
      join(bin, 'openssl'),
      `#!/bin/bash
[[ $1 == ca ]] && kill -KILL $PPID && sleep 1
PATH=\${PATH#*:} exec openssl "$@"
`,
      { mode: 0o755 },
    );
    const maria = asker('maria');
    const args = ['sign', ca.fingerprint, 'maria', '365', maria.der];
    await new Promise<void>((resolve) => {
      const child = spawn('bash', [join(root, 'koji-ca.sh'), ...args], {
        env: { PATH: `${bin}${delimiter}${process.env.PATH}` },
        stdio: 'ignore',
      });
      child.on('exit', () => resolve());
    });
    expect(await run(args)).toMatchObject({ code: 0, stdout: 'signed 01\n' });
    expect(serialsOf('maria')).toEqual(['01']);
  });
});

function spoiled(der: string): string {
  const bytes = Buffer.from(der, 'base64');
  const at = bytes.length - 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString('base64');
}

function encryptKey(): void {
  const file = join(ca.dir, 'private/koji_ca_cert.key');
  spawnSync('openssl', ['rsa', '-aes256', '-passout', 'pass:secret', '-in', file, '-out', `${file}.new`]);
  renameSync(`${file}.new`, file);
}
