import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { digestOf } from '../core/json.ts';
import { createLocks } from '../core/keyed-lock.ts';
import type { Log } from '../core/ports.ts';
import { holdsPrivateKey } from '../core/private-key.ts';
import type { NotesStore } from '../core/store.ts';
import type { Forum } from './forum.ts';
import { USERNAME } from './mention.ts';

/**
 * How a private message ended. `sent`: now or before, or it may have been and must not be repeated. `nobody`: there is
 * no account that it may go to. `not-now`: nothing was sent; another time it may be.
 */
export type Sent = 'sent' | 'nobody' | 'not-now';

/** Private messages, each to one person. */
export interface Messages {
  /** `key`: what it is about. Each key is sent once, whatever comes between. */
  send(userId: number, key: string, title: string, raw: string): Promise<Sent>;
}

/** The forum's own limit for an account. */
const MOST_A_DAY = 20;
/** What somebody only asked for leaves room for what they must be told, and for others. */
const MOST_WANTED = 12;
const MOST_WANTED_EACH = 3;
/** Keys of what was asked for begin so. */
export const WANTED = 'secret:';
/** The forum gives the same answer to the same message for two minutes. */
const REPEAT_MS = 100_000;
const REPEAT_AFTER_MS = 2_000;
const TITLE = 200;

/** What is remembered of a message: never its text, which may be a secret. */
const note = z.object({ state: z.enum(['sending', 'sent']), at: z.string(), digest: z.string() });
/** How many were sent on one day: to all, and to each account of what it only asked for. The next day takes its place. */
const day = z.object({ day: z.string(), count: z.number(), wanted: z.record(z.string(), z.number()) });
type Day = z.output<typeof day>;
const TODAY = 'discourse:messages';

export function createMessages(deps: {
  readonly forum: Pick<Forum, 'account' | 'isGroup' | 'message'>;
  readonly notes: NotesStore;
  /** What the account is called, as last seen. */
  readonly usernameOf: (userId: number) => Promise<string | null>;
  readonly log: Log;
  readonly now: () => Date;
  /** For tests. */
  readonly repeatAfterMs?: number;
}): Messages {
  const { forum, notes, usernameOf, log, now, repeatAfterMs = REPEAT_AFTER_MS } = deps;
  const locks = createLocks();

  /** The name that is this very account's, and no group's. */
  async function addressOf(userId: number): Promise<{ name: string } | Exclude<Sent, 'sent'>> {
    const name = await usernameOf(userId);
    if (name === null || !USERNAME.test(name)) return refused(userId, 'it has no plain name');
    const account = await forum.account(name, 'answer');
    if (account.kind === 'away') return 'not-now';
    if (account.kind === 'gone' || account.value.id !== userId)
      return refused(userId, 'the name that it had is not its own any more');
    const group = await forum.isGroup(name, 'answer');
    if (group.kind === 'away') return 'not-now';
    if (group.kind === 'gone' || group.value) return refused(userId, 'a group has the same name');
    return { name };
  }

  function refused(userId: number, why: string): 'nobody' {
    log.warn('a private message was not sent', { user: userId, why });
    return 'nobody';
  }

  async function countToday(userId: number, isWanted: boolean): Promise<boolean> {
    const today = now().toISOString().slice(0, 10);
    const kept = day.safeParse(await notes.get(TODAY)).data;
    const { count, wanted }: Omit<Day, 'day'> = kept?.day === today ? kept : { count: 0, wanted: {} };
    const mine = isWanted ? (wanted[userId] ?? 0) : 0;
    if (count >= (isWanted ? MOST_WANTED : MOST_A_DAY) || mine >= MOST_WANTED_EACH) return false;
    const each = isWanted ? { ...wanted, [userId]: mine + 1 } : wanted;
    await notes.set(TODAY, { day: today, count: count + 1, wanted: each });
    return true;
  }

  async function write(userId: number, key: string, name: string, title: string, raw: string): Promise<Sent> {
    const noteKey = `discourse:message:${key}`;
    const digest = digestOf({ name, title, raw });
    const before = note.safeParse(await notes.get(noteKey)).data;
    const begun = before?.state === 'sending' ? before.at : null;
    const at = begun ?? now().toISOString();
    const isLate = () => now().getTime() - Date.parse(at) > REPEAT_MS;
    if (before?.state === 'sent') return 'sent';
    if (before && (isLate() || before.digest !== digest))
      return given(key, 'nobody knows whether it was sent');
    if (!before) {
      if (!(await countToday(userId, key.startsWith(WANTED)))) {
        log.warn('no more private messages today', { key, most: MOST_A_DAY });
        return 'not-now';
      }
      await notes.set(noteKey, { state: 'sending', at, digest });
    }
    for (let n = 0; ; n++) {
      const written = await forum.message(name, title, raw, n === 0 ? 'answer' : 'decision');
      switch (written.kind) {
        case 'ok':
        case 'held':
          if (written.kind === 'held') log.warn('a private message waits for a moderator', { key });
          await notes.set(noteKey, { state: 'sent', at, digest });
          return 'sent';
        case 'lost':
          await pause(repeatAfterMs);
          if (n >= 2 || isLate()) return given(key, written.says);
          break;
        case 'refused':
        case 'conflict':
        case 'stopped':
          // The one before this had no clear answer: "too similar" would be the proof that it arrived.
          if (begun !== null || n > 0) return given(key, written.kind);
          log.warn('the forum takes no private message', { key, outcome: written });
          await notes.set(noteKey, null);
          return written.kind === 'refused' &&
            ['forbidden', 'missing', 'invalid', 'closed'].includes(written.why)
            ? 'nobody'
            : 'not-now';
      }
    }
  }

  /** It may have arrived, and the same again would be a second one. */
  function given(key: string, says: string): 'sent' {
    log.warn('a private message may have been sent, and is not repeated', { key, says });
    return 'sent';
  }

  return {
    send: (userId, key, title, raw) =>
      locks.run('messages', async () => {
        if (holdsPrivateKey(`${title}\n${raw}`)) {
          log.error('a private message held a private key and was not sent', { user: userId, key });
          return 'nobody';
        }
        const known = note.safeParse(await notes.get(`discourse:message:${key}`)).data;
        if (known?.state === 'sent') return 'sent';
        const address = await addressOf(userId);
        return typeof address === 'string'
          ? address
          : write(userId, key, address.name, title.slice(0, TITLE), raw);
      }),
  };
}
