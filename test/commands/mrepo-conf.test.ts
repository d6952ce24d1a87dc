import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addBlock, mrepoBlock, removeBlock } from '../../commands/repositories/block.ts';
import { readMrepoConf } from '../../commands/repositories/mrepo-conf.ts';
import { Refused } from '../../src/core/refused.ts';
import { thorough } from '../support/thorough.ts';

const ENTRY = {
  label: 'fedora41',
  arches: ['x86_64', 'aarch64'],
  repos: [
    { name: 'os', url: 'https://mirror.example.org/41/os/$arch/' },
    { name: 'updates', url: 'https://mirror.example.org/41/updates/$arch/' },
  ],
};
const BLOCK = mrepoBlock(ENTRY);

const read = (text: string) => {
  const { sections, defaults, broken } = readMrepoConf(text);
  return {
    sections: Object.fromEntries(
      [...sections].map(([name, { values }]) => [name, Object.fromEntries(values)]),
    ),
    defaults: Object.fromEntries(defaults),
    broken: broken.map(({ line }) => line),
  };
};
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('mrepo.conf, read as Python 2 reads it', () => {
  it('takes = and :, lower-cases keys and not sections, and goes on with a value in an indented line', () => {
    expect(read('[Main]\nSrcDir: /a\nURL = one\n  two\n\tthree\n[main]\nx=1')).toEqual({
      sections: { Main: { srcdir: '/a', url: 'one\ntwo\nthree' }, main: { x: '1' } },
      defaults: {},
      broken: [],
    });
  });

  it('knows comments: # and ; and rem at the beginning of a line, ; behind a space', () => {
    expect(read('# a\n; b\nrem c\nREM d\n[s]\nremote = 1 ; e\nk = a;b\n  # goes on\n')).toMatchObject({
      sections: { s: { remote: '1', k: 'a;b\n# goes on' } },
      broken: [],
    });
  });

  it('merges a section that is there twice, keeps the last of a key, and DEFAULT apart', () => {
    expect(read('[s]\na=1\n[DEFAULT]\nd=2\n[s]\na=3\n[default]\nd=4\n')).toEqual({
      sections: { s: { a: '3' }, default: { d: '4' } },
      defaults: { d: '2' },
      broken: [],
    });
  });

  it('glues what follows a last line without an end, and so knows that a section is missing', () => {
    expect(read('[a]\nurl = http://x/[b]\nurl = y').sections).toEqual({ a: { url: 'y' } });
  });

  it('names the lines that stop mrepo', () => {
    expect(read('[a]\nno value\nk = 1\n= 2\n').broken).toEqual([2, 4]);
    expect(read('k = 1\n[a]\n').broken).toEqual([1]);
  });

  it('reads a file of Windows, and bytes that are no letters', () => {
    expect(read('[a]\r\nk = v ; c\r\n\r\nl = \xa0\xe9\r\n').sections).toEqual({
      a: { k: 'v', l: '\xa0\xe9' },
    });
  });
});

describe('an entry that is added', () => {
  it('stands behind everything, with an empty line before it, whether or not the last line has an end', () => {
    expect(addBlock(bytes('[a]\nk = 1'), BLOCK).after.toString()).toMatch(
      /^\[a\]\nk = 1\n\n# Koji Steward .*\n\[fedora41\]\n/,
    );
    expect(addBlock(bytes('[a]\nk = 1\n'), BLOCK).after.toString()).toMatch(/^\[a\]\nk = 1\n\n# Koji/);
    expect(addBlock(bytes(''), BLOCK).after.toString()).toMatch(/^# Koji/);
  });

  it('is refused where mrepo cannot read the file, or would read it differently', () => {
    expect(() => addBlock(bytes('[a]\nbroken\n'), BLOCK)).toThrow(/line 2 .*\(broken\)/);
    expect(() => addBlock(bytes('[fedora41]\nk = 1\n'), BLOCK)).toThrow(Refused);
  });

  it('is taken out only as long as it is byte for byte what was put in', () => {
    const { after } = addBlock(bytes('[a]\nk = 1\n'), BLOCK);
    const touched = bytes(after.toString('latin1').replace('/41/os/', '/42/os/'));
    expect(() => removeBlock(touched, 'fedora41')).toThrow(/not as Steward wrote it/);
    expect(() => removeBlock(bytes('[fedora41]\nos = x\n'), 'fedora41')).toThrow(Refused);
    const more = bytes(`${after.toString('latin1')}epel = x\n`);
    expect(() => removeBlock(more, 'fedora41')).toThrow(/read differently/);
  });

  it('leaves a line break between what stands before and behind it', () => {
    const { after } = addBlock(bytes('[a]\nk = 1'), BLOCK);
    const later = addBlock(after, mrepoBlock({ ...ENTRY, label: 'epel10' })).after;
    expect(removeBlock(later, 'fedora41').after.toString()).toMatch(/^\[a\]\nk = 1\n\n# Koji.*\n\[epel10\]/);
  });
});

const space = fc.constantFrom('', ' ', '\t', '  ');
const word = fc.stringMatching(/^[A-Za-z0-9_./$-]{1,12}$/);
const end = fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n');
const value = fc.oneof(word, fc.constantFrom('', 'http://h/a b ; no', 'a;b', '\xe9\xa0 \xff', '""', '%(x)s'));
const line = fc.oneof(
  fc.tuple(word, space, fc.constantFrom('=', ':'), space, value, space).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom(' ', '\t', '   '), value).map((parts) => parts.join('')),
  fc.constantFrom('# comment', '; comment', 'rem old', '', '   ', '#[fedora41]', ' # indented'),
  word.map((name) => `[${name}]`),
);
const file = fc
  .array(
    fc.tuple(line, end).map((parts) => parts.join('')),
    { maxLength: 40 },
  )
  .chain((lines) => fc.constantFrom(`[first]\n${lines.join('')}`, `[first]\n${lines.join('')}`.trimEnd()))
  .filter((text) => readMrepoConf(text).broken.length === 0);

describe('any mrepo.conf', () => {
  it('keeps every byte and every value when an entry is added, and comes back whole when it is taken out', () => {
    fc.assert(
      fc.property(file, (text) => {
        const old = bytes(text);
        const { after, piece, at } = addBlock(old, BLOCK);
        expect(after.subarray(0, old.length).equals(old)).toBe(true);
        expect(at).toBe(old.length);
        expect(Buffer.concat([old, piece]).equals(after)).toBe(true);
        const before = read(text);
        const now = read(after.toString('latin1'));
        expect({ ...now.sections, fedora41: undefined }).toEqual({ ...before.sections, fedora41: undefined });
        expect(now.sections.fedora41).toMatchObject({ arch: 'x86_64 aarch64', os: ENTRY.repos[0]?.url });
        const back = removeBlock(after, 'fedora41');
        expect(back.after.equals(old)).toBe(true);
        expect(back.piece.equals(piece)).toBe(true);
      }),
      { numRuns: thorough ? 2_000 : 200 },
    );
  });

  it('is not touched where the entry is not there byte for byte', () => {
    fc.assert(
      fc.property(file, fc.nat(), fc.constantFrom('x', ' ', '\r', '#'), (text, where, letter) => {
        const { after, at } = addBlock(bytes(text), BLOCK);
        const spot = at + 3 + (where % (after.length - at - 4));
        const touched = Buffer.concat([after.subarray(0, spot), bytes(letter), after.subarray(spot)]);
        const body = touched.toString('latin1').slice(at);
        fc.pre(!body.includes(BLOCK) && !body.includes(BLOCK.replace(':', ' and the line break above:')));
        expect(() => removeBlock(touched, 'fedora41')).toThrow(Refused);
      }),
      { numRuns: thorough ? 1_000 : 100 },
    );
  });

  it('may have 2,000 sections', () => {
    const section = (n: number): string =>
      `[dist${n}]\nName = Dist ${n}\narch = x86_64\nOs = rsync://mirror/dist/${n}/os/$arch/\n  http://other/${n}/\n\n`;
    const old = bytes(`[main]\nsrcdir = /x\n${Array.from({ length: 2_000 }, (_, n) => section(n)).join('')}`);
    const began = performance.now();
    const { after } = addBlock(old, BLOCK);
    expect(removeBlock(after, 'fedora41').after.equals(old)).toBe(true);
    // The number itself is a benchmark's; this is against what takes seconds.
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
