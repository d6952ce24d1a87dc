import type { Button, KnownBlock } from '@slack/types';
import type { Action, Card } from '../core/card.ts';
import { markOf, VERDICT_MARKS } from '../core/marks.ts';
import { CLOSED } from '../core/request.ts';
import { answerBlocks, type Drawing, fallback } from './answer-blocks.ts';
import { actions, context, header, LIMITS, type Message, plainText, section, sizeOf } from './blocks.ts';
import { inline, link } from './escape.ts';
import { closeSteps, fits, MANY, stepBlocks, stepLine } from './step-blocks.ts';

const LINE = 900;
const NOTE = 600;
const NOTES = 8;

/** How a card is drawn this time. */
export interface Showing extends Drawing {
  /** Whom it calls, as Slack writes mentions: only in a new message, because edits tell nobody. */
  readonly mention?: string;
  /** A line of the front end's own, e.g. why it is shown here. */
  readonly aside?: string;
}

/** A request as one message: what will happen, why it waits and for whom, then everything that it rests on. */
export function requestMessage(card: Card, showing: Showing = {}): Message {
  const more = `, \`show ${card.id}\``;
  const head = headBlocks(card);
  const notes = noteBlocks(card, more);
  const closed = CLOSED.includes(card.status);
  const close = card.steps.length >= MANY;
  const steps = close ? [closeSteps(card.steps, closed)] : card.steps.map((step) => stepBlocks(step, closed));
  const whole = notes.whole && fits(card.title, LIMITS.header) && steps.every((step) => step.whole);
  const body = [...steps.flatMap((step) => step.blocks), ...notes.blocks];
  const end = (plan: boolean) => endBlocks(card, showing, plan);
  const answer = (used: readonly KnownBlock[]) =>
    card.answer
      ? answerBlocks(card.answer, LIMITS.messageText - 300 - sizeOf(used), more, {
          ...showing,
          titled: saysTitle(card),
        })
      : [];

  const all = [...head, ...body, ...end(whole)];
  if (fitsMessage(all)) {
    const shown = [...head, ...body, ...answer(all), ...end(whole)];
    if (fitsMessage(shown)) return { text: textOf(card), blocks: shown };
  }
  // Too much: the plan in short. Nobody may approve what they cannot see whole.
  const tail = [...notes.blocks, ...end(false)];
  const blocks = [...head];
  let shown = 0;
  for (const [index, step] of card.steps.entries()) {
    const next = close ? closeSteps([step], closed).blocks : (steps[index]?.blocks ?? []);
    const rest = card.steps.length - index - 1;
    if (!fitsMessage([...blocks, ...next, ...(rest > 0 ? [leftOut(rest, more)] : []), ...tail], 600)) {
      const short = section(stepLine(step));
      if (!fitsMessage([...blocks, short, leftOut(rest + 1, more), ...tail], 600)) break;
      blocks.push(short);
    } else blocks.push(...next);
    shown += 1;
  }
  if (shown < card.steps.length) blocks.push(leftOut(card.steps.length - shown, more));
  const found = answer([...blocks, ...tail]);
  if (fitsMessage([...blocks, ...found, ...tail])) blocks.push(...found);
  return { text: textOf(card), blocks: [...blocks, ...tail] };
}

function fitsMessage(blocks: readonly KnownBlock[], spare = 0): boolean {
  return blocks.length <= LIMITS.messageBlocks && sizeOf(blocks) <= LIMITS.messageText - spare;
}

function leftOut(count: number, more: string): KnownBlock {
  return context(`… (${count} more${more})`);
}

function textOf(card: Card): string {
  return fallback([`${card.id}: ${card.title}`, card.line].filter(Boolean).join(' — '));
}

/** Is the answer's title what the message is headed with? */
function saysTitle(card: Card): boolean {
  return card.answer?.title === card.title && fits(card.title, LIMITS.header - 4);
}

function headBlocks(card: Card): KnownBlock[] {
  const mark = card.answer && saysTitle(card) ? `${VERDICT_MARKS[card.answer.verdict]} ` : '';
  const blocks: KnownBlock[] = [header(`${mark}${card.title}`)];
  if (card.line) blocks.push(section(`${markOf(card)} ${inline(card.line, LINE)}`));
  const fields = card.fields.slice(0, LIMITS.fields).map((field) => ({
    type: 'mrkdwn' as const,
    text: `*${inline(field.label, 100)}*\n${inline(field.value || '–', 200)}`,
    verbatim: true,
  }));
  if (fields.length > 0) blocks.push({ type: 'section', fields });
  return blocks;
}

function noteBlocks(card: Card, more: string): { blocks: KnownBlock[]; whole: boolean } {
  const shown = card.notes.slice(0, NOTES);
  const blocks: KnownBlock[] = shown.map((note) => context(`⚠️ ${inline(note, NOTE)}`));
  if (card.notes.length > shown.length) blocks.push(leftOut(card.notes.length - shown.length, more));
  return { blocks, whole: card.notes.length <= NOTES && card.notes.every((note) => fits(note, NOTE)) };
}

function endBlocks(card: Card, showing: Showing, whole: boolean): KnownBlock[] {
  const blocks: KnownBlock[] = [];
  const offered = whole ? card.actions : card.actions.filter((action) => action.verb !== 'approve');
  if (offered.length < card.actions.length) {
    blocks.push(
      section(
        `✋ This plan is too long to be shown whole here, so it cannot be approved here. Read all of it with \`steward show ${card.id}\` in a terminal.`,
      ),
    );
  }
  if (card.links.length > 0) blocks.push(context(linkLine(card)));
  if (card.next) blocks.push(context(inline(card.next, 500)));
  if (showing.aside) blocks.push(context(inline(showing.aside, 500)));
  if (showing.mention) blocks.push(section(`${showing.mention} this waits for one of you.`));
  if (offered.length > 0) blocks.push(actions(offered.slice(0, 25).map((action) => button(card, action))));
  const who = whoText(offered.filter(({ line }) => !card.next?.includes(line)));
  if (who) blocks.push(context(inline(who, 500)));
  blocks.push(context(inline(card.footer, 500)));
  return blocks;
}

/** Everybody sees the buttons, and not all of them may. Whose yes or no it takes stands above. */
function whoText(offered: readonly Action[]): string {
  return offered
    .filter(({ verb, may }) => verb !== 'approve' && verb !== 'deny' && may.says !== '')
    .map(({ label, may }) => `${label.replace(/…$/, '')}: ${may.says}`)
    .join(' · ');
}

/** Where to look at what the card names. */
export function linkLine({ links }: Pick<Card, 'links'>): string {
  return `On the hub: ${links.map(({ text, url }) => link(url, text)).join(', ')}`;
}

/** A button carries a request and a plan number, and nothing else is believed of it. */
function button(card: Card, action: Action): Button {
  return {
    type: 'button',
    action_id: `${BUTTON}${action.verb}`,
    text: plainText(action.label, 75),
    value: `${card.id}:${card.plan}`,
    ...(action.style === 'plain' ? {} : { style: action.style }),
    ...(action.confirm
      ? {
          confirm: {
            title: plainText(`${action.label} ${card.id}?`, 100),
            text: plainText(action.confirm, 300),
            confirm: plainText(action.label, 30),
            deny: plainText('Not now', 30),
          },
        }
      : {}),
  };
}

/** What the action ids of our buttons begin with. */
export const BUTTON = 'steward:';
