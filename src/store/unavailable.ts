import { Unavailable } from '../core/refused.ts';

// Classes of SQLSTATE: 08 connection, 57P shutdown and crash, 53 out of resources; 57014 a statement's timeout.
const AWAY = /^(08|53|57P|57014|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOENT$)/;
const AWAY_TEXT = /timeout|Connection terminated|Client has encountered a connection error|not queryable/i;

/** What to throw for an error of the driver: `Unavailable` for a database that is away, itself otherwise. */
export function asUnavailable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Unavailable) return error;
  const code = codeOf(error);
  const inner = error instanceof AggregateError ? codeOf(error.errors[0]) : '';
  if (AWAY.test(code) || AWAY.test(inner) || (code === '' && AWAY_TEXT.test(error.message))) {
    return databaseAway(error);
  }
  return error;
}

/** The one sentence for people; the cause is for the log. */
export function databaseAway(cause?: unknown): Unavailable {
  const away = new Unavailable('the database', 'The database does not answer. Try again in a moment.');
  away.cause = cause;
  return away;
}

/** SQLSTATE or system error code; empty when there is none. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return '';
}
