/**
 * What a post of ours says of itself, unseen by people: so that one whose answer was lost is found again. Always the
 * last line of a post.
 */

/** `steward:r42:decision-2`. */
export function markerOf(request: string, what: string): string {
  return `steward:${request}:${what}`;
}

/** The post with its marker. */
export function marked(raw: string, marker: string): string {
  return `${raw.trimEnd()}\n\n${lineOf(marker)}`;
}

/** Does the post end with this marker? What stands before its last line may be anybody's words. */
export function isMarked(raw: string, marker: string): boolean {
  return raw.trimEnd().endsWith(`\n${lineOf(marker)}`);
}

function lineOf(marker: string): string {
  return `<!-- ${marker.replace(/--+|[^A-Za-z0-9:._-]/gu, '_')} -->`;
}
