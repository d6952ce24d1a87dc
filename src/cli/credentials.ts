import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Usage } from './io.ts';

/** Where the server is, and who is speaking. */
export interface Credentials {
  readonly url: string;
  readonly token: string;
}

const READ_MS = 5_000;

/**
 * STEWARD_URL and STEWARD_TOKEN, or else the files `server` and `token` in ~/.config/steward. A token file that
 * others may read is refused, and so is a server that the token would reach in the clear.
 */
export async function readCredentials(env: NodeJS.ProcessEnv): Promise<Credentials> {
  const folder = join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'steward');
  const url = env.STEWARD_URL?.trim() || (await readLine(join(folder, 'server'))) || 'http://127.0.0.1:8420';
  if (!isSafe(url))
    throw new Usage(
      `The server ${url.slice(0, 200)} is not an https:// address (or http:// on this machine), and your token would cross the network in the clear.`,
    );
  const file = join(folder, 'token');
  const token = env.STEWARD_TOKEN?.trim() || (await readToken(file));
  if (!token)
    throw new Usage(
      `You need a personal token: somebody with access to the server runs \`steward token issue <you>\`; put it into ${file} (chmod 600) or STEWARD_TOKEN.`,
    );
  return { url, token };
}

async function readToken(file: string): Promise<string> {
  const about = await stat(file).catch(() => null);
  if (about !== null && (about.mode & 0o077) !== 0)
    throw new Usage(`Others may read ${file}. Say: chmod 600 ${file}`);
  return readLine(file);
}

async function readLine(file: string): Promise<string> {
  const text = await readFile(file, { encoding: 'utf8', signal: AbortSignal.timeout(READ_MS) }).catch(
    () => '',
  );
  return text.trim();
}

function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  const here = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && here);
}
