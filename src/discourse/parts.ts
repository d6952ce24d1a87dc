/** Characters that a post of ours may have, its marker not counted: the forum takes 32,000. */
export const LIMIT = 29_800;

/** Paragraphs, lists and blocks as one text; empty ones are left out. */
export function joined(parts: readonly string[]): string {
  return parts.filter((part) => part.trim() !== '').join('\n\n');
}

export function sizeOf(parts: readonly string[]): number {
  return joined(parts).length + 2;
}
