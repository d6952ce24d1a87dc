import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Log } from '../core/ports.ts';
import type { Scheduler } from './scheduler.ts';

/** What a message of ours says of itself, unseen by people: so that one whose answer was lost is found again. */
export interface Marker {
  readonly event_type: 'steward_request' | 'steward_notice' | 'steward_message';
  readonly event_payload: Readonly<Record<string, string>>;
}

/** What is looked for: a message with this marker, or with a file of this title. */
export type Sought = Marker | { readonly file: string };

/** The marker of a request's own message in a place. */
export function requestMarker(request: string, place: string): Marker {
  return { event_type: 'steward_request', event_payload: { request, place } };
}

/** The marker of a notice: a reply that makes people look. */
export function noticeMarker(request: string, place: string, notice: string): Marker {
  return { event_type: 'steward_notice', event_payload: { request, place, notice } };
}

/** The marker of a message that belongs to no request. */
export function messageMarker(key: string): Marker {
  return { event_type: 'steward_message', event_payload: { key } };
}

const page = z.looseObject({
  messages: z.array(
    z.looseObject({
      ts: z.string(),
      metadata: z
        .looseObject({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })
        .optional(),
      files: z.array(z.looseObject({ title: z.string().optional() })).optional(),
    }),
  ),
  response_metadata: z.looseObject({ next_cursor: z.string().default('') }).optional(),
});

const PAGES = 5;

/**
 * Looks for a message, not older than `since` (without it among the newest): its ts, or null when it
 * is not there.
 * `unknown`: Slack could not be asked, so nobody may conclude that it is not there.
 */
async function findPosted(
  deps: { readonly scheduler: Scheduler; readonly log: Log },
  at: { readonly channel: string; readonly thread: string | undefined; readonly since?: Date },
  sought: Sought,
): Promise<string | null | 'unknown'> {
  const method = at.thread === undefined ? 'conversations.history' : 'conversations.replies';
  // Slack's clock and ours need not agree to the second.
  const oldest = at.since ? String(Math.floor(at.since.getTime() / 1000) - 120) : null;
  let cursor = '';
  for (let n = 0; n < PAGES; n++) {
    const written = await deps.scheduler.write({
      method,
      urgency: 'new',
      repeatable: true,
      args: {
        channel: at.channel,
        ...(at.thread === undefined ? {} : { ts: at.thread }),
        ...(oldest === null ? {} : { oldest }),
        limit: 100,
        include_all_metadata: true,
        ...(cursor ? { cursor } : {}),
      },
    });
    if (written.kind === 'error') {
      // Without the scope, or out of the channel: nothing will ever be found, and posting again is the lesser evil.
      deps.log.warn('cannot look for what was posted', { method, error: written.error });
      return null;
    }
    if (written.kind !== 'ok') return 'unknown';
    const read = page.parse(written.data);
    const found = read.messages.find((message) => isSought(message, sought));
    if (found) return found.ts;
    cursor = read.response_metadata?.next_cursor ?? '';
    if (!cursor) return null;
  }
  return null;
}

/** Was it posted after all? Looks more than once, after these pauses, as an answer may be lost before the work is done. */
export async function lookForPosted(
  deps: { readonly scheduler: Scheduler; readonly log: Log; readonly lookMs: readonly number[] },
  at: { readonly channel: string; readonly thread: string | undefined; readonly since?: Date },
  sought: Sought,
): Promise<string | null | 'unknown'> {
  for (const ms of deps.lookMs) {
    await pause(ms);
    const found = await findPosted(deps, at, sought);
    if (found !== null) return found;
  }
  return null;
}

function isSought({ metadata, files }: z.output<typeof page>['messages'][number], sought: Sought): boolean {
  if ('file' in sought) return files?.some(({ title }) => title === sought.file) ?? false;
  return (
    metadata?.event_type === sought.event_type &&
    Object.entries(sought.event_payload).every(([key, value]) => metadata.event_payload[key] === value)
  );
}
