/** The middle one. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that this share (0 to 1) of all are not above. NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Ours and the peer by turns, so that what else the machine does hits both. Gives the values of each. */
export async function alternate<T>(
  rounds: number,
  ours: (round: number) => Promise<T>,
  peer: (round: number) => Promise<T>,
): Promise<{ readonly ours: readonly T[]; readonly peer: readonly T[] }> {
  const seen: { ours: T[]; peer: T[] } = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    seen.ours.push(await ours(round));
    seen.peer.push(await peer(round));
  }
  return seen;
}

/** Milliseconds that it takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Asks until it is so, every few milliseconds. Throws after `deadlineMs`. */
export async function until(
  what: string,
  so: () => boolean | Promise<boolean>,
  deadlineMs: number,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await so())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
