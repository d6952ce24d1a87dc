import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more files at once only makes timings worse.
    maxWorkers: 2,
    reporters: ['default', './test/support/count-reporter.ts'],
  },
});
