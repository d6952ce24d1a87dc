import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';

/** Asks again until it is so. Throws after `deadlineMs`. */
export async function until(so: () => Promise<boolean> | boolean, deadlineMs = 30_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await so())) {
    if (Date.now() > end) throw new Error(`not so within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits for a process's end: its exit code, null when it was killed. */
export async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A log that says nothing; what was said is kept. */
export function quietLog(): {
  readonly said: string[];
  info(message: string, about?: Record<string, unknown>): void;
  warn(message: string, about?: Record<string, unknown>): void;
  error(message: string, about?: Record<string, unknown>): void;
} {
  const said: string[] = [];
  const keep =
    (level: string) =>
    (message: string, about?: Record<string, unknown>): void => {
      said.push(`${level} ${message} ${JSON.stringify(about ?? {})}`);
    };
  return { said, info: keep('info'), warn: keep('warn'), error: keep('error') };
}
