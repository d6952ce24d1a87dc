import { loadConfig } from '../config/load.ts';
import { problemLines } from '../config/problems.ts';
import { secretsIn } from '../config/secrets.ts';
import { startApp } from './app.ts';
import { scanCommands } from './core/registry.ts';
import { createLog } from './log.ts';

/** After this long a stop that hangs is ended. Longer than the longest call that is let end. */
const STOP_DEADLINE_MS = 170_000;

/** Runs Steward until SIGTERM or SIGINT. A config that is wrong is said whole, and ends it with code 2. */
export async function serve(options: {
  readonly configPath: string;
  readonly role: 'web' | 'worker' | 'all';
}): Promise<void> {
  const registry = await scanCommands(new URL('../commands/', import.meta.url));
  const loaded = await loadConfig(options.configPath, { registry, role: options.role });
  if (!loaded.ok) {
    process.stderr.write(`${problemLines(options.configPath, loaded.problems).join('\n')}\n`);
    process.exitCode = 2;
    return;
  }
  const { config } = loaded;
  const log = createLog(config.log.level, secretsIn(config));
  for (const warning of config.warnings) log.warn('config', { at: warning.path, says: warning.says });
  const ended = endOfProcess(log.error);
  const app = await startApp(config, log, ended.fail);
  log.info('ready', {
    role: options.role,
    port: app.port,
    database: config.database.url ? 'postgres' : 'pglite',
    queue: config.redis.url ? 'redis' : 'database',
  });
  const where = app.port === null ? '' : ` and listens on ${config.http.host}:${app.port}`;
  process.stderr.write(`Steward (${options.role}) is ready${where}.\n`);
  const code = await ended.wait;
  log.info('stopping');
  setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
  await app.stop();
  process.exit(code);
}

function endOfProcess(logError: (message: string, about: Record<string, unknown>) => void) {
  let finish: (code: number) => void = () => {};
  const wait = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const fail = (error: unknown): void => {
    logError('cannot go on', { error });
    finish(1);
  };
  process.once('SIGTERM', () => finish(0));
  process.once('SIGINT', () => finish(0));
  // A bug that nobody caught: its state cannot be trusted, the record can. End, and be started anew.
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  return { wait, fail };
}
