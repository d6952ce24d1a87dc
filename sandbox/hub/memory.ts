import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { firstWorld, type World } from './world.ts';

/** The world of an earlier start, or null. */
export function remember(path: string | undefined): World | null {
  if (path === undefined) return null;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const kept = JSON.parse(text, (key, value) =>
    key === 'capacity' && value === 'NaN' ? Number.NaN : value,
  ) as World;
  // Whatever an older file lacks comes from a new world.
  return { ...firstWorld(Date.now() / 1000), ...kept };
}

/** Written whole and at once: a change that was answered is there after a kill. */
export function keep(path: string | undefined, world: World): void {
  if (path === undefined) return;
  const text = JSON.stringify(world, (_, value) => (Number.isNaN(value) ? 'NaN' : value));
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
