import { pino } from 'pino';
import type { Log } from './core/ports.ts';

/** What no log may hold, wherever it stands in a line. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[private key]'],
  [/\bx(?:ox[a-z]|app)-[A-Za-z0-9-]+/g, '[slack token]'],
  [/\bkst_[A-Za-z0-9_-]+/g, '[steward token]'],
  [/([?&;\s"]session-key["=:\s]+)[^&;\s"]+/gi, '$1[session key]'],
  [/(:\/\/[^:/@\s]*:)[^@/\s]+@/g, '$1[password]@'],
  [/\b(Bearer\s+)[A-Za-z0-9._~+/=-]+/gi, '$1[token]'],
];

/** One JSON line an event on standard output. Errors keep their stack; secrets are cut out of the finished line. */
export function createLog(level: string): Log {
  const lines = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void process.stdout.write(redact(line)) },
  );
  return {
    info: (message, about = {}) => lines.info(plain(about), message),
    warn: (message, about = {}) => lines.warn(plain(about), message),
    error: (message, about = {}) => lines.error(plain(about), message),
  };
}

/** The text without anything that looks like a secret. */
export function redact(text: string): string {
  return SECRETS.reduce((so, [pattern, instead]) => so.replace(pattern, instead), text);
}

function plain(about: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(about).map(([key, value]) => [key, value instanceof Error ? errorOf(value) : value]),
  );
}

function errorOf(error: Error): Record<string, unknown> {
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: errorOf(error.cause) } : {}),
  };
}
