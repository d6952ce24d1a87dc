import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { TokenStore } from '../core/store.ts';
import { cleanText } from './clean.ts';
import type { Database } from './database.ts';

const TOKEN = /^kst_[A-Za-z0-9_-]{43}$/;

const listed = z.array(z.object({ id: z.string(), person: z.string(), label: z.string(), issued: z.date() }));

/** Personal tokens: 256 random bits, of which only the SHA-256 is kept (no salt is needed for that many). */
export function createTokens(database: Database, now: () => Date): TokenStore {
  return {
    issue: async (person, label) => {
      const id = `t${randomBytes(4).toString('hex')}`;
      const token = `kst_${randomBytes(32).toString('base64url')}`;
      await database.query(
        'insert into steward.tokens (id, person, label, hash, issued) values ($1, $2, $3, $4, $5)',
        [id, cleanText(person), cleanText(label), hashed(token), now().toISOString()],
      );
      return { id, token };
    },
    check: async (token) => {
      if (!TOKEN.test(token)) return null;
      const [row] = await database.query(
        'select person from steward.tokens where hash = $1 and revoked is null',
        [hashed(token)],
      );
      return row === undefined ? null : z.string().parse(row.person);
    },
    revoke: async (id) => {
      const rows = await database.query(
        'update steward.tokens set revoked = $2 where id = $1 and revoked is null returning id',
        [cleanText(id), now().toISOString()],
      );
      return rows.length > 0;
    },
    list: async () => {
      const rows = await database.query(
        'select id, person, label, issued from steward.tokens where revoked is null order by issued, id',
      );
      return listed.parse(rows);
    },
  };
}

function hashed(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
