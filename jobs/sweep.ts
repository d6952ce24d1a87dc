import { type NewEvent, STEWARD } from '../src/core/events.ts';
import type { Hints, Log } from '../src/core/ports.ts';
import type { Request } from '../src/core/request.ts';
import type { Requests } from '../src/core/requests.ts';
import type { Listed, Store } from '../src/core/store.ts';

/**
 * Looks in the truth for what is due and sees to it: the queue is only a hint, and may lose everything.
 * Returns how many requests it touched.
 */
export async function sweep(deps: {
  readonly store: Store;
  readonly requests: Requests;
  readonly hints: Hints;
  readonly now: () => Date;
}): Promise<number> {
  const due = await deps.store.requests.due(deps.now(), 500);
  const failed: unknown[] = [];
  for (const listed of due) {
    // A record that cannot be read keeps only its own request from going on.
    await see(listed, deps.requests, deps.hints).catch((error: unknown) => failed.push(error));
  }
  if (failed.length > 0) throw new AggregateError(failed, `${failed.length} of ${due.length} that are due`);
  return due.length;
}

async function see(listed: Listed, requests: Requests, hints: Hints): Promise<void> {
  switch (listed.due?.kind) {
    case 'plan':
    case 'run':
      await hints.send({ kind: listed.due.kind, request: listed.id, round: listed.seq });
      return;
    case 'expire':
      await endWaiting(listed.id, requests, (n) => ({ type: 'expired', by: STEWARD, data: { n } }));
      return;
    case 'remind':
      await endWaiting(listed.id, requests, (n) => ({ type: 'reminded', by: STEWARD, data: { n } }));
      return;
    case undefined:
  }
}

async function endWaiting(id: string, requests: Requests, event: (n: number) => NewEvent): Promise<void> {
  await requests.change(id, (request: Request) => ({
    // Somebody may have decided since the list was made.
    events: request.status === 'planned' && request.plan ? [event(request.plan.n)] : [],
    result: undefined,
  }));
}

/** Calls `tick` again and again, `everyMs` after the last one ended, until stopped. Errors are logged and outlived. */
export function repeat(
  what: string,
  tick: () => Promise<unknown>,
  everyMs: number,
  log: Log,
): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  const next = (): void => {
    timer = setTimeout(() => {
      running = tick()
        .catch((error: unknown) => log.warn(`${what} failed; it is tried again`, { error }))
        .finally(() => {
          if (!stopped) next();
        });
    }, everyMs);
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
