import { noticeOf } from './notice.ts';
import { plainText } from './plain-text.ts';
import type { Effect } from './plan.ts';
import { digestOfEffect } from './planner.ts';
import type { HostOutcome, HubOutcome } from './ports.ts';
import type { NoticeStore } from './store.ts';
import type { World } from './world.ts';

/** How an effect ended. `unknown` may have happened: it is looked up, never repeated blindly. */
export type StepOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly says: string }
  | { readonly kind: 'unknown'; readonly says: string };

/** Longest that one root script may take, in milliseconds. */
const HOST_DEADLINE_MS = 120_000;

/** What effects are carried out on. */
interface Reach {
  readonly world: World;
  readonly notices: Pick<NoticeStore, 'put'>;
}

/** Carries out one effect of a request, or several hub calls together. As many outcomes as effects, in order. */
export async function carryOut(
  effects: readonly Effect[],
  request: string,
  { world, notices }: Reach,
  signal: AbortSignal,
): Promise<readonly StepOutcome[]> {
  const [only] = effects;
  if (effects.length === 1 && only?.kind === 'notice') {
    // Whoever delivers it finds it there, and it is never stored twice.
    await notices.put(noticeOf(request, digestOfEffect(only), only));
    return [{ kind: 'done' }];
  }
  if (effects.length === 1 && only?.kind === 'host') {
    const { host, script, sha256, args } = only;
    const options = { deadlineMs: HOST_DEADLINE_MS, signal };
    return [ofHost(host, await world.hostWriter.run(host, { name: script, sha256 }, args, options))];
  }
  const calls = effects.map((effect) => {
    if (effect.kind !== 'hub') throw new Error('only hub calls go together');
    const { kind: _, ...call } = effect;
    return call;
  });
  return (await world.hubWriter.carryOut(calls, signal)).map(ofHub);
}

function ofHub(outcome: HubOutcome): StepOutcome {
  if (outcome.kind === 'value') return { kind: 'done' };
  if (outcome.kind === 'fault') return { kind: 'failed', says: outcome.fault.says };
  return { kind: 'unknown', says: outcome.why };
}

function ofHost(host: string, outcome: HostOutcome): StepOutcome {
  switch (outcome.kind) {
    case 'exit':
      return outcome.code === 0
        ? { kind: 'done' }
        : { kind: 'failed', says: `${host}: ${lastWords(outcome)}` };
    case 'timeout':
    case 'lost':
    case 'signalled':
      return { kind: 'unknown', says: outcome.says };
    default:
      return { kind: 'failed', says: outcome.says };
  }
}

function lastWords(outcome: Extract<HostOutcome, { kind: 'exit' }>): string {
  const lines = (outcome.stderr.trim() || outcome.stdout.trim()).split('\n').slice(-LAST_LINES);
  return endText(outcome.code, lines);
}

/** How many of the last lines tell why something failed. */
export const LAST_LINES = 3;

/** How a job's script marks a line of its own: with the time, which says nothing at the end. */
const OWN_LINE = /^== \d{4}-\d\d-\d\dT[\d:]+Z /u;

/** How a script ended that did not end well. Where its last line is its own, that says why, and the rest is in the log. */
export function endText(code: number | null, lines: readonly string[]): string {
  const own = lines.slice(-1).filter((line) => OWN_LINE.test(line));
  const text = (code !== null && own.length > 0 ? own : lines)
    .map((line) => plainText(line.replace(OWN_LINE, '')))
    .join(' / ')
    .slice(0, 400)
    .toWellFormed();
  if (code === null)
    return `it ended, and how nobody knows: a reboot, or it was killed. ${text === '' ? 'It said nothing' : `It said last: ${text}`}`;
  if (text && own.length > 0) return text;
  return text ? `${text} (exit code ${code})` : `it ended with exit code ${code} and said nothing`;
}
