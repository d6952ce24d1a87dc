const TRANSACTION =
  /^\s*(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/**
 * Refuses a bare BEGIN, COMMIT or ROLLBACK: in PGlite all share one session, so it would swallow or undo the
 * statements of others. `tx` is the one way.
 */
export function refuseBareTransaction(sql: string): void {
  if (TRANSACTION.test(sql)) throw new Error(`use tx(), not a bare ${sql.trim().split(/\s+/)[0]}`);
}
