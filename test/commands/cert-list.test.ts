import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import certList from '../../commands/cert-list/command.ts';
import certShow from '../../commands/cert-show/command.ts';
import { readIndex, standing } from '../../commands/certificates/index-file.ts';
import { readTime } from '../../commands/certificates/times.ts';
import { hasOpenssl } from '../../sandbox/hosts/ca.ts';
import { Refused } from '../../src/core/refused.ts';
import { type CaRig, startCaRig } from './ca-rig.ts';

const now = new Date('2026-06-01T00:00:00Z');
const read = (text: string | Buffer) => readIndex(Buffer.from(text));
const SUBJECT = '/C=US/ST=NC/O=Katello Koji/CN';

describe('index.txt', () => {
  it('gives what openssl recorded: state, dates of both forms, reason, serial, user', () => {
    const { entries, broken } = read(
      [
        `V\t270101000000Z\t\t01\tunknown\t${SUBJECT}=maria`,
        `R\t20510101000000Z\t260101120000Z,keyCompromise\t02\tunknown\t${SUBJECT}=mallory`,
        `R\t270101000000Z\t20260101120000Z\t03AF\tunknown\t${SUBJECT}=evan`,
        `R\t270101000000Z\t260101120000Z,keyTime,251231000000Z\t04\tunknown\t${SUBJECT}=eve`,
        `E\t200101000000Z\t\t05\tunknown\t${SUBJECT}=old`,
        `V\t200101000000Z\t\tFFEE\tunknown\t${SUBJECT}=past`,
        '# a remark',
        '',
      ].join('\n'),
    );
    expect(broken).toEqual([]);
    expect(entries.map((one) => [one.serial, one.user, standing(one, now)])).toEqual([
      ['01', 'maria', 'valid'],
      ['02', 'mallory', 'revoked'],
      ['03AF', 'evan', 'revoked'],
      ['04', 'eve', 'revoked'],
      ['05', 'old', 'expired'],
      ['FFEE', 'past', 'expired'],
    ]);
    expect(entries[1]).toMatchObject({
      until: new Date('2051-01-01T00:00:00Z'),
      revoked: { at: new Date('2026-01-01T12:00:00Z'), reason: 'keyCompromise' },
    });
    expect(entries[2]?.revoked?.reason).toBeNull();
    expect(entries[3]?.revoked?.reason).toBe('keyTime (251231000000Z)');
  });

  it('gives subjects with slashes, escapes and letters of other languages', () => {
    const names = (subject: string): unknown =>
      read(`V\t270101000000Z\t\t01\tunknown\t${subject}\n`).entries[0]?.subject.map((one) => one.value);
    expect(names('/C=US/O=A/B Ltd/CN=maria')).toEqual(['US', 'A/B Ltd', 'maria']);
    expect(names('/O=Caf\\xC3\\xA9/CN=mar\\xC3\\xADa')).toEqual(['Café', 'maría']);
    expect(names('/O=a\\\tb/CN=x')).toEqual(['a\tb', 'x']);
    // What cannot be shown stays as it is written.
    expect(names('/CN=a\\x00b')).toEqual(['a\\x00b']);
    expect(names('/CN=a\\xE2\\x80\\xAEb')).toEqual(['a\\xE2\\x80\\xAEb']);
    expect(names('/CN=a\\xFFb')).toEqual(['a\\xFFb']);
    expect(read('V\t270101000000Z\t\t01\tunknown\t/C=US\n').entries[0]?.user).toBeNull();
  });

  it.each([
    ['a truncated last line', 'V\t2701', '2 fields where there should be 6'],
    ['an empty line', '', 'an empty line'],
    ['spaces for tabs', 'V 270101000000Z  01 unknown /CN=x', '1 fields where there should be 6'],
    ['another state', 'X\t270101000000Z\t\t01\tunknown\t/CN=x', 'no state V, R or E'],
    ['a date that is none', 'V\t271301000000Z\t\t01\tunknown\t/CN=x', 'an expiry that is no date'],
    ['the 30th of February', 'V\t270230000000Z\t\t01\tunknown\t/CN=x', 'an expiry that is no date'],
    ['an odd serial', 'V\t270101000000Z\t\t1\tunknown\t/CN=x', 'a serial that is not hex'],
    ['a revocation without a date', 'R\t270101000000Z\t\t01\tunknown\t/CN=x', 'revoked, and no date of it'],
    [
      'a date of revocation on a valid one',
      'V\t270101000000Z\t260101000000Z\t01\tunknown\t/CN=x',
      'valid, and a date',
    ],
    ['no subject', 'V\t270101000000Z\t\t01\tunknown\t', 'no subject'],
  ])('reports %s, with its line, and reads the others', (_what, line, why) => {
    const good = `V\t270101000000Z\t\t0A\tunknown\t${SUBJECT}=maria`;
    const { entries, broken } = read(`${good}\n${line}\n${good}\n`);
    expect(entries.map((one) => one.line)).toEqual([1, 3]);
    expect(broken).toMatchObject([{ line: 2, why: expect.stringContaining(why) }]);
  });

  it('reports a last line without its end, and line ends of Windows, which openssl reads otherwise', () => {
    const line = `V\t270101000000Z\t\t0A\tunknown\t${SUBJECT}=maria`;
    expect(read(line)).toMatchObject({
      entries: [{ user: 'maria' }],
      broken: [{ line: 1, why: expect.stringContaining('does not end') }],
    });
    expect(read(`${line}\r\n${line}\r\n`)).toMatchObject({
      entries: [{ user: 'maria' }, { user: 'maria' }],
      broken: [{ line: 1, why: expect.stringContaining('2 lines end as on Windows') }],
    });
    expect(read('')).toEqual({ entries: [], broken: [] });
  });

  it('takes two digits of a year as RFC 5280 does', () => {
    expect(readTime('491231235959Z')?.getUTCFullYear()).toBe(2049);
    expect(readTime('500101000000Z')?.getUTCFullYear()).toBe(1950);
    expect(readTime('2601010000Z')?.toISOString()).toBe('2026-01-01T00:00:00.000Z');
    expect(readTime('260101000000+0100')).toBeNull();
  });
});

describe.skipIf(!hasOpenssl)('the certificates of a real CA', () => {
  let rig: CaRig;
  beforeAll(async () => {
    rig = await startCaRig();
  });
  afterAll(() => rig?.close());
  const list = (given: Readonly<Record<string, string>> = {}, at = new Date()) =>
    rig.ask(certList, given, { now: at });
  const show = (serial: string) => rig.ask(certShow, { serial });

  it('are listed: the valid ones, what ends first first, and who should renew', async () => {
    const answer = await list();
    expect(answer).toMatchObject({ title: '5 valid certificates', verdict: 'warn' });
    expect(answer.table?.columns).toEqual(['User', 'Serial', 'Until', 'Days', 'State']);
    expect(answer.table?.rows.map(([user, serial, , days, state]) => [user, serial, days, state])).toEqual([
      ['adam', '03', '12', 'valid'],
      ['carl', '08', '25', 'valid'],
      ['maria', '02', '199', 'valid'],
      ['bea', '04', '299', 'valid'],
      ['kojira', '05', '699', 'valid'],
    ]);
    expect(answer.lines).toEqual([
      'Ends within 14 days: adam.',
      'The CA on ca signed 8: 5 valid, 1 expired, 2 revoked.',
    ]);
    expect(answer.next).toEqual(['cert show 03']);
  });

  it('are listed of one user, in every state; of nobody, with who may be meant', async () => {
    const rows = (await list({ which: 'maria' })).table?.rows.map((row) =>
      row[4]?.replace(/\d{4}-\d\d-\d\d/, 'DATE'),
    );
    expect(rows).toEqual(['valid', 'revoked DATE (superseded)']);
    const nobody = await list({ which: 'marja' });
    expect(nobody).toMatchObject({ title: 'No certificates of marja', verdict: 'warn' });
    expect(nobody.lines).toContain('There never was one for marja. Did you mean maria?');
    expect(nobody.table).toBeUndefined();
  });

  it('are listed by state, and by how soon they end', async () => {
    expect((await list({ which: 'revoked' })).table?.rows.map((row) => row[0])).toEqual(['mallory', 'maria']);
    expect((await list({ which: 'expired' })).table?.rows.map((row) => row[0])).toEqual(['evan']);
    expect((await list({ expiring: '30d' })).table?.rows.map((row) => row[0])).toEqual(['adam', 'carl']);
    expect((await list({ expiring: '2w' })).table?.rows.map((row) => row[0])).toEqual(['adam']);
    expect((await list({ which: 'maria', expiring: '30' })).title).toBe(
      'No valid certificates of maria that end within 30 days',
    );
    const later = new Date(Date.now() + 400 * 86_400_000);
    expect((await list({}, later)).table?.rows.map((row) => row[0])).toEqual(['kojira']);
  });

  it('are shown whole, with where the files are', async () => {
    const { title, verdict, table, lines } = await show('02');
    expect({ title, verdict, lines }).toEqual({
      title: 'Certificate 02 of maria is valid',
      verdict: 'ok',
      lines: [],
    });
    const rows = new Map(table?.rows.map((row) => [row[0], row[1]]));
    const fingerprint = rig.openssl('x509', '-in', 'newcerts/02.pem', '-noout', '-fingerprint', '-sha256');
    expect(rows.get('SHA-256')).toBe(fingerprint.trim().split('=')[1]);
    expect(rows.get('Subject')).toBe('C=US, ST=NC, O=Koji Sandbox, CN=maria');
    expect(rows.get('Key')).toBe('EC P-256');
    expect(rows.get('Signed by')).toBe('this CA, SHA-256 with ECDSA');
    expect(rows.get('File')).toBe('/etc/pki/koji/newcerts/02.pem, /etc/pki/koji/certs/maria.crt');
    expect(await show('0x2')).toMatchObject({ title });
    expect(await show('07')).toMatchObject({
      title: 'Certificate 07 of mallory is revoked',
      verdict: 'warn',
    });
  });

  it('are shown by whose they are too: the newest valid one', async () => {
    expect(await show('maria')).toMatchObject({ title: 'Certificate 02 of maria is valid' });
    expect(await show('evan')).toMatchObject({ title: 'Certificate 06 of evan is expired' });
  });

  it('say what helps where none was found', async () => {
    expect(await list({ which: 'maria', expiring: '30d' })).toMatchObject({
      title: 'No valid certificates of maria that end within 30 days',
      next: ['cert list maria'],
    });
    expect(await list({ which: 'nobody' })).toMatchObject({ next: ['cert list'] });
  });

  it('are refused for a serial that is none, or that the CA never gave', async () => {
    await expect(show('nobody')).rejects.toThrow(Refused);
    await expect(show('nobody')).rejects.toThrow('The CA never signed anything for nobody');
    await expect(show('FF')).rejects.toThrow('The CA on ca has no certificate with the serial FF.');
  });

  it('are shown where the file is lost or says otherwise than the record', async () => {
    const kept = rig.read('newcerts/04.pem');
    rig.remove('newcerts/04.pem');
    expect((await show('04')).table?.rows.at(-1)).toEqual(['File', '/etc/pki/koji/certs/bea.crt']);
    rig.remove('certs/bea.crt');
    expect(await show('04')).toMatchObject({
      verdict: 'warn',
      lines: [expect.stringContaining('not found')],
    });
    rig.write('newcerts/04.pem', kept);
    const index = rig.read('index.txt');
    rig.write('index.txt', index.replace('CN=bea', 'CN=eve'));
    expect(await show('04')).toMatchObject({
      verdict: 'bad',
      lines: ['index.txt says it is of eve, the file says bea.'],
    });
    rig.write('index.txt', index);
  });

  it('are listed as far as the record can be read, and what cannot be is said', async () => {
    const index = rig.read('index.txt');
    rig.append('index.txt', 'V\t27');
    const answer = await list();
    expect(answer.verdict).toBe('warn');
    expect(answer.lines?.[0]).toMatch(/^index.txt is not whole, .*line 9: 2 fields/);
    rig.write('index.txt', index);
    rig.remove('index.txt');
    await expect(list()).rejects.toThrow(/\/etc\/pki\/koji\/index.txt on ca is not there/);
    rig.write('index.txt', index);
  });

  it('are not listed as if they were all when the record is too big to be taken whole', async () => {
    const index = rig.read('index.txt');
    rig.write('index.txt', `${index.split('\n')[1]}\n`.repeat(140_000));
    await expect(list()).rejects.toThrow(/more than Steward takes from a host at once/);
    rig.write('index.txt', index);
  });

  it('are listed in under a second when there are 10,000, cut with a count and how to narrow it', async () => {
    const index = rig.read('index.txt');
    const lines = Array.from({ length: 10_000 }, (_, at) => {
      const serial = (at * 7919 + 65_536).toString(16).toUpperCase().padStart(8, '0');
      const user = `/C=US/ST=North Carolina/O=Katello Koji/OU=people/CN=user${at}/emailAddress=user${at}@example.org`;
      return at % 3 === 0
        ? `R\t290101000000Z\t260101000000Z,superseded\t${serial}\tunknown\t${user}`
        : `V\t2901${String((at % 28) + 1).padStart(2, '0')}000000Z\t\t${serial}\tunknown\t${user}`;
    });
    rig.write('index.txt', `${lines.join('\n')}\n`);
    await list();
    const taken: number[] = [];
    // What else a busy machine does hits one of three, and not all.
    for (let n = 0; n < 3; n++) {
      const began = performance.now();
      await list();
      taken.push(performance.now() - began);
    }
    expect(Math.min(...taken)).toBeLessThan(1000);
    const answer = await list();
    expect(answer.title).toBe('6666 valid certificates');
    expect(answer.table?.rows.length).toBe(50);
    expect(answer.lines).toContain(
      'Only the first 50 of 6666 are shown. Narrow it: `cert list <user>`, or `cert list expiring=30d`.',
    );
    rig.write('index.txt', index);
  });
});
