import type { Loaded } from '../config/load.ts';
import type { Command, View } from './core/command.ts';
import { STEWARD } from './core/events.ts';
import { messageOf } from './core/message-of.ts';
import { Refused } from './core/refused.ts';
import type { Registry } from './core/registry.ts';
import type { Looking, Row } from './doctor-row.ts';
import { createHosts } from './hosts/hosts.ts';
import { createHub } from './koji/hub.ts';

/** What the settings of commands name: tried out as those commands say, all at once. */
export async function lookAtSettings(
  config: Loaded,
  registry: Registry,
  { signal, log }: Looking,
): Promise<readonly Row[]> {
  const examining = registry.all.filter(({ examine }) => examine !== null);
  // What of hub and hosts cannot be used is said of those.
  if (!config.hub || !config.hosts) return [];
  const { url, ca, cert, key } = config.hub;
  const { list, privateKey, knownHosts, scriptsDir } = config.hosts;
  const hub = createHub({ url, ca, cert, key, deadlineMs: 10_000, log });
  const hosts = createHosts({ hosts: list, privateKey, knownHosts, scriptsDir, log });
  const view: View = {
    hub,
    hosts,
    jobLogs: { last: async () => null },
    asker: { ...STEWARD, roles: new Set(), accounts: {} },
    now: new Date(),
    signal,
  };
  try {
    const rows = await Promise.all(
      examining.map((command) => rowsOf(command, view, config.site.settings(command.name))),
    );
    return rows.flat();
  } finally {
    await Promise.all([hub.close(), hosts.close()]);
  }
}

async function rowsOf(command: Command, view: View, settings: unknown): Promise<readonly Row[]> {
  const area = command.shared === undefined ? command.name : `shared.${command.shared}`;
  try {
    const found = (await command.examine?.(view, settings)) ?? [];
    return found.map(({ what, state, says, todo }) => ({
      ...{ area, check: what, ok: state, says },
      ...(todo ? { todo } : {}),
    }));
  } catch (error) {
    const next = error instanceof Refused ? error.next : undefined;
    const todo = next ?? 'Mend that first: the rest of it is looked at then.';
    return [{ area, check: 'answers', ok: 'bad', says: messageOf(error), todo }];
  }
}
