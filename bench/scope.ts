import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a benchmark has opened. Everything in it is closed at its end, last opened first, however it ends. */
export interface Scope {
  /** Keeps something that was opened, to be closed. Gives it back. */
  keep<T extends { close(): Promise<unknown> }>(opened: T): T;
  later(close: () => unknown): void;
  /** A private directory. */
  dir(): string;
  /** Starts a process; at the end it is told to stop, and killed if it does not. */
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  close(): Promise<void>;
}

const STOP_MS = 8_000;

export function createScope(): Scope {
  const closing: (() => unknown)[] = [];
  const children = new Set<ChildProcess>();
  // Should this process die without closing its scope, its children do not outlive it.
  const killAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', killAll);
  const later = (close: () => unknown): void => {
    closing.push(close);
  };
  return {
    later,
    keep(opened) {
      later(() => opened.close());
      return opened;
    },
    dir() {
      const path = mkdtempSync(join(tmpdir(), 'steward-bench-'));
      later(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
      return path;
    },
    spawn(command, args, options) {
      const child = spawn(command, args, options);
      children.add(child);
      child.once('exit', () => children.delete(child));
      later(() => ended(child));
      return child;
    },
    async close() {
      for (const close of closing.splice(0).reverse()) {
        try {
          await close();
        } catch (error) {
          process.stderr.write(`something did not close: ${String(error)}\n`);
        }
      }
      process.off('exit', killAll);
    },
  };
}

/** Stops a process and waits for its end. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
