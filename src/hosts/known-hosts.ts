import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What a known_hosts file says of one address. */
export interface KnownKeys {
  /** Key types in the order we want them offered; empty when the file does not name the address. */
  readonly types: readonly string[];
  judge(key: Buffer): 'known' | 'unknown' | 'changed' | 'revoked';
}

/** A parsed known_hosts file. */
export interface KnownHosts {
  /** Keys of `address` at `port`; where no line names it, those of a line that names `alias`. */
  keysOf(address: string, port: number, alias: string): KnownKeys;
}

interface Line {
  readonly revoked: boolean;
  readonly patterns: readonly string[];
  readonly type: string;
  readonly key: Buffer;
}

const PREFERRED = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];

/**
 * Parses a known_hosts file: plain, hashed and `[host]:port` names, `*` and `?`, `!negation`, `@revoked`.
 * `@cert-authority` lines are skipped, because ssh2 knows no host certificates. A port other than 22 needs
 * its own `[host]:port` entry. Lines that cannot be read are skipped, as ssh does.
 */
export function parseKnownHosts(text: string): KnownHosts {
  const lines = text.split('\n').flatMap(parseLine);
  return {
    keysOf(address, port, alias) {
      const named = lines.filter((line) => names(line, address, port));
      const found = named.length > 0 ? named : lines.filter((line) => names(line, alias, port));
      const good = found.filter((line) => !line.revoked);
      return {
        types: PREFERRED.filter((type) => good.some((line) => line.type === type)),
        judge(key) {
          if (found.some((line) => line.revoked && line.key.equals(key))) return 'revoked';
          if (good.some((line) => line.key.equals(key))) return 'known';
          return good.length > 0 ? 'changed' : 'unknown';
        },
      };
    },
  };
}

/** `SHA256:...`, as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type a key's own bytes name: `ssh-ed25519`; empty for what is no name of a type. */
export function keyType(key: Buffer): string {
  const type = key.length < 4 ? '' : key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
  return /^[a-z0-9@.-]{1,64}$/.test(type) ? type : '';
}

function parseLine(raw: string): Line[] {
  const fields = raw.trim().split(/\s+/);
  if (fields[0] === '' || fields[0]?.startsWith('#')) return [];
  const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined;
  const [patterns, type, base64] = fields;
  if (!patterns || !type || !base64 || (marker !== undefined && marker !== '@revoked')) return [];
  const key = Buffer.from(base64, 'base64');
  if (keyType(key) !== type) return [];
  return [{ revoked: marker === '@revoked', patterns: patterns.split(','), type, key }];
}

function names(line: Line, host: string, port: number): boolean {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  let matched = false;
  for (const pattern of line.patterns) {
    const negated = pattern.startsWith('!');
    if (!matches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

function matches(pattern: string, name: string): boolean {
  if (pattern.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = pattern.split('|');
    const made = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
    const wanted = Buffer.from(hash, 'base64');
    return made.length === wanted.length && timingSafeEqual(made, wanted);
  }
  const lowered = pattern.toLowerCase();
  if (!/[*?]/.test(lowered)) return lowered === name || lowered === `[${name}]:22`;
  const source = lowered
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}
