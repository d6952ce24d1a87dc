import type { Log } from '../../src/core/ports.ts';

/** A log that keeps what it is told, so that a test can look for what must not be there. */
export function keepLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (message: string, about?: Record<string, unknown>) => {
    const said = about?.error instanceof Error ? { ...about, error: String(about.error.stack) } : about;
    lines.push(`${level} ${message} ${said ? JSON.stringify(said) : ''}`);
  };
  return { lines, info: keep('info'), warn: keep('warn'), error: keep('error') };
}
