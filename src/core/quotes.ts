/** Quotes as people type them and as phones, forums and languages change them: how each begins, and what ends it. */
const PAIRS = [
  ['"', '"'],
  ['“', '”'],
  ["'", "'"],
  ['‘', '’'],
  ['«', '»'],
  ['„', '“”'],
  ['”', '”'],
] as const;

/** A quoted text within a regular expression: no group, one mark at each end. */
export const QUOTED = PAIRS.map(([begin, ends]) => `${begin}[^${ends}]*[${ends}]`).join('|');

const WHOLE = new RegExp(`^(?:${QUOTED})$`, 'u');

/** The text without white space and one pair of quotes around all of it. */
export function unquote(text: string): string {
  const trimmed = text.trim();
  return WHOLE.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}

/** The text in quotes that it does not hold itself, so that `unquote` gives it back. */
export function inQuotes(text: string): string {
  const [begin, end] = PAIRS.find(([, ends]) => ends.length === 1 && !text.includes(ends)) ?? PAIRS[2];
  return `${begin}${text}${end.charAt(0)}`;
}
