import type { Loaded } from '../config/load.ts';
import { messageOf } from './core/message-of.ts';
import type { Registry } from './core/registry.ts';
import { lookAtDatabase, lookAtHttp, lookAtQueue, ownAddress, unreadRow } from './doctor-inside.ts';
import { lookAtForum, lookAtHosts, lookAtHub, lookAtSlack } from './doctor-outside.ts';
import type { Looking, Row } from './doctor-row.ts';
import { lookAtSettings } from './doctor-settings.ts';
import { findRootScripts } from './hosts/root-scripts.ts';

/** Longest that each area may take: its own deadlines are shorter, and nothing waits for another area. */
const AREA_MS = 45_000;

/**
 * Looks at everything that can be wrong before the first request: all at once, each with a deadline of its own.
 * Changes nothing. `role` leaves out what the other half of Steward needs.
 */
export async function examine(
  config: Loaded,
  registry: Registry,
  options: Looking & {
    /** The folder of the commands, for the root scripts that hosts should have. */
    readonly commands: URL;
    readonly role: 'web' | 'worker' | 'all';
  },
): Promise<readonly Row[]> {
  const { role, commands, log } = options;
  const isWorker = role !== 'web';
  const isWeb = role !== 'worker';
  const areas: readonly (readonly [string, (looking: Looking) => Promise<readonly Row[]>])[] = [
    ['database', (looking) => lookAtDatabase(config, looking)],
    ['queue', () => lookAtQueue(config)],
    ...(isWorker ? [['hub', (looking: Looking) => lookAtHubOf(config, looking)] as const] : []),
    ...(isWorker ? [['hosts', (looking: Looking) => lookAtHostsOf(config, commands, looking)] as const] : []),
    ...(isWorker
      ? [['commands', (looking: Looking) => lookAtSettings(config, registry, looking)] as const]
      : []),
    ...(isWeb ? [['slack', (looking: Looking) => lookAtSlackOf(config, looking)] as const] : []),
    ...(isWeb ? [['forum', (looking: Looking) => lookAtForumOf(config, looking)] as const] : []),
    ...(isWeb ? [['http', () => lookAtHttp(config)] as const] : []),
  ];
  const looked = await Promise.all(areas.map(([area, look]) => within(area, look, options.signal, log)));
  return [...configRows(config, registry, isWorker, isWeb), ...looked.flat()];
}

async function within(
  area: string,
  look: (looking: Looking) => Promise<readonly Row[]>,
  stop: AbortSignal,
  log: Looking['log'],
): Promise<readonly Row[]> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(AREA_MS)]);
  // A look that ignores its signal is left alone: the others must not wait for it.
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${AREA_MS / 1000} s`)));
  });
  try {
    return await Promise.race([look({ signal, log }), late]);
  } catch (error) {
    stop.throwIfAborted();
    return [{ area, check: 'answers', ok: 'bad', says: messageOf(error) }];
  }
}

function configRows(config: Loaded, registry: Registry, isWorker: boolean, isWeb: boolean): readonly Row[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  const node: Row = {
    area: 'config',
    check: 'Node',
    ok: recent ? 'ok' : 'bad',
    says: `v${process.versions.node}`,
    ...(recent ? {} : { todo: 'Use Node 20.19 or newer.' }),
  };
  const wanted = config.unread.filter(({ path }) =>
    path.startsWith('slack') || path.startsWith('discourse')
      ? isWeb
      : path.startsWith('hub') || path.startsWith('hosts')
        ? isWorker
        : true,
  );
  const problems = [
    ...wanted.map(({ path, says }) => ({ path, says, ok: 'bad' as const })),
    ...config.warnings.map(({ path, says }) => ({ path, says, ok: 'warn' as const })),
  ].map(
    ({ path, says, ok }): Row => ({
      area: 'config',
      check: path || 'file',
      ok,
      says,
      todo: 'Mend it in the config.',
    }),
  );
  const fine: Row = {
    area: 'config',
    check: 'file',
    ok: 'ok',
    says: `${config.file}: ${registry.all.length} commands, ${config.people.length} people`,
  };
  return [node, fine, ...switchedOff(config, registry), ...problems];
}

/** Nobody is to learn from a refusal what this site has switched off. */
function switchedOff({ site }: Loaded, registry: Registry): readonly Row[] {
  const off = registry.all.filter(({ name }) => site.rule(name).off);
  const by = [...new Set(off.flatMap(({ hubPermission }) => hubPermission ?? []))].sort();
  return by.map((permission) => {
    const names = off.filter((one) => one.hubPermission === permission).map(({ name }) => name);
    return {
      area: 'config',
      check: 'switched off',
      ok: 'ok',
      says: `without ${permission} in hub.permissions: ${names.join(', ')}`,
    };
  });
}

async function lookAtHubOf(config: Loaded, looking: Looking): Promise<readonly Row[]> {
  return config.hub ? lookAtHub(config.hub, looking) : (unreadRow(config, 'hub') ?? []);
}

async function lookAtHostsOf(config: Loaded, commands: URL, looking: Looking): Promise<readonly Row[]> {
  return config.hosts
    ? lookAtHosts(config.hosts, findRootScripts(commands), looking)
    : (unreadRow(config, 'hosts') ?? []);
}

async function lookAtSlackOf(config: Loaded, looking: Looking): Promise<readonly Row[]> {
  if (config.slack) return lookAtSlack(config, looking);
  return (
    unreadRow(config, 'slack') ?? [
      {
        area: 'slack',
        check: 'config',
        ok: 'skipped',
        says: 'the config has no Slack: people ask in the terminal',
      },
    ]
  );
}

async function lookAtForumOf(config: Loaded, looking: Looking): Promise<readonly Row[]> {
  if (config.discourse) return lookAtForum(config, ownAddress(config), looking);
  const says = 'the config has no forum';
  return unreadRow(config, 'discourse') ?? [{ area: 'forum', check: 'config', ok: 'skipped', says }];
}
