import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyType } from '../../src/hosts/known-hosts.ts';
import { says } from '../../src/hosts/says.ts';
import { makeSite, put, type TestSite } from '../config/site.ts';
import { type Bench, HOUR, startBench } from '../core/support.ts';
import { PEOPLE } from '../support/kernel.ts';

describe('somebody who may approve in a terminal and whose Slack account the config does not know', () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await makeSite();
  });
  afterAll(() => site.remove());

  it('is warned of: they could approve there what they asked for in Slack', async () => {
    const settings = site.settings();
    put(settings, ['people', 1, 'slack'], undefined);
    const loaded = await site.load(settings);
    expect(loaded.ok && loaded.config.warnings.map((one) => `${one.path}: ${one.says}`)).toEqual([
      expect.stringMatching(/^people\.1\.slack: is missing: without it evgeni is one person/),
    ]);
    put(settings, ['people', 1, 'roles'], ['packager']);
    expect(await site.load(settings)).toMatchObject({ ok: true, config: { warnings: [] } });
  });
});

describe('a host that shows bytes of its own making for a key', () => {
  const target = { name: 'builder1', address: '127.0.0.2', port: 22, user: 'steward' };
  const blob = (type: string, rest: number) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(type.length);
    return Buffer.concat([length, Buffer.from(type, 'latin1'), Buffer.alloc(rest, 1)]);
  };

  it('has nobody copy them into known_hosts', () => {
    const evil = blob('x\n* ssh-ed25519 AAAA', 32);
    expect(keyType(evil)).toBe('');
    const told = says.hostKeyUnknown(target, keyType(evil), evil);
    expect(told.says).not.toContain('AAAA');
    const long = says.hostKeyChanged(target, 'ssh-rsa', blob('ssh-rsa', 30_000));
    expect(long.says.length).toBeLessThan(1_000);
    const fine = blob('ssh-ed25519', 36);
    expect(says.hostKeyUnknown(target, keyType(fine), fine).says).toContain(fine.toString('base64'));
  });
});

describe('a record that cannot be read', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.kernel.close());

  it('keeps no other request from ending in time', async () => {
    const { kernel, clock } = bench;
    const broken = await kernel.ask(PEOPLE.maria, 'builder capacity builder1 8');
    const sound = await kernel.ask(PEOPLE.maria, 'builder capacity builder2 8');
    // As a newer Steward writes, whose database an older one was given back.
    await kernel.database.query(
      `insert into steward.record select n + 1000, request, seq + 1, 'of-the-future', 9, at, by_id, by_name, data, prev, hash
       from steward.record where request = $1 and seq = $2`,
      [broken.id, broken.seq],
    );
    for (let n = 0; n < 3; n++) {
      clock.forward(100 * HOUR);
      await kernel.sweep().catch((error: unknown) => expect(String(error)).toContain('1 of'));
    }
    expect(await kernel.load(sound.id)).toMatchObject({ status: 'expired' });
    await expect(kernel.load(broken.id)).rejects.toThrow('newer Steward');
  });
});
