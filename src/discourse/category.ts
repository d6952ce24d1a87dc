/** The watched category, as its address names it. */
export interface Category {
  readonly id: number;
  /** Of the category and those above it, outermost first. */
  readonly slugs: readonly string[];
}

/** Reads `development/infra/24`, as people copy it from the address bar. Throws with words for who set it. */
export function parseCategory(path: string): Category {
  const parts = path
    .trim()
    .replace(/^\/?c\//u, '')
    .replace(/^\/|\/$/gu, '')
    .split('/')
    .map(decoded);
  const id = Number(parts.at(-1));
  const slugs = parts.slice(0, -1);
  const fits = Number.isSafeInteger(id) && id > 0 && slugs.length > 0 && slugs.length <= 3;
  if (!fits || slugs.some((slug) => !/^[^./\\\p{Cc}\s][^/\\\p{Cc}\s]*$/u.test(slug))) {
    throw new Error(
      `The forum's category has to be as in its address after /c/, like development/infra/24, not ${path.slice(0, 100)}`,
    );
  }
  return { id, slugs };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
