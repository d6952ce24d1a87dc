import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { JobQueue } from '../jobs/queue.ts';
import type { Store } from './core/store.ts';

/** What Prometheus reads. */
export interface Metrics {
  /** Counts what happened at Slack's door: stored, repeated, bad signature, ... */
  door(what: string): void;
  text(): Promise<string>;
}

export function createMetrics(deps: { readonly store: Store; readonly queue: JobQueue }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'steward_' });
  const doors = new Counter({
    name: 'steward_door_total',
    help: 'What came in from Slack, by what became of it.',
    labelNames: ['what'],
    registers: [registry],
  });
  const open = new Gauge({
    name: 'steward_requests_open',
    help: 'Requests that have not ended, by state.',
    labelNames: ['status'],
    registers: [registry],
  });
  const waiting = new Gauge({
    name: 'steward_queue_depth',
    help: 'Hints in the queue, by kind.',
    labelNames: ['kind'],
    registers: [registry],
  });
  const messages = new Gauge({
    name: 'steward_messages_waiting',
    help: 'Messages that belong to no request and are not told everywhere yet.',
    registers: [registry],
  });
  const oldest = new Gauge({
    name: 'steward_messages_waiting_seconds',
    help: 'How long the oldest of them has waited.',
    registers: [registry],
  });
  return {
    door: (what) => doors.inc({ what }),
    async text() {
      open.reset();
      const listed = await deps.store.requests.list({
        status: ['asked', 'planned', 'approved', 'running', 'unknown'],
        limit: 10_000,
      });
      for (const one of listed) open.inc({ status: one.status });
      const { count, since } = await deps.store.notices.waiting();
      messages.set(count);
      oldest.set(since ? Math.max(0, (Date.now() - since.getTime()) / 1000) : 0);
      // A queue that is away must not take the other figures with it.
      const depth = await deps.queue.depth().catch(() => ({}));
      for (const [kind, count] of Object.entries(depth)) waiting.set({ kind }, count);
      return registry.metrics();
    },
  };
}
