import type { Answer, CopyText, Table } from '../core/answer.ts';
import type { Card, CardStep, Reply } from '../core/card.ts';
import type { Form } from '../core/form.ts';
import { plainText } from '../core/plain-text.ts';
import { padTo, widthOf, wrap } from './width.ts';

/** How a text is drawn. */
export interface Style {
  /** Width of the terminal. */
  readonly columns: number;
  readonly colour: boolean;
}

type Tone = Card['tone'];
type Paint = Tone | 'bold' | 'dim';

const CODES: Readonly<Record<Paint, string>> = {
  info: '36',
  good: '32',
  warn: '33',
  bad: '31',
  bold: '1',
  dim: '2',
};

const MARKS: Readonly<Record<CardStep['state'], string>> = {
  todo: '○',
  started: '…',
  done: '✓',
  failed: '✗',
  unknown: '?',
};

/** Narrower than this nothing can be read; the terminal breaks the lines itself. */
const NARROWEST = 20;

/** A request as a terminal shows it. Text of people loses its control characters, so it cannot steer the terminal. */
export function cardText(card: Card, style: Style): string {
  const lines = [...heading(card.tone, card.title, style)];
  if (card.line) lines.push(...paragraph(card.line, 2, style));
  for (const { label, value } of card.fields) lines.push(...paragraph(`${label}: ${value}`, 2, style));
  card.steps.forEach((step, index) => {
    lines.push(...stepLines(step, index, card, style));
  });
  if (card.answer) lines.push(...answerLines(card.answer, card.answer.title !== card.title, style));
  for (const note of card.notes) lines.push(...paragraph(`• ${note}`, 2, style));
  for (const { text, url } of card.links) lines.push(...paragraph(`${text}: ${url}`, 2, style));
  if (card.next) lines.push(...paragraph(card.next, 2, style));
  for (const who of new Set(card.actions.map(({ may }) => may.says))) {
    const said = card.actions.filter(({ may }) => may.says === who).map((action) => action.line);
    lines.push(...paragraph(`${who ? `For ${who}` : 'You can say'}: ${said.join('  ·  ')}`, 2, style));
  }
  lines.push(...paragraph(card.footer, 2, style).map((line) => paint(line, 'dim', style)));
  return lines.join('\n');
}

/** A short reply. */
export function replyText(reply: Reply, style: Style): string {
  const lines = [...heading(reply.tone, reply.title, style)];
  for (const line of reply.lines) lines.push(...paragraph(line, 2, style));
  if (reply.table) lines.push(...indented(tableLines(reply.table, style.columns - 2, style)));
  lines.push(...nextLines(reply.next, style));
  return lines.join('\n');
}

/** What a command that only looks found. */
export function answerText(answer: Answer, style: Style): string {
  return answerLines(answer, true, style).join('\n');
}

/** What is missing or wrong, and how the command is used. */
export function formText(form: Form, style: Style): string {
  const wrong = form.fields.filter((field) => field.problem !== null);
  const lines = [...heading('warn', `${form.command}: ${form.summary}`, style)];
  for (const { name, problem, hint } of wrong) {
    const missing = problem === 'missing';
    lines.push(...paragraph(missing ? `${name} is missing. ${hint}` : `${name}: ${problem ?? ''}`, 2, style));
  }
  lines.push(...paragraph(`Say it like this: ${form.usage}`, 2, style));
  const example = form.fields
    // What was wrong is not shown again as an example.
    .map((field) => (field.problem === null && field.value) || field.example)
    .join(' ');
  lines.push(...paragraph(`For example: ${form.command} ${example}`, 2, style));
  return lines.join('\n');
}

/** A table, as wide as the terminal at most; where that is too narrow for columns, one block for each row. */
export function tableText(table: Table, style: Style): string {
  return tableLines(table, style.columns, style).join('\n');
}

/** Text for a terminal, one paragraph: no control characters, broken at the width. */
export function paragraph(text: string, indent: number, style: Style): readonly string[] {
  // What follows a bullet or a mark hangs below the words.
  const hang = /^[•✓✗○…?] /u.test(text) ? 2 : 0;
  const room = Math.max(NARROWEST, style.columns) - indent - hang;
  return wrap(plainText(text), room).map((line, at) => ' '.repeat(indent + (at === 0 ? 0 : hang)) + line);
}

/** Colours a text that holds nothing of anybody's. */
export function paint(text: string, as: Paint, style: Style): string {
  return style.colour && text !== '' ? `\u001b[${CODES[as]}m${text}\u001b[0m` : text;
}

function heading(tone: Tone, title: string, style: Style): readonly string[] {
  const room = Math.max(NARROWEST, style.columns) - 2;
  return wrap(plainText(title), room).map((line, index) => {
    const bold = paint(line, 'bold', style);
    return index === 0 ? `${paint('●', tone, style)} ${bold}` : `  ${bold}`;
  });
}

function stepLines(step: CardStep, index: number, card: Card, style: Style): readonly string[] {
  const tone: Tone =
    ({ done: 'good', failed: 'bad', unknown: 'bad' } as const)[step.state as 'done'] ?? 'info';
  const [first = '', ...rest] = paragraph(`${MARKS[step.state]} ${index + 1}. ${step.title}`, 2, style);
  const lines = [first.replace(MARKS[step.state], paint(MARKS[step.state], tone, style)), ...rest];
  const add = (text: string): void => {
    lines.push(...paragraph(text, 7, style));
  };
  if (step.says) add(step.says);
  if (card.status === 'succeeded') return lines;
  for (const { what, before, after } of step.changes)
    add(`${what}: ${before === '' ? '' : `${before} → `}${after}`);
  for (const { label, value } of step.evidence) add(`${label}: ${value}`);
  for (const { text, holds, saw } of step.guards)
    add(`${holds ? 'holds' : 'DOES NOT HOLD'}: ${text} (saw ${saw})`);
  lines.push(...paragraph(`calls ${step.call}`, 7, style).map((line) => paint(line, 'dim', style)));
  return lines;
}

function answerLines(answer: Answer, titled: boolean, style: Style): readonly string[] {
  const tone: Tone = answer.verdict === 'ok' ? 'good' : answer.verdict;
  const lines = titled ? [...heading(tone, answer.title, style)] : [];
  for (const line of answer.lines ?? []) lines.push(...paragraph(line, 2, style));
  if (answer.table) lines.push(...indented(tableLines(answer.table, style.columns - 2, style)));
  for (const one of answer.texts ?? [])
    lines.push('', ...paragraph(`${one.title}:`, 2, style), ...copyLines(one));
  return [...lines, ...nextLines(answer.next, style)];
}

/** As it stands, at the left edge and not broken at the width, so that it can be copied or cut out by a program. */
function copyLines({ text }: CopyText): readonly string[] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.replace(/[\p{Cc}\p{Cf}\p{Surrogate}]/gu, ' '));
}

function nextLines(next: readonly string[] | undefined, style: Style): readonly string[] {
  return (next ?? []).flatMap((line) => paragraph(`Try: ${line}`, 2, style));
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

const GAP = 2;
/** A column narrower than this is harder to read than a block for each row. */
const LEAST_COLUMN = 7;

function tableLines(table: Table, columns: number, style: Style): readonly string[] {
  const room = Math.max(NARROWEST - 2, columns);
  const rows = table.rows.map((row) => table.columns.map((_, index) => plainText(row[index] ?? '')));
  const names = table.columns.map(plainText);
  const natural = names.map((name, index) =>
    Math.max(1, ...[name, ...rows.map((row) => row[index] ?? '')].map(widthOf)),
  );
  const widths = shrink(natural, room - GAP * (names.length - 1));
  if (widths === null) return blocks(names, rows, room, style);
  const drawn = (cells: readonly string[]): readonly string[] => {
    const wrapped = cells.map((cell, index) => wrap(cell, widths[index] ?? 1));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, at) =>
      wrapped
        .map((lines, index) => padTo(lines[at] ?? '', widths[index] ?? 1))
        .join(' '.repeat(GAP))
        .trimEnd(),
    );
  };
  return [...drawn(names).map((line) => paint(line, 'bold', style)), ...rows.flatMap(drawn)];
}

/** Takes from the widest column until all fit; null when one would be too narrow. */
function shrink(natural: readonly number[], room: number): readonly number[] | null {
  const widths = [...natural];
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= LEAST_COLUMN) return null;
    widths[widest] = width - 1;
    over--;
  }
  return widths;
}

function blocks(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  room: number,
  style: Style,
): readonly string[] {
  return rows.flatMap((row, at) => {
    const lines = row.flatMap((cell, index) =>
      wrap(`${names[index] ?? ''}: ${cell}`, index === 0 ? room : room - 2).map((line, part) =>
        index === 0 ? paint(line, 'bold', style) : `${part === 0 ? '' : '  '}${line}`,
      ),
    );
    return at === 0 ? lines : ['', ...lines];
  });
}
