import { type ConnectionOptions, isRedisVersionLowerThan } from 'bullmq';
import { Redis } from 'ioredis';
import { messageOf } from '../src/core/message-of.ts';
import type { Log } from '../src/core/ports.ts';
import type { QueueFinding } from './queue-finding.ts';

const OLDEST = '6.2.0';
const ANSWER_MS = 1_000;
const LOOK_AGAIN_MS = 5_000;

/** For sending: fails at once while Redis is away, instead of waiting for it. */
export function producerConnection(url: string): ConnectionOptions {
  return {
    url,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    retryStrategy,
  };
}

/** For working: waits for Redis however long it takes. */
export function workerConnection(url: string): ConnectionOptions {
  return { url, connectTimeout: 5_000, maxRetriesPerRequest: null, retryStrategy };
}

function retryStrategy(times: number): number {
  return Math.min(100 * 2 ** Math.min(times, 5), 2_000);
}

/** What the server says about itself, judged. */
export async function examineRedis(url: string): Promise<QueueFinding[]> {
  let info: string;
  try {
    info = await infoOf(url);
  } catch (error) {
    const says = `Redis does not answer (${messageOf(error)}): is it running, is REDIS_URL right?`;
    return [{ name: 'queue', value: 'Redis', ok: false, says }];
  }
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('valkey_version') || field('redis_version');
  const recent = version !== '' && !isRedisVersionLowerThan(version, OLDEST, 'redis');
  const policy = field('maxmemory_policy');
  const log = field('aof_enabled') === '1';
  return [
    { name: 'queue', value: 'Redis', ok: true, says: '' },
    {
      name: 'version',
      value: version,
      ok: recent,
      says: recent ? '' : `Redis ${OLDEST} or newer is needed`,
    },
    {
      name: 'maxmemory-policy',
      value: policy,
      ok: policy === 'noeviction',
      says:
        policy === 'noeviction'
          ? ''
          : 'must be noeviction: `redis-cli config set maxmemory-policy noeviction`, and in redis.conf',
    },
    {
      name: 'persistence',
      value: log ? 'append-only file' : 'none or snapshots',
      ok: true,
      says: log
        ? ''
        : 'after a crash of Redis the sweeper finds what was due; `appendonly yes` makes that faster',
    },
  ];
}

/**
 * Looks at Redis before it is used. Throws for one that answers and is not fit; looks again and again for one
 * that is away.
 */
export async function checkRedis(
  url: string,
  log: Log,
): Promise<{ readonly reached: boolean; refused(): boolean; stop(): void }> {
  let refused = false;
  let timer: NodeJS.Timeout | undefined;
  const unfit = async (): Promise<string | null> => {
    const findings = await examineRedis(url);
    const [first] = findings;
    if (first?.ok === false) return null;
    return findings
      .filter(({ ok }) => !ok)
      .map(({ name, value, says }) => `${name} is ${value}: ${says}`)
      .join('; ');
  };
  const lookLater = (): void => {
    timer = setTimeout(async () => {
      const says = await unfit();
      if (says === null) return lookLater();
      refused = says !== '';
      if (refused) log.error('this Redis is not fit for the queue', { says });
    }, LOOK_AGAIN_MS);
    timer.unref();
  };
  const says = await unfit();
  if (says === null) {
    log.warn('Redis does not answer; hints wait until it does');
    lookLater();
  } else if (says !== '') {
    throw new Error(`This Redis is not fit for the queue: ${says}`);
  }
  return { reached: says !== null, refused: () => refused, stop: () => clearTimeout(timer) };
}

async function infoOf(url: string): Promise<string> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let last: Error | undefined;
  client.on('error', (error) => {
    last = error;
  });
  try {
    await client.connect();
    return await client.info();
  } catch (error) {
    throw last ?? error;
  } finally {
    client.disconnect();
  }
}
