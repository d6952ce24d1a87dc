import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SandboxSite, startSite } from '../../sandbox/site.ts';
import { stopped } from '../support/process.ts';
import { changedConfig, startServe } from './served.ts';

describe('`steward serve` that cannot start', { timeout: 90_000 }, () => {
  let dir = '';
  let site: SandboxSite;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'steward-start-'));
    site = await startSite({ dir });
  });
  afterAll(async () => {
    await site.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('says everything that is wrong with its config at once, and ends with code 2', async () => {
    const config = await changedConfig(site.configPath, 'wrong', {
      hub: { url: 'koji' },
      worker: { leaseSeconds: 1 },
      commands: { 'builder fly': {} },
    });
    const served = startServe(['--config', config]);
    expect(await stopped(served.child)).toBe(2);
    for (const path of ['hub.url', 'worker.leaseSeconds', 'builder fly'])
      expect(served.errors()).toContain(path);
    expect(served.errors()).not.toMatch(/\n\s+at /);
  });

  it('says that its port is in use, and ends with code 1', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const config = await changedConfig(site.configPath, 'taken', { http: { port } });
    const served = startServe(['--config', config]);
    const code = await stopped(served.child);
    taken.close();
    expect(code).toBe(1);
    expect(served.errors() + served.log()).toMatch(new RegExp(`port ${port}.*in use`));
    expect(served.errors()).not.toMatch(/\n\s+at /);
  });
});
