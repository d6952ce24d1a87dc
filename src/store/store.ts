import type { Store } from '../core/store.ts';
import type { Database } from './database.ts';
import { createFiles } from './files.ts';
import { createInbox } from './inbox.ts';
import { createLinks } from './links.ts';
import { createLocks } from './locks.ts';
import { createNotes } from './notes.ts';
import { createNotices } from './notices.ts';
import { createPlaces } from './places.ts';
import { createLedger } from './record.ts';
import { createRequests } from './requests.ts';
import { createTokens } from './tokens.ts';

/** Everything that has to survive, in one database. `now` is for tests. */
export function createStore(database: Database, options: { readonly now?: () => Date } = {}): Store {
  const now = options.now ?? (() => new Date());
  return {
    requests: createRequests(database, now),
    ledger: createLedger(database, now),
    locks: createLocks(database, options.now),
    inbox: createInbox(database, now),
    places: createPlaces(database),
    notes: createNotes(database),
    tokens: createTokens(database, now),
    links: createLinks(database, now),
    notices: createNotices(database, now),
    files: createFiles(database, now),
  };
}
