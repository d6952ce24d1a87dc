import { type Piece, readMarkdown } from '../discourse/markdown.ts';

/** As many as a window may be sent, twice: fewer would be read anew with each change. */
const KEPT = 20_000;
const read = new Map<string, readonly Piece[]>();

/** What somebody typed, as pieces; read once, because every change asks for every post again. */
export function piecesOf(raw: string): readonly Piece[] {
  const before = read.get(raw);
  if (before !== undefined) return before;
  const pieces = readMarkdown(raw);
  if (read.size >= KEPT) read.clear();
  read.set(raw, pieces);
  return pieces;
}
