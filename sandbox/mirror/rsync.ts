import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A real rsync daemon on loopback that serves `dir` as module `up`. Its own files are in `keep`. */
export async function startRsync(
  dir: string,
  keep: string,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const port = await freePort();
  const config = join(keep, 'rsyncd.conf');
  writeFileSync(config, `use chroot = no\n[up]\npath = ${dir}\nread only = yes\n`);
  const args = ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`, `--config=${config}`];
  const child = spawn('rsync', args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  child.on('error', () => undefined);
  for (let tries = 0; tries < 200 && !(await answers(port)); tries++) await pause(25);
  return {
    port,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
