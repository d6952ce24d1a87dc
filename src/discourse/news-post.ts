import type { Card } from '../core/card.ts';
import { Unavailable } from '../core/refused.ts';
import type { Calling } from './calling.ts';
import { markerOf } from './marker.ts';
import type { Parker } from './parker.ts';
import { NOT_NOTICING } from './place-state.ts';
import { endPost } from './request-post.ts';
import { isReminder, type Notice } from './showing.ts';
import type { Spot } from './spot.ts';
import { nextNumber, type Writer } from './writer.ts';

/** A post of its own for what has to be noticed, once. True when the news is out. */
export type Notify = (card: Card, spot: Spot, notice: Notice, isShown: boolean) => Promise<boolean>;

export function createNotify(deps: {
  readonly writer: Writer;
  readonly parker: Parker;
  readonly calling: Calling;
}): Notify {
  const { writer, parker, calling } = deps;
  return async (card, spot, notice, isShown) => {
    const showing = await calling(card, notice, spot.place.purpose === 'origin');
    const done = { noticed: notice.key, ...NOT_NOTICING };
    if (isReminder(notice) && !showing.mention) {
      await spot.keep(done);
      return true;
    }
    const from = await nextNumber(writer, spot.topic, 'decision');
    if (from === null) return parker.gone(card, spot);
    await spot.keep({ noticing: notice.key, noticingFrom: from });
    const written = await writer.post({
      ...{ topic: spot.topic, replyTo: null, from, urgency: 'decision' },
      raw: endPost(card, showing, isShown),
      marker: markerOf(card.id, notice.key),
    });
    if (written.kind === 'unknown')
      throw new Unavailable('the forum', `A notice of ${card.id} may have got lost.`);
    if (written.kind === 'ok') await spot.keep(done);
    else if (written.kind === 'refused' && written.why === 'consecutive' && isShown) {
      // It stands in the topic already, and the one who asked is told in private.
      await spot.keep(done);
      await parker.tell(card, spot, written.why);
    } else {
      await parker.park(card, spot, written);
      return false;
    }
    return true;
  };
}
