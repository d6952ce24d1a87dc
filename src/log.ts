import { pino } from 'pino';
import type { Log } from './core/ports.ts';

/** Shorter ones are words of every day. */
const SHORTEST_SECRET = 8;

/** What no log may hold, wherever it stands in a line. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[private key]'],
  [/\bx(?:ox[a-z]|app)-[A-Za-z0-9-]+/g, '[slack token]'],
  [/\bkst_[A-Za-z0-9_-]+/g, '[steward token]'],
  [/(session-?key(?:<\/name>\s*<value>\s*<string>|["'\\=:\s]+))[^&;\s"'\\<]+/gi, '$1[session key]'],
  // Up to the last @: a password may hold one, and a slash.
  [/(:\/\/[^:/@\s"]{0,200}:)[^\s"]{1,300}@/g, '$1[password]@'],
  [/(hooks\.slack(?:-gov)?\.com\/)[A-Za-z0-9/_-]+/g, '$1[response url]'],
  [/\b(Bearer\s+)[A-Za-z0-9._~+/=-]+/gi, '$1[token]'],
];

/**
 * One JSON line an event on standard output. Errors keep their stack; secrets are cut out of the finished line: what looks
 * like one, and the very `secrets` of this process, which need not look like anything.
 */
export function createLog(level: string, secrets: readonly string[] = []): Log {
  const redact = createRedactor(secrets);
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

/** Takes out of a text what looks like a secret, and these secrets line by line, also as JSON writes them. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const own = secrets
    .flatMap((secret) => secret.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_SECRET && !line.startsWith('-----'))
    .flatMap((line) => [line, JSON.stringify(line).slice(1, -1)]);
  const distinct = [...new Set(own)].sort((a, b) => b.length - a.length);
  return (text) =>
    SECRETS.reduce(
      (so, [pattern, instead]) => so.replace(pattern, instead),
      distinct.reduce((so, secret) => so.replaceAll(secret, '[secret]'), text),
    );
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
    ...(error instanceof AggregateError ? { errors: error.errors.slice(0, 5).map(String) } : {}),
  };
}
