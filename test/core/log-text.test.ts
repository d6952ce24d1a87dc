import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readLog } from '../../src/core/log-text.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

it('of whole lines is read, and an unfinished one is left for the next time', () => {
  expect(readLog(bytes('one\ntwo\nthr'), 'open')).toEqual({ text: 'one\ntwo\n', bytes: 8 });
  expect(readLog(bytes('thr'), 'open')).toEqual({ text: '', bytes: 0 });
  expect(readLog(bytes('three'), 'ended')).toEqual({ text: 'three\n', bytes: 5 });
  expect(readLog(bytes(''), 'ended')).toEqual({ text: '', bytes: 0 });
});

it('that moves on within a line, as progress bars do, is read as lines', () => {
  expect(readLog(bytes('10 %\r20 %\r3'), 'open')).toEqual({ text: '10 %\n20 %\n', bytes: 10 });
  expect(readLog(bytes('a\r\nb\r\n'), 'open').text).toBe('a\nb\n');
});

it('of a line longer than can be read at once is read in parts, none of which ends within a letter', () => {
  const line = bytes('ž€😀');
  for (let cut = 1; cut <= line.length; cut++) {
    const { text, bytes: taken } = readLog(line.subarray(0, cut), 'full');
    expect(text).not.toContain('\ufffd');
    expect(cut - taken).toBeLessThan(4);
  }
  // What is no text at all does not stop it.
  expect(readLog(Uint8Array.from([0x80, 0x80, 0x80, 0x80, 0x80]), 'full').bytes).toBe(5);
});

it('gives the same lines however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ''))),
      fc.integer({ min: 1, max: 40 }),
      (lines, size) => {
        const whole = bytes(lines.map((line) => `${line}\n`).join(''));
        let read = '';
        let offset = 0;
        // Bytes come in pieces of this size; what is not taken is offered again with the next ones.
        for (let end = size; offset < whole.length; end += size) {
          const piece = whole.subarray(offset, end);
          const taken = readLog(piece, end >= whole.length ? 'ended' : 'open');
          read += taken.text;
          offset += taken.bytes;
        }
        expect(read).toBe(whole.toString());
      },
    ),
    { numRuns: 200 },
  );
});
