import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookAtKojid } from '../../commands/builder-restart/kojid.ts';
import { readReport } from '../../commands/nfs-check/report.ts';
import type { View } from '../../src/core/command.ts';
import { fitsPattern } from '../../src/core/pattern.ts';
import { decodeReply } from '../../src/koji/decode.ts';
import { createRedactor } from '../../src/log.ts';
import { inline, oneLine, typed } from '../../src/slack/escape.ts';
import { lineIn } from '../../src/slack/replies.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';

/** Long enough for a slow machine, and far shorter than what grows with the square of a length takes. */
const SOON_MS = 1_500;

function quickly<T>(work: () => T): T {
  const began = performance.now();
  const result = work();
  expect(performance.now() - began).toBeLessThan(SOON_MS);
  return result;
}

describe('a text that somebody chose to keep the process busy', () => {
  it('of a megabyte of spaces is drawn on one line at once', () => {
    expect(quickly(() => oneLine(`a${' '.repeat(1e6)}b\n${'\t'.repeat(1e6)}\n\nc`))).toContain('b ⏎ c');
    quickly(() => inline(` ${'\u00a0'.repeat(1e6)}x`, 200));
  });

  it('still becomes one line as before', () => {
    expect(oneLine('a \n\n  b\r\nc\td ')).toBe('a ⏎ b ⏎ c d');
    expect(oneLine('\n a')).toBe('⏎ a');
    expect(oneLine('a\n')).toBe('a ⏎');
    expect(oneLine(' a ')).toBe('a');
  });

  it('of half-open links and mentions is read at once', () => {
    quickly(() => typed('<mailto:'.repeat(5_000)));
    quickly(() => lineIn('<@UA|'.repeat(8_000), false));
  });

  it('of addresses without an end is logged at once', () => {
    const redact = createRedactor(['a secret of its own']);
    for (const part of ['://a:', 'session-key', 'Bearer ', '-----BEGIN PRIVATE KEY-----'])
      quickly(() => redact(`${part.repeat(20_000)}x`));
  });

  it('of a hub in place of a number is refused at once', () => {
    const answer = (word: string, tag: string) =>
      `<methodResponse><params><param><value><${tag}>${word}</${tag}></value></param></params></methodResponse>`;
    for (const tag of ['double', 'int', 'boolean'])
      expect(() => quickly(() => decodeReply(answer(`${'1'.repeat(1e6)}x`, tag)))).toThrow(`not a ${tag}`);
    expect(decodeReply(answer('1.5e3', 'double'))).toEqual({ kind: 'value', value: 1500 });
  });

  it('of a host that was broken into does not fill an answer or a plan', async () => {
    const mount = { at: '/mnt/koji', from: 'koji:/koji', mode: 'rw', options: [] } as const;
    const stdout = `0\thung${`\terror=${'x'.repeat(10_000)}`.repeat(90)}\nEND 1\n`;
    const outcome = { kind: 'exit', code: 0, stdout, stderr: '', truncated: false } as const;
    const report = readReport('builder1', [{ ...mount, options: [] }], outcome);
    expect(JSON.stringify(report).length).toBeLessThan(20_000);

    const says = `LoadState=loaded\nActiveState=active, and safe to approve\nActiveEnterTimestamp=${'y'.repeat(1e5)}\nboot=${'z'.repeat(1e5)}\n`;
    const view = { hosts: { read: async () => ({ ...outcome, stdout: says }) } };
    const kojid = await lookAtKojid('builder1', {
      ...(view as unknown as View),
      signal: new AbortController().signal,
    });
    expect(kojid.state).toBe('unknown');
    expect(JSON.stringify(kojid).length).toBeLessThan(500);
  });
});

describe('a pattern', () => {
  it('of many stars is looked up at once', () => {
    const name = 'kojibuilder1.katello.org';
    expect(quickly(() => fitsPattern(name, `${'*'.repeat(2_900)}z`))).toBe(false);
    expect(quickly(() => fitsPattern('a'.repeat(250), `${'*a'.repeat(1_400)}b`))).toBe(false);
    expect(quickly(() => fitsPattern(name, '*'.repeat(2_900)))).toBe(true);
  });

  it('fits what people mean by it, and nothing else', () => {
    const cases: readonly [string, string, boolean][] = [
      ['builder1', 'builder*', true],
      ['builder1', 'BUILDER*', true],
      ['Builder1', 'builder1', true],
      ['builder1', '*1', true],
      ['builder1', '*er*', true],
      ['builder1', '*', true],
      ['builder1', 'b*d*1', true],
      ['builder1', 'b*d*2', false],
      ['builder12', 'builder*1', false],
      ['builder1', 'builder', false],
      ['builder1', 'uilder1', false],
      ['builder1.example', 'builder1*example', true],
      ['builder1xexample', 'builder1.example', false],
      ['', '*', true],
      ['', '', true],
      ['a', '', false],
    ];
    for (const [name, pattern, fits] of cases)
      expect([name, pattern, fitsPattern(name, pattern)]).toEqual([name, pattern, fits]);
  });
});

describe('a request whose pattern is all stars', () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await startKernel();
  });
  afterAll(() => kernel.close());

  it('is planned like any other, and holds up nobody', async () => {
    const began = performance.now();
    const request = await kernel.ask(PEOPLE.maria, `builder list ${'*'.repeat(200)}z`);
    expect(request).toMatchObject({ status: 'refused' });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
