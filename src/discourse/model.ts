/** A topic as a list tells it. */
export interface ListedTopic {
  readonly id: number;
  readonly title: string;
  readonly slug: string;
  readonly categoryId: number;
  /** Number of its last post, deleted ones counted. */
  readonly highest: number;
  readonly createdAt: Date;
  /** When something was last added, or its last post edited. Lists are in this order, newest first. */
  readonly bumpedAt: Date;
  readonly pinned: boolean;
  readonly closed: boolean;
  readonly archived: boolean;
}

/** A post as it stands now. */
export interface Post {
  readonly id: number;
  readonly topic: number;
  /** Its number in the topic, from 1. */
  readonly number: number;
  readonly userId: number;
  /** As it is now: people can be renamed. */
  readonly username: string;
  /** What people read. Never compared, never trusted. */
  readonly name: string;
  /** 0 to 4; null where the server does not say. */
  readonly trustLevel: number | null;
  /** Markdown as written, at most 32,000 characters. */
  readonly raw: string;
  /** 1 until somebody edits it; the author's own edits of the first minutes do not count. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly viaEmail: boolean;
  /** False for what the forum writes itself: moved, closed, ... */
  readonly isRegular: boolean;
  readonly replyTo: number | null;
}

/** A post in the list of the whole forum. */
export type LatestPost = Post & { readonly categoryId: number | null; readonly title: string | null };

/** Somebody's account. */
export interface Account {
  readonly id: number;
  readonly username: string;
  readonly name: string;
  readonly trustLevel: number;
  /** Names of the groups that we may see them in. */
  readonly groups: readonly string[];
}

/** Something that was looked up; `gone`: it is not there, or not for us. */
export type Found<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'gone' }
  /** No answer, or none that can be understood: nobody may conclude anything. */
  | { readonly kind: 'away'; readonly says: string };

/** How a piece of writing ended. */
export type Written =
  | { readonly kind: 'ok'; readonly post: number; readonly topic: number; readonly number: number }
  /** Held for a moderator: not posted. */
  | { readonly kind: 'held' }
  /** The forum said no, and nothing was written. `why` is for us, `says` has the forum's words, for the log. */
  | {
      readonly kind: 'refused';
      readonly why:
        | 'forbidden' // 403: no right, or silenced
        | 'missing' // 404, 410: the topic or post is gone
        | 'closed' // closed or archived
        | 'slow' // slow mode
        | 'similar' // too like a post of a moment ago
        | 'consecutive' // too many of ours in a row
        | 'invalid'; // 400, 413, 422 of any other kind
      readonly says: string;
      /** For `slow`: milliseconds after which it may be tried again, where the forum says. */
      readonly waitMs?: number;
    }
  /** Somebody edited the post meanwhile. */
  | { readonly kind: 'conflict' }
  /** No clear answer: it may have been written. */
  | { readonly kind: 'lost'; readonly says: string }
  | { readonly kind: 'stopped' };
