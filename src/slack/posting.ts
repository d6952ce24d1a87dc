import { z } from 'zod';
import type { Called } from './api.ts';
import type { Message } from './blocks.ts';
import type { Marker } from './posted.ts';
import type { Urgency, Writing, Written } from './scheduler.ts';

/** Where a message stands: a channel, and the thread in it if it is one. */
export interface Target {
  readonly channel: string;
  readonly thread?: string | undefined;
}

/** A message to be posted. Never repeated when its answer was lost: it is looked for by its marker. */
export function postingOf(
  { channel, thread }: Target,
  { text, blocks }: Message,
  urgency: Urgency,
  marker?: Marker,
): Writing {
  return {
    ...{ method: 'chat.postMessage', urgency, channel, repeatable: false },
    args: {
      ...{ channel, text, unfurl_links: false, unfurl_media: false },
      ...(thread ? { thread_ts: thread } : {}),
      ...(blocks.length > 0 ? { blocks } : {}),
      ...(marker ? { metadata: marker } : {}),
    },
  };
}

/** Does Slack take this message, and not its blocks? The same may be said more plainly. */
export function areBadBlocks<W extends Written | Called>(
  written: W,
): written is Extract<W, { kind: 'error' }> {
  return written.kind === 'error' && /block|too_long|table/u.test(written.error);
}

const opened = z.looseObject({ channel: z.looseObject({ id: z.string() }) });

/** The channel that `conversations.open` gives. */
export function channelOf(data: unknown): string {
  return opened.parse(data).channel.id;
}
