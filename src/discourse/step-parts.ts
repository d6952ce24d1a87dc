import type { CardStep } from '../core/card.ts';
import { UNDO_WORDS } from '../core/marks.ts';
import { oneLine } from '../core/visible.ts';
import { fence, fits, fold, inline } from './escape.ts';

const MARK = { todo: '', started: '⏳ ', done: '', failed: '❌ ', unknown: '❓ ' } as const;

const TITLE = 600;
const ASIDE = 400;
const ASIDES = 12;
const CHANGE = 1000;
/** From so many steps on, what a step rests on is left to `show`; a guard is not, nor that it cannot be taken back. */
const MANY = 5;
/** From so many lines on a block is folded. */
const LONG = 30;

/** The steps as a list to check off. `closed`: it is over, so only what happened is of interest. */
export function stepList(steps: readonly CardStep[], closed: boolean): string {
  return steps
    .map((step) => {
      const over = closed && step.state !== 'failed' && step.state !== 'unknown';
      const box = step.state === 'done' ? '[x]' : '[ ]';
      return [
        `- ${box} ${MARK[step.state]}${inline(step.title, TITLE) || '–'}`,
        ...(over ? [] : [asides(step, steps.length >= MANY)]),
        ...(step.says ? [`↳ ${inline(step.says, ASIDE)}`] : []),
      ]
        .filter(Boolean)
        .join('\n  ');
    })
    .join('\n');
}

function asides(step: CardStep, many: boolean): string {
  const guards = step.guards.map(
    (guard) => `${guard.holds ? '✓' : '✗'} ${inline(guard.text, ASIDE)} (${inline(guard.saw)})`,
  );
  const evidence = step.evidence.map((one) => `${inline(one.label, 100)}: ${inline(one.value, ASIDE)}`);
  const undo = many && step.undo === 'full' ? [] : [UNDO_WORDS[step.undo]];
  return [...[...guards, ...(many ? [] : evidence)].slice(0, ASIDES), ...undo].join(' · ');
}

/** What changes, as a diff. */
export function changeParts(steps: readonly CardStep[]): string[] {
  const all = steps.flatMap((step) => step.changes);
  if (all.length === 0) return [];
  // Where two steps change what is called the same, it has to be said which is which.
  const isNamed = new Set(all.map((one) => one.what)).size === all.length;
  const lines = steps.flatMap((step) => [
    ...(isNamed || step.changes.length === 0 ? [] : [`@@ ${oneLine(step.title)} @@`]),
    ...step.changes.flatMap(({ what, before, after }) => [
      ...(before === '' ? [] : [`- ${oneLine(what)}: ${oneLine(before)}`]),
      `+ ${oneLine(what)}: ${oneLine(after) || '–'}`,
    ]),
  ]);
  return [folded(fence(lines.join('\n'), 'diff'), lines.length, 'What changes')];
}

/** The exact calls, as they are digested. */
export function callParts(steps: readonly CardStep[]): string[] {
  if (steps.length === 0) return [];
  const lines = steps.map((step, index) => {
    const number = steps.length > 1 ? `${index + 1}. ` : '';
    return `${number}${step.call}\n   digest ${step.digest}`;
  });
  return [fold(steps.length > 1 ? 'The exact calls' : 'The exact call', fence(lines.join('\n'), 'text'))];
}

/** Is nothing of what somebody would approve left out in these parts? */
export function drawsWhole(steps: readonly CardStep[]): boolean {
  return steps.every(
    (step) =>
      fits(step.title, TITLE) &&
      step.guards.length + (steps.length >= MANY ? 0 : step.evidence.length) <= ASIDES &&
      step.changes.every((one) => [one.what, one.before, one.after].every((text) => fits(text, CHANGE))) &&
      step.guards.every((guard) => fits(guard.text, ASIDE) && fits(guard.saw, 300)),
  );
}

/** A block, folded away when it is long. */
export function folded(block: string, lines: number, what: string): string {
  return lines > LONG ? fold(`${what} (${lines} lines)`, block) : block;
}
