import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import command from '../../commands/ca-check/command.ts';
import { keyText, readCertificates } from '../../commands/certificates/certificate.ts';
import { nameText } from '../../commands/certificates/names.ts';
import { CA_DAYS, hasOpenssl } from '../../sandbox/hosts/ca.ts';
import type { Answer } from '../../src/core/answer.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { keepTree } from '../support/kept-tree.ts';
import { openssl, temporaryDir } from '../support/openssl.ts';
import { openTmpdir } from '../support/postgres.ts';
import { type CaRig, startCaRig } from './ca-rig.ts';

const KATELLO = readFileSync(new URL('../fixtures/certificates/katello-ca.crt', import.meta.url), 'utf8');
const SCRIPT = fileURLToPath(new URL('../../commands/certificates/look.sh', import.meta.url));
const hasShellcheck = spawnSync('shellcheck', ['--version']).error === undefined;
const DAY_MS = 86_400_000;

const row = (answer: Answer, check: string): string =>
  answer.table?.rows
    .find(([name]) => name === check)
    ?.slice(1)
    .join(': ') ?? 'none';
const advice = (answer: Answer, check: string): string =>
  answer.lines?.find((line) => line.startsWith(`${check}: `)) ?? '';
/** Checks that are not well. */
const ill = (answer: Answer): readonly (string | undefined)[] =>
  (answer.table?.rows ?? [])
    .filter(([, state]) => state === 'bad' || state === 'look after')
    .map(([name]) => name);

describe.skipIf(!hasOpenssl)('ca check', () => {
  let rig: CaRig;
  let restore: () => void;
  beforeAll(async () => {
    rig = await startCaRig();
    restore = keepTree(rig.world.root, ['etc']);
  });
  afterAll(() => rig?.close());
  afterEach(() => {
    restore();
    rig.world.clock(0);
  });
  const check = (more: Parameters<CaRig['ask']>[2] = {}): Promise<Answer> => rig.ask(command, {}, more);

  it('finds nothing wrong with a CA as Koji’s guide has it, and says what only root could see', async () => {
    const answer = await check();
    expect(answer).toMatchObject({ title: 'The CA on ca is well', verdict: 'ok' });
    expect(ill(answer)).toEqual([]);
    expect(row(answer, 'index.txt')).toBe('ok: 8 entries: 5 valid, 1 expired, 2 revoked');
    expect(row(answer, 'key fits certificate')).toMatch(
      /^not looked at: needs root; the CRL of .* was signed with the key/,
    );
    expect(row(answer, 'openssl')).toMatch(/^ok: OpenSSL \d/);
  });

  it('names SHA-1 and the expiry of the CA that koji.katello.org published, and that another key signs', async () => {
    rig.write('koji_ca_cert.crt', KATELLO);
    const answer = await check({ now: new Date() });
    expect(answer.verdict).toBe('bad');
    expect(row(answer, 'dates')).toMatch(/^bad: expired: 2014-07-08 to 2024-07-05, \d+ days ago$/);
    expect(row(answer, 'signature')).toBe('look after: SHA-1 with RSA');
    expect(row(answer, 'chain')).toContain('O=Katello Koji, OU=CA, CN=koji CA, serial 9FE2E282E12B6C50');
    expect(row(answer, 'key')).toBe('ok: RSA 2048');
    expect(row(answer, 'basicConstraints')).toBe('ok: CA:TRUE, no keyUsage');
    expect(row(answer, 'key fits certificate')).toMatch(/^bad: .*signed with another key$/);
    expect(advice(answer, 'dates')).toMatch(
      /Every login .* fails.*`ca renew because=…`: the key, the name and the serial stay/,
    );
    expect(advice(answer, 'signature')).toContain('SHA-1 can be forged');
  });

  it.each([
    [CA_DAYS - 170, 'look after: ends soon'],
    [CA_DAYS - 20, 'bad: ends soon'],
    [CA_DAYS + 1, 'bad: expired'],
    [-1, 'bad: valid only from'],
  ])('tells of the CA’s end in time: after %i days it says “%s”', async (days, says) => {
    expect(row(await check({ now: new Date(Date.now() + days * DAY_MS) }), 'dates')).toContain(says);
  });

  it('finds a certificate that is no CA’s, one with a short key, and one that was damaged', async () => {
    const made = ['-subj', '/CN=x', '-days', '900', '-out', 'koji_ca_cert.crt'];
    rig.openssl('genrsa', '-out', 'private/small.key', '1024');
    rig.openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      'private/small.key',
      ...made,
      '-addext',
      'basicConstraints=CA:FALSE',
    );
    const answer = await check();
    expect(row(answer, 'key')).toBe('bad: RSA 1024');
    expect(row(answer, 'basicConstraints')).toContain('bad: CA:FALSE');
    rig.write('koji_ca_cert.crt', 'nothing');
    expect(row(await check(), 'certificate')).toBe(
      'bad: /etc/pki/koji/koji_ca_cert.crt holds no certificate',
    );
    rig.remove('koji_ca_cert.crt');
    expect(row(await check(), 'certificate')).toContain('is not there');
  });

  it('never sends a private key, wherever it stands', async () => {
    const key = rig.read('private/koji_ca_cert.key');
    rig.append('koji_ca_cert.crt', key);
    rig.append('ssl.cnf', key);
    expect(JSON.stringify(await check())).not.toContain(key.split('\n')[1]);
    const sent = execFileSync('bash', ['-s', '--', 'cert', 'ca', rig.file('koji_ca_cert.crt')], {
      input: readFileSync(SCRIPT),
      encoding: 'utf8',
    });
    const data = Buffer.from(/data=(\S+)/.exec(sent)?.[1] ?? '', 'base64');
    expect(execFileSync('gzip', ['-dc'], { input: data, encoding: 'utf8' })).not.toContain('PRIVATE KEY');
  });

  it('compares the key itself where everybody can read it, and says what that means', async () => {
    chmodSync(rig.file('private'), 0o755);
    chmodSync(rig.file('private/koji_ca_cert.key'), 0o644);
    const answer = await check();
    expect(row(answer, 'key fits certificate')).toBe('ok: yes: compared with the key itself');
    expect(row(answer, 'private/')).toMatch(/^bad: 755, of root, and the key in it 644: everybody/);
    expect(row(answer, 'keys elsewhere')).toMatch(/^bad: .*private\/koji_ca_cert.key/);
    rig.openssl(
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-out',
      'private/koji_ca_cert.key',
    );
    expect(row(await check(), 'key fits certificate')).toBe('bad: no: the key is another one');
    rig.openssl(
      'ec',
      '-in',
      'private/koji_ca_cert.key',
      '-aes128',
      '-passout',
      'pass:x',
      '-out',
      'private/e.key',
    );
    rig.write('private/koji_ca_cert.key', rig.read('private/e.key'));
    expect(row(await check(), 'key fits certificate')).toBe('look after: the key has a passphrase');
    rig.remove('private/koji_ca_cert.key');
    expect(row(await check(), 'key fits certificate')).toBe('bad: there is no key');
  });

  it('finds the keys of people that lie about, as Koji’s own guide leaves them', async () => {
    rig.write('maria.pem', `${rig.read('certs/maria.crt')}${rig.read('private/users.key')}`);
    chmodSync(rig.file('maria.pem'), 0o644);
    const answer = await check();
    expect(row(answer, 'keys elsewhere')).toContain(
      '1 private keys can be read by everybody on the host: koji/maria.pem',
    );
    expect(answer.verdict).toBe('bad');
  });

  it('reports every line of index.txt that cannot be read', async () => {
    rig.append('index.txt', 'V\t2701\n');
    rig.append('index.txt', 'V\t270101000000Z\t\t0A\tunknown\t/C=US/CN=cut');
    const answer = await check();
    expect(row(answer, 'index.txt')).toContain(
      'line 9: 2 fields where there should be 6, line 10: the last line does not end',
    );
    rig.remove('index.txt');
    expect(row(await check(), 'index.txt')).toBe('bad: /etc/pki/koji/index.txt is not there');
  });

  it('finds serials given twice, a serial that was given already, and one that is none', async () => {
    rig.append('index.txt', `${rig.read('index.txt').split('\n')[1]}\n`);
    expect(row(await check(), 'serials')).toContain('1 stand more than once in index.txt: 02');
    for (const [text, says] of [
      ['08\n', 'bad: the next is 08, which is in index.txt already'],
      ['00\n', 'look after: the next is 00, and 08 was given already'],
      ['9\n', 'bad: holds no hex number of an even number of digits'],
      ['', 'bad: holds no hex number'],
    ] as const) {
      rig.write('serial', text);
      const answer = await check();
      expect(row(answer, 'serial')).toContain(says);
      expect(advice(answer, 'serial')).toContain('Write 09');
    }
    rig.remove('serial');
    expect(row(await check(), 'serial')).toBe('bad: is missing');
  });

  it('finds certificates that were signed and not recorded, and records without a file', async () => {
    rig.remove('newcerts/03.pem');
    expect(row(await check(), 'files')).toBe('look after: 1 of 8 are missing: 03');
    rig.write('newcerts/09.pem', rig.read('newcerts/08.pem'));
    expect(row(await check(), 'files')).toBe('bad: 1 not in index.txt: 09.pem');
  });

  it('says what unique_subject means for renewing, and when openssl cannot work at all', async () => {
    rig.write('index.txt.attr', 'unique_subject = yes\n');
    expect(row(await check(), 'index.txt.attr')).toBe('look after: unique_subject = yes');
    rig.remove('index.txt.attr');
    expect(row(await check(), 'index.txt.attr')).toContain('look after: does not say unique_subject');
    rig.append('index.txt', 'V\t270801165416Z\t\t09\tunknown\t/C=US/ST=NC/O=Koji Sandbox/CN=maria\n');
    expect(row(await check(), 'index.txt.attr')).toContain('bad: ');
    expect(() => rig.ca('-updatedb')).toThrow();
  });

  it('finds a CRL that is out of date, is not ours, lacks somebody, or is not the one that httpd reads', async () => {
    expect(row(await check({ now: new Date(Date.now() + 362 * DAY_MS) }), 'CRL')).toMatch(/^look after: /);
    expect(row(await check({ now: new Date(Date.now() + 366 * DAY_MS) }), 'CRL')).toMatch(/^bad: /);
    rig.ca('-revoke', 'newcerts/04.pem');
    expect(row(await check(), 'CRL')).toMatch(/^bad: .*; without 04$/);
    rig.ca('-gencrl', '-out', 'crl.pem');
    const anew = await check();
    expect(row(anew, 'CRL')).toMatch(/^ok: .*3 revoked$/);
    expect(row(anew, 'CRL in use')).toBe('bad: httpd’s copy is another one');
    rig.write('crl.pem', 'nothing');
    expect(row(await check(), 'CRL')).toBe('bad: cannot be read');
    rig.remove('crl.pem');
    expect(row(await check(), 'CRL')).toContain('bad: there is none, and 3 are revoked');
    rig.remove('/etc/httpd/conf/koji-crl.pem');
    expect(row(await check(), 'CRL in use')).toMatch(/^bad: the file/);
    expect(row(await check({ settings: { crlInUse: undefined } }), 'CRL in use')).toContain('does not say');
  });

  it('finds a digest in ssl.cnf that servers of today refuse', async () => {
    rig.write('ssl.cnf', rig.read('ssl.cnf').replaceAll('sha256', 'sha1'));
    expect(row(await check(), 'signs with')).toContain('bad: default_md = sha1');
  });

  it.each([
    [3600, 'bad: 60 minutes ahead of ours'],
    [-7 * 3600, 'bad: 7 hours behind ours'],
    [90, 'look after: 90 seconds ahead of ours'],
    [1, 'ok: as ours'],
  ])('tells of a clock that is %i seconds off', async (seconds, says) => {
    rig.world.clock(seconds);
    expect(row(await check(), 'clock')).toMatch(
      new RegExp(`^${says.replace(/\d+ seconds/, '\\d+ seconds')}`),
    );
  });

  it('finds private/ open to a group or to everybody', async () => {
    chmodSync(rig.file('private'), 0o750);
    expect(row(await check(), 'private/')).toContain('look after: 750');
    chmodSync(rig.file('private'), 0o755);
    expect(row(await check(), 'private/')).toContain('bad: 755, of root: open to everybody');
  });

  it('says so when the config names no host, a wrong one, or one that does not answer', async () => {
    await expect(check({ settings: { host: undefined } })).rejects.toThrow(Refused);
    await expect(check({ settings: { host: 'cb' } })).rejects.toThrow(/Is it ca\?/);
    await rig.sandbox.misbehave('ca', 'down');
    await expect(check()).rejects.toThrow(Unavailable);
    await rig.sandbox.heal('ca');
    const stopped = AbortSignal.abort(new Error('cancelled'));
    await expect(check({ signal: stopped })).rejects.toThrow('cancelled');
  });

  it('says so when the directory of the config is not there', async () => {
    const answer = await check({ settings: { dir: '/etc/pki/elsewhere' } });
    expect(answer.verdict).toBe('bad');
    expect(row(answer, 'index.txt')).toBe('bad: /etc/pki/elsewhere/index.txt is not there');
    expect(row(answer, 'private/')).toBe('bad: is not there');
  });
});

describe('the published certificate of the CA', () => {
  it('can be read', () => {
    const [ca] = readCertificates(KATELLO).certificates;
    expect(ca).toMatchObject({
      serial: '9FE2E282E12B6C50',
      isCa: true,
      usage: null,
      algorithm: { name: 'SHA-1 with RSA', weak: true },
      until: new Date('2024-07-05T09:34:30Z'),
    });
    if (!ca) return;
    expect(nameText(ca.subject)).toBe('C=US, ST=NC, L=Raleigh, O=Katello Koji, OU=CA, CN=koji CA');
    expect(ca.subject.map((one) => one.encoding)).toEqual(Array(6).fill('printable'));
    expect(keyText(ca.key)).toBe('RSA 2048');
    expect(ca.signedBy(ca.key)).toBe(true);
  });
});

describe.skipIf(!hasOpenssl)('the script', () => {
  it.skipIf(process.getuid?.() !== 0)(
    'as an account without rights, sees that it may not look into private/',
    () => {
      const place = temporaryDir(openTmpdir());
      const dir = join(place.dir, 'private');
      mkdirSync(dir, { mode: 0o700 });
      writeFileSync(join(dir, 'a.key'), 'secret');
      writeFileSync(join(place.dir, 'closed'), 'secret', { mode: 0o600 });
      chmodSync(place.dir, 0o755);
      const asks = ['stat', 'one', dir, 'public', 'two', join(dir, 'a.key'), 'list', 'three', dir];
      const ran = spawnSync('bash', ['-s', '--', ...asks, 'file', 'four', join(place.dir, 'closed')], {
        input: readFileSync(SCRIPT),
        encoding: 'utf8',
        uid: 65_534,
        gid: 65_534,
        cwd: '/',
      });
      const states = ran.stdout.split('\n').map((line) => line.split('\t').slice(0, 3).join(' '));
      expect(states).toEqual([
        'one ok mode=700',
        'two denied',
        'three denied mode=700',
        'four denied mode=600',
        'END 4',
        '',
      ]);
      expect(ran.stdout + ran.stderr).not.toContain('secret');
      place.remove();
    },
  );

  it.skipIf(!hasShellcheck)('is liked by shellcheck', () => {
    expect(spawnSync('shellcheck', [SCRIPT], { encoding: 'utf8' }).stdout).toBe('');
  });

  it('runs nothing on what it is told to look at, and always says where it ends', () => {
    const place = temporaryDir();
    const strange = join(place.dir, 'a $(touch x) \n`b`');
    const out = execFileSync(
      'bash',
      ['-s', '--', 'file', 'one', strange, 'list', 'two', '/etc/passwd', 'what', 'three', '/'],
      {
        input: readFileSync(SCRIPT),
        encoding: 'utf8',
        cwd: place.dir,
      },
    );
    const lines = out.trim().split('\n');
    expect(lines[0]).toBe('one\tmissing');
    expect(lines[1]).toMatch(/^two\todd\tmode=644/);
    expect(lines.at(-1)).toBe('END 3');
    expect(openssl(['version'], { cwd: place.dir })).toContain('OpenSSL');
    place.remove();
  });
});
