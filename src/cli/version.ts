import { readFileSync } from 'node:fs';

/** The version of this program. */
export function version(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const read: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (typeof read === 'object' && read !== null && 'version' in read) return String(read.version);
    } catch {
      // A build lies one folder deeper than the sources.
    }
  }
  return 'unknown';
}
