/** Milliseconds of processor that some work takes, at its best of a few `tries`: others run on the same machine. */
export function cpuMs(work: () => void, tries = 5): number {
  const times = Array.from({ length: tries }, () => {
    const from = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
