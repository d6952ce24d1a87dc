/** The whole lines at the beginning of some bytes of a log, and how many bytes they are. */
export interface LogText {
  /** Every line ends in a line feed, also where a carriage return ended it: a progress bar. */
  readonly text: string;
  readonly bytes: number;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * What can be read of a piece of a log now. An unfinished line is left for the next time; taken as it is at the end of
 * the log (`ended`), or where it is longer than a piece can be (`full`), but then not in the middle of a letter.
 */
export function readLog(piece: Uint8Array, how: 'open' | 'full' | 'ended'): LogText {
  const lines = Math.max(piece.lastIndexOf(LF), piece.lastIndexOf(CR)) + 1;
  const bytes = how === 'ended' ? piece.length : how === 'full' && lines === 0 ? letters(piece) : lines;
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(piece.subarray(0, bytes));
  const unified = text.replace(/\r\n?/g, '\n');
  return { text: unified === '' || unified.endsWith('\n') ? unified : `${unified}\n`, bytes };
}

/** Without the beginning of a letter whose end is not there yet. */
function letters(piece: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, piece.length); back++) {
    const byte = piece[piece.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1;
    return back < length ? piece.length - back : piece.length;
  }
  return piece.length;
}
