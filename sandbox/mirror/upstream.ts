import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How an upstream answers. */
export type Manner =
  | 'well'
  | 'html' // 200 and a page, whatever is asked for
  | 'broken' // metadata that ends in the middle
  | 'redirects' // for ever
  | 'two-faced' // its pages name no package, and its metadata goes on naming all
  | { readonly slowMs: number } // before each package
  | { readonly gone: number } // after so many packages every connection breaks
  | { readonly other: string; readonly after: number }; // after so many repomd.xml it has another directory

/** A web server with a directory of packages, as mirrors of distributions are. */
export interface Upstream {
  /** With a slash at the end. */
  readonly url: string;
  readonly dir: string;
  behave(how: Manner): void;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** The pretend createrepo; a real one may be taken for it. */
export const CREATEREPO = fileURLToPath(new URL('./createrepo.sh', import.meta.url));

/** Serves `dir` on loopback; `port` 0 for any. */
export async function startUpstream(dir: string, port = 0): Promise<Upstream> {
  const asked: string[] = [];
  let manner: Manner = 'well';
  let sent = 0;
  let told = 0;

  async function answer(path: string, response: ServerResponse): Promise<void> {
    if (manner === 'html') return page(response, '<p>Welcome to the portal. Please log in.</p>');
    if (manner === 'redirects') {
      response.writeHead(302, { location: `/again${path}` }).end();
      return;
    }
    if (path.endsWith('/repomd.xml')) told++;
    const from = typeof manner === 'object' && 'other' in manner && told > manner.after ? manner.other : dir;
    const file = normalize(join(from, path));
    if (!file.startsWith(from) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    if (statSync(file).isDirectory()) return page(response, listing(file, manner));
    const bytes = readFileSync(file);
    if (file.endsWith('.rpm')) {
      if (typeof manner === 'object' && 'gone' in manner && sent >= manner.gone) {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, bytes.length / 2));
        response.destroy();
        return;
      }
      if (typeof manner === 'object' && 'slowMs' in manner) await pause(manner.slowMs);
      sent++;
    }
    const isCut = manner === 'broken' && file.includes('primary.xml');
    response.end(isCut ? bytes.subarray(0, bytes.length / 2) : bytes);
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
    asked.push(path);
    answer(path, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    // Taken by something else: another one.
    server.once('error', () => server.listen(0, '127.0.0.1'));
    server.once('listening', resolve);
    server.listen(port, '127.0.0.1');
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`,
    dir,
    asked,
    behave: (how) => {
      manner = how;
      sent = 0;
      told = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Makes a repository of these packages, with metadata; packages that are not named go. `bytes`: how long each is. */
export function fillUpstream(
  dir: string,
  packages: readonly string[],
  { createrepo = CREATEREPO, bytes = 2_000 }: { createrepo?: string; bytes?: number } = {},
): void {
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(dir))
    if (name.endsWith('.rpm') && !packages.includes(name)) rmSync(join(dir, name));
  for (const name of packages)
    if (!existsSync(join(dir, name))) writeFileSync(join(dir, name), name.padEnd(bytes, '.'));
  execFileSync(createrepo, ['--quiet', dir], { timeout: 30_000, stdio: 'pipe' });
}

function page(response: ServerResponse, body: string): void {
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<!doctype html><title>Index</title>${body}\n`);
}

function listing(dir: string, manner: Manner): string {
  return readdirSync(dir, { withFileTypes: true })
    .filter((one) => manner !== 'two-faced' || !one.name.endsWith('.rpm'))
    .map((one) => `<a href="${one.name}${one.isDirectory() ? '/' : ''}">${one.name}</a>`)
    .join('\n');
}
