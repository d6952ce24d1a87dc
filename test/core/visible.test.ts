import { describe, expect, it } from 'vitest';
import { oneLine } from '../../src/core/visible.ts';

describe('text of people, as it is shown', () => {
  it.each([
    ['marks of no width', 'a\u200bb\u2060c\ufeffd', 'abcd'],
    ['signs that choose how the one before looks', 'a\ufe0fb\u180bc\u{e0101}d', 'abcd'],
    ['a blank that is none', 'a\u2800b\u3164c\u{1d173}d', 'abcd'],
    ['what turns it round', 'a\u202eb', 'a⟨U+202E⟩b'],
    ['what a terminal would do', 'a\u001b[2Jb', 'a⟨U+001B⟩[2Jb'],
    ['a line that would stand below', 'a\u2028b\rc', 'a ⏎ b ⏎ c'],
  ])('hides nothing: %s', (_, text, shown) => {
    expect(oneLine(text)).toBe(shown);
  });
});
