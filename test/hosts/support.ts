import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SandboxHosts, startHosts } from '../../sandbox/hosts/hosts.ts';
import type { HostOutcome, HostScript, Log } from '../../src/core/ports.ts';
import { createHosts, type Hosts } from '../../src/hosts/hosts.ts';

export const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

export function script(text: string, name = 'test.sh'): HostScript {
  return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
}

export function temporary(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'steward-test-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export function within(deadlineMs: number): { deadlineMs: number; signal: AbortSignal } {
  return { deadlineMs, signal: new AbortController().signal };
}

/** The output of a command that must have ended well. */
export function printed(outcome: HostOutcome): string {
  if (outcome.kind !== 'exit') throw new Error(`${outcome.kind}: ${outcome.says}`);
  if (outcome.code !== 0) throw new Error(`exit ${outcome.code}: ${outcome.stderr}`);
  return outcome.stdout;
}

/** What a bad outcome says; fails for a command that ended. */
export function said(outcome: HostOutcome): string {
  if (outcome.kind === 'exit')
    throw new Error(`ended with ${outcome.code}: ${outcome.stdout}${outcome.stderr}`);
  return outcome.says;
}

export interface Rig {
  readonly sandbox: SandboxHosts;
  readonly hosts: Hosts;
  /** Another client of the same hosts, closed with the rig. */
  client(over?: Partial<Parameters<typeof createHosts>[0]>): Hosts;
  close(): Promise<void>;
}

/** Pretend hosts and a client of them. */
export async function startRig(names: readonly string[], scripts?: readonly HostScript[]): Promise<Rig> {
  const place = temporary();
  const sandbox = await startHosts({ dir: place.dir, names, ...(scripts ? { scripts } : {}) });
  const clients: Hosts[] = [];
  const client: Rig['client'] = (over = {}) => {
    const { hosts, clientKey: privateKey, knownHosts, scriptsDir } = sandbox;
    const made = createHosts({ hosts, privateKey, knownHosts, scriptsDir, log: silent, ...over });
    clients.push(made);
    return made;
  };
  return {
    sandbox,
    hosts: client(),
    client,
    close: async () => {
      await Promise.all(clients.map((one) => one.close()));
      await sandbox.close();
      place.remove();
    },
  };
}
