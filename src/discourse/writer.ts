import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../core/ports.ts';
import { Unavailable } from '../core/refused.ts';
import type { Urgency } from './budget.ts';
import type { Forum } from './forum.ts';
import { isMarked, marked } from './marker.ts';
import type { Found, Written } from './model.ts';
import type { Runs } from './runs.ts';

/** How posting ended. `unknown`: it may be there. Come back later with `lookFirst`. */
export type Posted =
  | { readonly kind: 'ok'; readonly post: number; readonly number: number }
  | Extract<Written, { kind: 'held' | 'refused' }>
  | { readonly kind: 'unknown' };

/** What was found of a post that may be there. */
export type Looked =
  | { readonly kind: 'ok'; readonly post: number; readonly number: number }
  | { readonly kind: 'absent' }
  /** The topic is gone. */
  | { readonly kind: 'gone' }
  /** Nobody may conclude anything. */
  | { readonly kind: 'unknown' };

/** Something to be posted once, however often it is tried. */
export interface Draft {
  readonly topic: number;
  readonly replyTo: number | null;
  readonly raw: string;
  /** Goes with the post, so that it is found again. */
  readonly marker: string;
  readonly urgency: Urgency;
  /** It was tried before: looked for first. */
  readonly lookFirst?: boolean;
  /** Where it can stand at the earliest; without it after the post that it replies to. */
  readonly from?: number;
}

/** Writes in topics: a post never twice, an edit until it stands. Throws nothing. */
export interface Writer {
  post(draft: Draft): Promise<Posted>;
  edit(change: {
    readonly post: number;
    readonly raw: string;
    readonly marker: string;
    readonly reason: string;
    readonly urgency: Urgency;
  }): Promise<Posted>;
  /** A post of ours with this marker, from this number on. */
  find(topic: number, marker: string, from: number, urgency: Urgency): Promise<Looked>;
  /** The number of the topic's last post, or of one shortly before it. */
  lastNumber(topic: number, urgency: Urgency): Promise<Found<number>>;
}

/** When to look for a post whose answer was lost: the forum may still be at it. */
const LOOK_MS = [500, 4_000];
/** An edit is made again so often. */
const EDITS = 3;
/** Pages of 20 posts that are looked through. */
const PAGES = 10;

export function createWriter(deps: {
  readonly forum: Pick<Forum, 'reply' | 'edit' | 'postsFrom'>;
  readonly runs: Runs;
  /** Our own user id. */
  readonly self: number;
  readonly log: Log;
  readonly now: () => Date;
  readonly lookMs?: readonly number[];
}): Writer {
  const { forum, runs, self, log } = deps;
  const lookMs = deps.lookMs ?? LOOK_MS;

  async function find(topic: number, marker: string, from: number, urgency: Urgency): Promise<Looked> {
    let next = Math.max(1, from);
    for (let n = 0; n < PAGES; n++) {
      const page = await forum.postsFrom(topic, next, urgency);
      if (page.kind !== 'ok') return { kind: page.kind === 'gone' ? 'gone' : 'unknown' };
      for (const post of page.value) runs.heard(topic, post.number, post.userId === self);
      const found = page.value.find((post) => post.userId === self && isMarked(post.raw, marker));
      if (found) return { kind: 'ok', post: found.id, number: found.number };
      const last = page.value.at(-1);
      if (!last) return { kind: 'absent' };
      next = last.number + 1;
    }
    log.warn('too many posts to look through for one of ours', { topic, from });
    return { kind: 'unknown' };
  }

  /** It may have been posted: looks more than once, as an answer can be lost before the work is done. */
  async function lookAgain({ topic, marker, urgency }: Draft, from: number): Promise<Posted> {
    for (const ms of lookMs) {
      await pause(ms);
      const looked = await find(topic, marker, from, urgency);
      if (looked.kind === 'ok') return looked;
      if (looked.kind === 'gone') return { kind: 'refused', why: 'missing', says: 'the topic is gone' };
    }
    return { kind: 'unknown' };
  }

  return {
    find,
    lastNumber: (topic, urgency) => runs.highest(topic, urgency),

    async post(draft) {
      const { topic, replyTo, marker, urgency } = draft;
      const from = draft.from ?? (replyTo ?? 0) + 1;
      if (draft.lookFirst) {
        const looked = await find(topic, marker, from, urgency);
        if (looked.kind === 'ok' || looked.kind === 'unknown') return looked;
        if (looked.kind === 'gone') return { kind: 'refused', why: 'missing', says: 'the topic is gone' };
      }
      const free = await runs.mayPost(topic, urgency);
      if (free.kind === 'away') return { kind: 'unknown' };
      if (free.kind === 'gone') return { kind: 'refused', why: 'missing', says: 'the topic is gone' };
      if (!free.value)
        return { kind: 'refused', why: 'consecutive', says: 'not tried: the last posts are all ours' };
      const written = await forum.reply({ topic, replyTo }, marked(draft.raw, marker), urgency);
      switch (written.kind) {
        case 'ok':
          runs.heard(topic, written.number, true);
          return { kind: 'ok', post: written.post, number: written.number };
        case 'held':
        case 'refused':
          return written;
        case 'lost':
          log.warn('no clear answer whether something was posted', { topic, marker, says: written.says });
          return lookAgain(draft, from);
        case 'conflict':
        case 'stopped':
          return { kind: 'unknown' };
      }
    },

    async edit({ post, raw, marker, reason, urgency }) {
      const text = marked(raw, marker);
      for (let n = 1; n <= EDITS; n++) {
        const written = await forum.edit(post, text, reason, urgency);
        if (written.kind === 'ok') return { kind: 'ok', post, number: written.number };
        if (written.kind === 'held' || written.kind === 'refused') return written;
        if (written.kind === 'stopped') break;
        // Somebody edited it meanwhile, or no answer: the same once more does no harm.
        log.warn('an edit is made again', { post, outcome: written });
        if (written.kind === 'lost') await pause(lookMs[n - 1] ?? 0);
      }
      return { kind: 'unknown' };
    },
  };
}

/** Where a new post can stand at the earliest; null when the topic is gone. */
export async function nextNumber(
  writer: Pick<Writer, 'lastNumber'>,
  topic: number,
  urgency: Urgency,
): Promise<number | null> {
  const last = await writer.lastNumber(topic, urgency);
  if (last.kind === 'away') throw new Unavailable('the forum', `The forum does not answer: ${last.says}`);
  return last.kind === 'ok' ? last.value + 1 : null;
}
