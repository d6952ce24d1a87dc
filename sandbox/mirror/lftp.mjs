#!/usr/bin/env node
// A pretend lftp, as far as mrepo needs it: lftp.mjs -c 'mirror -e [--dry-run] URL DIRECTORY'. Takes the packages that the
// pages of a web server's directories name, and deletes what they name no more.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const words = (process.argv[3] ?? '').split(/\s+/);
const [url = '', dir = ''] = words.slice(-2);
const dry = words.includes('--dry-run');

async function get(address) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(600_000) });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

async function listed(base, below = '') {
  const page = (await get(new URL(below, base))).toString('utf8');
  const names = [...page.matchAll(/<a href="([^"?/][^"?]*)"/g)].map((found) => below + found[1]);
  const deeper = names.filter((name) => name.endsWith('/') && !/^(repodata|headers)\/$/.test(name));
  const found = await Promise.all(deeper.map((name) => listed(base, name)));
  return [...names.filter((name) => name.endsWith('.rpm')), ...found.flat()];
}

try {
  const base = url.endsWith('/') ? url : `${url}/`;
  const names = await listed(base);
  for (const name of dry ? [] : names) {
    const file = join(dir, name);
    if (existsSync(file) && statSync(file).size > 0) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.part`, await get(new URL(name, base)));
    renameSync(`${file}.part`, file);
  }
  const there = existsSync(dir) ? readdirSync(dir, { recursive: true }).map(String) : [];
  for (const name of dry ? [] : there)
    if (name.endsWith('.rpm') && !names.includes(name)) rmSync(join(dir, name));
} catch (error) {
  process.stderr.write(`mirror: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
