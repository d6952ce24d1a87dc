import type { CopyText } from './answer.ts';
import { anyPrivateKey } from './private-key.ts';

/** Whom a message is for that belongs to no request. */
export type NoticeTo =
  /** An audience of the config: `packagers`. */
  | { readonly kind: 'audience'; readonly name: string }
  /** Those who look after everything. */
  | { readonly kind: 'approvers' }
  /**
   * A person of the config: where they last asked for one of these commands, else in private, else the approvers are
   * told in their stead.
   */
  | { readonly kind: 'person'; readonly person: string; readonly likeCommands: readonly string[] };

/** A message that belongs to no request. Public text, escaped by whoever shows it; `` `cert renew` `` is shown as code. */
export interface Notice {
  /** What it is about: there is one message of each key, for ever. */
  readonly key: string;
  readonly to: NoticeTo;
  readonly title: string;
  readonly lines: readonly string[];
  readonly texts?: readonly CopyText[];
  /** Lines that help, as a person would type them. In Slack the first is a button too. */
  readonly next?: readonly string[];
}

/** What every place can show whole. In characters or items. */
export const NOTICE_LIMITS = { key: 300, title: 140, lines: 40, line: 500, text: 5_000, texts: 3, next: 4 };

/** Why it cannot be a message; null: it can. */
export function noticeTrouble(notice: Notice): string | null {
  const { key, title, lines, texts = [], next = [] } = notice;
  const most = NOTICE_LIMITS;
  const all = [...lines, ...texts.flatMap((one) => [one.title, one.text]), ...next];
  const size = all.reduce((sum, text) => sum + text.length + 1, 0);
  if (anyPrivateKey(notice)) return 'it holds what looks like a private key';
  if (key === '' || key.length > most.key) return `its key has to have 1 to ${most.key} characters`;
  if (title.trim() === '' || title.includes('\n')) return 'its title has to be one line';
  if (title.length > most.title) return `its title has ${title.length} characters, of ${most.title} at most`;
  if (lines.length > most.lines) return `it has ${lines.length} lines, of ${most.lines} at most`;
  const long = [...lines, ...next].find((line) => line.length > most.line);
  if (long !== undefined) return `a line of it has ${long.length} characters, of ${most.line} at most`;
  if (texts.length > most.texts || next.length > most.next)
    return `it has more than ${most.texts} texts to copy or ${most.next} lines to say`;
  return size > most.text ? `it has ${size} characters, of ${most.text} at most` : null;
}

/** The message of a step: one for each request and effect, so that what was begun is found again. */
export function noticeOf(
  request: string,
  digest: string,
  effect: { readonly audience: string; readonly title: string; readonly text: string },
): Notice {
  const { audience, title, text } = effect;
  return {
    key: `${request}:${digest}`,
    to: { kind: 'audience', name: audience },
    title,
    lines: text.split('\n'),
  };
}
