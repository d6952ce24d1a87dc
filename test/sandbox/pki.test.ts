import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePki } from '../../sandbox/pki.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'steward-pki-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the CA of the sandbox', () => {
  it('signs a server and clients whose certificates verify and fit their keys', async () => {
    const pki = await makePki(join(dir, 'one'));
    const ca = new X509Certificate(pki.ca);
    expect(ca.ca).toBe(true);
    for (const pair of [pki.server, await pki.client('steward')]) {
      const read = new X509Certificate(pair.cert);
      expect(read.verify(ca.publicKey)).toBe(true);
      expect(read.checkIssued(ca)).toBe(true);
      expect(read.ca).toBe(false);
      expect(() => createSecureContext({ ca: pki.ca, ...pair })).not.toThrow();
    }
    expect(new X509Certificate(pki.server.cert).checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(new X509Certificate((await pki.client('steward')).cert).subject).toContain('CN=steward');
  });

  it('is the same at a second start', async () => {
    const first = await makePki(join(dir, 'two'));
    const steward = await first.client('steward');
    const second = await makePki(join(dir, 'two'));
    expect(second.ca).toBe(first.ca);
    expect(second.server).toEqual(first.server);
    expect(await second.client('steward')).toEqual(steward);
  });

  it('keeps keys to itself', async () => {
    const pki = await makePki(join(dir, 'three'));
    await pki.client('steward');
    for (const file of ['ca.pem', 'server.pem', 'clients/steward.pem']) {
      expect((await stat(join(pki.dir, file))).mode & 0o777, file).toBe(0o600);
    }
    expect(await readFile(join(pki.dir, 'ca.crt'), 'utf8')).not.toContain('PRIVATE');
  });

  it('makes again what is broken, and what another CA signed', async () => {
    const pki = await makePki(join(dir, 'four'));
    const before = await pki.client('steward');
    await writeFile(join(pki.dir, 'clients/steward.pem'), 'half');
    const after = await pki.client('steward');
    expect(after.cert).not.toBe(before.cert);
    await rm(join(pki.dir, 'ca.pem'));
    const renewed = await makePki(pki.dir);
    expect(renewed.ca).not.toBe(pki.ca);
    expect(renewed.server.cert).not.toBe(pki.server.cert);
    expect((await renewed.client('steward')).cert).not.toBe(after.cert);
  });

  it('takes no path for a name', async () => {
    const pki = await makePki(join(dir, 'five'));
    expect(() => pki.client('../steward')).toThrow('not a user name');
    expect(() => pki.client('a, O=Other')).toThrow('not a user name');
  });

  it('can make a certificate that has expired or names nobody', async () => {
    const pki = await makePki(join(dir, 'six'));
    const old = new X509Certificate((await pki.issue({ cn: 'steward', expired: true })).cert);
    expect(Date.parse(old.validTo)).toBeLessThan(Date.now());
    expect(new X509Certificate((await pki.issue({ cn: null })).cert).subject).not.toContain('CN=');
  });
});
