import type { Card } from '../core/card.ts';
import type { Log } from '../core/ports.ts';
import type { Forum } from './forum.ts';
import type { Messages } from './messages.ts';
import type { Written } from './model.ts';
import { PARKED_WORDS, pauseOf } from './parking.ts';
import { NOT_NOTICING, NOT_PARKED, NOT_POSTING, PARKED, type Why } from './place-state.ts';
import { parkedPost } from './request-post.ts';
import { hasEnded, noticeOf } from './showing.ts';
import type { Spot } from './spot.ts';

/** What the forum answered instead of taking a post. */
export type NotTaken = Extract<Written, { kind: 'held' | 'refused' }>;

/** Puts off what the forum does not take, and tells the one who asked. */
export interface Parker {
  park(card: Card, spot: Spot, answer: NotTaken): Promise<void>;
  /** The topic is not there any more. */
  gone(card: Card, spot: Spot): Promise<false>;
  /** Tells the asker in private: once that it is put off, and once more how it ended. */
  tell(card: Card, spot: Spot, why: Why): Promise<void>;
  /** What a refusal means, as the forum shows the topic now. */
  meaning(spot: Spot, answer: NotTaken): Promise<{ readonly why: Why; readonly waitMs?: number | undefined }>;
}

/** Refusals that may mean several things: which, the topic itself says. */
const VAGUE: readonly Why[] = ['forbidden', 'closed', 'invalid', 'missing'];

export function createParker(deps: {
  readonly forum: Pick<Forum, 'topic'>;
  readonly messages: Messages;
  readonly accountOf: (person: string) => Promise<number | null>;
  readonly bot: string;
  readonly log: Log;
  readonly now: () => Date;
}): Parker {
  const { forum, messages, accountOf, bot, log, now } = deps;

  async function meaning(spot: Spot, answer: NotTaken) {
    if (answer.kind === 'held') return { why: answer.kind };
    const { why, waitMs } = answer;
    if (!VAGUE.includes(why)) return { why, waitMs };
    const found = await forum.topic(spot.topic, 'answer');
    if (found.kind === 'gone') return { why: 'missing' as const };
    if (found.kind === 'away') return { why, waitMs };
    const { closed, archived, slowModeSeconds, mayPost } = found.value;
    if (closed || archived) return { why: 'closed' as const };
    if (why === 'invalid' && slowModeSeconds > 0)
      return { why: 'slow' as const, waitMs: slowModeSeconds * 1000 };
    // Not the topic's fault: it is there and open.
    if (why === 'closed' || !mayPost) return { why: 'forbidden' as const };
    return { why, waitMs };
  }

  async function tell(card: Card, spot: Spot, why: Why): Promise<void> {
    if (spot.place.purpose !== 'origin') return;
    const account = await accountOf(card.asker);
    if (account === null) {
      log.warn('an asker without an account in the forum cannot be told', { request: card.id, why });
      return;
    }
    const end = hasEnded(card) ? noticeOf(card, spot.place)?.key : undefined;
    const key = `${end ?? 'parked'}:${card.id}:${spot.place.where}`;
    const raw = parkedPost(card, PARKED_WORDS[why], bot);
    const sent = await messages.send(account, key, `${card.id}: ${card.title}`, raw);
    if (sent !== 'sent') log.warn('an asker was not told', { request: card.id, why, sent });
  }

  async function park(card: Card, spot: Spot, answer: NotTaken): Promise<void> {
    const { why, waitMs } = await meaning(spot, answer);
    const tries = (spot.state().tries ?? 0) + 1;
    const ms = pauseOf(why, tries, waitMs);
    const says = answer.kind === 'refused' ? answer.says : 'held for a moderator';
    log.warn('a report is put off: the forum does not take it', {
      ...{ request: card.id, topic: spot.topic, why, says, tries, againInMs: ms },
    });
    // What is held may still come to stand there, and is never posted a second time.
    const begun = why === 'held' ? {} : { ...NOT_POSTING, ...NOT_NOTICING };
    if (ms === null) await spot.keep({ ...begun, ...NOT_PARKED, gone: why }, card.seq);
    else {
      const parkedUntil = new Date(now().getTime() + ms).toISOString();
      await spot.keep({ ...begun, parked: PARKED, parkedWhy: why, parkedUntil, tries }, card.seq);
    }
    await tell(card, spot, why);
  }

  return {
    meaning,
    tell,
    park,
    async gone(card, spot) {
      await park(card, spot, { kind: 'refused', why: 'missing', says: 'the topic is gone' });
      return false;
    },
  };
}
