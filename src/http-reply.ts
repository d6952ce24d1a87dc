import type { Context } from 'hono';
import { Unavailable } from './core/refused.ts';

/** Within a reverse proxy's patience; the caller may ask again with the same key. */
const DEADLINE_MS = 20_000;

/** An answer in words, as the terminal shows it. */
export function says(
  c: Context,
  status: 400 | 401 | 403 | 404 | 413 | 415 | 429 | 500 | 503,
  text: string,
): Response {
  return c.json({ says: text }, status);
}

/** What it comes to; throws `Unavailable` where the database does not answer in time. */
export async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new Unavailable('the database', 'The database does not answer. Nothing is lost; try again.')),
      DEADLINE_MS,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
