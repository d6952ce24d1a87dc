import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Command } from '../../src/core/command.ts';
import { defineCommand } from '../../src/core/command.ts';
import { accountName, words } from '../../src/core/fields.ts';
import { formOf } from '../../src/core/form.ts';
import { readForm, splitForms, writeForm } from '../../src/core/form-text.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { cpuMs } from '../support/cpu.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { BUILDER_COMMANDS } from './support.ts';

/** Takes a text of several lines between two names. */
const sign = defineCommand({
  name: 'key sign',
  summary: 'Sign something',
  params: z.object({
    user: accountName({ title: 'Koji user', hint: 'Whose it is.', example: 'toni' }),
    request: words({ title: 'Signing request', hint: 'As PEM.', example: '-----BEGIN …' }, 3000),
    because: words({ title: 'Because', hint: 'Why.', example: 'it expired', named: true }).optional(),
  }),
  risk: 'low',
  ask: ['packager'],
  examples: ['key sign toni x'],
  plan: async () => ({ kind: 'plan', title: 'Sign', steps: [] }),
});
const registry = createRegistry([...BUILDER_COMMANDS, sign]);

const PEM = `-----BEGIN CERTIFICATE REQUEST-----
MIICVDCCATwCAQAwDzENMAsGA1UEAwwEdG9uaTCCASIwDQYJKoZIhvcNAQEBBQAD
abcdefg=
-----END CERTIFICATE REQUEST-----`;

function command(name: string): Command {
  const found = registry.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

function read(text: string) {
  const form = readForm(text, registry);
  if (form?.kind !== 'form') throw new Error(`${text} is ${form?.kind}`);
  return { command: form.command.name, given: form.given, problems: form.problems };
}

describe('a form that somebody has filled in', () => {
  const wanted = { command: 'builder capacity', given: { host: 'builder3', capacity: '7' }, problems: {} };

  it.each([
    'ask: builder capacity\nhost: builder3\ncapacity: 7',
    'ask: builder capacity\n# Builder: One builder\nhost: builder3\n\n# Capacity: A number\ncapacity: 7\n',
    'Ask: Builder  Capacity\r\nHOST: builder3  \r\nCapacity:7\r\n',
    'ask = builder capacity\nhost=builder3\ncapacity = 7',
    'ask：builder capacity\nhost：builder3\ncapacity：7',
    'ask: “builder capacity”\nhost: "builder3"\ncapacity: ‘7’',
    'ask: builder capacity\nBuilder: builder3\nCapacity: 7',
    'ask: builder capacity\n  host: builder3\n  capacity: 7',
    '  ask: builder capacity\n  host: builder3\n  capacity: 7',
    '- ask: builder capacity\n- host: builder3\n- capacity: 7'.replace('- ask', 'ask'),
    'ask: builder capacity\ncapacity: 7\nhost:\n  builder3',
    'ask: builder capacity\nhost:\nhost: builder3\ncapacity: 7\ncapacity:',
    'ask: builder capacity builder3 7',
    'ask: builder capacity builder3\nhost:\ncapacity: 7',
    'builder capacity builder3 7',
    '\n# Set how much work a builder takes at once\n\nask: builder capacity\nhost: builder3\ncapacity: 7\n\n',
  ])('is %j', (text) => {
    expect(read(text)).toEqual(wanted);
  });

  it('has values of several lines, up to the next name', () => {
    for (const text of [
      `ask: key sign\nuser: toni\nrequest: ${PEM}\nbecause: the old one\nhas expired: sorry`,
      `ask: key sign\nKoji user: toni\nSigning request:\n\n${PEM}\n\n# Because: why\nbecause: the old one\nhas expired: sorry\n`,
      `ask: key sign\nrequest:\n  ${PEM.replaceAll('\n', '\n  ')}\nbecause: "the old one\nhas expired: sorry"\nuser: toni`,
    ])
      expect(read(text)).toEqual({
        command: 'key sign',
        given: { user: 'toni', request: PEM, because: 'the old one\nhas expired: sorry' },
        problems: {},
      });
  });

  it('with a name that nobody knows gets a suggestion', () => {
    expect(read('ask: builder capacity\nhosts: builder3\ncapacity: 7').problems).toEqual({
      '': 'There is no parameter called “hosts”. Did you mean host?',
    });
    expect(read(`ask: key sign\nrequest: ${PEM}\nbecuase: it expired\nuser: toni`)).toMatchObject({
      given: { request: PEM, user: 'toni' },
      problems: { '': 'There is no parameter called “becuase”. Did you mean because?' },
    });
    expect(read('ask: builder capacity\nplease\nhost: builder3').problems).toEqual({
      '': 'I do not know what “please” is for here.',
    });
  });

  it('that gives something twice says so', () => {
    const twice = { '': '“host” is given twice.' };
    expect(read('ask: builder capacity\nhost: builder3\nhost: builder2').problems).toEqual(twice);
    expect(read('ask: builder capacity builder3\nhost: builder2').problems).toEqual(twice);
  });

  it('for a command that is none gets a suggestion', () => {
    for (const [text, word, meant] of [
      ['ask: bilder capacity\nhost: builder3\ncapacity: 7', 'bilder capacity', 'builder capacity builder3 7'],
      ['ask: make coffee\nsugar: 2', 'make coffee', null],
      ['ask: aprove r42', 'aprove r42', 'approve r42'],
      ['ask: approve r42', 'approve r42', 'approve r42'],
      ['ask:\nhost: builder3', '', null],
      ['hello', 'hello', null],
    ] as const)
      expect(readForm(text, registry)).toEqual({ kind: 'unclear', word, meant });
  });

  it.each([
    '',
    '\n# Only hints\n',
    'ask: builder capacity\n# Builder\nhost:\n# Capacity\ncapacity:',
    'ask: builder capacity\n# Builder\nhost: \n\n',
    'ask: builder list\nhost:',
    'ask: builder list\n# Builder: may stay empty',
  ])('is none when nothing is filled in: %j', (text) => {
    expect(readForm(text, registry)).toBeNull();
    expect(splitForms(text)).toEqual([]);
  });

  it('may be an `ask:` alone', () => {
    expect(read('ask: builder list')).toEqual({ command: 'builder list', given: {}, problems: {} });
  });
});

describe('several forms in one text', () => {
  it('each begin with `ask:`; the empty ones are left out', () => {
    const text = [
      '# Builders',
      'ask: builder enable\nhost:\n',
      'ask: builder disable\nhost: builder2\nbecause: look\n  ask: nobody',
      '# Lists\nask: builder list',
    ].join('\n');
    const forms = splitForms(text);
    expect(forms.map(read)).toEqual([
      { command: 'builder disable', given: { host: 'builder2', because: 'look\nask: nobody' }, problems: {} },
      { command: 'builder list', given: {}, problems: {} },
    ]);
  });
});

describe('a form that is written and read again', () => {
  const any = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 });
  const hard = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '\n',
          '\n\n',
          '#',
          'ask: x',
          'user: y',
          'because=',
          '"',
          '“',
          '”',
          "'",
          '  ',
          ':',
          '\u2028',
          '-',
          '\t',
        ),
        fc.string({ unit: 'grapheme', maxLength: 5 }),
      ),
      { minLength: 1, maxLength: 12 },
    )
    .map((parts) => parts.join(''));
  // A value that begins and ends with white space or quotes needs quotes that it does not hold.
  const value = fc
    .oneof(any, hard)
    .map((text) => text.replace(/\r\n?/g, '\n').replaceAll('»', ''))
    .filter((text) => text !== '');

  it('gives what was given', () => {
    const { name, summary, params } = command('key sign');
    fc.assert(
      fc.property(
        fc.record({ user: value, request: value, because: value }, { requiredKeys: ['request'] }),
        (all) => {
          // Only a text may have several lines.
          const given = {
            ...all,
            ...(all.user === undefined ? {} : { user: all.user.replace(/\s/gu, '') || 'toni' }),
          };
          const text = writeForm(formOf(name, summary, params, given, {}));
          expect(splitForms(text)).toEqual([text]);
          expect(read(text)).toEqual({ command: name, given, problems: {} });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never makes the reader throw', () => {
    fc.assert(
      fc.property(hard, hard, (one, two) => {
        readForm(`ask: key sign\n${one}\n${two}`, registry);
        readForm(one, registry);
      }),
      { numRuns: 300 },
    );
  });
});

it('a form that is long, or made to be hard to read, is read in a moment', () => {
  for (const piece of [
    'ab: c\n',
    'ask: key sign\n',
    'because: x\n',
    ': ',
    'a ',
    '"',
    ' ',
    '\n',
    '#\n',
    'becuase: x\n',
  ]) {
    const text = `ask: key sign\nrequest: x\n${piece.repeat(32_000 / piece.length)}`;
    expect(
      cpuMs(() => [splitForms(text), readForm(text, registry)]),
      piece,
    ).toBeLessThan(100);
  }
});

describe('at the desk', () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await startKernel({ registry });
  });
  afterAll(() => kernel.close());
  let origins = 0;
  const fill = (text: string) =>
    kernel.desk.fill({
      who: PEOPLE.maria,
      text,
      place: { kind: 'discourse', where: '7', purpose: 'origin' },
      origin: `form:${origins++}`,
    });

  it('a line that is no command is answered with what its words seem to ask for', async () => {
    const said = (text: string) => kernel.say(PEOPLE.maria, text);
    expect(await said('could you please raise the capacity of builder2 to 12?')).toMatchObject({
      kind: 'reply',
      reply: { lines: ['Did you mean this?'], next: ['builder capacity builder2 12'] },
    });
    expect(await said('could you make coffee?')).toMatchObject({ reply: { next: ['help'] } });
    expect(await said('what is with my builder')).toMatchObject({ reply: { next: ['help builder'] } });
    expect(await said('builder something')).toMatchObject({ reply: { title: 'Commands with builder' } });
    expect(await said('builder capasity builder2 8')).toMatchObject({
      reply: { lines: ['Did you mean this?'], next: ['builder capacity builder2 8'] },
    });
  });

  it('a form asks as a line does', async () => {
    expect(await fill('ask: builder capacity\nhost: builder3\ncapacity: 7')).toMatchObject({
      kind: 'request',
      isNew: true,
    });
    expect(await fill('ask: builder capacity\nhost:\ncapacity:')).toBeNull();
  });

  it('what is wrong in it is answered as in a line', async () => {
    expect(await fill('ask: builder capacity\nhost: builder3\ncapacity: lots')).toMatchObject({
      kind: 'form',
      form: {
        fields: [
          { value: 'builder3', problem: null },
          { value: 'lots', problem: /Give a number/ },
        ],
      },
    });
    expect(await fill('ask: builder capacity\nhots: builder3\ncapacity: 7')).toMatchObject({
      kind: 'reply',
      reply: { title: /Did you mean host\?/, next: ['help builder capacity'] },
    });
    expect(await fill('ask: bilder capacity\nhost: builder3\ncapacity: 7')).toMatchObject({
      kind: 'reply',
      reply: {
        title: 'A form asks for a command, and “bilder capacity” is none.',
        lines: ['Did you mean this?'],
        next: ['builder capacity builder3 7'],
      },
    });
    expect(await fill('ask: make coffee\nsugar: 2')).toMatchObject({ reply: { next: ['help'] } });
  });
});
