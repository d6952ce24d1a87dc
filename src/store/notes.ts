import { z } from 'zod';
import { canonical, type JsonObject } from '../core/json.ts';
import type { NotesStore } from '../core/store.ts';
import { cleanObject } from './clean.ts';
import type { Database } from './database.ts';

/** Small named values. */
export function createNotes(database: Database): NotesStore {
  return {
    get: async (key) => {
      const [row] = await database.query('select value from steward.notes where key = $1', [key]);
      return row === undefined ? null : (JSON.parse(z.string().parse(row.value)) as JsonObject);
    },
    set: async (key, value) => {
      if (value === null) await database.query('delete from steward.notes where key = $1', [key]);
      else {
        await database.query(
          'insert into steward.notes (key, value) values ($1, $2) on conflict (key) do update set value = $2',
          [key, canonical(cleanObject(value))],
        );
      }
    },
  };
}
