import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

/** Records by id. They are replaced, never changed. */
export interface Table<K, T extends { readonly id: K }> {
  get(id: K): T | undefined;
  all(): IterableIterator<T>;
  put(record: T): void;
  remove(id: K): void;
}

/** A file of lines, each a record's newest state, so that nothing that was answered is lost by a kill. */
export interface Journal {
  table<K extends string | number, T extends { readonly id: K }>(
    name: string,
    shape: z.ZodType<T>,
    onPut?: (record: T, before: T | undefined) => void,
  ): Table<K, T>;
  /** No record was there at the start. */
  readonly fresh: boolean;
}

const lineShape = z.tuple([z.string(), z.union([z.string(), z.number()]), z.unknown()]);
type Line = z.infer<typeof lineShape>;

/** Without a path nothing is kept. */
export function openJournal(path: string | undefined, changed: () => void): Journal {
  const lines = path === undefined ? [] : read(path);
  const write = (line: Line) => {
    if (path !== undefined) appendFileSync(path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    changed();
  };
  return {
    fresh: lines.length === 0,
    table<K extends string | number, T extends { readonly id: K }>(
      name: string,
      shape: z.ZodType<T>,
      onPut: (record: T, before: T | undefined) => void = () => {},
    ): Table<K, T> {
      const records = new Map<K, T>();
      const set = (record: T) => {
        const before = records.get(record.id);
        records.set(record.id, record);
        onPut(record, before);
      };
      for (const [table, , value] of lines) if (table === name) set(shape.parse(value));
      return {
        get: (id) => records.get(id),
        all: () => records.values(),
        put(record) {
          set(record);
          write([name, record.id, record]);
        },
        remove(id) {
          records.delete(id);
          write([name, id, null]);
        },
      };
    },
  };
}

/** The last line of each record counts. The file is written anew, so that it does not only grow. */
function read(path: string): Line[] {
  mkdirSync(dirname(path), { recursive: true });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const last = new Map<string, Line>();
  // A line without its end was being written when the process was killed: nobody was answered yet.
  for (const one of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (one === '') continue;
    const line = lineShape.parse(JSON.parse(one));
    if (line[2] === null) last.delete(`${line[0]} ${line[1]}`);
    else last.set(`${line[0]} ${line[1]}`, line);
  }
  const lines = [...last.values()];
  writeFileSync(`${path}.new`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return lines;
}
