/** Text with control and invisible direction characters gone and white space folded; lone surrogates replaced. */
export function plainText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
}

/** Its beginning, to be quoted in a sentence. */
export function shorten(text: string): string {
  const plain = plainText(text);
  return plain.length > 60 ? `${plain.slice(0, 57)}…` : plain;
}
