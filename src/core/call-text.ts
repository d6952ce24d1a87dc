import type { Json } from './json.ts';
import { BY_HAND } from './marks.ts';
import type { Effect } from './plan.ts';

/** The exact call, as it is digested: `editHost("builder2", capacity=8)`. */
export function callText(effect: Effect): string {
  if (effect.kind === 'host') {
    const args = effect.args.map(text).join(' ');
    return `${effect.host}: ${effect.script} ${args} (sha256 ${effect.sha256.slice(0, 12)})`;
  }
  if (effect.kind === 'job') {
    const args = effect.args.map(text).join(' ');
    return `${effect.host}: job ${effect.name}: ${effect.script} ${args} (sha256 ${effect.sha256.slice(0, 12)})`;
  }
  if (effect.kind === 'hand') return `${BY_HAND}${effect.what}`;
  if (effect.kind === 'wait') return `wait for ${effect.for.join(', ')}: ${effect.hours} hours at most`;
  if (effect.kind === 'notice') {
    // Line by line, as it will be read.
    const lines = [effect.title, ...effect.text.split('\n')].map((line) => `  ${text(line)}`);
    return [`message to ${text(effect.audience)}:`, ...lines].join('\n');
  }
  const named = Object.entries(effect.kwargs ?? {}).map(([key, value]) => `${key}=${text(value)}`);
  return `${effect.method}(${[...effect.args.map(text), ...named].join(', ')})`;
}

/** What cannot be seen is written by its number: two names that look the same are not the same call. */
function text(value: Json): string {
  return JSON.stringify(value).replace(UNSEEN, (mark) =>
    [...mark].map((one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`).join(''),
  );
}

// Formats, separators other than the space, private and unassigned ones, and letters that are drawn as nothing.
const UNSEEN = /(?! )[\p{C}\p{Z}]|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0|\p{Variation_Selector}/gu;
