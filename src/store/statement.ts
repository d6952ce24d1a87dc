const TRANSACTION =
  /^(?:\s|--.*\n)*(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/**
 * Refuses a bare BEGIN, COMMIT or ROLLBACK: in PGlite all share one session, so it would swallow or undo the
 * statements of others. `tx` is the one way.
 */
export function refuseBareTransaction(sql: string): void {
  const word = TRANSACTION.exec(sql)?.[1];
  if (word !== undefined) throw new Error(`use tx(), not a bare ${word}`);
}
