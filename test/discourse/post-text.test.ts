import { describe, expect, it } from 'vitest';
import { readPost } from '../../src/discourse/post-text.ts';

const read = (raw: string) => readPost(raw, 'steward');

describe('a line that begins with our name', () => {
  it.each([
    ['@steward builder list', 'builder list'],
    ['  @Steward builder list  ', 'builder list'],
    ['- @steward builder list', 'builder list'],
    ['1. @steward builder list', 'builder list'],
    ['@steward, builder list', 'builder list'],
    ['@steward: builder list', 'builder list'],
    ['**@steward** builder list', 'builder list'],
    ['**@steward builder list**', 'builder list'],
    ['@steward `builder list`', 'builder list'],
    ['@\u200bsteward\u00a0builder list', 'builder list'],
    ['@steward deny r1 because=it is “being mended”, @adam', 'deny r1 because=it is “being mended”, @adam'],
  ])('%j says %j', (raw, line) => {
    expect(read(raw).lines).toEqual([line]);
    expect(read(`Hello\r\n\r\n${raw}\r\nBye`).lines).toEqual([line]);
  });

  it('may stand there several times, and the rest is the author’s own words', () => {
    const { lines, rest, mentioned } = read('Hi\n@steward builder list\nand\n@steward nfs check all\nthanks');
    expect(lines).toEqual(['builder list', 'nfs check all']);
    expect(rest).toBe('Hi\nand\nthanks');
    expect(mentioned).toBe(false);
  });

  it('is taken ten times and no more', () => {
    const { lines, tooMany } = read('@steward builder list\n'.repeat(12));
    expect(lines).toHaveLength(10);
    expect(tooMany).toBe(true);
  });
});

describe('what is not said to us', () => {
  const line = '@steward approve r1';
  it.each([
    ['in a quote', `[quote="adam, post:1, topic:7"]\n${line}\n[/quote]`],
    ['in a quote inside a quote', `[quote="a"]\n[quote="b"]\nx\n[/quote]\n${line}\n[/quote]`],
    ['in a quote that is never closed', `[quote="a"]\n${line}`],
    ['in a Markdown quote', `> ${line}`],
    ['right under a Markdown quote', `> as adam wrote\n${line}`],
    ['in a fence', `\`\`\`\n${line}\n\`\`\``],
    ['in a fence of tildes', `~~~ text\n${line}\n~~~`],
    ['in a longer fence', `\`\`\`\`\n\`\`\`\n${line}\n\`\`\`\``],
    ['in a fence that is never closed', `\`\`\`\n${line}`],
    ['in indented code', `so:\n\n    ${line}`],
    ['in inline code', `\`${line}\``],
    ['in code tags', `<pre>\n${line}\n</pre>`],
    ['in [code]', `[code]\n${line}\n[/code]`],
    ['in a comment', `<!--\n${line}\n-->`],
    ['in the history of a mail', `Fine.\n\nOn Mon, 3 Mar 2025 at 10:00, Adam <a@b.c> wrote:\n${line}`],
    [
      'in a history whose head is broken in two',
      `Fine.\n\nOn Mon, 3 Mar 2025 at 10:00, Adam\n<a@b.c> wrote:\n${line}`,
    ],
    ['in a German history', `Gut.\n\nAm 03.03.2025 um 10:00 schrieb Adam:\n${line}`],
    ['under Outlook’s line', `Fine.\n\n-----Original Message-----\n${line}`],
    ['under the head of a mail', `Fine.\n\nFrom: Adam\nSent: Monday\n\n${line}`],
    ['in a signature', `Fine.\n-- \n${line}`],
    ['to somebody else', '@stewardess approve r1\n@steward.org approve r1\nmail@steward approve r1'],
  ])('%s', (_what, raw) => {
    const { lines, mentioned } = read(raw);
    expect(lines).toEqual([]);
    expect(mentioned).toBe(false);
  });

  it('ends where a quote ends', () => {
    expect(read('[quote="a"]\n@steward approve r1\n[/quote]\n\n@steward deny r1 because=no').lines).toEqual([
      'deny r1 because=no',
    ]);
    expect(read('> @steward approve r1\n\n@steward show r1').lines).toEqual(['show r1']);
  });
});

describe('a mention in running text', () => {
  it('is noticed, and is no command', () => {
    expect(read('Hi @steward, can you raise the capacity?')).toMatchObject({ lines: [], mentioned: true });
    expect(read('@steward')).toMatchObject({ lines: [], mentioned: true });
  });
});

describe('a form', () => {
  it('is the inside of a fence that is marked as ours', () => {
    const form = 'ask: builder capacity\nhost: builder2\ncapacity: 8';
    expect(read(`Please:\n\n\`\`\`steward\n${form}\n\`\`\`\nThanks`)).toMatchObject({
      forms: [form],
      rest: 'Please:\n\nThanks',
    });
    expect(read(`\`\`\`yaml\n${form}\n\`\`\``).forms).toEqual([]);
    expect(read(`[quote="a"]\n\`\`\`steward\n${form}\n\`\`\`\n[/quote]`).forms).toEqual([]);
  });
});

it.each([
  ['backticks', '`'.repeat(32_000)],
  ['backticks of many lengths', Array.from({ length: 240 }, (_, n) => '`'.repeat(n % 120)).join(' x ')],
  ['quotes', '[quote="a"]\n'.repeat(2_600)],
  ['quote marks on one line', '[quote="a"]'.repeat(2_900)],
  ['comments', '<!--'.repeat(8_000)],
  ['mentions', '@steward '.repeat(3_500)],
  ['almost mentions', `${' '.repeat(31_000)}@steward`],
  ['fences', '```\n'.repeat(8_000)],
  ['On … wrote', `On ${'a '.repeat(15_000)}wrote`],
  ['lines of On', 'On it goes\n'.repeat(2_900)],
])('32,000 characters of %s are read in no time', (_what, raw) => {
  const began = performance.now();
  readPost(raw.slice(0, 32_000), 'steward');
  expect(performance.now() - began).toBeLessThan(50);
});
