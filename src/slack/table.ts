import type { TableBlock } from '@slack/types';
import type { Table } from '../core/answer.ts';
import { LIMITS } from './blocks.ts';
import { oneLine, plain } from './escape.ts';

/** A table as Slack draws one, with as many rows as fit; `left` is how many did not. */
export function tableBlock(table: Table, room: number): { block: TableBlock; left: number } {
  const columns = table.columns.slice(0, LIMITS.tableColumns);
  const cells = [columns, ...table.rows].map((row) =>
    columns.map((_, index) => ({ type: 'raw_text' as const, text: plain(row[index] ?? '', 200) })),
  );
  const most = Math.min(room, LIMITS.tableText);
  const rows: (typeof cells)[number][] = [];
  let size = 0;
  for (const row of cells.slice(0, LIMITS.tableRows)) {
    size += row.reduce((sum, cell) => sum + cell.text.length + 40, 0);
    if (size > most && rows.length > 1) break;
    rows.push(row);
  }
  return { block: { type: 'table', rows }, left: cells.length - rows.length };
}

/** The same as text in columns, for where the table block is not known. Not escaped: goes into a fence. */
export function tableText(table: Table, rows: number): { text: string; left: number } {
  const shown = [table.columns, ...table.rows.slice(0, rows)].map((row) =>
    table.columns.map((_, index) => plain(row[index] ?? '', 60)),
  );
  const widths = table.columns.map((_, index) =>
    Math.max(...shown.map((row) => [...(row[index] ?? '')].length)),
  );
  const lines = shown.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd(),
  );
  return { text: lines.join('\n'), left: Math.max(0, table.rows.length - rows) };
}

/** One line for a notification: `3 rows: host, state`. */
export function tableSummary(table: Table): string {
  return oneLine(`${table.rows.length} rows: ${table.columns.join(', ')}`);
}
