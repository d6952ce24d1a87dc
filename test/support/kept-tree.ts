import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** What is at one path: a directory, a link with its target, or a file with its bytes. */
type Entry =
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'link'; readonly mode: number; readonly target: string }
  | { readonly kind: 'file'; readonly mode: number; readonly changedMs: number; readonly bytes: Buffer };

/**
 * Remembers files and directories below `root` as they are now; gives what brings them back to that. Only what has
 * changed is written or deleted: to make everything anew before each test takes longer than many a test.
 */
export function keepTree(root: string, paths: readonly string[]): () => void {
  const first = entriesOf(root, paths);
  return () => {
    const now = entriesOf(root, paths);
    for (const [path, entry] of now)
      if (first.get(path)?.kind !== entry.kind) rmSync(join(root, path), { recursive: true, force: true });
    for (const [path, entry] of first) {
      const there = now.get(path);
      if (there === undefined || !isSame(entry, there)) first.set(path, put(join(root, path), entry));
    }
  };
}

/** Parents come before what is in them. */
function entriesOf(root: string, paths: readonly string[]): Map<string, Entry> {
  const found = new Map<string, Entry>();
  const look = (path: string): void => {
    const entry = entryAt(join(root, path));
    if (entry === null) return;
    found.set(path, entry);
    if (entry.kind === 'directory') for (const name of readdirSync(join(root, path))) look(join(path, name));
  };
  for (const path of paths) look(path);
  return found;
}

function entryAt(path: string): Entry | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const mode = stat.mode & 0o7777;
  if (stat.isDirectory()) return { kind: 'directory', mode };
  if (stat.isSymbolicLink()) return { kind: 'link', mode, target: readlinkSync(path) };
  return { kind: 'file', mode, changedMs: stat.mtimeMs, bytes: readFileSync(path) };
}

function isSame(one: Entry, other: Entry): boolean {
  if (one.mode !== other.mode) return false;
  if (one.kind === 'link') return other.kind === 'link' && one.target === other.target;
  if (one.kind === 'directory') return other.kind === 'directory';
  return other.kind === 'file' && one.changedMs === other.changedMs && one.bytes.equals(other.bytes);
}

/** Puts it there; gives it with the time of its writing. */
function put(path: string, entry: Entry): Entry {
  if (entry.kind === 'directory') mkdirSync(path, { recursive: true });
  else rmSync(path, { force: true });
  if (entry.kind === 'link') {
    symlinkSync(entry.target, path);
    return entry;
  }
  if (entry.kind === 'file') writeFileSync(path, entry.bytes);
  chmodSync(path, entry.mode);
  return entry.kind === 'file' ? { ...entry, changedMs: lstatSync(path).mtimeMs } : entry;
}
