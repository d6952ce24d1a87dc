import { expect, it } from 'vitest';
import { sayable, withSayable } from '../../src/discourse/say.ts';
import { withoutThanks } from '../../src/discourse/thanks.ts';
import { cpuMs } from '../support/cpu.ts';

it('a line that people are to copy is one that the forum takes alone', () => {
  expect(sayable('approve r1', 'steward')).toBe('`@steward approve r1, thank you`');
  expect(sayable('approve r1234567', 'steward')).toBe('`@steward approve r1234567`');
});

it('a line that is said elsewhere, or has the name already, stays as it is', () => {
  for (const text of ['In chat, say `/koji link ABCD-EFGH-JKMN`.', 'Say `@steward link` in the forum.'])
    expect(withSayable(text, 'steward')).toBe(text);
  expect(withSayable('Say `requests open`.', 'steward')).toBe('Say `@steward requests open`.');
});

it.each([
  ['approve r1, thank you', 'approve r1'],
  ['approve r1 please', 'approve r1'],
  ['builder capacity builder2 8, thanks a lot!', 'builder capacity builder2 8'],
  ['help', 'help'],
  ['approve r1 :)', 'approve r1'],
  ['approve r1 👍', 'approve r1'],
  ['approve r1 ✅ :+1:', 'approve r1'],
  ['approve r1 - thanks!', 'approve r1'],
  ['approve r1, thanks — Adam', 'approve r1'],
  ['approve r1, thanks! – Adam', 'approve r1'],
  ['approve r1 thanks adam', 'approve r1'],
  ['approve r1, thanks in advance :)', 'approve r1'],
  ['approve r1 please, thanks 👍🏽', 'approve r1'],
  ['approve r1    thanks👍', 'approve r1'],
  ['show :)', 'show'],
  ['builder capacity builder2 8 - ', 'builder capacity builder2 8 - '],
  ['builder capacity thanks-1 8', 'builder capacity thanks-1 8'],
  ['deny r1 because=he said please', 'deny r1 because=he said please'],
  ['show please-release', 'show please-release'],
])('%j is read as %j', (line, read) => {
  expect(withoutThanks(line)).toBe(read);
});

it('a line made to be hard to read is read in a moment', () => {
  for (const piece of [' ', ',', ', please', 'thanks a lot ', ' :)', '👍', ' 👍', '- ', ':+1', 'a-'])
    expect(
      cpuMs(() => withoutThanks(`help${piece.repeat(32_000 / piece.length)}x`)),
      piece,
    ).toBeLessThan(50);
  const spaces = ' '.repeat(32_000);
  expect(cpuMs(() => withoutThanks(`help${spaces}thanks${spaces}:)${spaces}`))).toBeLessThan(50);
  expect(withoutThanks(`help${spaces}thanks${spaces}:)${spaces}`)).toBe('help');
});
