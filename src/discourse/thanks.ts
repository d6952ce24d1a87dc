/** A post has at least so many characters, as forums come; a short line alone would be refused to the one who copies it. */
const SHORTEST_POST = 20;
const THANKS = ', thank you';

/** The line as it can be posted alone. */
export function longEnough(line: string): string {
  return line.length < SHORTEST_POST ? `${line}${THANKS}` : line;
}

// Begins where a run of white space begins, or a long run would take the square of its length.
const POLITE =
  /(?<![\s,;])[\s,;]+(?:please|pls|plz|thanks|thank you|thx|cheers|danke|merci)(?:[\s,]+(?:a lot|so much|very much|in advance|you))?[\s.!]*$/iu;

/** The line without the kind word at its end, unless it belongs to a reason that people read. */
export function withoutThanks(line: string): string {
  return /\bbecause\b/iu.test(line) ? line : line.replace(POLITE, '');
}
