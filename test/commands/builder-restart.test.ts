import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import command from '../../commands/builder-restart/command.ts';
import type { View } from '../../src/core/command.ts';
import type { Plan, Step } from '../../src/core/plan.ts';
import type { HubReader } from '../../src/core/ports.ts';
import { printed, type Rig, startRig, within } from '../hosts/support.ts';

const builder = (id: number, name: string) => ({
  id,
  name,
  arches: 'x86_64',
  capacity: 4,
  task_load: 1.5,
  enabled: true,
  comment: null,
});

/** Just the two reads that this command makes. */
const hub: HubReader = {
  read: async ({ method }) => {
    if (method === 'listHosts')
      return [builder(1, 'builder1'), builder(2, 'builder2'), builder(9, 'elsewhere')];
    if (method === 'listTasks') return [{ id: 77, method: 'buildArch', state: 1 }];
    throw new Error(`reads ${method}`);
  },
  account: async () => ({ name: 'steward', permissions: ['host'] }),
};

describe('builder restart', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig(['builder1', 'builder2']);
  });
  afterAll(() => rig.close());

  const view = (now = new Date()): View => ({
    hub,
    hosts: rig.hosts,
    jobLogs: { last: async () => null },
    asker: { id: 'ada', name: 'Ada', roles: new Set(['admin']), accounts: {} },
    now,
    signal: new AbortController().signal,
  });
  const plan = async (host: string): Promise<Plan> => {
    const planned = await command.plan({ host, because: 'it hangs' }, view(), undefined);
    if (planned.kind !== 'plan') throw new Error('not a plan');
    return planned;
  };
  const only = async (host: string): Promise<Step> => {
    const [step] = (await plan(host)).steps;
    if (!step) throw new Error('no step');
    return step;
  };
  const carryOut = ({ effect }: Step) => {
    if (effect.kind !== 'host') throw new Error('not a host effect');
    return rig.hosts.run(
      effect.host,
      { name: effect.script, sha256: effect.sha256 },
      effect.args,
      within(20_000),
    );
  };

  it('plans one step, by path and digest, resting on what runs there', async () => {
    const step = await only('builder2');
    expect(step).toMatchObject({
      kind: 'once',
      effect: { kind: 'host', host: 'builder2', script: 'restart-kojid.sh', args: [] },
      changes: [{ before: 'active', after: 'active, started anew' }],
    });
    expect(step.evidence.map((one) => one.label)).toEqual([
      'builder2',
      'running tasks',
      'kojid since',
      'start mark',
    ]);
    expect(step.evidence[1]?.value).toBe('1: buildArch 77');
    expect(step.inverse).toBeUndefined();
    expect(command.locks({ host: 'builder2', because: 'x' })).toEqual(['host:builder2']);
  });

  it('restarts kojid once, and can tell afterwards that it did', async () => {
    const step = await only('builder1');
    const intent = { step, at: new Date() };
    expect(await command.happened(intent, view())).toBe('not-done');
    const before = rig.sandbox.restarts('builder1');
    expect(printed(await carryOut(step))).toContain('ActiveState=active');
    expect(rig.sandbox.restarts('builder1')).toBe(before + 1);
    expect(await command.happened(intent, view())).toBe('done');
  });

  it('does not take somebody else’s earlier restart for its own, whatever the clocks say', async () => {
    const step = await only('builder2');
    // Restarted after the plan, an hour before the intent: by lengths of time, not by two machines' clocks.
    printed(await carryOut(step));
    const at = new Date(Date.now() + 3_600_000);
    expect(await command.happened({ step, at }, view(new Date(at.getTime() + 1000)))).toBe('done');
    const old = `${Math.floor(Date.now() / 1000)} 1000001 7\n`;
    writeFileSync(join(rig.sandbox.world('builder2').root, 'var/lib/sandbox/kojid'), old);
    expect(await command.happened({ step, at }, view(new Date(at.getTime() + 1000)))).toBe('not-done');
  });

  it('cannot tell while the host is away', async () => {
    const step = await only('builder1');
    await rig.sandbox.misbehave('builder1', 'down');
    expect(await command.happened({ step, at: new Date() }, view())).toBe('unknown');
    await rig.sandbox.heal('builder1');
  });

  it('fails plainly when the disk is full', async () => {
    const step = await only('builder1');
    await rig.sandbox.misbehave('builder1', 'disk-full');
    expect(await carryOut(step)).toMatchObject({
      kind: 'exit',
      code: 1,
      stderr: expect.stringContaining('No space left'),
    });
    await rig.sandbox.heal('builder1');
  });

  it('refuses a builder that nobody knows, with the nearest name, and one without SSH', async () => {
    await expect(plan('bulider2')).rejects.toThrow('Did you mean builder2?');
    await expect(plan('elsewhere')).rejects.toThrow('no SSH access');
  });

  const shellcheck = spawnSync('shellcheck', ['--version']).error === undefined;
  it.skipIf(!shellcheck)(
    `has scripts that shellcheck likes${shellcheck ? '' : ' (skipped: no shellcheck here)'}`,
    () => {
      const folder = fileURLToPath(new URL('../../commands/builder-restart/', import.meta.url));
      const files = ['kojid-since.sh', 'root/restart-kojid.sh'].map((name) => join(folder, name));
      expect(spawnSync('shellcheck', files, { encoding: 'utf8' }).stdout).toBe('');
    },
  );
});
