import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Loaded } from '../config/load.ts';
import { examineRedis } from '../jobs/queue-redis.ts';
import { messageOf } from './core/message-of.ts';
import type { Looking, Row } from './doctor-row.ts';
import { openPglite } from './store/pglite.ts';
import { openPostgres } from './store/postgres.ts';

const HTTP_MS = 3_000;

/** Why an area is not looked at: its part of the config cannot be used. Null: it can. */
export function unreadRow(config: Loaded, area: string): readonly Row[] | null {
  const paths = config.unread.map(({ path }) => path).filter((path) => path.startsWith(area));
  if (paths.length === 0) return null;
  return [
    { area, check: 'answers', ok: 'skipped', says: `not looked at: ${paths.join(', ')} cannot be used` },
  ];
}

/** The database: does it answer, or can it be made. */
export async function lookAtDatabase(config: Loaded, { log }: Looking): Promise<readonly Row[]> {
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

/** The queue, wherever it stands. */
export async function lookAtQueue(config: Loaded): Promise<readonly Row[]> {
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

/** Its own door: is it Steward that answers there. */
export async function lookAtHttp(config: Loaded): Promise<readonly Row[]> {
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
export function ownAddress({ http: { host, port } }: Loaded): string {
  const here =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `http://${here}:${port}`;
}

function versionText(version: string): string {
  return /^PostgreSQL/i.test(version) ? (version.split(' on ')[0] ?? version) : `PostgreSQL ${version}`;
}
