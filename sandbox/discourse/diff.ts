/**
 * Whether so many characters, taken out or put in, make the one text into the other.
 * Myers' greedy algorithm, which stops as soon as it has had to change more than that.
 */
export function differsAtMost(before: string, after: string, most: number): boolean {
  if (Math.abs(before.length - after.length) > most) return false;
  // How far into `before` each diagonal got.
  const reached = new Map<number, number>([[1, 0]]);
  for (let changes = 0; changes <= most; changes += 1) {
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      const down = reached.get(diagonal + 1) ?? -1;
      const right = (reached.get(diagonal - 1) ?? -1) + 1;
      let x = diagonal === -changes || (diagonal !== changes && down >= right) ? down : right;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      if (x >= before.length && x - diagonal >= after.length) return true;
      reached.set(diagonal, x);
    }
  }
  return false;
}
