import type { Answer, AnswerFile, CopyText, Table } from '../core/answer.ts';
import { cell, fence, fold, inline } from './escape.ts';
import { joined } from './parts.ts';
import { sayable, withSayable } from './say.ts';

/** More lines than this are folded; more rows as well. */
const LINES = 15;
const ROWS = 25;
const COLUMNS = 12;
const NEXT = 6;

/** What a command that only looked found, in at most `room` characters. `more` says how to see the rest. */
export function answerParts(
  answer: Pick<Answer, 'lines' | 'table' | 'texts' | 'file' | 'next'>,
  bot: string,
  room: number,
  more: string,
): string[] {
  const next = nextParts(answer.next ?? [], bot);
  const size = Math.max(0, room - 100 - joined(next).length);
  const lines = lineParts(answer.lines ?? [], bot, answer.table ? size / 2 : size, more);
  const table = answer.table ? tableParts(answer.table, size - joined(lines).length - 4, more) : [];
  const file = answer.file ? fileParts(answer.file) : [];
  const before = [...lines, ...table, ...file];
  const texts = textParts(answer.texts ?? [], size - joined(before).length - 4, more);
  const all = [...before, ...texts, ...next];
  return joined(all).length <= room ? all : [`${more}.`];
}

/** Lines as paragraphs of one line each, many of them folded. */
function lineParts(lines: readonly string[], bot: string, room: number, more: string): string[] {
  const texts = lines.map((line) => inline(withSayable(line, bot), 1000)).filter((line) => line !== '');
  const shown = within(texts, room - 200);
  if (texts.length === 0) return [];
  const left = texts.length - shown.length;
  const rest = left > 0 ? [`… and ${left} more lines. ${more}.`] : [];
  const text = shown.join('\n');
  if (shown.length <= LINES) return [text, ...rest];
  return [fold(`All that was said (${shown.length} lines)`, text), ...rest];
}

/** A table with the rows that fit, folded when there are many. */
export function tableParts(table: Table, room: number, more: string): string[] {
  const columns = table.columns.slice(0, COLUMNS);
  if (columns.length === 0) return [];
  const row = (cells: readonly string[]): string =>
    `| ${columns.map((_, index) => cell(cells[index] ?? '')).join(' | ')} |`;
  const head = [row(columns), `|${columns.map(() => ' --- |').join('')}`];
  const rows = within(table.rows.map(row), room - 250 - head.join('\n').length);
  const left = table.rows.length - rows.length;
  const rest = left > 0 ? [`… and ${left} more rows. ${more}.`] : [];
  if (rows.length === 0) return rest;
  const text = [...head, ...rows].join('\n');
  return [rows.length > ROWS ? fold(`The table (${rows.length} rows)`, text) : text, ...rest];
}

/** Texts to copy, each whole or not at all. */
function textParts(texts: readonly CopyText[], room: number, more: string): string[] {
  const shown: string[] = [];
  let left = 0;
  for (const { title, text } of texts) {
    const drawn = `${inline(title, 300)}\n\n${fence(text.trimEnd(), 'text')}`;
    if (joined([...shown, drawn]).length <= room - 200) shown.push(drawn);
    else left += 1;
  }
  return left > 0 ? [...shown, `… and ${left} texts to copy. ${more}.`] : shown;
}

/** A forum takes no text files: how it ends, and how to get all of it. */
function fileParts({ last, elsewhere, line }: AnswerFile): string[] {
  const count = last.split('\n').length;
  return [
    fold(count === 1 ? 'Its last line' : `Its last ${count} lines`, fence(last, 'text')),
    inline(
      `All of it: \`/koji ${line}\` in chat gives it as a file, \`steward ask ${line}\` in a terminal prints it. It is ${elsewhere}.`,
      800,
    ),
  ];
}

/** Lines that a person can say next. */
export function nextParts(next: readonly string[], bot: string): string[] {
  if (next.length === 0) return [];
  const lines = next.slice(0, NEXT).map((line) => `- ${sayable(line, bot)}`);
  return [`What may help next, as a reply here:\n${lines.join('\n')}`];
}

/** As many of them as fit. */
function within(lines: readonly string[], room: number): readonly string[] {
  let used = 0;
  const most = lines.findIndex((line) => {
    used += line.length + 1;
    return used > room;
  });
  return most < 0 ? lines : lines.slice(0, most);
}
