import type { Answer } from './answer.ts';
import type { Card } from './card.ts';
import type { Status } from './request.ts';

/** What stands before a request in chat and forum: one look tells how it is. */
const STATUS_MARKS: Readonly<Record<Status, string>> = {
  asked: '⏳',
  planned: '✋',
  approved: '⏳',
  running: '⏳',
  unknown: '❓',
  failed: '❌',
  succeeded: '✅',
  answered: '💬',
  refused: '🚫',
  denied: '⛔',
  cancelled: '⏹️',
  expired: '⌛',
};

/** That mark; what has ended well and is not all there yet has another one. */
export function markOf({ status, tone }: Pick<Card, 'status' | 'tone'>): string {
  return status === 'succeeded' && tone === 'warn' ? '⚠️' : STATUS_MARKS[status];
}

/** The same for what was found. */
export const VERDICT_MARKS: Readonly<Record<Answer['verdict'], string>> = { ok: '✅', warn: '⚠️', bad: '🔴' };

/** What is said of a step that can, or cannot, be taken back. */
export const UNDO_WORDS = {
  full: 'can be undone',
  partial: 'can be undone in part',
  none: 'cannot be undone',
} as const;

/** What the text of a call begins with that a person carries out. */
export const BY_HAND = 'by hand: ';
