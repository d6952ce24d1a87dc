import type { Action, Card } from '../core/card.ts';
import { markOf, VERDICT_MARKS } from '../core/marks.ts';
import { CLOSED } from '../core/request.ts';
import { answerParts } from './answer-parts.ts';
import { fits, inline, link } from './escape.ts';
import { joined, LIMIT, sizeOf } from './parts.ts';
import { sayable, withSayable } from './say.ts';
import { callParts, changeParts, drawsWhole, stepList } from './step-parts.ts';

const TITLE = 600;
const LINE = 1200;
const NOTE = 600;
const NOTES = 12;

/** How a request is drawn this time. */
export interface Showing {
  /** The bot's account: what people begin their lines with. */
  readonly bot: string;
  /** Is its plan decided on in the forum, by anybody? */
  readonly mayDecideHere: boolean;
  /** Whom it calls, as the forum writes mentions: only in a new post, because edits tell nobody. */
  readonly mention?: string;
  /** A line of the front end's own. */
  readonly aside?: string;
}

/** A request as one post: what happened and what can be said to it, then the plan, then what it rests on. */
export function requestPost(card: Card, showing: Showing): string {
  const { head, rest, whole } = draw(card, showing);
  const room = LIMIT - sizeOf([...head, ...rest]);
  if (!whole || room < 0) return inShort(card, showing);
  const answer = card.answer ? answerParts(card.answer, showing.bot, room, seeAll(card)) : [];
  return joined([...head, ...answer, ...rest]);
}

/** Can all of the plan be shown in a post? */
export function isWhole(card: Card, showing: Showing): boolean {
  return draw(card, showing).whole;
}

function draw(card: Card, showing: Showing) {
  const closed = CLOSED.includes(card.status);
  const head = headParts(card, showing, true);
  const rest = [
    stepList(card.steps, closed),
    ...changeParts(card.steps),
    ...noteParts(card),
    ...(closed ? actionParts(card, showing, true) : callParts(card.steps)),
    footOf(card),
  ];
  const fit =
    fits(card.title, TITLE) &&
    card.notes.length <= NOTES &&
    card.notes.every((note) => fits(note, NOTE)) &&
    drawsWhole(card.steps);
  const answerRoom = card.answer ? 500 : 0;
  return { head, rest, whole: fit && sizeOf([...head, ...rest]) + answerRoom <= LIMIT };
}

function footOf(card: Card): string {
  return `*${inline(card.footer, 300) || card.id}*`;
}

/** Too much for a post: the steps that fit. Nobody may approve what they cannot see whole. */
function inShort(card: Card, showing: Showing): string {
  const head = headParts({ ...card, fields: [] }, showing, false);
  const foot = footOf(card);
  const half = Math.floor((LIMIT - 300 - sizeOf([...head, foot])) / 2);
  const steps: string[] = [];
  let used = 0;
  for (const step of card.steps) {
    const line = stepList([{ ...step, evidence: [], guards: [] }], true);
    if (used + line.length > half) break;
    used += line.length + 1;
    steps.push(line);
  }
  const left = card.steps.length - steps.length;
  const more = `${left > 0 ? `… and ${left} more steps. ` : ''}${seeAll(card)}.`;
  const answer = card.answer ? answerParts(card.answer, showing.bot, half, seeAll(card)) : [];
  return joined([...head, ...answer, steps.join('\n'), more, foot]);
}

/**
 * Tells of an end, or that a decision is still due, in a post of its own. `isAbove`: the request stands in full above, as it
 * is now.
 */
export function endPost(card: Card, showing: Showing, isAbove = false): string {
  const { bot, mention } = showing;
  const ended = card.notice?.kind !== 'decision';
  const says = ended ? card.line || card.title : (card.notice?.text ?? card.line);
  const title = ended ? [`${markOf(card)} **${inline(card.title, TITLE) || '–'}**`] : [];
  const called = [mention, inline(withSayable(says, bot), LINE)].filter(Boolean).join(' ');
  return joined([
    ...title,
    ended ? called : `${markOf(card)} ${called}`,
    ...nextParts(card, bot),
    ...(isAbove && card.answer
      ? [`${inline(card.answer.title, TITLE)}: it stands in my post above, with what to do next.`]
      : actionParts(card, showing, isWhole(card, showing))),
    footOf(card),
  ]);
}

function headParts(card: Card, showing: Showing, whole: boolean): string[] {
  const { bot, mention, aside } = showing;
  const answered = card.answer !== null;
  const mark = card.answer ? VERDICT_MARKS[card.answer.verdict] : markOf(card);
  const title = card.answer?.title ?? card.title;
  const line = card.line || (answered && mention ? 'here is what I found.' : '');
  // Whoever is called at the end reads what came of it; those who are called to decide, that it waits for them.
  const called = card.status === 'planned' ? '' : (mention ?? '');
  const fields = card.fields
    .slice(0, 12)
    .map((field) => `${inline(field.label, 100)}: ${inline(field.value, 500) || '–'}`);
  return [
    `${mark} **${inline(title, TITLE) || '–'}**`,
    [called, inline(withSayable(line, bot), LINE)].filter(Boolean).join(' '),
    ...(card.status === 'planned' && mention ? [`${mention} this waits for one of you.`] : []),
    ...nextParts(card, bot),
    fields.join('\n'),
    ...(aside ? [inline(withSayable(aside, bot), 500)] : []),
    // What can be said to an end (`undo`) stands behind what came of it.
    ...(whole && CLOSED.includes(card.status) ? [] : actionParts(card, showing, whole)),
  ];
}

function nextParts(card: Card, bot: string): string[] {
  const links = card.links.map(({ text, url }) => link(url, text)).join(', ');
  return [
    ...(links === '' ? [] : [`On the hub: ${links}`]),
    ...(card.next ? [inline(withSayable(card.next, bot), LINE)] : []),
  ];
}

function noteParts(card: Card): string[] {
  const shown = card.notes.slice(0, NOTES).map((note) => `⚠️ ${inline(note, NOTE)}`);
  const left = card.notes.length - shown.length;
  return [...shown, ...(left > 0 ? [`… and ${left} more notes: ${seeAll(card)}.`] : [])];
}

/** What people can reply, each as the whole line; and where it is decided when that is not here. */
function actionParts(card: Card, showing: Showing, whole: boolean): string[] {
  const { bot, mayDecideHere } = showing;
  const mayApprove = card.actions.some((action) => action.verb === 'approve');
  const elsewhere = card.risk === 'high' ? ELSEWHERE : mayApprove && !mayDecideHere ? ['approve'] : [];
  const offered = card.actions
    .filter((action) => !elsewhere.includes(action.verb))
    .filter((action) => whole || action.verb !== 'approve');
  const lines = offered.map((action) => {
    const who = action.may.says ? ` (${inline(action.may.says, 200)})` : '';
    return `- ${sayable(action.line, bot)} ${meaning(action, card)}${who}`;
  });
  const these = lines.length === 1 ? 'this line' : 'one of these lines';
  const parts = lines.length > 0 ? [`Reply here with ${these}:\n${lines.join('\n')}`] : [];
  if (mayApprove && !whole)
    return [`✋ This plan is too long to be shown whole here, so it cannot be approved here.`, ...parts];
  if (card.actions.some((action) => elsewhere.includes(action.verb))) return [whereToDecide(card), ...parts];
  return parts;
}

const ELSEWHERE: readonly string[] = ['approve', 'resume', 'resolve-done', 'resolve-not-done'];

function whereToDecide(card: Card): string {
  const why = card.risk === 'high' ? 'This is of high risk, so it is' : 'This is';
  const line = card.actions.find((action) => ELSEWHERE.includes(action.verb))?.line ?? `show ${card.id}`;
  return `${why} not decided in the forum. Those who decide do it in chat, on the message of ${card.id}, or in a terminal with \`steward ${line}\`.`;
}

function meaning(action: Action, card: Card): string {
  switch (action.verb) {
    case 'approve':
      return 'to say yes';
    case 'deny':
      return 'to say no, with the reason';
    case 'cancel':
      return card.status === 'running' ? 'to stop it' : 'to take the request back';
    case 'undo':
      return 'to have it changed back';
    case 'log':
      return 'to see how its log ends';
    case 'resume':
      return card.status === 'unknown' ? 'to look again' : 'to let it go on';
    case 'resolve-done':
      return 'if you looked, and it did happen';
    case 'resolve-not-done':
      return 'if you looked, and it did not happen: it is done then';
  }
}

function seeAll(card: Card): string {
  return `Read all of it in a terminal with \`steward show ${card.id}\``;
}

/** For the asker alone, when the topic cannot be written in: what happened, how it stands, where it is to be seen. */
export function parkedPost(card: Card, why: string, bot: string): string {
  return joined([
    `I cannot tell you about your request ${card.id} in its topic: ${why}. The request itself is not changed by that.`,
    `${markOf(card)} **${inline(card.title, TITLE) || '–'}**`,
    inline(withSayable(card.line || (card.answer?.title ?? ''), bot), LINE),
    ...nextParts(card, bot),
    `You see all of it in another topic of the category with ${sayable(`show ${card.id}`, bot)}, in chat with \`/koji show ${card.id}\`, or in a terminal with \`steward show ${card.id}\`.`,
  ]);
}
