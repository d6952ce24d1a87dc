/** Waits until a request was to be shown at all its places, and throws where it is not shown at one of them. */
export async function shownEverywhere(request: string, shown: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(shown);
  const failed = settled.filter((one) => one.status === 'rejected');
  if (failed.length === 0) return;
  throw new AggregateError(
    failed.map((one): unknown => one.reason),
    `${request} is not shown everywhere: ${failed.map((one) => String(one.reason)).join('; ')}`,
  );
}
