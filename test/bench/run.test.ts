import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Benchmark } from '../../bench/bench-kind.ts';
import type { Figure, Skipped } from '../../bench/figures.ts';
import { alternate, median, percentile } from '../../bench/numbers.ts';
import { choose, runAll } from '../../bench/run.ts';

function benchmark(name: string, over: Partial<Benchmark> = {}): Benchmark {
  const figure = { name: `${name}.x`, ours: 1, peer: null, unit: 'ms', target: null };
  return { name, what: name, lacks: () => null, run: async () => [figure], ...over };
}

async function run(benchmarks: readonly Benchmark[], signal = new AbortController().signal) {
  const seen: (Figure | Skipped)[] = [];
  const said: string[] = [];
  const { broken } = await runAll(benchmarks, {
    signal,
    say: (text) => said.push(text),
    seen: (one) => seen.push(one),
  });
  return { broken, seen, said };
}

describe('running the benchmarks', () => {
  it('skips by name what the machine lacks', async () => {
    const { seen, broken } = await run([benchmark('a', { lacks: () => 'no sshd here' }), benchmark('b')]);
    expect(seen).toMatchObject([{ name: 'a', why: 'no sshd here' }, { name: 'b.x' }]);
    expect(broken).toBe(0);
  });

  it('counts one that breaks, says why, closes what it opened, and goes on', async () => {
    let dir = '';
    const breaks = benchmark('a', {
      run: async ({ scope }) => {
        dir = scope.dir();
        throw new Error('out of luck');
      },
    });
    const { seen, said, broken } = await run([breaks, benchmark('b')]);
    expect(broken).toBe(1);
    expect(said.join('\n')).toContain('out of luck');
    expect(seen).toMatchObject([{ name: 'b.x' }]);
    expect(dir).not.toBe('');
    expect(existsSync(dir)).toBe(false);
  });

  it('stops when it is told to, with its processes ended', async () => {
    const stopping = new AbortController();
    let pid = 0;
    const hangs = benchmark('a', {
      run: ({ scope }) => {
        pid =
          scope.spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).pid ?? 0;
        setTimeout(() => stopping.abort(new Error('the time is over')), 50);
        return new Promise(() => {});
      },
    });
    const { broken, seen } = await run([hangs, benchmark('b')], stopping.signal);
    expect({ broken, seen }).toEqual({ broken: 2, seen: [] });
    expect(() => process.kill(pid, 0)).toThrow();
  });

  it('chooses by the beginning of a name, and does not guess', () => {
    const all = [benchmark('ack.postgres'), benchmark('ack.pglite'), benchmark('start.pglite')];
    const names = (only: string[]) => {
      const chosen = choose(all, only);
      return chosen.kind === 'chosen' ? chosen.benchmarks.map(({ name }) => name) : chosen;
    };
    expect(names([])).toHaveLength(3);
    expect(names(['ack'])).toEqual(['ack.postgres', 'ack.pglite']);
    expect(names(['ack.pglite', 'start'])).toEqual(['ack.pglite', 'start.pglite']);
    expect(names(['acme'])).toEqual({ kind: 'unknown', name: 'acme' });
  });
});

describe('numbers', () => {
  it('takes the middle, and the share', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
    const hundred = Array.from({ length: 100 }, (_, at) => at + 1);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('measures ours and the peer by turns', async () => {
    const order: string[] = [];
    const seen = await alternate(
      2,
      async (round) => order.push(`ours ${round}`),
      async (round) => order.push(`peer ${round}`),
    );
    expect(order).toEqual(['ours 0', 'peer 0', 'ours 1', 'peer 1']);
    expect(seen).toEqual({ ours: [1, 3], peer: [2, 4] });
  });
});

describe('the program', () => {
  const bench = (...args: string[]) =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const root = fileURLToPath(new URL('../..', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', 'bench/bench.ts', ...args], { cwd: root });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString();
      });
      child.once('close', (code) => resolve({ code, out, err }));
    });

  it('lists its benchmarks', async () => {
    const { code, out } = await bench('--list');
    expect(code).toBe(0);
    expect(out.match(/^(ack|nfs|capacity|request|start)\./gm)).toHaveLength(11);
  });

  it('refuses a name that it does not know, and says which there are', async () => {
    const { code, err } = await bench('--only', 'speed');
    expect(code).toBe(2);
    expect(err).toContain('ack.postgres');
  });
});
