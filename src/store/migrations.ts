/** One change of the tables. Once released it is never edited: its hash is kept where it ran. */
export interface Migration {
  readonly name: string;
  /** Run in order, all in one transaction; the same SQL for PostgreSQL and PGlite, every name with its schema. */
  readonly statements: readonly string[];
}

/** All changes, in order; the first is number 1. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: 'the record, requests, locks, inbox, places, notes, tokens',
    statements: [
      // `data` is text: jsonb would reorder keys and rewrite numbers, and the hash covers the bytes.
      `create table steward.record (
        n bigint primary key,
        request text,
        seq integer not null,
        type text not null,
        v integer not null,
        at text not null,
        by_id text not null,
        by_name text not null,
        data text not null,
        prev text not null,
        hash text not null,
        unique (request, seq)
      )`,
      `create table steward.head (
        one boolean primary key default true check (one),
        n bigint not null,
        hash text not null
      )`,
      `insert into steward.head (n, hash) values (0, repeat('0', 64))`,
      `create function steward.refuse_change() returns trigger language plpgsql as $$
        begin raise exception 'the record is only ever added to'; end $$`,
      `create trigger only_added_to before update or delete or truncate on steward.record
        for each statement execute function steward.refuse_change()`,
      'create sequence steward.request_number as bigint',
      `create table steward.requests (
        num bigint primary key,
        id text not null unique,
        origin text not null unique,
        seq integer not null,
        status text not null,
        command text not null,
        text text not null,
        asker text not null,
        title text not null,
        due_kind text,
        due_at timestamptz,
        updated timestamptz not null
      )`,
      'create index requests_due on steward.requests (due_at) where due_at is not null',
      'create index requests_asker on steward.requests (asker, num)',
      'create index requests_status on steward.requests (status, num)',
      // A lock's row stays when it is given back, so that its token never goes back.
      `create table steward.locks (
        name text primary key,
        owner text,
        holder text,
        until timestamptz,
        token bigint not null
      )`,
      'create index locks_owner on steward.locks (owner)',
      'create sequence steward.lock_place as bigint',
      `create table steward.lock_line (
        name text not null,
        owner text not null,
        place bigint not null,
        asked timestamptz not null,
        primary key (name, owner)
      )`,
      'create index lock_line_owner on steward.lock_line (owner)',
      `create table steward.inbox (
        id text primary key,
        n bigint generated always as identity,
        source text not null,
        body text not null,
        at timestamptz not null,
        done timestamptz
      )`,
      'create index inbox_pending on steward.inbox (source, n) where done is null',
      `create table steward.places (
        request text not null,
        kind text not null,
        "where" text not null,
        purpose text not null,
        state text not null,
        keys text[] not null,
        seq integer not null,
        n bigint generated always as identity,
        primary key (request, kind, "where")
      )`,
      'create index places_keys on steward.places using gin (keys)',
      'create table steward.notes (key text primary key, value text not null)',
      `create table steward.tokens (
        id text primary key,
        person text not null,
        label text not null,
        hash text not null unique,
        issued timestamptz not null,
        revoked timestamptz
      )`,
    ],
  },
  {
    name: 'accounts that belong to one person',
    statements: [
      `create table steward.links (
        account text primary key,
        account_name text not null,
        person text not null,
        name text not null,
        at timestamptz not null
      )`,
      'create index links_person on steward.links (person)',
      `create table steward.link_codes (
        account text primary key,
        name text not null,
        hash text not null unique,
        until timestamptz not null
      )`,
    ],
  },
  {
    name: 'locks that are kept while nobody holds them',
    statements: ['alter table steward.locks add column kept timestamptz'],
  },
  {
    name: 'messages that belong to no request',
    statements: [
      // Without a body it is only a key that another message covers.
      `create table steward.notices (
        key text primary key,
        n bigint generated always as identity,
        body text,
        ways text not null,
        at timestamptz not null,
        tried timestamptz not null,
        done timestamptz
      )`,
      'create index notices_pending on steward.notices (tried, n) where done is null',
    ],
  },
  {
    name: 'texts that answers give as files',
    statements: [
      `create table steward.files (
        request text primary key,
        content bytea not null,
        until timestamptz not null
      )`,
      'create index files_until on steward.files (until)',
    ],
  },
];
