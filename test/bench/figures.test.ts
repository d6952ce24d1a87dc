import { describe, expect, it } from 'vitest';
import { exitCodeOf, type Figure, lineOf, tableOf } from '../../bench/figures.ts';

const figure = (over: Partial<Figure>): Figure => ({
  name: 'ack.rate',
  ours: 2000,
  peer: 4000,
  unit: '/s',
  target: { of: 'ours', is: 'at least', value: 1000 },
  ...over,
});

describe('a figure', () => {
  it('becomes one object with its ratio, its target in words, and whether that is met', () => {
    expect(lineOf(figure({}))).toEqual({
      name: 'ack.rate',
      ours: 2000,
      peer: 4000,
      ratio: 0.5,
      unit: '/s',
      target: 'ours >= 1000',
      met: true,
    });
  });

  it('is held against its ratio where the target is one', () => {
    const target = { of: 'ratio', is: 'at most', value: 1.3 } as const;
    expect(lineOf(figure({ ours: 130, peer: 100, target })).met).toBe(true);
    expect(lineOf(figure({ ours: 131, peer: 100, target })).met).toBe(false);
  });

  it('is judged as measured, not as rounded for people', () => {
    const target = { of: 'ours', is: 'under', value: 25 } as const;
    expect(lineOf(figure({ ours: 24.999, target }))).toMatchObject({ ours: 25, met: true });
    expect(lineOf(figure({ ours: 25, target })).met).toBe(false);
  });

  it('without a target is only told', () => {
    expect(lineOf(figure({ target: null }))).toMatchObject({ target: null, met: null });
  });

  it('without a peer has no ratio, and misses a target for one', () => {
    const target = { of: 'ratio', is: 'at most', value: 5 } as const;
    expect(lineOf(figure({ peer: null, target }))).toMatchObject({ peer: null, ratio: null, met: false });
  });

  it('that is no number meets nothing, and is still JSON', () => {
    const line = lineOf(figure({ ours: Number.NaN }));
    expect(line.met).toBe(false);
    expect(JSON.parse(JSON.stringify(line))).toMatchObject({ ours: -1 });
  });
});

describe('the exit code', () => {
  const met = lineOf(figure({}));
  const missed = lineOf(figure({ ours: 1 }));
  const told = lineOf(figure({ target: null }));
  const skipped = lineOf({ name: 'nfs', why: 'no sshd here' });

  it('is 0 when every target is met, and what cannot run here is skipped', () => {
    expect(exitCodeOf([met, told, skipped], 0)).toBe(0);
  });

  it('is 1 when a target is missed, or a benchmark broke', () => {
    expect(exitCodeOf([met, missed], 0)).toBe(1);
    expect(exitCodeOf([met], 1)).toBe(1);
  });
});

describe('the table', () => {
  it('names what was missed and what was skipped, with the reason', () => {
    const text = tableOf([
      lineOf(figure({})),
      lineOf(figure({ name: 'x', ours: 1 })),
      lineOf({ name: 'nfs', why: 'no sshd here' }),
    ]);
    const rows = text.split('\n');
    expect(rows).toHaveLength(4);
    expect(rows[1]).toMatch(/^ack\.rate .*2000 .*4000 .*0\.5 .*\/s .*ours >= 1000 +met$/);
    expect(rows[2]).toMatch(/MISSED$/);
    expect(rows[3]).toMatch(/^nfs .*skipped: no sshd here$/);
  });
});
