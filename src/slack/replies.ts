import type { ModalView } from '@slack/types';
import type { Reply } from '../core/card.ts';
import type { Form } from '../core/form.ts';
import type { JsonObject } from '../core/json.ts';
import type { Place } from '../core/person.ts';
import { Unavailable } from '../core/refused.ts';
import { replyMessage } from './answer-blocks.ts';
import { anySender } from './bodies.ts';
import { typed } from './escape.ts';
import type { ViewAnswer } from './intake.ts';
import { saidModal } from './modal.ts';
import type { Ear } from './voice.ts';

/** Closes the modal. */
export const CLOSE: ViewAnswer = { ack: {}, otherwise: () => Promise.resolve() };

export function update(view: ModalView, otherwise: () => Promise<void>): ViewAnswer {
  const ack = JSON.parse(JSON.stringify({ response_action: 'update', view })) as JsonObject;
  return { ack, otherwise };
}

/** Says it in place of the modal. */
export function instead(reply: Reply, otherwise: () => Promise<void>): ViewAnswer {
  return update(saidModal(replyMessage(reply, { plainTables: true }).blocks), otherwise);
}

/** Said when something went wrong on our side. What was asked stays, and is tried again. */
export function brokenReply(error: unknown, reference: string): Reply {
  const away = error instanceof Unavailable;
  return {
    tone: away ? 'warn' : 'bad',
    title: away ? error.message : 'Something in Steward broke while it worked on this.',
    lines: [
      'What you asked is kept, and will be tried again by itself.',
      ...(away ? [] : [`Reference for the admins: ${reference}.`]),
    ],
  };
}

export function originPlace(where: string): Place {
  return { kind: 'slack', where, purpose: 'origin' };
}

export function refusal(known: { readonly says: string; readonly next: string }): Reply {
  return { tone: 'bad', title: known.says, lines: [known.next] };
}

export function oldButton(): Reply {
  return { tone: 'warn', title: 'That button is from an older Steward.', lines: [], next: ['requests open'] };
}

/** A form as text, for where no modal can be opened. */
export function formReply(form: Form): Reply {
  const wrong = form.fields.filter((field) => field.problem !== null);
  return {
    tone: 'warn',
    title: `\`${form.command}\` needs a little more: ${form.summary}`,
    lines: wrong.map(
      (field) => `${field.title}: ${field.problem === 'missing' ? `missing. ${field.hint}` : field.problem}`,
    ),
    next: [form.usage],
  };
}

/**
 * The line in what was said: without our own mention, which may stand anywhere, and without `koji` in front. `lead`: what
 * stands before the mention.
 */
export function lineIn(text: string, direct: boolean): { readonly line: string; readonly lead: string } {
  const after = /<@[UW][A-Z0-9]{1,30}(?:\|[^>]{0,100})?>\s*([\s\S]*)/u.exec(text);
  const isOurs = after !== null && !(direct && after.index > 0);
  const line = isOurs ? (after[1] ?? '') : text;
  return { line: typed(line).replace(/^\/?koji\s+/iu, ''), lead: isOurs ? text.slice(0, after.index) : '' };
}

export function earOf(body: JsonObject): Ear | null {
  const read = anySender.safeParse(body);
  if (!read.success) return null;
  const { data } = read;
  const user = data.user_id ?? data.user?.id ?? (data.event?.bot_id ? undefined : data.event?.user);
  if (user === undefined) return null;
  return {
    user,
    channel: data.channel_id ?? data.channel?.id ?? data.event?.channel ?? null,
    thread: data.event?.thread_ts,
    responseUrl: data.response_url,
  };
}
