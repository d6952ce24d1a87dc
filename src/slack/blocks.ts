import type {
  ActionsBlock,
  Button,
  ContextBlock,
  DividerBlock,
  HeaderBlock,
  KnownBlock,
  SectionBlock,
} from '@slack/types';
import { cut } from '../core/visible.ts';
import { fenced, plain } from './escape.ts';

/** What Slack takes at most, in characters or items. */
export const LIMITS = {
  messageBlocks: 50,
  viewBlocks: 100,
  section: 3000,
  fields: 10,
  field: 2000,
  header: 150,
  context: 3000,
  text: 3900,
  tableRows: 100,
  tableColumns: 20,
  tableText: 10_000,
  /** All text of a message's blocks together. Slack refuses somewhere above 13,000 and documents no number. */
  messageText: 12_000,
} as const;

/** A message: blocks, and the text for notifications, screen readers and search. */
export interface Message {
  readonly text: string;
  readonly blocks: readonly KnownBlock[];
}

export function header(text: string): HeaderBlock {
  return { type: 'header', text: { type: 'plain_text', text: plain(text, LIMITS.header), emoji: false } };
}

/** `text` is mrkdwn that is safe already and short enough; longer is cut. */
export function section(text: string): SectionBlock {
  return { type: 'section', text: mrkdwn(text, LIMITS.section) };
}

/** Small grey text. */
export function context(text: string): ContextBlock {
  return { type: 'context', elements: [mrkdwn(text, LIMITS.context)] };
}

export function divider(): DividerBlock {
  return { type: 'divider' };
}

export function actions(elements: readonly Button[]): ActionsBlock {
  return { type: 'actions', elements: [...elements] };
}

/** Code blocks that hold all of `text`, in as many sections as it takes. */
export function fences(text: string): SectionBlock[] {
  const most = LIMITS.section - 8;
  const pieces: string[] = [];
  let piece = '';
  for (const part of fenced(text).split(/(\n|&amp;|&lt;|&gt;)/u)) {
    for (const bit of part.startsWith('&') ? [part] : chunks(part)) {
      if (piece.length + bit.length > most) {
        pieces.push(piece);
        piece = bit === '\n' ? '' : bit;
      } else piece += bit;
    }
  }
  pieces.push(piece);
  return pieces.map((one) => section(`\`\`\`${one || ' '}\`\`\``));
}

/** Splits without cutting a character in two. */
function chunks(text: string): string[] {
  const all: string[] = [];
  let now = '';
  for (const character of text) {
    if (now.length + character.length > 500) {
      all.push(now);
      now = '';
    }
    now += character;
  }
  return now ? [...all, now] : all;
}

export function mrkdwn(text: string, max: number): { type: 'mrkdwn'; text: string; verbatim: true } {
  // Callers cut their parts before escaping, so this only guards the limit itself.
  return { type: 'mrkdwn', text: cut(text, max) || ' ', verbatim: true };
}

export function plainText(text: string, max: number): { type: 'plain_text'; text: string; emoji: false } {
  return { type: 'plain_text', text: plain(text, max), emoji: false };
}

/** How much of a message's room these blocks take: their texts, and something for each block and element. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + sizeOf(one), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, one]) =>
      sum + (key === 'type' ? 40 : key === 'value' || key === 'action_id' ? 0 : sizeOf(one)),
    0,
  );
}
