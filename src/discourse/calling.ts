import type { Card } from '../core/card.ts';
import { type Callable, mentionOf } from './mention.ts';
import type { Showing } from './request-post.ts';
import { isDecidedHere, type Notice } from './showing.ts';

/** Whom a post of a request calls. `call`: it is a new post, in which people can be called. */
export type Calling = (card: Card, notice: Notice | null, call: boolean) => Promise<Showing>;

export function createCalling(
  people: Callable & { mentionOf(roles: readonly string[]): string | null },
  /** Our own account's name. */
  bot: string,
): Calling {
  return async (card, notice, call) => {
    const groups = people.mentionOf(card.decideRoles);
    const mayDecideHere = isDecidedHere(card, groups);
    const mention =
      !call || notice === null ? null : notice.kind === 'end' ? await mentionOf(card.asker, people) : groups;
    const calls = mention !== null && (notice?.kind === 'end' || mayDecideHere);
    return { bot, mayDecideHere, ...(calls ? { mention } : {}) };
  };
}
