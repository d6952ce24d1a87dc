/** What stands before the @ of an address: a user, and mostly a password. */
const CREDENTIALS = /[a-z][a-z0-9+.-]*:\/+[^/@\s,]*@/iu;

/** Is there an address in this text that has a user or a password in it? */
export function holdsCredentials(text: string): boolean {
  return CREDENTIALS.test(text);
}
