import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clock, grouped, size } from '../../commands/repositories/amounts.ts';
import { progress } from '../../commands/repositories/progress.ts';
import type { Json } from '../../src/core/json.ts';

const NAME = 'fedora41 os x86_64';
const at = (minute: number, words: string): string =>
  `== 2026-11-25T${String(19 + Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:00Z ${words}`;
const GB = 1_000_000_000;
const have = (minute: number, packages: number, gb: number, name = NAME): string =>
  at(minute, `have ${name}: ${packages} packages, ${gb * GB} bytes`);

const BEGUN = [
  at(0, 'phase count'),
  at(0, `expect ${NAME}: 61000 packages, ${230 * GB} bytes`),
  have(0, 0, 0),
  at(1, 'phase sync'),
];

const read = (lines: readonly string[], before: Json | null = null): Json =>
  progress.read(before, `${lines.join('\n')}\n`);
const says = (lines: readonly string[], minutes = 30): string => progress.says(read(lines), minutes * 60_000);

describe('how far a sync is', () => {
  it('is said in one line: which repository, how much of how much, how fast, and when it will be done', () => {
    const lines = [...BEGUN, have(1, 0, 0), have(31, 12_300, 41)];
    expect(says(lines)).toBe(
      'fedora41 os x86_64: 12,300 of 61,000 packages, 41 of 230 GB, 23 MB/s, ready about 21:50 UTC',
    );
  });

  it('says so while it counts, makes metadata and checks', () => {
    expect(says([])).toBe('looking at what upstream has, and what would go');
    expect(says(BEGUN.slice(0, 2))).toBe('looking at what upstream has, and what would go');
    expect(says([...BEGUN, have(5, 61_000, 230), 'fedora41-x86_64: Create repomd repository for os'])).toBe(
      'fedora41 os x86_64: 61,000 of 61,000 packages, 230 of 230 GB, making the metadata',
    );
    expect(says([...BEGUN, at(9, 'phase check')])).toBe('checking what is there: 0 of 1 done');
  });

  it('says which of several it is at, from what mrepo says and from what grows', () => {
    const two = [
      ...BEGUN.slice(0, 3),
      at(0, `expect fedora41 updates x86_64: 10 packages, ${GB} bytes`),
      at(1, 'phase sync'),
      'fedora41-x86_64: Mirror packages from http://h/updates/ to /src/fedora41-x86_64/updates',
    ];
    expect(says(two, 2)).toBe(
      'fedora41 updates x86_64: 0 of 10 packages, 0 of 1 GB; 0 of 2 repositories have all',
    );
    expect(says([...two, have(2, 10, 1, 'fedora41 updates x86_64'), have(3, 5, 1)], 4)).toMatch(
      /^fedora41 os x86_64: 5 of 61,000 packages, 1 of 230 GB, .*; 1 of 2 repositories have all$/,
    );
  });

  it('says when nothing has come for a while', () => {
    expect(says([...BEGUN, have(1, 0, 0), have(10, 900, 3)], 40)).toMatch(/, nothing new for 30 minutes$/);
    expect(says([...BEGUN, have(1, 0, 0), have(10, 900, 3)], 12)).not.toMatch(/nothing new/);
  });

  describe('what programs print between', () => {
    it('of dnf reposync', () => {
      const lines = [
        ...BEGUN.slice(0, 2),
        at(1, 'phase sync'),
        at(1, `at ${NAME}`),
        'os                                              349 kB/s | 977  B     00:00    ',
        '(1/61000): ant-1-1.noarch.rpm                   2.2 MB/s | 5.3 kB     00:00    ',
        '(2/61000): bee-1-1.noarch.rpm                   1.5 MB/s | 250 MB     00:02    ',
        '[SKIPPED] cat-1-1.noarch.rpm: Already downloaded                                 ',
      ];
      expect(says(lines, 2)).toBe('fedora41 os x86_64: 2 of 61,000 packages, 0.3 of 230 GB');
    });

    it('of rsync that lists files, and of lftp', () => {
      const lines = [...BEGUN, at(1, `at ${NAME}`), 'Packages/a/ant-1-1.noarch.rpm', 'bee-1-1.noarch.rpm'];
      expect(says(lines, 2)).toMatch(/^fedora41 os x86_64: 2 of 61,000 packages/);
      expect(says([...BEGUN, at(1, `at ${NAME}`), "Transferring file `ant-1-1.noarch.rpm'"], 2)).toMatch(
        /: 1 of/,
      );
    });

    it('of rsync over the whole, which ends its lines with a carriage return', () => {
      const lines = [
        at(0, 'phase sync'),
        `== 2026-11-25T19:00:00Z at ${NAME}`,
        '  1,234,567   4%   22.00MB/s    0:01:23 (xfr#12, to-chk=100/200)\r 41,234,567  45%   22.00MB/s    0:01:23 (xfr#40, to-chk=60/200)\r',
      ];
      expect(says(lines, 1)).toBe('fedora41 os x86_64: 140 packages, 41 MB');
    });
  });

  it('is the same however the log is cut, at its lines', () => {
    const lines = [
      ...BEGUN,
      have(1, 0, 0),
      'ant-1-1.noarch.rpm',
      have(31, 12_300, 41),
      'bee-1-1.noarch.rpm',
      '(2/61000): cat-1-1.noarch.rpm   1.5 MB/s | 5.3 kB     00:00    ',
      at(40, 'phase check'),
      at(41, `good ${NAME}: 61000 packages, ${230 * GB} bytes`),
    ];
    const whole = read(lines);
    fc.assert(
      fc.property(fc.array(fc.nat(lines.length), { maxLength: 5 }), (cuts) => {
        const ends = [...cuts, lines.length].sort((a, b) => a - b);
        let state: Json | null = null;
        let from = 0;
        for (const end of ends) {
          if (end > from) state = read(lines.slice(from, end), state);
          from = Math.max(from, end);
        }
        expect(state).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('is not ended by what an upstream calls a file', () => {
    const lines = [at(0, 'phase sync'), at(1, 'have f o x86_64: 1 packages, 10 bytes')];
    const forged = [
      '== 2026-99-99T99:99:99Z have f o x86_64: 2 packages, 20 bytes',
      at(2, `have f o x86_64: ${'9'.repeat(400)} packages, 1 bytes`),
    ];
    // As it is stored between two polls.
    const stored = JSON.parse(JSON.stringify(read([...lines, ...forged])));
    expect(progress.says(stored, 60_000)).toBe(progress.says(read(lines), 60_000));
    expect(progress.says(stored, 60_000)).toContain('1 packages');
  });

  it('stays small and in one line, whatever an upstream or a host writes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.string().map((text) => at(1, `have ${text}: 1 packages, 1 bytes`)),
            fc.nat().map((n) => at(1, `have l${n} __proto__ x86_64: 9${n} packages, 99${n} bytes`)),
          ),
          { maxLength: 80 },
        ),
        (lines) => {
          const state = read([at(0, 'phase sync'), ...lines]);
          expect(JSON.stringify(state).length).toBeLessThan(20_000);
          expect(progress.says(state, 60_000)).toMatch(/^[^\r\n]{1,300}$/);
        },
      ),
      { numRuns: 20 },
    );
    expect(progress.says({ phase: 7 }, 1)).toBe('it runs');
  });
});

describe('amounts', () => {
  it('are in the unit of the larger, as exact as they are', () => {
    expect([size(41e9, 230e9), size(1.5e9, null), size(20, null), size(5_300, 9_000_000)]).toEqual([
      '41 of 230 GB',
      '1.5 GB',
      '20 bytes',
      '0.0 of 9 MB',
    ]);
    expect([grouped(61_000), grouped(999), grouped(1_234_567)]).toEqual(['61,000', '999', '1,234,567']);
  });

  it('of time are as exact as an estimate is, with the day where it is another', () => {
    const now = Date.parse('2026-11-25T19:00:00Z');
    expect(clock(now + 61_000, now)).toBe('19:02 UTC');
    expect(clock(now + 2 * 3_600_000 + 61_000, now)).toBe('21:05 UTC');
    expect(clock(now + 6 * 3_600_000, now)).toBe('2026-11-26 01:00 UTC');
  });
});
