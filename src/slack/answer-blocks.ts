import type { KnownBlock } from '@slack/types';
import type { Answer, AnswerFile, Table } from '../core/answer.ts';
import type { Reply } from '../core/card.ts';
import { VERDICT_MARKS } from '../core/marks.ts';
import { cut } from '../core/visible.ts';
import { context, fences, LIMITS, type Message, section, sizeOf } from './blocks.ts';
import { code, entities, inline, oneLine } from './escape.ts';
import { tableBlock, tableSummary, tableText } from './table.ts';

/** Draws tables as text: for a workspace or client that refuses the table block. */
export interface Drawing {
  readonly plainTables?: boolean;
  /** Leaves out what is to be copied: for those who only decided. */
  readonly withoutTexts?: boolean;
}

/** Lines, at most `max` of them, each of `width` characters, within `room`, with how many were left out. */
export function lineBlocks(
  lines: readonly string[],
  more: string,
  room = 6000,
  max = 40,
  width = 500,
): KnownBlock[] {
  const texts: string[] = [];
  let now = '';
  let used = 0;
  let shown = 0;
  for (const line of lines.slice(0, max)) {
    const text = inline(line, width);
    if (used + text.length > room) break;
    used += text.length + 1;
    shown += 1;
    if (now.length + text.length + 1 > LIMITS.section) {
      texts.push(now);
      now = text;
    } else now = now ? `${now}\n${text}` : text;
  }
  if (now) texts.push(now);
  const blocks: KnownBlock[] = texts.map(section);
  if (shown < lines.length) blocks.push(context(`… (${lines.length - shown} more${more})`));
  return blocks;
}

/** A table in what is left of the message's room. */
export function tableBlocks(table: Table, room: number, more: string, drawing: Drawing): KnownBlock[] {
  if (table.columns.length === 0) return [];
  const size = Math.max(500, room);
  const drawn = drawing.plainTables ? fencedTable(table, size) : blockTable(table, size);
  return drawn.left > 0 ? [...drawn.blocks, context(`… (${drawn.left} more rows${more})`)] : drawn.blocks;
}

function blockTable(table: Table, room: number): { blocks: KnownBlock[]; left: number } {
  const { block, left } = tableBlock(table, room);
  return { blocks: [block], left };
}

function fencedTable(table: Table, room: number): { blocks: KnownBlock[]; left: number } {
  const most = Math.min(room, 8000);
  let rows = table.rows.length;
  let drawn = tableText(table, rows);
  while (rows > 0 && entities(drawn.text).length > most) {
    rows = Math.floor(rows * 0.8);
    drawn = tableText(table, rows);
  }
  return { blocks: fences(drawn.text), left: drawn.left };
}

/** Of a text that comes as a file. */
const SLACK_LINES = 8;
const SLACK_CHARACTERS = 1500;

const TONE = { info: 'ℹ️', good: '✅', warn: '⚠️', bad: '🚫' } as const;

/** What a command that only looked found. `titled`: its title stands above it already. */
export function answerBlocks(
  answer: Answer,
  room: number,
  more: string,
  drawing: Drawing & { readonly titled: boolean },
): KnownBlock[] {
  const blocks: KnownBlock[] = [
    ...(drawing.titled ? [] : [section(`${VERDICT_MARKS[answer.verdict]} *${inline(answer.title, 600)}*`)]),
    ...lineBlocks(answer.lines ?? [], more, Math.max(500, room / 2)),
  ];
  if (answer.table) blocks.push(...tableBlocks(answer.table, room - sizeOf(blocks), more, drawing));
  const file = answer.file ? fileBlocks(answer.file) : [];
  if (sizeOf([...blocks, ...file]) <= room) blocks.push(...file);
  const next = answer.next?.length ? [nextBlock(answer.next)] : [];
  const texts = answer.texts ?? [];
  if (drawing.withoutTexts && texts.length > 0)
    return [
      ...blocks,
      ...next,
      context(inline(`What is to be copied stands where it was asked for${more}.`)),
    ];
  let left = 0;
  for (const { title, text } of texts) {
    const drawn = [section(`*${inline(title, 300)}*`), ...fences(text)];
    // Half of a text to copy is worse than none.
    if (sizeOf([...blocks, ...drawn, ...next]) <= room) blocks.push(...drawn);
    else left += 1;
  }
  return [...blocks, ...(left > 0 ? [context(`… (${left} texts to copy left out${more})`)] : []), ...next];
}

/** How a long text ends; all of it comes as a file in its thread. */
function fileBlocks({ last }: AnswerFile): KnownBlock[] {
  return [
    section('*How it ends* (all of it comes as a file in its thread)'),
    ...fences(last.split('\n').slice(-SLACK_LINES).join('\n').slice(-SLACK_CHARACTERS)),
  ];
}

/** Lines that a person can type next. */
export function nextBlock(next: readonly string[]): KnownBlock {
  const shown = next.slice(0, 6).map((line) => code(line, 200));
  return context(`Next: ${shown.join(' · ')}`);
}

/** A reply for one person. */
export function replyMessage(reply: Reply, drawing: Drawing = {}): Message {
  const blocks: KnownBlock[] = [
    section(`${TONE[reply.tone]} *${inline(reply.title, 1000)}*`),
    ...lineBlocks(reply.lines, ''),
  ];
  const next = reply.next?.length ? [nextBlock(reply.next)] : [];
  if (reply.table) {
    blocks.push(
      ...tableBlocks(reply.table, LIMITS.messageText - 200 - sizeOf([...blocks, ...next]), '', drawing),
    );
  }
  const text = [reply.title, ...reply.lines, ...(reply.table ? [tableSummary(reply.table)] : [])];
  return { text: fallback(text.join('\n')), blocks: [...blocks, ...next].slice(0, LIMITS.messageBlocks) };
}

/** The text beside the blocks. */
export function fallback(text: string): string {
  return cut(entities(oneLine(cut(text, 1500))), LIMITS.text) || 'Steward';
}
