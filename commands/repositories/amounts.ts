const UNITS = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const;

/** `12,300 of 61,000`. */
export function count(now: number, of: number | null): string {
  return of === null ? grouped(now) : `${grouped(now)} of ${grouped(of)}`;
}

/** `1 package`, `1,234 packages`. */
export function packagesText(value: number): string {
  return `${grouped(value)} ${value === 1 ? 'package' : 'packages'}`;
}

/** `41 of 230 GB`: both in the unit of the larger. */
export function size(now: number, of: number | null): string {
  const [name, unit] = unitOf(Math.max(now, of ?? 0));
  return of === null
    ? `${scaled(now / unit)} ${name}`
    : `${scaled(now / unit)} of ${scaled(of / unit)} ${name}`;
}

/** `22 MB/s`. */
export function speed(bytesPerSecond: number): string {
  return `${size(bytesPerSecond, null)}/s`;
}

/** `21:40 UTC`, with the day if that is another; no more exact than an estimate of something that far away is. */
export function clock(ms: number, now: number): string {
  const step = ms - now > 30 * 60_000 ? 5 * 60_000 : 60_000;
  const text = new Date(Math.ceil(ms / step) * step).toISOString();
  const day = text.slice(0, 10) === new Date(now).toISOString().slice(0, 10) ? '' : `${text.slice(0, 10)} `;
  return `${day}${text.slice(11, 16)} UTC`;
}

/** `1,234,567`. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

function unitOf(bytes: number): readonly [string, number] {
  return UNITS.find(([, unit]) => bytes >= unit) ?? ['bytes', 1];
}

function scaled(value: number): string {
  return value >= 10 || Number.isInteger(value) ? grouped(value) : value.toFixed(1);
}
