import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `killable`: as hard NFS is today, SIGKILL ends who waits. `unkillable`: nothing does. */
export type Hang = 'killable' | 'unkillable';

export interface HungMount {
  readonly at: string;
  /** Frees every process that hangs in it, and unmounts. */
  close(): Promise<void>;
}

/** Why no hung mount can be made here; null if one can. */
export function noHungMount(): string | null {
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse here';
  if (process.getuid?.() !== 0) return 'only root can mount';
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const SYS_ADMIN = 21n;
  return (BigInt(`0x${capabilities}`) >> SYS_ADMIN) & 1n ? null : 'no right to mount in this container';
}

/**
 * Mounts a file system at a directory that answers nothing. It lives in a process of its own, which ends, and
 * with it every hang, when this one does or after `lifeMs`. Never look into the directory from here.
 */
export async function hangMount(at: string, source: string, how: Hang, lifeMs = 60_000): Promise<HungMount> {
  const program = fileURLToPath(new URL('./hung-mount-keeper.ts', import.meta.url));
  const keeper = spawn(process.execPath, ['--import', 'tsx', program, at, source, how, String(lifeMs)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  await mounted(keeper);
  return {
    at,
    close: async () => {
      await gone(keeper);
      await new Promise<void>((resolve) => {
        execFile('umount', ['-l', at], { timeout: 5000 }, () => resolve());
      });
    },
  };
}

function mounted(keeper: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const timer = setTimeout(() => keeper.kill('SIGKILL'), 20_000);
    keeper.stderr?.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    keeper.stdout?.once('data', () => {
      clearTimeout(timer);
      resolve();
    });
    keeper.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`no hung mount: ${heard}`));
    });
  });
}

function gone(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    keeper.once('exit', () => resolve());
    // The kernel closes /dev/fuse for it, and everybody who waits gets an error.
    keeper.kill('SIGKILL');
  });
}
