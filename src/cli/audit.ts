import { z } from 'zod';
import type { Ledger } from '../core/store.ts';
import { complain, EXIT, type Io } from './io.ts';

/** `audit verify`. With an earlier head: is that still part of the chain? */
export async function verifyAudit(ledger: Ledger, earlier: string | undefined, io: Io): Promise<number> {
  const verified = await ledger.verify();
  if (!verified.ok) {
    complain(io, `The record is broken at row ${verified.row}: ${verified.says}.`);
    return EXIT.no;
  }
  if (earlier !== undefined && !(await holds(ledger, earlier))) {
    complain(io, `The chain is sound, but the head that you gave is not in it: ${earlier}`, CUT);
    return EXIT.no;
  }
  await io.out(`${verified.rows} rows, each follows the one before.\nhead ${verified.head}\n`);
  if (earlier === undefined)
    io.err(
      'Keep the head somewhere else: `steward audit verify --head <it>` notices later if rows were cut off.\n',
    );
  return EXIT.done;
}

const CUT = 'Rows were cut off or written anew since. Compare with an export from before.';
const PAGE = 500;
const hashed = z.looseObject({ hash: z.string() });

async function* rowsOf(ledger: Ledger, after: number) {
  for (let last = after; ; ) {
    const rows = await ledger.rows(last, PAGE);
    yield* rows;
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.n;
  }
}

async function holds(ledger: Ledger, hash: string): Promise<boolean> {
  // The chain was verified a moment ago, so each row's hash is what its words give.
  for await (const { row } of rowsOf(ledger, 0))
    if (hashed.parse(row).hash === hash.toLowerCase()) return true;
  return false;
}

/** `audit export`: one JSON object a line, oldest first. */
export async function exportAudit(ledger: Ledger, after: number, io: Io): Promise<number> {
  for await (const { n, row } of rowsOf(ledger, after)) {
    io.signal.throwIfAborted();
    await io.out(`${JSON.stringify(typeof row === 'object' ? { n, ...row } : { n, row })}\n`);
  }
  return EXIT.done;
}
