import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/longest-first.ts';
import { onlyLong, thorough } from './test/support/thorough.ts';

/** Minutes of killing, waiting and openssl: left out of `npm test`, and run by `npm run test:long`. */
const LONG = [
  'test/commands/ca-renew.test.ts',
  'test/commands/koji-ca.test.ts',
  'test/commands/koji-ca-renew.test.ts',
  'test/commands/koji-mirror.test.ts',
  'test/commands/koji-mirror-dnf.test.ts',
  'test/commands/repo-add-dnf.test.ts',
  'test/commands/repo-add-faults.test.ts',
  'test/deploy/two-processes.test.ts',
  'test/kill/*.test.ts',
  'test/security/private-keys.test.ts',
];

export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@electric-sql\/pglite$/,
        replacement: fileURLToPath(new URL('test/support/pglite.ts', import.meta.url)),
      },
    ],
  },
  test: {
    include: onlyLong ? LONG : ['test/**/*.test.ts'],
    exclude: thorough || onlyLong ? [] : LONG,
    // A third of the time went into loading the same modules for each file again.
    isolate: false,
    globalSetup: ['test/support/databases-setup.ts'],
    // Far more than any takes: only what never ends is to fail, and no busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On two cores: a quarter of the time files wait for something else than a core.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/count-reporter.ts'],
  },
});
