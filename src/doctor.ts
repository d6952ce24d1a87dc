import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Loaded } from '../config/load.ts';
import { examineRedis } from '../jobs/queue-redis.ts';
import type { Registry } from './core/registry.ts';
import { type Looking, lookAtForum, lookAtHosts, lookAtHub, lookAtSlack } from './doctor-outside.ts';
import { findRootScripts } from './hosts/root-scripts.ts';
import { openPglite } from './store/pglite.ts';
import { openPostgres } from './store/postgres.ts';

/** One thing that was looked at. */
export interface Row {
  /** `config`, `hub`, `slack`, the name of a host, ... */
  readonly area: string;
  readonly check: string;
  readonly ok: 'ok' | 'warn' | 'bad' | 'skipped';
  /** What was found. */
  readonly says: string;
  /** What to do about it. */
  readonly todo?: string;
}

/** Longest that each area may take: its own deadlines are shorter, and nothing waits for another area. */
const AREA_MS = 45_000;
const HTTP_MS = 3_000;

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
    return [
      { area, check: 'answers', ok: 'bad', says: error instanceof Error ? error.message : String(error) },
    ];
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
  return [node, fine, ...problems];
}

function unreadRow(config: Loaded, area: string): readonly Row[] | null {
  const paths = config.unread.map(({ path }) => path).filter((path) => path.startsWith(area));
  if (paths.length === 0) return null;
  return [
    { area, check: 'answers', ok: 'skipped', says: `not looked at: ${paths.join(', ')} cannot be used` },
  ];
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

async function lookAtDatabase(config: Loaded, { log }: Looking): Promise<readonly Row[]> {
  const unread = unreadRow(config, 'database');
  if (unread) return unread;
  const { url, dir } = config.database;
  const area = 'database';
  if (url === undefined) return lookAtDirectory(dir, log);
  const todo = 'Check the address and password of the database, and that this machine reaches it.';
  try {
    const database = await openPostgres(url, log);
    try {
      return [{ area, check: 'answers', ok: 'ok', says: versionText(await database.ping()) }];
    } finally {
      await database.close();
    }
  } catch (error) {
    return [{ area, check: 'answers', ok: 'bad', says: messageOf(error), todo }];
  }
}

async function lookAtDirectory(dir: string, log: Looking['log']): Promise<readonly Row[]> {
  const area = 'database';
  const check = 'directory';
  // A first look must not make the database: whoever runs doctor may be another account than Steward's.
  if (!(await stat(dir).catch(() => null))) {
    const parent = await nearestFolder(dir);
    const may = await access(parent, constants.W_OK).then(
      () => true,
      () => false,
    );
    return may
      ? [{ area, check, ok: 'ok', says: `${dir} is made at the first start` }]
      : [
          {
            area,
            check,
            ok: 'bad',
            says: `${dir} cannot be made`,
            todo: `Let this account write in ${parent}, or set database.dir.`,
          },
        ];
  }
  try {
    const database = await openPglite(dir, log);
    try {
      return [
        {
          area,
          check,
          ok: 'ok',
          says: `${dir}: ${versionText(await database.ping())}, for one process only`,
        },
      ];
    } finally {
      await database.close();
    }
  } catch (error) {
    const says = messageOf(error);
    // Somebody has it open, and that is most likely Steward itself.
    if (says.includes('is in use by')) return [{ area, check, ok: 'ok', says: says.split('. ')[0] ?? says }];
    return [
      { area, check, ok: 'bad', says, todo: `Look at ${dir}: is it this account's, is the disk full?` },
    ];
  }
}

async function nearestFolder(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path) return path;
  return (await stat(parent).catch(() => null)) ? parent : nearestFolder(parent);
}

async function lookAtQueue(config: Loaded): Promise<readonly Row[]> {
  const unread = unreadRow(config, 'redis');
  if (unread) return unread;
  const area = 'queue';
  if (config.redis.url === undefined)
    return [{ area, check: 'where', ok: 'ok', says: 'in the database (set REDIS_URL for Redis)' }];
  return (await examineRedis(config.redis.url)).map(({ name, value, ok, says }) => ({
    area,
    check: name === 'queue' ? 'answers' : name,
    // What it says of something good is an advice.
    ok: ok ? (says === '' ? 'ok' : 'warn') : 'bad',
    says: ok || name !== 'queue' ? value : says,
    ...(says === '' || (!ok && name === 'queue') ? {} : { todo: says }),
  }));
}

async function lookAtHttp(config: Loaded): Promise<readonly Row[]> {
  const { host, port } = config.http;
  const at = `${host}:${port}`;
  const area = 'http';
  try {
    const response = await fetch(`${ownAddress(config)}/healthz`, { signal: AbortSignal.timeout(HTTP_MS) });
    return response.ok
      ? [{ area, check: 'port', ok: 'ok', says: `Steward answers at ${at}` }]
      : [
          {
            area,
            check: 'port',
            ok: 'bad',
            says: `something else answers at ${at}`,
            todo: 'Set http.port to a free one.',
          },
        ];
  } catch {
    return [
      { area, check: 'port', ok: 'skipped', says: `nothing answers at ${at}: Steward does not run here` },
    ];
  }
}

/** Where this program is reached from its own machine. */
function ownAddress({ http: { host, port } }: Loaded): string {
  const here =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `http://${here}:${port}`;
}

function versionText(version: string): string {
  return /^PostgreSQL/i.test(version) ? (version.split(' on ')[0] ?? version) : `PostgreSQL ${version}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
