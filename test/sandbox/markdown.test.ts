import { describe, expect, it } from 'vitest';
import { cook } from '../../sandbox/discourse/cook.ts';
import { type Piece, readMarkdown } from '../../sandbox/discourse/markdown.ts';
import { cpuMs } from '../support/cpu.ts';

const kinds = (raw: string) => readMarkdown(raw).map((piece) => piece.kind);
const inline = (raw: string): readonly Piece[] => {
  const [first] = readMarkdown(raw);
  return first?.kind === 'paragraph' ? first.pieces : [];
};
const text = (of: string): Piece => ({ kind: 'text', text: of });

describe('the markup of forum posts', () => {
  it('reads marks, code, links, mentions and emoji within a line', () => {
    expect(inline('**a *b*** ~~c~~ `d` @maria. :tada:').map((piece) => piece.kind)).toEqual([
      'bold',
      'text',
      'strike',
      'text',
      'code',
      'text',
      'mention',
      'text',
      'emoji',
    ]);
    expect(inline('2*3*4 snake_case_name a@b.org 10:30:00')).toEqual([
      text('2*3*4 snake_case_name a@b.org 10:30:00'),
    ]);
    expect(inline('[the *plan*](https://koji.example/?a=1&amp;b=2)')).toEqual([
      {
        kind: 'link',
        url: 'https://koji.example/?a=1&b=2',
        pieces: [text('the '), { kind: 'italic', pieces: [text('plan')] }],
      },
    ]);
    expect(inline('see https://koji.example/a_b_c.')).toEqual([
      text('see '),
      { kind: 'link', url: 'https://koji.example/a_b_c', pieces: [text('https://koji.example/a_b_c')] },
      text('.'),
    ]);
  });

  it('reads nothing within code, and no mark that is escaped', () => {
    expect(inline('`*a* @maria <!-- x -->`')).toEqual([{ kind: 'code', text: '*a* @maria <!-- x -->' }]);
    expect(inline('\\*a\\* \\@maria \\`b\\`')).toEqual([text('*a* @maria `b`')]);
    expect(readMarkdown('```sh\n*a*\n\n@b\n```\nc')).toEqual([
      { kind: 'fence', language: 'sh', text: '*a*\n\n@b' },
      { kind: 'paragraph', pieces: [text('c')] },
    ]);
    expect(readMarkdown('````\n```\n````')).toEqual([{ kind: 'fence', language: '', text: '```' }]);
  });

  it('drops comments, on lines of their own and within a line', () => {
    expect(readMarkdown('<!-- steward:r42\nand more -->\na<!-- b --> c')).toEqual([
      { kind: 'paragraph', pieces: [text('a c')] },
    ]);
    expect(readMarkdown('a\n\n<!-- never closed\nb')).toEqual([{ kind: 'paragraph', pieces: [text('a')] }]);
  });

  it('reads lists, checked ones and lists within', () => {
    const [list] = readMarkdown('- [x] done\n- [ ] open\n- plain\n  1. inner\n  2. more');
    expect(list).toMatchObject({
      kind: 'list',
      start: null,
      items: [
        { checked: true, pieces: [text('done')] },
        { checked: false, pieces: [text('open')] },
        { checked: null, pieces: [text('plain'), { kind: 'list', start: 1 }] },
      ],
    });
    expect(readMarkdown('3. three\n4. four')).toMatchObject([{ kind: 'list', start: 3, items: [{}, {}] }]);
  });

  it('reads tables, where a bar in code or after a backslash is no border', () => {
    expect(readMarkdown('| a | b |\n|---|:-:|\n| `x|y` | 1 \\| 2 |\n| only |\n\nafter')).toEqual([
      {
        kind: 'table',
        head: [[text('a')], [text('b')]],
        rows: [
          [[{ kind: 'code', text: 'x|y' }], [text('1 | 2')]],
          [[text('only')], []],
        ],
      },
      { kind: 'paragraph', pieces: [text('after')] },
    ]);
  });

  it('tells whose words are quoted, and folds details', () => {
    const quoted = readMarkdown(
      '[quote="maria, post:1, topic:2"]\napprove r42\n[quote]\ninner\n[/quote]\n[/quote]\nNo.',
    );
    expect(quoted).toMatchObject([
      { kind: 'quote', from: 'maria', pieces: [{ kind: 'paragraph' }, { kind: 'quote', from: null }] },
      { kind: 'paragraph' },
    ]);
    expect(readMarkdown('> approve r42\n> > no')).toMatchObject([
      { kind: 'quote', from: null, pieces: [{ kind: 'paragraph' }, { kind: 'quote' }] },
    ]);
    expect(readMarkdown('[details="All **steps**"]\n- a\n[/details]')).toMatchObject([
      { kind: 'details', summary: [text('All '), { kind: 'bold' }], pieces: [{ kind: 'list' }] },
    ]);
    expect(kinds('[quote="maria"]\nnever closed')).toEqual(['paragraph']);
  });

  it('reads headings, rules and breaks', () => {
    expect(kinds('# a\n### b\n---\nc')).toEqual(['heading', 'heading', 'rule', 'paragraph']);
    expect(inline('a\nb')).toEqual([text('a'), { kind: 'break' }, text('b')]);
  });

  it('never makes HTML of what was typed, nor a link to a script', () => {
    expect(cook('<script>alert(1)</script> <img src=x onerror="y"> &lt;b&gt;')).toBe(
      '<p>&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=&quot;y&quot;&gt; &lt;b&gt;</p>\n',
    );
    expect(cook('[a](javascript:alert(1)) [b](//evil.example)')).not.toContain('<a');
    expect(cook('[a](https://x/"onclick=) @a"b ```x"y')).not.toMatch(/"onclick|"b|"y/);
    expect(cook('```a"b\nx\n```')).not.toContain('a"b"');
    expect(cook('[quote="a<b>, post:1"]\nx\n[/quote]')).not.toContain('<b>');
  });

  it('takes bounded time for what is written to take long', () => {
    for (const part of [
      '`````  ',
      '[',
      '*a',
      '<!--',
      '> ',
      '- ',
      '|a',
      '_a ',
      '[quote]\n',
      '**a',
      '[a](',
      ':a',
      'a\n- ',
    ]) {
      const text = part.repeat(Math.floor(32_000 / part.length));
      expect(
        cpuMs(() => void cook(text), 1),
        part,
      ).toBeLessThan(1000);
    }
  });
});
