import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import type { FileStore } from '../core/store.ts';
import { cleanText } from './clean.ts';
import type { Database } from './database.ts';

/** So long a text is kept: it can be asked for anew. */
const KEPT_MS = 24 * 60 * 60_000;
/** For one statement: a text may have many megabytes. */
const DEADLINE_MS = 30_000;

const compress = promisify(gzip);
const row = z.object({ content: z.instanceof(Uint8Array) });

/** Texts that answers give as files. */
export function createFiles(database: Database, now: () => Date): FileStore {
  return {
    put: async (request, text) => {
      const content = await compress(text);
      const at = now();
      await database.query('delete from steward.files where until <= $1', [at.toISOString()]);
      await database.query(
        `insert into steward.files (request, content, until) values ($1, $2, $3)
         on conflict (request) do update set content = $2, until = $3`,
        [cleanText(request), content, new Date(at.getTime() + KEPT_MS).toISOString()],
        DEADLINE_MS,
      );
    },
    get: async (request) => {
      const [found] = await database.query(
        'select content from steward.files where request = $1 and until > $2',
        [cleanText(request), now().toISOString()],
        DEADLINE_MS,
      );
      return found === undefined ? null : row.parse(found).content;
    },
  };
}
