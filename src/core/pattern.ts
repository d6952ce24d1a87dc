/**
 * Does the name fit the pattern, where `*` stands for any letters? Capital letters count as small ones. Takes at most
 * as many steps as the two lengths multiplied: people type the pattern, and a regular expression made of
 * many `*` would keep the process busy for ever.
 */
export function fitsPattern(name: string, pattern: string): boolean {
  const text = name.toLowerCase();
  const wanted = pattern.toLowerCase();
  let at = 0;
  let next = 0;
  // Where the last `*` stands, and up to where it has eaten.
  let star = -1;
  let eaten = 0;
  while (at < text.length) {
    if (wanted[next] === '*') {
      star = next++;
      eaten = at;
    } else if (wanted[next] === text[at]) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++eaten;
    } else return false;
  }
  while (wanted[next] === '*') next++;
  return next === wanted.length;
}
