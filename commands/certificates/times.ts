const TIME = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z$/;

/** A UTCTime (`260101000000Z`) or GeneralizedTime (`20260101000000Z`), as certificates and index.txt have them. */
export function readTime(text: string): Date | null {
  const match = TIME.exec(text);
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  // RFC 5280: two digits under 50 are of this century.
  const full = match[1]?.length === 4 ? year : year + (year < 50 ? 2000 : 1900);
  const date = new Date(Date.UTC(full, month - 1, day, hour, minute, second || 0));
  const same =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    (second || 0) < 60;
  return same ? date : null;
}

const DAY_MS = 86_400_000;

/** Whole days from now until then; negative when it is past. */
export function daysUntil(then: Date, now: Date): number {
  return Math.floor((then.getTime() - now.getTime()) / DAY_MS);
}

/** `2026-07-05`. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** `2026-07-05 09:34 UTC`. */
export function minute(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `in 12 days`, `tomorrow`, `today`, `3 days ago`. */
export function away(then: Date, now: Date): string {
  const days = daysUntil(then, now);
  if (days < 0) {
    const past = Math.floor((now.getTime() - then.getTime()) / DAY_MS);
    return past === 0 ? 'today' : `${past} day${past === 1 ? '' : 's'} ago`;
  }
  return days === 0 ? 'within a day' : `in ${days} day${days === 1 ? '' : 's'}`;
}
