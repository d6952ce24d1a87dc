import type { Card } from '../core/card.ts';
import { Unavailable } from '../core/refused.ts';
import { markerOf } from './marker.ts';
import type { Parker } from './parker.ts';
import { NOT_NOTICING, NOT_PARKED, NOT_POSTING } from './place-state.ts';
import type { Spot } from './spot.ts';
import { postedAt } from './status-post.ts';
import type { Looked, Writer } from './writer.ts';

/** Finishes what was begun and not recorded: the process died, or the answer was lost. False: it goes no further now. */
export type Finish = (card: Card, spot: Spot) => Promise<boolean>;

export function createFinish(deps: {
  readonly writer: Writer;
  readonly parker: Parker;
  readonly now: () => Date;
}): Finish {
  const { writer, parker, now } = deps;

  async function lookFor(spot: Spot, what: string, from: number): Promise<Looked> {
    const looked = await writer.find(spot.topic, markerOf(spot.request, what), from, 'answer');
    if (looked.kind === 'unknown')
      throw new Unavailable('the forum', 'The forum does not say what is there.');
    return looked;
  }

  return async (card, spot) => {
    const { posting, postingFrom = 1, postingSeq, noticing, noticingFrom = 1 } = spot.state();
    if (posting !== undefined) {
      const looked = await lookFor(spot, posting, postingFrom);
      if (looked.kind === 'gone') return parker.gone(card, spot);
      const { noticed, postingNotice = noticed, postingDecision: decision } = spot.state();
      if (looked.kind === 'ok') {
        await spot.keep(
          {
            ...postedAt(spot, looked, posting, now()),
            shows: postingSeq,
            decision,
            noticed: postingNotice,
            ...NOT_POSTING,
            ...NOT_PARKED,
          },
          postingSeq,
        );
      }
    }
    if (noticing !== undefined) {
      const looked = await lookFor(spot, noticing, noticingFrom);
      if (looked.kind === 'gone') return parker.gone(card, spot);
      if (looked.kind === 'ok') await spot.keep({ noticed: noticing, ...NOT_NOTICING, ...NOT_PARKED });
    }
    if (spot.state().parkedWhy !== 'held') return true;
    await parker.park(card, spot, { kind: 'held' });
    return false;
  };
}
