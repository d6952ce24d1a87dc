import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with the names of what was skipped, and the line `N passed, N failed, N skipped`. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.children.size === 0 && module.state() === 'failed') counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed++;
        else if (state === 'failed') counts.failed++;
        else {
          counts.skipped++;
          skipped.push(test.fullName);
        }
      }
    }
    // After the other reporters' summary, which they print when this hook returns.
    process.once('exit', () => {
      if (skipped.length > 0)
        process.stdout.write(`\nSkipped here:\n${skipped.map((name) => `  ${name}\n`).join('')}`);
      process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    });
  }
}
