import { z } from 'zod';
import type { Finding } from '../core/finding.ts';
import type { Called } from './outcome.ts';

/** What the key must be allowed, and what for. The same as in docs/running.md. */
export const SCOPES: Readonly<Record<string, string>> = {
  'topics:read_lists': 'seeing which topics have something new',
  'topics:read': 'reading posts',
  'topics:write': 'answering, and private messages',
  'posts:edit': 'keeping a request’s post up to date',
  'users:show': 'telling who somebody is, and in which group',
};
/** Nice to have: catching up with many topics at once. */
const OPTIONAL = ['posts:list'];

const scopes = z.looseObject({
  scopes: z.array(
    z.looseObject({
      resource: z.string().optional(),
      action: z.string().optional(),
      key: z.string().optional(),
      name: z.string().optional(),
    }),
  ),
});
/** Why the forum does not take the key. */
export function keyFinding(called: Called): Finding {
  if (called.kind === 'error' && (called.status === 403 || called.status === 401))
    return {
      what: 'key',
      state: 'bad',
      says: 'the forum does not know this key, or it is another user’s',
      todo: 'Make a key for a single user, the bot, with its scopes, and put it where the config says.',
    };
  if (called.kind === 'error' && called.status === 404)
    return {
      what: 'address',
      state: 'bad',
      says: 'there is no Discourse at discourse.url, or one too old to say what a key may do',
      todo: 'Use the address of the forum’s front page.',
    };
  const says = called.kind === 'away' || called.kind === 'lost' ? called.says : 'it asks to wait';
  return {
    what: 'address',
    state: 'bad',
    says: `the forum does not answer: ${says}`,
    todo: 'Check discourse.url, and that this machine reaches it over HTTPS, without a redirect.',
  };
}

/** What the key may do, beside what it must. */
export function scopeFindings(data: unknown): readonly Finding[] {
  const read = scopes.safeParse(data);
  if (!read.success)
    return [{ what: 'scopes', state: 'warn', says: 'the forum does not say which the key has' }];
  const has = read.data.scopes.map((one) => `${one.resource}:${one.key}`);
  if (has.length === 0 || has.includes('global:*'))
    return [
      {
        what: 'scopes',
        state: 'bad',
        says: 'the key may do everything that the bot may do, also read its private messages',
        todo: `Make a granular key: ${Object.keys(SCOPES).join(', ')}.`,
      },
    ];
  const missing = Object.entries(SCOPES).filter(([scope]) => !has.includes(scope));
  const more = has.filter((scope) => !(scope in SCOPES) && !OPTIONAL.includes(scope));
  const rows: Finding[] = missing.map(([scope, what]) => ({
    what: `scope ${scope}`,
    state: 'bad',
    says: `missing: needed for ${what}`,
    todo: 'Scopes cannot be changed later: make a new key with all of them.',
  }));
  if (more.length > 0)
    rows.push({
      what: 'scopes',
      state: 'warn',
      says: `more than is used: ${more.join(', ')}`,
      todo: 'Make a key without them: a stolen one could use them.',
    });
  return rows.length > 0
    ? rows
    : [{ what: 'scopes', state: 'ok', says: 'all that are needed, and no others' }];
}
