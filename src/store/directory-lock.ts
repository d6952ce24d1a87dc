import { link, open, rename, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const NAME = 'steward.sock';
const GREETING_MS = 500;

/**
 * Takes a directory for this process: PGlite itself takes no lock, and two processes on one directory destroy
 * it. A unix socket is the lock, so it ends with the process however that ends. Throws with the other process's
 * number when it is taken.
 */
export async function lockDirectory(dir: string): Promise<{ release(): Promise<void> }> {
  // A socket's path may have about 100 characters: a long directory is reached through its descriptor.
  const handle = join(dir, NAME).length > 100 ? await open(dir, 'r') : null;
  const base = handle === null ? dir : `/proc/self/fd/${handle.fd}`;
  const path = join(base, NAME);
  try {
    for (let tries = 0; tries < 5; tries++) {
      const server = await listen(path);
      if (server !== null) {
        return {
          release: async () => {
            await new Promise<void>((resolve) => server.close(() => resolve()));
            await handle?.close();
          },
        };
      }
      const holder = await ask(path);
      if (holder !== null) throw taken(dir, holder);
      await removeStale(base, path, dir);
    }
    throw taken(dir, 'another process');
  } catch (error) {
    await handle?.close();
    throw error;
  }
}

/** Null when the name is in use. */
async function listen(path: string): Promise<Server | null> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`process ${process.pid}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Who holds it; null when nobody is behind the socket any more. A holder too busy to answer still holds it. */
async function ask(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let heard = '';
    socket.setTimeout(GREETING_MS, () => {
      socket.destroy();
      resolve('another process, which is busy');
    });
    socket.on('data', (chunk) => {
      heard += chunk.toString();
    });
    socket.on('close', () => resolve(heard.trim() === '' ? null : heard.trim()));
    socket.on('error', () => resolve(null));
  });
}

/**
 * Takes a dead process's socket away. By renaming, because between the look and the removal somebody else may
 * have done the same and be listening on the new one: then that is put back.
 */
async function removeStale(base: string, path: string, dir: string): Promise<void> {
  const aside = join(base, `${NAME}.${process.pid}`);
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const holder = await ask(aside);
  if (holder !== null) await link(aside, path).catch(() => undefined);
  await unlink(aside);
  if (holder !== null) throw taken(dir, holder);
}

function taken(dir: string, holder: string): Error {
  return new Error(
    `${dir} is in use by ${holder}. One process at a time can use an embedded database: stop the other one, or set DATABASE_URL to a PostgreSQL that both can reach.`,
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
