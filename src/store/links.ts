import { createHash, randomInt } from 'node:crypto';
import { z } from 'zod';
import type { LinkStore } from '../core/store.ts';
import { cleanText } from './clean.ts';
import type { Database } from './database.ts';

/** No letter or digit that is easily taken for another. 12 of them are 58 bits, for a quarter of an hour. */
const LETTERS = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';

const offered = z.object({ account: z.string(), name: z.string() });
const linked = z.object({ person: z.string(), name: z.string() });

/** Accounts that belong to one person, and the codes by which they say so; of a code only the SHA-256 is kept. */
export function createLinks(database: Database, now: () => Date): LinkStore {
  return {
    offer: async (account, name, until) => {
      const code = [0, 1, 2].map(() => Array.from({ length: 4 }, letter).join('')).join('-');
      await database.query(
        `insert into steward.link_codes (account, name, hash, until) values ($1, $2, $3, $4)
         on conflict (account) do update set name = $2, hash = $3, until = $4`,
        [cleanText(account), cleanText(name), hashed(code), until.toISOString()],
      );
      return code;
    },
    look: async (code) => {
      const [row] = await database.query(
        'select account, name from steward.link_codes where hash = $1 and until > $2',
        [hashed(code), now().toISOString()],
      );
      return row === undefined ? null : offered.parse(row);
    },
    take: (code, { id, name }) =>
      database.tx(async (tx) => {
        const [row] = await tx.query(
          'delete from steward.link_codes where hash = $1 and until > $2 returning account, name',
          [hashed(code), now().toISOString()],
        );
        if (row === undefined) return null;
        const { account, name: accountName } = offered.parse(row);
        await tx.query(
          `insert into steward.links (account, account_name, person, name, at) values ($1, $2, $3, $4, $5)
           on conflict (account) do update set account_name = $2, person = $3, name = $4, at = $5`,
          [account, accountName, cleanText(id), cleanText(name), now().toISOString()],
        );
        return { account, name: accountName };
      }),
    personOf: async (account) => {
      const [row] = await database.query('select person, name from steward.links where account = $1', [
        cleanText(account),
      ]);
      return row === undefined ? null : linked.parse(row);
    },
    accountsOf: async (person) => {
      const rows = await database.query(
        'select account, account_name as name from steward.links where person = $1',
        [cleanText(person)],
      );
      return z.array(offered).parse(rows);
    },
    end: async (person) => {
      const rows = await database.query('delete from steward.links where person = $1 returning account', [
        cleanText(person),
      ]);
      return rows.length;
    },
  };
}

function letter(): string {
  return LETTERS[randomInt(LETTERS.length)] ?? 'A';
}

/** As people type it: with or without dashes, in small letters. */
function hashed(code: string): string {
  return createHash('sha256')
    .update(code.toUpperCase().replace(/[^A-Z0-9]/g, ''))
    .digest('hex');
}
