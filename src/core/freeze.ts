import { z } from 'zod';
import type { Actor } from './events.ts';
import type { Ledger, NotesStore } from './store.ts';

/** Everything stops at its next step while one of these stands. */
export interface Freeze {
  readonly by: string;
  readonly because: string;
  readonly at: Date;
}

const stored = z.object({ by: z.string(), because: z.string(), at: z.iso.datetime() });

/** The freeze that stands, or null. */
export async function readFreeze(notes: NotesStore): Promise<Freeze | null> {
  const note = await notes.get('freeze');
  if (note === null) return null;
  const { by, because, at } = stored.parse(note);
  return { by, because, at: new Date(at) };
}

/** Freezes (or, with null, thaws) and writes it into the audit trail first. */
export async function writeFreeze(
  store: { readonly notes: NotesStore; readonly ledger: Ledger },
  by: Actor,
  because: string | null,
  now: Date,
): Promise<void> {
  await store.ledger.note(because === null ? 'thawed' : 'frozen', by, { because });
  const note = because === null ? null : { by: by.name, because, at: now.toISOString() };
  await store.notes.set('freeze', note);
}
