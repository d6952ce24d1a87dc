import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
// By its path, as its name leads here.
import {
  type PGliteOptions,
  PGlite as Real,
  types,
} from '../../node_modules/@electric-sql/pglite/dist/index.js';

/**
 * PGlite itself, but what a database in memory begins with is made once for all test files: `initdb` takes 1.5 s of a
 * core, and reading what it made 0.3 s. Our own migrations run each time. A database in a directory is made as ever.
 */
export const PGlite = {
  defaultStartParams: Real.defaultStartParams,
  create: async (options: PGliteOptions) =>
    Real.create(options.dataDir ? options : { ...options, loadDataDir: await made(options) }),
};
export { types };

async function made(options: PGliteOptions): Promise<Blob> {
  const file = join(inject('databases'), 'empty.tar');
  const kept = await readFile(file).catch(() => null);
  if (kept) return new Blob([kept]);
  const first = await Real.create(options);
  const empty = await first.dumpDataDir('none');
  await first.close();
  // Two workers may come here at once: neither reads half of what the other writes.
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, Buffer.from(await empty.arrayBuffer()));
  await rename(mine, file);
  return empty;
}
