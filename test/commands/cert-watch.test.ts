import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import certList from '../../commands/cert-list/command.ts';
import { hasOpenssl } from '../../sandbox/hosts/ca.ts';
import type { Concern } from '../../src/core/concern.ts';
import { type CaRig, startCaRig } from './ca-rig.ts';

const DAY_MS = 86_400_000;
/** People whom the config knows, and builders of the hub. */
const WHO = { owners: ['adam', 'maria', 'bea'], builders: ['builder1', 'builder2'] };

describe.skipIf(!hasOpenssl)('the watch over certificates (skipped without openssl)', () => {
  let rig: CaRig;
  let first: string;
  beforeAll(async () => {
    rig = await startCaRig();
    first = rig.read('index.txt');
  });
  afterAll(() => rig?.close());
  beforeEach(() => rig.write('index.txt', first));

  const look = (now = new Date(), settings: object = {}) => rig.watch(certList, WHO, { now, settings });
  const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);
  const said = (concerns: readonly Concern[]) =>
    concerns.map(({ to, title }) => `${to.kind === 'person' ? to.person : to.kind}: ${title}`);

  /** A record with these, instead of the one that is there: user and days until its end. */
  function record(...entries: readonly (readonly [string, number, ('R' | 'V')?])[]): void {
    const stamp = (date: Date): string => `${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`;
    const lines = entries.map(([user, days, state = 'V'], at) => {
      const serial = (at + 1).toString(16).toUpperCase().padStart(4, '0');
      const revoked = state === 'R' ? stamp(new Date()) : '';
      return [
        state,
        stamp(inDays(days)),
        revoked,
        serial,
        'unknown',
        `/C=US/ST=NC/O=Koji Sandbox/CN=${user}`,
      ].join('\t');
    });
    rig.write('index.txt', lines.map((line) => `${line}\n`).join(''));
  }

  it('tells each owner of their own, with the line that renews it; admins of those that nobody stands for', async () => {
    const concerns = await look();
    expect(said(concerns)).toEqual([
      'adam: The Koji certificate of adam ends in 12 days',
      'approvers: The Koji certificate of carl ends in 25 days',
    ]);
    expect(concerns[0]).toMatchObject({
      key: expect.stringMatching(/^3:20\d\d-\d\d-\d\d:14$/),
      covers: [expect.stringMatching(/^3:20.*:30$/)],
      to: { likeCommands: ['cert issue', 'cert renew'] },
      lines: [
        expect.stringMatching(/^Certificate 03 is good until 20/),
        expect.stringMatching(/^Say `cert renew`/),
      ],
      next: ['cert renew'],
    });
    expect(concerns[1]).toMatchObject({ next: ['cert list expiring=31d'], together: { key: 'people:30' } });
  });

  it('tells at 30, 14, 7 and 1 days, of what has passed together only the tightest', async () => {
    record(['adam', 29.5]);
    const keys = [];
    for (const day of [0, 10, 20, 25, 29])
      keys.push(...(await look(inDays(day))).map(({ key }) => key.split(':')[2]));
    expect(keys).toEqual(['30', '30', '14', '7', '1']);
    const [late] = await look(inDays(29));
    expect(late?.covers?.map((key) => key.split(':')[2])).toEqual(['30', '14', '7']);
    expect(late?.title).toBe('The Koji certificate of adam ends within a day');
    expect(await look(inDays(30))).toEqual([]);
  });

  it('is silent of what was renewed, revoked, or is over', async () => {
    record(['adam', 5], ['adam', 300], ['maria', 4, 'R'], ['bea', -1]);
    expect(await look()).toEqual([]);
  });

  it('tells the admins of hosts and services at 180, 90 and 30 days, together', async () => {
    record(
      ['kojira', 80],
      ['builder1', 85],
      ['kojihub', 170],
      ['builder2', 300],
      ['hub.koji.example.org', 20],
    );
    const concerns = await look();
    expect(concerns.map(({ to, together }) => [to.kind, together?.key])).toEqual([
      ['approvers', 'services:30'],
      ['approvers', 'services:90'],
      ['approvers', 'services:90'],
      ['approvers', 'services:180'],
    ]);
  });

  it('puts three hundred of unknown owners into at most four messages', async () => {
    record(...Array.from({ length: 300 }, (_, n) => [`user${n}`, 0.5 + (n % 30)] as const));
    const concerns = await look();
    expect(concerns).toHaveLength(300);
    expect(new Set(concerns.map(({ together }) => together?.key))).toEqual(
      new Set(['people:1', 'people:7', 'people:14', 'people:30']),
    );
  });

  it('tells of the CA itself, and of the list of revoked ones before it runs out', async () => {
    record(['adam', 20_000]);
    expect(said(await look(inDays(3)))).toEqual([]);
    // The pretend CRL is good for a year.
    expect(said(await look(inDays(359)))).toEqual([
      'approvers: The list of revoked certificates (CRL) runs out in 5 days',
    ]);
    expect(said(await look(inDays(364.5)))).toEqual([
      'approvers: The list of revoked certificates (CRL) runs out within a day',
    ]);
    const { validTo } = new X509Certificate(rig.read('koji_ca_cert.crt'));
    const [end] = said(await look(new Date(Date.parse(validTo) - 100 * DAY_MS)));
    expect(end).toMatch(/^approvers: Koji’s certificate authority ends in \d+ days$/);
  });

  it('says nothing where no CA is configured, and fails aloud where its record cannot be read', async () => {
    expect(await look(new Date(), { host: undefined })).toEqual([]);
    await expect(look(new Date(), { index: 'other.txt' })).rejects.toThrow(/is not there/);
  });
});
