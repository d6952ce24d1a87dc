import type { Actor, NewEvent, RequestEvent } from './events.ts';
import type { JsonObject } from './json.ts';
import type { Notice } from './notice.ts';
import type { Place } from './person.ts';
import type { Status } from './request.ts';

/** What the store keeps beside the events, so that it can be asked without folding: drawn from the fold. */
export interface Summary {
  readonly status: Status;
  /** Command names, joined for an undo of several. */
  readonly command: string;
  readonly text: string;
  readonly asker: string;
  readonly title: string;
  /** What has to happen next without anybody asking, and when: the sweeper's work list. */
  readonly due: { readonly kind: 'plan' | 'run' | 'expire' | 'remind'; readonly at: Date } | null;
}

/** A request as the store lists it. */
export interface Listed extends Summary {
  readonly id: string;
  /** Sequence number of its last event. */
  readonly seq: number;
  readonly updated: Date;
}

/** Proof that a lock is still held: step events are only written while every one of these numbers stands. */
export interface Fence {
  readonly owner: string;
  readonly locks: readonly { readonly name: string; readonly token: number }[];
}

/** The truth: requests and their events, hash-chained. */
export interface RequestStore {
  /**
   * Makes a request. `origin` is the id of what it came from (an inbox row, a terminal call): the same
   * origin a second time gives the request that it made the first time, and writes nothing.
   */
  create(
    origin: string,
    make: (id: string) => { readonly events: readonly NewEvent[]; readonly summary: Summary },
  ): Promise<{ readonly id: string; readonly isNew: boolean }>;
  /** The request that was made from this origin; null: none was. */
  madeFrom(origin: string): Promise<string | null>;
  /** All events in order, or those after sequence number `after`; empty for an unknown id. */
  events(id: string, after?: number): Promise<readonly RequestEvent[]>;
  /**
   * Adds events if the last one still has sequence number `after`; writes the summary with them.
   * `conflict`: somebody else wrote first, load again. `fenced`: a lock was lost, stop at once.
   */
  append(
    id: string,
    after: number,
    events: readonly NewEvent[],
    summary: Summary,
    fence?: Fence,
  ): Promise<'written' | 'conflict' | 'fenced'>;
  /** Moves when it is due, and writes no event; nothing if the last one no longer has sequence number `after`. */
  putOff(
    id: string,
    after: number,
    due: NonNullable<Summary['due']>,
    fence?: Fence,
  ): Promise<'written' | 'conflict' | 'fenced'>;
  /** Newest first. */
  list(filter: {
    readonly status?: readonly Status[];
    readonly asker?: string;
    readonly limit: number;
  }): Promise<readonly Listed[]>;
  /**
   * How many requests of this command somebody made since then, not counting the one from `origin` and those refused
   * early; at most 100.
   */
  askedSince(asker: string, command: string, since: Date, origin: string): Promise<number>;
  /** What is due at `now`, oldest first. */
  due(now: Date, limit: number): Promise<readonly Listed[]>;
}

/** The rest of the audit trail: what belongs to no request. In the same hash chain. */
export interface Ledger {
  note(type: string, by: Actor, data: JsonObject): Promise<void>;
  /**
   * Walks the chain from the first row. `head` is the last hash: keep it elsewhere to notice a cut tail.
   */
  verify(): Promise<
    | { readonly ok: true; readonly rows: number; readonly head: string }
    | { readonly ok: false; readonly row: number; readonly says: string }
  >;
  /** Rows as kept, for export; `after` is a row number, from 0. */
  rows(after: number, limit: number): Promise<readonly { readonly n: number; readonly row: unknown }[]>;
}

/** Locks on named resources, owned by a request, leased. */
export interface LockStore {
  /**
   * All of `names` or none, in one go. A request (`owner`) that has to wait keeps its place in the line of each
   * name; nobody who came later gets a lock before it (until its place was not asked for again for a minute).
   * `holder` is one attempt to run it: a second attempt of the same request does not share the locks of the
   * first, it waits until they are released or their lease ends (then `owner` in the answer is its own). Parked ones
   * are only ever given to their owner, at once.
   */
  acquire(
    owner: string,
    holder: string,
    names: readonly string[],
    leaseMs: number,
  ): Promise<
    | { readonly held: true; readonly fence: Fence }
    | { readonly held: false; readonly name: string; readonly owner: string; readonly ahead: number }
  >;
  /** False when one was lost. */
  renew(fence: Fence, leaseMs: number): Promise<boolean>;
  /**
   * For what goes on while nobody holds them: for so long nobody else gets these locks, whatever becomes of this
   * attempt (0: any more). `hold`: the attempt goes on; without it, the next one of the same request may take them at once. False
   * when one was lost.
   */
  park(fence: Fence, forMs: number, how?: 'hold'): Promise<boolean>;
  /**
   * Gives back every lock and every place in line of this request. With `fence` only the locks of that attempt
   * which it still holds: after a lost lease a newer attempt may hold them.
   */
  release(owner: string, fence?: Fence): Promise<void>;
  all(): Promise<readonly { readonly name: string; readonly owner: string; readonly until: Date }[]>;
}

/** What came in, stored before it is acknowledged. */
export interface Inbox {
  /** Waits for the next group's commit. `seen`: this id was stored before. Throws when the database does not take it within the deadline. */
  put(item: {
    readonly id: string;
    readonly source: string;
    readonly body: JsonObject;
  }): Promise<'new' | 'seen'>;
  /** What is not done yet, oldest first; `olderThanMs` leaves what a live process is working on. */
  pending(
    source: string,
    olderThanMs: number,
    limit: number,
  ): Promise<readonly { readonly id: string; readonly body: JsonObject }[]>;
  done(id: string): Promise<void>;
}

/** Where requests are shown, and up to which event. */
export interface PlaceStore {
  /** Adds a place, or gives back the one that is there. */
  add(request: string, place: Place): Promise<void>;
  of(request: string): Promise<readonly ShownPlace[]>;
  /** Remembers what was posted where: service ids, and the last event that it shows. */
  shown(request: string, where: string, state: JsonObject, seq: number): Promise<void>;
  /** The request whose place has this state value, e.g. the thread's ts; newest first. */
  find(kind: Place['kind'], where: string): Promise<readonly string[]>;
  /** Requests that have a place of this kind which shows less than has happened. */
  stale(kind: Place['kind'], limit: number): Promise<readonly string[]>;
}

/** A place with what the front end remembered about it. */
export interface ShownPlace extends Place {
  readonly state: JsonObject;
  /** 0: nothing shown yet. */
  readonly seq: number;
}

/** Small named values: the freeze, cursors of the forum. */
export interface NotesStore {
  get(key: string): Promise<JsonObject | null>;
  set(key: string, value: JsonObject | null): Promise<void>;
}

/** Personal tokens of the terminal, stored hashed. */
export interface TokenStore {
  /** The token itself is given back once and not kept. */
  issue(person: string, label: string): Promise<{ readonly id: string; readonly token: string }>;
  /** The person, or null for an unknown or revoked token. */
  check(token: string): Promise<string | null>;
  revoke(id: string): Promise<boolean>;
  list(): Promise<
    readonly { readonly id: string; readonly person: string; readonly label: string; readonly issued: Date }[]
  >;
}

/** Accounts that belong to one person, and the one-time codes by which people say so. */
export interface LinkStore {
  /** A new code for an account (`discourse:forum.example.org/12`); an older one of it is void. */
  offer(account: string, name: string, until: Date): Promise<string>;
  /** What a code stands for; null when it is unknown, used up or too old. */
  look(code: string): Promise<{ readonly account: string; readonly name: string } | null>;
  /** Uses the code up, and links its account with this person; null when it could not be used any more. */
  take(
    code: string,
    person: { readonly id: string; readonly name: string },
  ): Promise<{ readonly account: string; readonly name: string } | null>;
  personOf(account: string): Promise<{ readonly person: string; readonly name: string } | null>;
  accountsOf(person: string): Promise<readonly { readonly account: string; readonly name: string }[]>;
  /** Ends every link of this person; says how many there were. */
  end(person: string): Promise<number>;
}

/** Texts that answers give as files: beside the record, and not for ever. */
export interface FileStore {
  /** Keeps the text of this request for a day; what was kept for it before is replaced. */
  put(request: string, text: string): Promise<void>;
  /** The text in UTF-8, compressed with gzip; null: there is none, or it is kept no longer. */
  get(request: string): Promise<Uint8Array | null>;
}

/** Messages that belong to no request. One for each key, for ever. */
export interface NoticeStore {
  /**
   * Stores it, and with it the keys that it `covers`: they count as told, and none of them is a message any more.
   * `seen`: its key was stored before, and nothing was changed. Throws `Refused` for what can be no message.
   */
  put(notice: Notice, covers?: readonly string[]): Promise<'new' | 'seen'>;
  /** Those of these keys that are stored. */
  seen(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** What is not delivered everywhere yet; first what was not tried for the longest time. */
  pending(limit: number): Promise<readonly PendingNotice[]>;
  /** One of them; null: it is delivered, or there is none. */
  find(key: string): Promise<PendingNotice | null>;
  /** Remembers how far it is on one of its ways. */
  keep(key: string, way: string, state: JsonObject): Promise<void>;
  /** Nothing is left to do. */
  delivered(key: string): Promise<void>;
  /** How many are not delivered yet, and since when the oldest of them waits. */
  waiting(): Promise<{ readonly count: number; readonly since: Date | null }>;
}

/** A message that is to be delivered, and what is remembered of each of its ways. */
export interface PendingNotice {
  readonly notice: Notice;
  readonly ways: Readonly<Record<string, JsonObject>>;
}

/** Everything that has to survive. */
export interface Store {
  readonly requests: RequestStore;
  readonly ledger: Ledger;
  readonly locks: LockStore;
  readonly inbox: Inbox;
  readonly places: PlaceStore;
  readonly notes: NotesStore;
  readonly tokens: TokenStore;
  readonly links: LinkStore;
  readonly notices: NoticeStore;
  readonly files: FileStore;
}
