/**
 * One word of a POSIX shell's command line, exactly these characters. Refuses what would not arrive as it is:
 * a NUL, which no argument can hold, and half of a surrogate pair, which has no UTF-8.
 */
export function quote(word: string): string {
  if (word.includes('\0')) throw new RangeError('a NUL cannot be part of an argument');
  if (!word.isWellFormed()) throw new RangeError('half a surrogate pair cannot be part of an argument');
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A command line of these words. */
export function commandLine(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
