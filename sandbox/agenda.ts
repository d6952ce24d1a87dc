/** What a pretend service still has in store for its callers, first come first served. */
export interface Agenda<T> {
  add(item: T): void;
  /** What a call meets, counted down: the first that concerns it. */
  take(concerns: (item: T) => boolean): T | null;
  clear(): void;
}

/** Nothing planned. An item hits one call unless it names how many (`times`). */
export function createAgenda<T extends { readonly times?: number }>(): Agenda<T> {
  let waiting: { readonly item: T; left: number }[] = [];
  return {
    add(item) {
      waiting.push({ item, left: item.times ?? 1 });
    },
    take(concerns) {
      const met = waiting.find(({ item }) => concerns(item));
      if (met === undefined) return null;
      met.left -= 1;
      waiting = waiting.filter(({ left }) => left > 0);
      return met.item;
    },
    clear() {
      waiting = [];
    },
  };
}
