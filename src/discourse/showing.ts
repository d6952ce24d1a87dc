import type { Card } from '../core/card.ts';
import { mayDecideIn } from '../core/policy.ts';
import { ENDED } from '../core/request.ts';
import type { ShownPlace } from '../core/store.ts';

/** Something that has to be noticed in this place, so an edit is not enough. */
export type Notice = NonNullable<Card['notice']>;

/** Is it over, as far as nobody does anything? */
export function hasEnded(card: Card): boolean {
  return ENDED.includes(card.status);
}

/** Is it being carried out at this moment? */
export function isUnderWay(card: Card): boolean {
  return card.status === 'approved' || card.status === 'running';
}

/** An answer has to be noticed as well. Where a request is only shown to others, nobody is called. */
export function noticeOf(card: Card, place: ShownPlace): Notice | null {
  if (place.purpose !== 'origin') return null;
  if (card.notice !== null || card.status !== 'answered') return card.notice;
  return { kind: 'end', key: 'end-answered', text: card.title };
}

/** A new plan, or an answer, is posted whole and anew; a reminder or an end in few words. */
export function isWholeNews(notice: Notice): boolean {
  return isReminder(notice) ? false : notice.kind === 'decision' || notice.key === 'end-answered';
}

export function isReminder(notice: Notice): boolean {
  return notice.kind === 'decision' && notice.key.endsWith('-again');
}

/** Where the decision stands: what people wait for is shown at once, all else when there is time. */
export function decisionOf(card: Card): string {
  if (card.status === 'asked') return 'asked';
  if (card.status === 'planned') return `plan ${card.plan}: ${card.line}`.slice(0, 300);
  if (card.status === 'approved' || card.status === 'running') return `plan ${card.plan} approved`;
  return `${card.status}: ${card.line}`.slice(0, 300);
}

/** Does anybody decide on it in the forum? `groups`: mentions of those who may. */
export function isDecidedHere(card: Card, groups: string | null): boolean {
  return mayDecideIn('discourse', card.risk) && (card.decideRoles.length === 0 || groups !== null);
}
