/** How far each person has read each place: a moment of the chat, or a post's number. Kept while the page runs. */
export interface Reading {
  mark(user: string, place: string, to: number): void;
  /** 0: never looked. */
  of(user: string, place: string): number;
}

export function createReading(): Reading {
  const marks = new Map<string, number>();
  const key = (user: string, place: string) => `${user} ${place}`;
  return {
    mark: (user, place, to) => {
      const before = marks.get(key(user, place)) ?? 0;
      marks.set(key(user, place), Math.max(before, to || 0));
    },
    of: (user, place) => marks.get(key(user, place)) ?? 0,
  };
}
