import type { Card } from '../core/card.ts';
import type { ShownPlace } from '../core/store.ts';
import { splitWhere } from './place-state.ts';

/** The notice that belongs in this place: decisions where they are taken, the end where it was asked for. */
export function noticeFor(card: Card, place: ShownPlace, approversChannel: string | null): Card['notice'] {
  if (card.notice?.kind === 'end') return place.purpose === 'origin' ? card.notice : null;
  const decides = place.purpose === 'approvers' || splitWhere(place.where).channel === approversChannel;
  return decides || approversChannel === null ? card.notice : null;
}

/** Are those who decide to be called by name here? */
export function callsFor(card: Card, place: ShownPlace, approversChannel: string | null): boolean {
  return card.notice?.kind === 'decision' && noticeFor(card, place, approversChannel) !== null;
}
