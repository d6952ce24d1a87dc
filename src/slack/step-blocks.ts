import type { KnownBlock } from '@slack/types';
import type { CardStep } from '../core/card.ts';
import { callInShort } from '../core/in-short.ts';
import { BY_HAND, UNDO_WORDS } from '../core/marks.ts';
import type { StepState } from '../core/request.ts';
import { context, fences, LIMITS, section } from './blocks.ts';
import { code, entitiesLength, inline, oneLine } from './escape.ts';

const MARK: Readonly<Record<StepState, string>> = {
  todo: '○',
  started: '⏳',
  done: '✓',
  failed: '✗',
  unknown: '?',
};

const TITLE = 600;
const ASIDE = 400;
const ASIDES = 12;
/** Longest call, in characters, that is drawn in a line of its own. */
const CALL = 400;
/** Longest text of something to do by hand that stands in a block of its own. */
const HAND = 2500;

/** A step's blocks. `whole`: nothing of what somebody would approve was left out. */
export interface StepBlocks {
  readonly blocks: readonly KnownBlock[];
  readonly whole: boolean;
}

/**
 * One step: what it does and what changes, then the exact call, then in small print what it rests on.
 * `closed`: it is over, so only what happened is of interest.
 */
export function stepBlocks(step: CardStep, closed: boolean): StepBlocks {
  const title = `${MARK[step.state]} *${inline(step.title, TITLE)}*`;
  const changes = step.changes.map(changeLine);
  const said = step.says ? [`↳ ${inline(step.says, ASIDE)}`] : [];
  const [first, rest] = asSections([title, ...changes, ...said]);
  const blocks: KnownBlock[] = [section(first), ...rest.map(section)];
  if (isOver(step, closed)) return { blocks, whole: true };
  const asides = [
    ...step.guards.map(
      (guard) => `${guard.holds ? '✓' : '✗'} ${inline(guard.text, ASIDE)} (${inline(guard.saw)})`,
    ),
    ...step.evidence.map((one) => `${inline(one.label, 100)}: ${inline(one.value, ASIDE)}`),
  ];
  const small = [...asides.slice(0, ASIDES), `${UNDO_WORDS[step.undo]} · digest ${step.digest.slice(0, 12)}`];
  const [smallFirst, smallRest] = asSections(small, ' · ');
  blocks.push(...callBlocks(step), context(smallFirst), ...smallRest.map(context));
  const whole =
    asides.length <= ASIDES &&
    (handText(step) === null || fits(step.call, HAND)) &&
    fits(step.title, TITLE) &&
    step.changes.every((change) =>
      [change.what, change.before, change.after].every((text) => fits(text, 300)),
    ) &&
    step.guards.every((guard) => fits(guard.text, ASIDE) && fits(guard.saw, 300));
  return { blocks, whole };
}

/** From so many steps on they are drawn close together. */
export const MANY = 5;

/** Up to so many of them have an empty line in between. */
const AIRY = 12;

/**
 * Many steps, a few lines each: what changes and the exact call, several steps to a block. What a step rests on is
 * left to `show`; a guard is not, nor that a step cannot be taken back.
 */
export function closeSteps(steps: readonly CardStep[], closed: boolean): StepBlocks {
  const drawn = steps.map((step) => {
    const guards = step.guards.map(
      (one) => `${one.holds ? '✓' : '✗'} ${inline(one.text, ASIDE)} (${inline(one.saw)})`,
    );
    // Of interest to those who decide, and no more once it is begun.
    const back = step.undo === 'full' || step.state !== 'todo' ? [] : [UNDO_WORDS[step.undo]];
    // One change says what the step is; of several each has a line of its own.
    const [only, ...more] = step.changes.map(changeLine);
    const title = inline(step.title, TITLE);
    const isOne = only !== undefined && more.length === 0;
    const lines = [
      `${MARK[step.state]} ${isOne ? only : title}`,
      ...(only === undefined || isOne ? [] : [only, ...more].map((line) => `• ${line}`)),
      ...(isOver(step, closed)
        ? []
        : [[callLine(step), ...guards, ...back].filter(Boolean).join(' · ')]
      ).filter(Boolean),
      ...(step.says ? [`↳ ${inline(step.says, ASIDE)}`] : []),
    ];
    return lines.join('\n');
  });
  // A wall of text is read by nobody who has to say yes on a phone.
  const isAiry =
    steps.length <= AIRY &&
    drawn.some((one) => one.includes('\n')) &&
    !steps.every((one) => isOver(one, closed));
  const [first, rest] = asSections(drawn, isAiry ? '\n\n' : '\n');
  const whole = steps.every(
    (step) =>
      fits(callInShort(step.call), CALL) &&
      step.changes.every((one) => [one.what, one.before, one.after].every((text) => fits(text, 300))) &&
      (step.changes.length > 0 || fits(step.title, TITLE)) &&
      step.guards.every((guard) => fits(guard.text, ASIDE) && fits(guard.saw, 300)),
  );
  return { blocks: [first, ...rest].map(section), whole };
}

/** Is only what happened of interest? */
function isOver({ state }: CardStep, closed: boolean): boolean {
  return state === 'done' || (closed && state !== 'failed' && state !== 'unknown');
}

/** What was not there before has nothing to be compared with. */
function changeLine({ what, before, after }: CardStep['changes'][number]): string {
  const now = inline(after || '–');
  return `${inline(what)}: ${before === '' ? now : `${inline(before)} → ${now}`}`;
}

/** What people do is said in words; once they are asked to, it stands below the step. */
function handText({ call, state, says }: CardStep): string | null {
  if (!call.startsWith(BY_HAND)) return null;
  return state === 'started' && says ? '' : call;
}

function callLine(step: CardStep): string {
  const hand = handText(step);
  return hand === null ? code(callInShort(step.call), CALL) : inline(hand, CALL);
}

function callBlocks(step: CardStep): readonly KnownBlock[] {
  const hand = handText(step);
  if (hand === null) return fences(callInShort(step.call));
  return hand === '' ? [] : [section(inline(hand, HAND))];
}

/** Is the text shown to its end by `inline(text, max)`? */
export function fits(text: string, max: number): boolean {
  return entitiesLength(oneLine(text)) <= max - 2;
}

/** Lines joined into texts that each fit a section. */
function asSections(lines: readonly string[], joint = '\n'): [string, string[]] {
  const texts: string[] = [];
  let now = '';
  for (const line of lines) {
    if (now && now.length + joint.length + line.length > LIMITS.section) {
      texts.push(now);
      now = line;
    } else now = now ? `${now}${joint}${line}` : line;
  }
  const [first = now, ...rest] = [...texts, now];
  return [first, rest];
}

/** One line a step, for a plan that does not fit. */
export function stepLine(step: CardStep): string {
  return `${MARK[step.state]} ${inline(step.title, 150)}`;
}
