import { createHash } from 'node:crypto';
import { open, realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const NAME = 'steward.sock';
const GREETING_MS = 500;
/** How long to stay out of the way of somebody who is tidying up. */
const TURN_MS = 20;

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
    for (let tries = 0; tries < 50; tries++) {
      const server = await listen(path);
      if (server !== null) {
        return {
          release: async () => {
            await closed(server);
            await handle?.close();
          },
        };
      }
      const holder = await ask(path);
      if (holder !== null) throw taken(dir, holder);
      await removeStale(path, dir);
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
 * Takes a dead process's socket away. One process at a time, and only after looking again: otherwise somebody who
 * looked long ago could take away the socket that another has begun to listen on. The turn is a socket of Linux's
 * abstract names, which leave nothing behind when a process dies.
 */
async function removeStale(path: string, dir: string): Promise<void> {
  const name = createHash('sha256')
    .update(await realpath(dir))
    .digest('hex')
    .slice(0, 32);
  const turn = await listen(`\0steward-${name}`);
  if (turn === null) return void (await sleep(TURN_MS));
  try {
    if ((await ask(path)) === null) await rm(path, { force: true });
  } finally {
    await closed(turn);
  }
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function taken(dir: string, holder: string): Error {
  return new Error(
    `${dir} is in use by ${holder}. One process at a time can use an embedded database: stop the other one, or set DATABASE_URL to a PostgreSQL that both can reach.`,
  );
}
