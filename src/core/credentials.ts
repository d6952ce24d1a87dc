/** How an address begins, whatever its scheme. */
const BEGINS = /[a-z0-9+.-]:\//iu;

/**
 * Is there an address in this text that has a user or a password in it? A password holds anything, also what is no part of
 * one by the rules: a slash, a comma, another @. So an @ anywhere behind the beginning of an address counts.
 */
export function holdsCredentials(text: string): boolean {
  return text.split(/\s+/u).some((word) => {
    const begins = word.search(BEGINS);
    return begins >= 0 && word.lastIndexOf('@') > begins;
  });
}
