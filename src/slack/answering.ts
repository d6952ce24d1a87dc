import type { z } from 'zod';
import type { Reply } from '../core/card.ts';
import type { Desk, Said } from '../core/desk.ts';
import type { Log } from '../core/ports.ts';
import type { PlaceStore } from '../core/store.ts';
import type { Announcer } from './announcer.ts';
import { context } from './blocks.ts';
import { link } from './escape.ts';
import type { ViewAnswer } from './intake.ts';
import * as modals from './modal.ts';
import { readState } from './place-state.ts';
import { CLOSE, formReply, instead, update } from './replies.ts';
import { requestMessage } from './request-message.ts';
import type { Visit } from './visit.ts';
import type { Voice } from './voice.ts';

/** Brings what the desk says back to the one who asked. */
export interface Answering {
  /** Says it to them alone, or aloud where nobody else reads along. */
  tell(visit: Visit, reply: Reply): Promise<void>;
  answer(visit: Visit, said: Said): Promise<void>;
  /** The same as the answer to a modal, which has to come at once. */
  viewAnswer(visit: Visit, said: Said, view: z.output<typeof modals.submittedView>): ViewAnswer;
}

export function createAnswering(deps: {
  readonly desk: Pick<Desk, 'card'>;
  readonly places: PlaceStore;
  readonly announcer: Announcer;
  readonly voice: Voice;
  readonly log: Log;
}): Answering {
  const { desk, places, announcer, voice, log } = deps;

  async function tell(visit: Visit, reply: Reply): Promise<void> {
    if (visit.aloud && visit.ear.channel !== null)
      await voice.say(visit.ear.channel, visit.ear.thread, reply);
    else await voice.whisper(visit.ear, reply);
  }

  async function show(visit: Visit, said: Extract<Said, { kind: 'request' }>): Promise<void> {
    const shown = (await places.of(said.id)).filter((place) => place.kind === 'slack');
    const seen = shown.find((place) => readState(place.state).ts !== undefined);
    if (
      said.isNew ||
      shown.length === 0 ||
      (visit.aloud && !shown.some((one) => one.where === visit.place.where))
    ) {
      await places.add(said.id, visit.place);
      await announced(said.id);
    } else {
      return showOnce(visit, said, seen ? readState(seen.state) : {});
    }
    if (said.says) await tell(visit, { tone: 'info', title: said.says, lines: [] });
    if (said.isNew && !said.queued) {
      await tell(visit, {
        tone: 'warn',
        title: `${said.id} is stored, but the queue does not answer.`,
        lines: ['It is not lost: it will run when the queue is back.'],
      });
    }
  }

  /** A look at a request that is shown elsewhere: without buttons, which stand there. */
  async function showOnce(
    visit: Visit,
    { id, says }: Extract<Said, { kind: 'request' }>,
    at: { channel?: string | undefined; ts?: string | undefined },
  ) {
    const card = await desk.card(id);
    if (!card) return;
    const url = at.channel && at.ts ? await voice.permalink(at.channel, at.ts) : null;
    const { text, blocks } = requestMessage({ ...card, actions: [] }, says ? { aside: says } : {});
    const there = card.status === 'planned' ? `${id} is decided on here` : `${id} is kept up to date here`;
    const message = {
      text,
      blocks: url ? [...blocks, context(link(url, there))] : blocks,
    };
    if (visit.aloud && visit.ear.channel !== null)
      await voice.say(visit.ear.channel, visit.ear.thread, message);
    else await voice.whisper(visit.ear, message);
  }

  /** Showing may fail and is tried again by itself; what was said stands. */
  async function announced(request: string): Promise<void> {
    await announcer.announce(request).catch((error: unknown) => {
      log.warn('a request is not shown yet', { request, error: String(error) });
    });
  }

  async function answer(visit: Visit, said: Said): Promise<void> {
    switch (said.kind) {
      case 'request':
        return show(visit, said);
      case 'decided':
        // Drawn from the record at once: the buttons go when, and only when, the decision stands.
        await Promise.all([announced(said.id), tell(visit, said.reply)]);
        return;
      case 'reply':
        return tell(visit, said.reply);
      case 'form': {
        const modal = modals.formModal(said.form, { where: visit.place.where });
        if (visit.trigger && (await voice.openModal(visit.trigger, modal))) return;
        return tell(visit, formReply(said.form));
      }
    }
  }

  function viewAnswer(visit: Visit, said: Said, view: z.output<typeof modals.submittedView>): ViewAnswer {
    switch (said.kind) {
      case 'form': {
        const errors = modals.errorsOf(said.form, view);
        const late = () => tell(visit, formReply(said.form));
        if (errors) return { ack: { response_action: 'errors', errors }, otherwise: late };
        return update(modals.formModal(said.form, { where: visit.place.where }), late);
      }
      case 'reply':
        return instead(said.reply, () => tell(visit, said.reply));
      default:
        // Shown where everybody sees it; Slack need not wait for that.
        void answer(visit, said).catch((error: unknown) =>
          log.warn('an answer was lost', { error: String(error) }),
        );
        return CLOSE;
    }
  }

  return { tell, answer, viewAnswer };
}
