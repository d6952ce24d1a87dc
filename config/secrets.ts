import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SecretRef } from './kinds.ts';

/** What was read, or why it could not be; `warns` is about a file that others may read. */
export type Read =
  | { readonly ok: true; readonly text: string; readonly warns: string | null }
  | { readonly ok: false; readonly says: string };

const READ_MS = 5_000;
const MOST_BYTES = 256 * 1024;

/** Every secret that was read: what no log may hold. */
export function secretsIn(config: {
  readonly hub: { readonly key: string } | null;
  readonly hosts: { readonly privateKey: string } | null;
  readonly slack: {
    readonly botToken: string;
    readonly appToken: string | undefined;
    readonly signingSecret: string | undefined;
  } | null;
  readonly discourse: { readonly key: string; readonly webhookSecret: string | undefined } | null;
  readonly database: { readonly url: string | undefined };
  readonly redis: { readonly url: string | undefined };
}): readonly string[] {
  const { hub, hosts, slack, discourse, database, redis } = config;
  const texts = [
    hub?.key,
    hosts?.privateKey,
    slack?.botToken,
    slack?.appToken,
    slack?.signingSecret,
    discourse?.key,
    discourse?.webhookSecret,
    ...passwordOf(database.url),
    ...passwordOf(redis.url),
  ];
  return texts.flatMap((text) => (text ? [text] : []));
}

/** As it stands in the address, and as it is. */
function passwordOf(url: string | undefined): readonly string[] {
  const password = url !== undefined && URL.canParse(url) ? new URL(url).password : '';
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Reads a file that the config names, relative to the config's own folder. */
export async function readNamed(path: string, folder: string, isSecret: boolean): Promise<Read> {
  const full = resolve(folder, path);
  try {
    const about = await stat(full);
    if (!about.isFile()) return { ok: false, says: `${full} is not a file` };
    if (about.size > MOST_BYTES) return { ok: false, says: `${full} is too large to be what belongs here` };
    const text = await readFile(full, { encoding: 'utf8', signal: AbortSignal.timeout(READ_MS) });
    if (text.trim() === '') return { ok: false, says: `${full} is empty` };
    const open = isSecret && (about.mode & 0o077) !== 0;
    // Whom Steward trusts stands in the others.
    const loose = !isSecret && (about.mode & 0o022) !== 0;
    const warns = open
      ? `others than its owner may read ${full}: chmod 600 it`
      : loose
        ? `others than its owner may change ${full}: chmod go-w it`
        : null;
    return { ok: true, text, warns };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown trouble';
    const why = { ENOENT: 'there is no such file', EACCES: 'this account may not read it' }[code] ?? code;
    return { ok: false, says: `cannot read ${full}: ${why}` };
  }
}

/** Reads a secret of one line from where the config says it is. */
export async function readSecret(ref: SecretRef, folder: string, env: NodeJS.ProcessEnv): Promise<Read> {
  const read: Read =
    'env' in ref
      ? env[ref.env]?.trim()
        ? { ok: true, text: env[ref.env] ?? '', warns: null }
        : { ok: false, says: `the environment variable ${ref.env} is not set` }
      : await readNamed(ref.file, folder, true);
  if (!read.ok) return read;
  const text = read.text.trim();
  const where = 'env' in ref ? `the environment variable ${ref.env}` : resolve(folder, ref.file);
  if (/[\s\p{Cc}]/u.test(text)) return { ok: false, says: `${where} holds more than the secret alone` };
  return { ...read, text };
}
