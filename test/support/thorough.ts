/**
 * Whether everything is to be tried that can be (`STEWARD_TESTS=all`). Without it, what takes minutes
 * and differs little from one time to the next is sampled, so that `npm test` stays short.
 */
export const thorough = process.env.STEWARD_TESTS === 'all';

/** Whether only the files that take minutes are to be run, sampled (`STEWARD_TESTS=long`): `npm run test:long`. */
export const onlyLong = process.env.STEWARD_TESTS === 'long';

/** The numbers from 1 to `last`: all of them, or `few` that lie evenly among them, the first and the last included. */
export function pointsUpTo(last: number, few: number): number[] {
  const all = Array.from({ length: last }, (_, index) => index + 1);
  if (thorough || last <= few) return all;
  return [...new Set(Array.from({ length: few }, (_, k) => 1 + Math.round((k * (last - 1)) / (few - 1))))];
}
