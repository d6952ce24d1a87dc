/** A plain user name: no list, no address, no path. */
export const USERNAME = /^[\p{L}\p{N}\p{M}_][\p{L}\p{N}\p{M}_.-]{0,59}$/u;

/** Accounts, and what they are called. */
export interface Callable {
  accountOf(person: string): Promise<number | null>;
  usernameOf(userId: number): Promise<string | null>;
}

/** How a post calls somebody; null for one who has no account, or none with a plain name. */
export async function mentionOf(person: string, people: Callable): Promise<string | null> {
  const account = await people.accountOf(person);
  const name = account === null ? null : await people.usernameOf(account);
  return name !== null && USERNAME.test(name) ? `@${name}` : null;
}
