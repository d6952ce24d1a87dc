import type { Benchmark } from './bench-kind.ts';
import type { Figure, Skipped } from './figures.ts';
import { buildProgram } from './program.ts';
import { createScope, type Scope } from './scope.ts';

/** Those whose names begin with one of these words; all of them for no words. */
export function choose(
  all: readonly Benchmark[],
  only: readonly string[],
):
  | { readonly kind: 'chosen'; readonly benchmarks: readonly Benchmark[] }
  | { readonly kind: 'unknown'; readonly name: string } {
  const unknown = only.find((word) => !all.some(({ name }) => name.startsWith(word)));
  if (unknown !== undefined) return { kind: 'unknown', name: unknown };
  const wanted = ({ name }: Benchmark): boolean =>
    only.length === 0 || only.some((word) => name.startsWith(word));
  return { kind: 'chosen', benchmarks: all.filter(wanted) };
}

/**
 * Runs one after the other, each in a scope of its own that is closed before the next begins. One that breaks is told
 * and counted, and the others go on; when the signal comes, what is open is closed and nothing else begins.
 */
export async function runAll(
  benchmarks: readonly Benchmark[],
  how: {
    readonly signal: AbortSignal;
    readonly say: (text: string) => void;
    readonly seen: (one: Figure | Skipped) => void;
  },
): Promise<{ readonly broken: number }> {
  const { signal, say, seen } = how;
  const whole = createScope();
  const cli = builtOnce(whole);
  let broken = 0;
  for (const { name, what, lacks, run } of benchmarks) {
    const why = lacks();
    if (why !== null) {
      seen({ name, why });
      continue;
    }
    say(`${name}: ${what}`);
    const scope = createScope();
    try {
      signal.throwIfAborted();
      const figures = run({ scope, cli, say: (text) => say(`  ${text}`) });
      for (const figure of await orAborted(figures, signal)) seen(figure);
    } catch (error) {
      broken++;
      say(`  ${name} broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    await scope.close();
  }
  await whole.close();
  return { broken };
}

function builtOnce(scope: Scope): () => Promise<string> {
  let built: Promise<string> | undefined;
  return () => {
    built ??= buildProgram().then((program) => scope.keep(program).cli);
    return built;
  };
}

/** What is left of the work when the signal comes is ended by its scope. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
