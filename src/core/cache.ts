/** A value by key, kept for a while; many who ask at once cause one look. */
export interface Cache<T> {
  /** Null when the look could not say, or threw. */
  get(key: string): Promise<T | null>;
  clear(): void;
}

export function createCache<T>(
  options: {
    readonly freshMs: number;
    readonly failedMs: number;
    readonly now: () => Date;
    readonly most?: number;
  },
  look: (key: string) => Promise<T | null>,
): Cache<T> {
  const { freshMs, failedMs, now, most = 5000 } = options;
  const kept = new Map<string, { value: Promise<T | null>; until: number }>();

  return {
    get(key) {
      const known = kept.get(key);
      if (known && known.until > now().getTime()) return known.value;
      if (kept.size >= most) kept.clear();
      const entry: { value: Promise<T | null>; until: number } = {
        value: Promise.resolve(null),
        until: Number.POSITIVE_INFINITY,
      };
      const settled = (value: T | null): T | null => {
        entry.until = now().getTime() + (value === null ? failedMs : freshMs);
        return value;
      };
      entry.value = look(key).then(settled, () => settled(null));
      kept.set(key, entry);
      return entry.value;
    },
    clear: () => kept.clear(),
  };
}
