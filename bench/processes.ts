import { readdirSync, readFileSync } from 'node:fs';

/** Every process below this one, and itself. */
export function treeOf(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(treeOf)];
}

/** How many processes look (`stat -f`) at something below `dir` and do not come back. */
export function stuckBelow(dir: string): number {
  return readdirSync('/proc').filter((pid) => {
    const words = /^\d+$/.test(pid) ? read(`/proc/${pid}/cmdline`) : '';
    return words.startsWith('stat\0-f\0') && words.includes(dir);
  }).length;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
