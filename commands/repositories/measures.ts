import type { View } from '../../src/core/command.ts';
import { Unavailable } from '../../src/core/refused.ts';
import { look, packageDirs, wwwdirOf } from './mirror.ts';
import { type Row, readRows } from './reading.ts';
import type { Settings } from './settings.ts';

/** Counts links of these places that lead nowhere; place to count, and null where that is not known. */
export async function danglingIn(
  places: readonly string[],
  settings: Settings,
  view: View,
): Promise<ReadonlyMap<string, number | null>> {
  const args = places.flatMap((place) => ['links', place, `${wwwdirOf(settings)}/${place}`]);
  const rows = places.length === 0 ? [] : await measure(args, settings, view);
  return new Map(
    rows.map(({ name, facts }) => [name, facts.dangling === undefined ? null : Number(facts.dangling)]),
  );
}

/** What takes long ends in time for its answer to arrive. */
async function measure(args: readonly string[], settings: Settings, view: View): Promise<readonly Row[]> {
  const seconds = Math.max(1, Math.floor(settings.deadlineSeconds * 0.7));
  return readRows(look, ['within', String(seconds), '-', ...args], settings, view);
}

/** How many packages the metadata of these places names; a place of which that cannot be told is left out. */
export async function packagesIn(
  places: readonly string[],
  settings: Settings,
  view: View,
): Promise<ReadonlyMap<string, number>> {
  const args = places.flatMap((place) => ['packages', place, `${wwwdirOf(settings)}/${place}`]);
  try {
    const rows = places.length === 0 ? [] : await measure(args, settings, view);
    return new Map(
      rows.flatMap(({ name, facts }) =>
        facts.packages === undefined ? [] : [[name, Number(facts.packages)] as const],
      ),
    );
  } catch (error) {
    // Worth knowing, and nothing rests on it.
    if (error instanceof Unavailable) return new Map();
    throw error;
  }
}

/** How many bytes the packages of a label have on disk; null: not known. */
export async function bytesOf(
  label: string,
  arches: readonly string[],
  settings: Settings,
  view: View,
): Promise<number | null> {
  const dirs = packageDirs(label, arches, settings);
  const args = dirs.flatMap((dir, index) => ['size', String(index), dir]);
  try {
    const rows = await measure(args, settings, view);
    const found = rows.map(({ facts }) => Number(facts.bytes)).filter(Number.isFinite);
    return found.length === 0 ? null : found.reduce((sum, bytes) => sum + bytes, 0);
  } catch (error) {
    // Worth knowing, and nothing rests on it.
    if (error instanceof Unavailable) return null;
    throw error;
  }
}
