/** Milliseconds of processor that some work takes, at its best of a few times: others run on the same machine. */
export function cpuMs(work: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const from = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
