import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `pglite.ts` keeps, for this run of the tests, what a database begins with. */
    databases: string;
  }
}

/** A directory for one run of the tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'steward-databases-'));
  project.provide('databases', dir);
  return () => rm(dir, { recursive: true, force: true });
}
