import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { days, identifier } from '../../src/core/fields.ts';
import { nearest } from '../../src/core/near.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { CERTIFICATE_WORDS, OTHER_CERTIFICATES } from '../certificates/called.ts';
import { brokenLines, countText, readEntries, standingText } from '../certificates/entries.ts';
import { namedUser } from '../certificates/holder.ts';
import { type Entry, isOf, type Standing, standing } from '../certificates/index-file.ts';
import { settings } from '../certificates/settings.ts';
import { day, daysUntil } from '../certificates/times.ts';
import { watchCertificates } from '../certificates/watch.ts';
import { some } from '../some.ts';

/** More rows than this nobody reads, and no front end shows. */
const MOST_ROWS = 50;
/** Whose certificate ends sooner than this should renew it now. */
const SOON_DAYS = 14;
const STATES: readonly string[] = ['valid', 'expired', 'revoked'] satisfies Standing[];

export default defineCommand({
  name: 'cert list',
  summary: 'List client certificates: of whom, how long, in which state',
  params: z.object({
    which: identifier({
      title: 'Which',
      hint: 'A Koji user, mine, or one of valid, expired, revoked. Left out: the valid ones.',
      example: 'maria',
    }).optional(),
    expiring: days(
      { title: 'Expiring', hint: 'Valid ones that end within so long.', example: '30d', named: true },
      36_500,
    ).optional(),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  settings,
  shared: 'ca',
  examples: ['cert list', 'cert list maria', 'cert list expiring=30d', 'cert list revoked'],
  recognise: {
    words: [
      CERTIFICATE_WORDS,
      anyOf(`koji, kojihub, build system`),
      anyOf(`when, which, list, how long, still valid, run out, runs out, about to expire`),
    ],
    unless: OTHER_CERTIFICATES,
  },
  watch: watchCertificates,
  plan: async ({ which, expiring }, view, given): Promise<Answer> => {
    const { now } = view;
    const read = await readEntries(given, view);
    const { entries } = read;
    const state = which !== undefined && STATES.includes(which) ? which : undefined;
    const user = state !== undefined || which === undefined ? undefined : namedUser(which, view);
    const wantsState = state ?? (user === undefined || expiring !== undefined ? 'valid' : undefined);
    const found = entries
      .filter((one) => user === undefined || isOf(one, user))
      .filter((one) => wantsState === undefined || standing(one, now) === wantsState)
      .filter((one) => expiring === undefined || daysUntil(one.until, now) < expiring)
      .sort(byUse(now));
    const shown = found.slice(0, MOST_ROWS);
    const soon = shown.filter((one) => endsSoon(one, now));
    const broken = brokenLines(read);
    const isOwn = user !== undefined && user === view.asker.accounts.koji;
    const unknown = found.length === 0 && user !== undefined ? unknownUser(user, entries) : [];
    // Who never had one may ask how it stands; of another it is more likely a slip.
    const isSlip = unknown.length > 0 && !isOwn;
    return {
      kind: 'answer',
      title: titleOf({ found, user, state: wantsState, expiring }),
      verdict: broken.length > 0 || soon.length > 0 || isSlip ? 'warn' : 'ok',
      lines: [
        ...broken,
        ...(soon.length > 0 ? [`Ends within ${SOON_DAYS} days: ${usersOf(soon)}.`] : []),
        ...(found.length > shown.length
          ? [
              `Only the first ${shown.length} of ${found.length} are shown. Narrow it: \`cert list <user>\`, or \`cert list expiring=30d\`.`,
            ]
          : []),
        ...unknown,
        ...(user === undefined
          ? [`The CA on ${read.host} signed ${entries.length}: ${countText(entries, now)}.`]
          : []),
      ],
      ...(shown.length > 0 ? { table: tableOf(shown, now) } : {}),
      next:
        found.length > 0
          ? shown.slice(0, 1).map((one) => `cert show ${one.serial}`)
          : nextForNone(user, view, entries),
    };
  },
});

function titleOf(asked: {
  readonly found: readonly Entry[];
  readonly user: string | undefined;
  readonly state: string | undefined;
  readonly expiring: number | undefined;
}): string {
  const { found, user, state, expiring } = asked;
  const of = user === undefined ? '' : ` of ${user}`;
  const ends =
    expiring === undefined ? '' : ` that end${found.length === 1 ? 's' : ''} within ${expiring} days`;
  const kind = state === undefined ? '' : `${state} `;
  return `${found.length === 0 ? 'No' : found.length} ${kind}certificate${found.length === 1 ? '' : 's'}${of}${ends}`;
}

/** Valid ones first, and of those what ends first; of the others what is newest. */
function byUse(now: Date): (one: Entry, other: Entry) => number {
  const rank = (entry: Entry): number => STATES.indexOf(standing(entry, now));
  return (one, other) =>
    rank(one) - rank(other) ||
    (rank(one) === 0 ? one.until.getTime() - other.until.getTime() : other.line - one.line);
}

function endsSoon(entry: Entry, now: Date): boolean {
  return standing(entry, now) === 'valid' && daysUntil(entry.until, now) < SOON_DAYS;
}

function usersOf(entries: readonly Entry[]): string {
  const users = [...new Set(entries.map(({ user }) => user ?? '(no name)'))];
  return some(users, 10);
}

function unknownUser(user: string, entries: readonly Entry[]): readonly string[] {
  const known = [...new Set(entries.flatMap((one) => one.user ?? []))];
  if (known.includes(user)) return [];
  const meant = nearest(user, known);
  return [`There never was one for ${user}.${meant ? ` Did you mean ${meant}?` : ''}`];
}

/** What helps whom nothing was found for: with `expiring` there may be others. */
function nextForNone(user: string | undefined, view: View, entries: readonly Entry[]): readonly string[] {
  if (user === undefined) return [];
  const own = entries.filter((one) => isOf(one, user));
  if (own.some((one) => standing(one, view.now) === 'valid')) return [`cert list ${user}`];
  if (user === view.asker.accounts.koji) return ['cert issue'];
  return [own.length > 0 ? `cert list ${user}` : 'cert list'];
}

function tableOf(entries: readonly Entry[], now: Date) {
  return {
    columns: ['User', 'Serial', 'Until', 'Days', 'State'],
    rows: entries.map((one) => [
      one.user ?? '(no name)',
      one.serial,
      day(one.until),
      standing(one, now) === 'valid' ? String(daysUntil(one.until, now)) : '',
      standingText(one, now),
    ]),
  };
}
