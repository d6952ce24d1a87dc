import type { Outlet } from '../core/courier.ts';
import { createAnnouncer } from './announcer.ts';
import { type Conversation, createConversation } from './conversation.ts';
import type { Forum } from './forum.ts';
import type { DiscourseFrontOptions } from './front.ts';
import type { Hinted } from './hints.ts';
import type { Memory } from './memory.ts';
import { createMessages } from './messages.ts';
import { createOutlet } from './outlet.ts';
import { createPeople } from './people.ts';
import type { Rereads } from './rereading.ts';
import { createRuns } from './runs.ts';
import { createTally } from './tally.ts';
import { createWatch } from './watch.ts';
import { createWriter } from './writer.ts';

/** Everything that the one process needs which listens and speaks in the forum, as long as it leads. */
export interface Speaker {
  readonly handle: Conversation['handle'];
  announce(request: string): Promise<void>;
  readonly outlet: Pick<Outlet, 'aim' | 'say'>;
  /** Requests whose report was put off, and may be tried again now. */
  due(): Promise<readonly string[]>;
  hint(topic: number, post: Hinted): void;
  /** When the category was last read without trouble; null: not yet. */
  lastRead(): Date | null;
  stop(): Promise<void>;
}

/** What one account may ask for in an hour. */
const MOST_AN_HOUR = 30;
const HOUR_MS = 3_600_000;

export function createSpeaker(deps: {
  readonly options: DiscourseFrontOptions;
  readonly forum: Forum;
  readonly memory: Memory;
  /** Our own user id. */
  readonly self: number;
  readonly category: number;
  readonly rereads: Rereads;
  readonly onItems: () => void;
}): Speaker {
  const { options, forum, memory, self, category, rereads, onItems } = deps;
  const { username: bot, desk, inbox, places, locks, notes, links, log, now } = options;
  const { lookMs, rereadMs } = options.times ?? {};
  const people = createPeople({ options: options.people, forum, links, notes });
  const runs = createRuns({ forum, self, moderates: options.moderates });
  const writer = createWriter({ forum, runs, self, log, now, ...(lookMs ? { lookMs } : {}) });
  const messages = createMessages({ forum, notes, usernameOf: people.usernameOf, log, now });
  const announcer = createAnnouncer({ desk, places, locks, forum, writer, messages, people, bot, log, now });
  const outlet = createOutlet({ forum, writer, messages, people, bot, self, log, now });
  const tally = createTally({ most: MOST_AN_HOUR, windowMs: HOUR_MS, now });
  const conversation = createConversation({
    ...{ bot, desk, forum, people, places, announcer, writer, messages, memory, tally, log, now },
  });
  const watch = createWatch({
    ...{ forum, inbox, notes, now, log, self, category, rereads, onItems },
    pollMs: options.pollMs,
    ...(rereadMs === undefined ? {} : { rereadMs }),
    heard: (topic, number, ours) => runs.heard(topic, number, ours),
  });
  watch.start();
  return {
    handle: conversation.handle,
    announce: announcer.announce,
    outlet,
    due: announcer.due,
    hint: watch.hint,
    lastRead: watch.lastRead,
    stop: watch.stop,
  };
}
