import { type ConfigRole, type Loaded, loadConfig } from '../../config/load.ts';
import { problemLines } from '../../config/problems.ts';
import type { Log } from '../core/ports.ts';
import { type Registry, scanCommands } from '../core/registry.ts';
import type { Store } from '../core/store.ts';
import { openDatabase } from '../store/database.ts';
import { createStore } from '../store/store.ts';
import { type Io, WrongConfig } from './io.ts';

/** The folder of the commands, in the sources and in a build. */
export const COMMANDS = new URL('../../commands/', import.meta.url);

/** Reads the config for a subcommand on the server; its warnings go to standard error. */
export async function readSite(
  path: string,
  role: ConfigRole,
  io: Io,
): Promise<{ readonly config: Loaded; readonly registry: Registry }> {
  const registry = await scanCommands(COMMANDS);
  const loaded = await loadConfig(path, { registry, role, env: io.env });
  if (!loaded.ok) throw new WrongConfig(problemLines(path, loaded.problems).join('\n'));
  return { config: loaded.config, registry };
}

/** Opens the store of a config for one piece of work. */
export async function onStore<T>(
  path: string,
  io: Io,
  work: (store: Store, config: Loaded) => Promise<T>,
): Promise<T> {
  const { config } = await readSite(path, 'doctor', io);
  const unread = config.unread.filter((problem) => problem.path.startsWith('database'));
  if (unread.length > 0) throw new WrongConfig(problemLines(config.file, unread).join('\n'));
  const database = await openDatabase({ ...config.database, log: logTo(io) });
  try {
    return await work(createStore(database), config);
  } finally {
    await database.close();
  }
}

/** A log of which only warnings are seen. */
export function logTo(io: Io): Log {
  const tell = (message: string): void => io.err(`${message}\n`);
  return { info: () => undefined, warn: tell, error: tell };
}
