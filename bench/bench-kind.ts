import type { Figure } from './figures.ts';
import type { Scope } from './scope.ts';

/** What a benchmark is given. */
export interface Bench {
  readonly scope: Scope;
  /** Path of the built program's `cli.js`; built when it is first asked for. */
  cli(): Promise<string>;
  /** Tells somebody who watches how far it is. */
  say(text: string): void;
}

/** One benchmark. Its name is what `--only` takes; the names of its figures begin with it. */
export interface Benchmark {
  readonly name: string;
  readonly what: string;
  /** Why it cannot be run here; null when it can. */
  lacks(): string | null;
  run(bench: Bench): Promise<readonly Figure[]>;
}
