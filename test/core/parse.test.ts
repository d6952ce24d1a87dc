import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Command, defineCommand } from '../../src/core/command.ts';
import { metaOf } from '../../src/core/field-meta.ts';
import { accountName, pasted, words } from '../../src/core/fields.ts';
import { formOf } from '../../src/core/form.ts';
import { lineOf } from '../../src/core/line.ts';
import { LONGEST_LINE, parse } from '../../src/core/parse.ts';
import { plainText } from '../../src/core/plain-text.ts';
import { check } from '../../src/core/problems.ts';
import { createRegistry, scanCommands } from '../../src/core/registry.ts';
import { VERBS } from '../../src/core/verbs.ts';
import { BUILDER_COMMANDS, makeComment, makeRegen } from './support.ts';

// With all there is, for what only some parameters have.
const everything = await scanCommands(new URL('../../commands/', import.meta.url));
const registry = createRegistry([...BUILDER_COMMANDS, makeComment().command, makeRegen().command]);

function command(name: string): Command {
  const found = registry.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

function read(line: string) {
  const parsed = parse(line, registry);
  if (parsed.kind !== 'command' && parsed.kind !== 'verb') throw new Error(`${line}: ${parsed.kind}`);
  return parsed;
}

describe('a line', () => {
  it('is read in the order of the parameters, or by their names', () => {
    const wanted = { host: 'builder2', capacity: '8' };
    for (const line of [
      'builder capacity builder2 8',
      '  Builder   CAPACITY builder2\t8\n',
      'builder capacity host=builder2 capacity=8',
      'builder capacity capacity=8 builder2',
      'builder capacity "builder2" “8”',
      `builder capacity host='builder2' 8`,
    ])
      expect(read(line)).toMatchObject({ given: wanted, problems: {} });
  });

  it('takes the rest for a text, quoted or not', () => {
    for (const line of [
      'builder disable builder2 because=its disk is failing',
      'builder disable builder2 because="its disk is failing"',
      'builder disable builder2 because “its disk is failing”',
      'builder disable builder2 because its disk is failing',
      'builder disable builder2 because: its disk is failing',
      'builder disable builder2 because = its disk is failing',
      'builder disable builder2 because = «its disk is failing»',
      'builder disable builder2 because=„its disk is failing“',
      'builder disable ‘builder2’ because=‘its disk is failing’',
    ])
      expect(read(line).given).toEqual({ host: 'builder2', because: 'its disk is failing' });
  });

  it('that gives a parameter twice, or one that nobody knows, says so', () => {
    expect(read('builder enable builder2 host=builder3').problems['']).toBe('“host” is given twice.');
    expect(read('thaw now').problems['']).toBe('I do not know what “now” is for here.');
  });

  it('leaves out the request in its own thread', () => {
    expect(read('resolve done').given).toEqual({ outcome: 'done' });
    expect(read('resolve done r42').given).toEqual({ request: 'r42', outcome: 'done' });
    expect(read('resolve r42 not-done').given).toEqual({ request: 'r42', outcome: 'not-done' });
    expect(read('approve').given).toEqual({});
    expect(read('approve r42 plan=2').given).toEqual({ request: 'r42', plan: '2' });
  });

  it('may go on with talk behind the id of a request', () => {
    expect(read('approve r1 please, looks good to me')).toMatchObject({
      given: { request: 'r1' },
      problems: {},
    });
    expect(read('approve r5 LGTM 👍')).toMatchObject({ given: { request: 'r5' }, problems: {} });
    expect(read('approve r5, the plan is good')).toMatchObject({ given: { request: 'r5' }, problems: {} });
    expect(read('approve 5, plan=2 is fine').given).toEqual({ request: '5', plan: '2' });
    expect(read('approve r5 and plan 2').given).toEqual({ request: 'r5', plan: '2' });
    expect(read('undo r10 because it was a mistake')).toMatchObject({
      given: { request: 'r10' },
      problems: {},
    });
    expect(read('cancel r10 please because I erred').given).toEqual({ request: 'r10', because: 'I erred' });
    expect(read('approve r1 pln=2').problems['']).toContain('no parameter called “pln”');
    expect(read('show r1 which I made').problems).toEqual({});
    for (const line of [
      'approve r1 not yet',
      'approve r1 once adam agrees',
      'resume r1 tomorrow',
      'approve r1 no',
    ])
      expect(read(line).problems[''], line).toContain('say it alone');
    expect(read('approve, thanks')).toMatchObject({ given: {}, problems: {} });
    for (const line of ['approve once adam agrees', 'approve 5 6', 'approve r1 and r2', 'approve r1? no'])
      expect(read(line).problems.request, line).toContain('is no id of a request');
  });

  it('takes a list that goes on behind its comma, up to the next parameter', () => {
    const list = parse(
      'repo add epel10 from=os=http://h.example/os/, updates=http://h.example/u/, tag=el10-build',
      everything,
    );
    expect(list).toMatchObject({
      problems: {},
      given: { from: 'os=http://h.example/os/, updates=http://h.example/u/,', tag: 'el10-build' },
    });
  });

  it('takes what was pasted in a code block', () => {
    const pem = '-----BEGIN CERTIFICATE REQUEST-----\nMIIC\n-----END CERTIFICATE REQUEST-----';
    for (const line of [`cert renew \`\`\`${pem}\`\`\``, `cert renew csr=\n\`\`\`\n${pem}\n\`\`\``])
      expect(parse(line, everything)).toMatchObject({
        problems: {},
        given: { csr: expect.stringContaining(pem) },
      });
  });

  it('takes nothing but a code for a code', () => {
    for (const code of ['ABCD-EFGH-JKMN', 'abcdefghjkmn']) {
      expect(read(`link ${code}`).given).toEqual({ code });
      expect(read(`link code=${code} please confirm`).given).toEqual({ code, sure: 'confirm' });
    }
    for (const line of ['link please', 'link my two accounts', 'link code=please'])
      expect(read(line), line).toMatchObject({ given: {}, problems: {} });
  });

  it('with an unknown word gets a suggestion, and one for a parameter too', () => {
    expect(parse('builder capasity builder2 8', registry)).toMatchObject({
      kind: 'unclear',
      meant: 'builder capacity builder2 8',
    });
    expect(parse('aprove r42', registry)).toMatchObject({ kind: 'unclear', meant: 'approve r42' });
    expect(parse('list builder builder2', registry)).toMatchObject({ meant: 'builder list builder2' });
    expect(parse('make coffee', registry)).toMatchObject({ kind: 'unclear', meant: null });
    expect(read('builder capacity builder2 capacty=8').problems['']).toBe(
      'There is no parameter called “capacty”. Did you mean capacity?',
    );
  });

  it('of forty thousand characters is not read at all', () => {
    const line = `builder capacity builder2 ${'8'.repeat(40_000)}`;
    expect(parse(line, registry)).toEqual({ kind: 'too-long', length: line.length });
    expect(parse('x'.repeat(LONGEST_LINE), registry).kind).toBe('unclear');
  });

  it('of nothing, or of nothing that can be seen, is no command', () => {
    expect(parse('', registry).kind).toBe('empty');
    expect(parse(' \n\t ', registry).kind).toBe('empty');
    expect(parse('\u200e\u0000', registry).kind).toBe('unclear');
  });
});

describe('a text behind its name', () => {
  const given = (line: string) => {
    const parsed = parse(line, everything);
    if (parsed.kind !== 'command' && parsed.kind !== 'verb') throw new Error(`${line}: ${parsed.kind}`);
    return parsed.given;
  };
  const lost = { which: 'maria', reason: 'key-lost', because: 'lost the laptop' };

  it('ends where another parameter begins that is not given yet', () => {
    for (const line of [
      'cert revoke maria because=lost the laptop reason=key-lost',
      'cert revoke maria because: lost the laptop reason=key-lost',
      'cert revoke maria because = lost the laptop\nreason=key-lost',
      'cert revoke maria because="lost the laptop" reason=key-lost',
      'cert revoke because=lost the laptop reason="key-lost" which=maria',
      'cert revoke because “lost the laptop” which=maria reason=key-lost',
      'cert revoke maria reason=key-lost because=lost the laptop',
    ])
      expect(given(line), line).toEqual(lost);
    expect(given('deny r42 because=too much plan=2')).toEqual({
      request: 'r42',
      plan: '2',
      because: 'too much',
    });
  });

  it('holds what is no such name, or stands in quotes', () => {
    for (const because of [
      'reason=key-lost',
      'a=b, and c=d',
      'no Reason=key-lost, no (reason=left) and no reason = left',
      'which=toni, or because=nothing',
      'lost the\nlaptop',
      'it said “that is no reason=left for it” twice',
      'no reason key-lost',
    ]) {
      const line = `cert revoke maria because=${because}`;
      expect(given(line), line).toEqual({ which: 'maria', because });
    }
    const quoted = 'cert revoke maria because="the reason=left\nis wrong" reason=other';
    expect(given(quoted)).toEqual({ which: 'maria', because: 'the reason=left\nis wrong', reason: 'other' });
  });

  it('and another parameter leave no words behind that nobody reads', () => {
    const { problems } = read('builder disable because=a fan is broken host=builder2 since Monday');
    expect(problems['']).toContain('I do not know what “Monday” is for here.');
  });

  it('ends before what was pasted, and a paste ends at no name', () => {
    const told = defineCommand({
      name: 'told',
      summary: 'Take a paste, and why',
      params: z.object({
        because: words({ title: 'Because', hint: 'Why.', example: 'new', named: true }),
        csr: pasted({ title: 'CSR', hint: 'It.', example: '-----BEGIN', named: true }, 4000),
        for: accountName({ title: 'For', hint: 'Who.', example: 'toni', named: true }).optional(),
      }),
      risk: 'read',
      ask: ['admin'],
      examples: ['told'],
      plan: async () => ({ kind: 'plan', title: 'Told', steps: [] }),
    });
    const pem = '-----BEGIN CERTIFICATE REQUEST-----\nMIIC for=\n-----END CERTIFICATE REQUEST-----';
    for (const name of ['', 'csr=', 'csr: '])
      expect(parse(`told because=she is new ${name}${pem}`, createRegistry([told]))).toMatchObject(
        name === 'csr: '
          ? { given: { because: 'she is new csr:', csr: pem } }
          : { given: { because: 'she is new', csr: pem }, problems: {} },
      );
  });

  // Of each command and verb that has one: the others behind it, before it, and the line that the program itself writes.
  const all = [...everything.all, ...VERBS].flatMap(({ name, params }) =>
    Object.entries(params.shape)
      .filter(([, field]) => metaOf(field).named && metaOf(field).kind === 'text' && !metaOf(field).pem)
      .map(([text]) => ({ name, params, text })),
  );
  it.each(all)('$text of `$name` is the same before and behind all others', ({ name, params, text }) => {
    const others = Object.entries(params.shape).filter(([key]) => key !== text);
    const values = Object.fromEntries(others.map(([key, field]) => [key, metaOf(field).example]));
    const named = others.map(([key]) => `${key}=${values[key]}`).join(' ');
    const anyWord = fc.oneof(
      fc.stringMatching(/^[a-z]{1,6}$/),
      fc.constantFrom('a=b', '=', ...others.map(([key]) => key), '–', 'it’s', `${text}=`, '\n'),
    );
    const said = fc.array(anyWord, { minLength: 1, maxLength: 8 }).map((list) => `so ${list.join(' ')} it`);
    fc.assert(
      fc.property(said, (why) => {
        const wanted = { ...values, [text]: why };
        for (const line of [
          `${name} ${text}=${why} ${named}`,
          `${name} ${text}: ${why}\n${named}`,
          `${name} ${named} ${text}=${why}`,
          `${name} ${text}="${why} ${named}" ${named}`,
        ])
          expect(given(line), line).toEqual(
            line.includes('"') ? { ...wanted, [text]: `${why} ${named}` } : wanted,
          );
        const full = { ...values, [text]: `${why} ${named}` };
        expect(given(lineOf(name, params, full))).toEqual(full);
        const { [text]: alone = '' } = full;
        expect(given(lineOf(name, params, { [text]: alone }))).toEqual({ [text]: alone });
      }),
      { numRuns: 30 },
    );
  });
  it('is there in several commands', () => expect(all.length).toBeGreaterThan(5));
});

describe('bad input is answered field by field, in plain words', () => {
  const capacity = 'Give a number above 1, at most 10000, like 8.';
  it.each([
    '0',
    '1',
    '-3',
    '1e309',
    'NaN',
    '8; reboot',
    '0x10',
    'Infinity',
    '٨',
    '8,5',
    '1.00001e1',
    '99999',
    '8\u0000',
    '$(reboot)',
  ])('a capacity of %j', (value) => {
    expect(check(command('builder capacity').params, { host: 'builder2', capacity: value })).toEqual({
      capacity,
    });
    expect(read(`builder capacity builder2 ${value}`).problems).toEqual({ capacity });
  });

  it.each([
    '-oProxyCommand=x',
    '$(reboot)',
    '../x',
    'a;b',
    '`id`',
    'builder2/../..',
    'builder_2',
    '.builder',
    'bu\u202eilder2',
    '\ud800',
    'бuilder2',
    '*;*',
  ])('a host called %j', (value) => {
    for (const name of ['builder capacity', 'builder disable']) {
      const given = name === 'builder disable' ? { because: 'x' } : { capacity: '8' };
      const { host, ...others } = check(command(name).params, { host: value, ...given });
      expect(host).toMatch(/is not a host name: letters, digits, dots and dashes/);
      expect(host).toBe(plainText(host ?? ''));
      expect(others).toEqual({});
    }
    expect(read(`builder capacity ${value} 8`).problems.host).toContain('is not a host name');
  });

  it('a host whose name holds what cannot be seen: it says so', () => {
    for (const name of ['builder2\u200f', '\u2068builder2\u2069', 'builder2\u0000']) {
      const { host } = check(command('builder enable').params, { host: name });
      expect(host).toBe(
        '“builder2” holds characters that cannot be seen. Type it anew instead of pasting it.',
      );
    }
  });

  it('no host, too many, or one too long', () => {
    const { params } = command('builder capacity');
    expect(check(params, { host: ' , ', capacity: '8' })).toEqual({ host: 'Name at least one host.' });
    const many = Array.from({ length: 201 }, (_, n) => `b${n}`).join(',');
    expect(check(params, { host: many, capacity: '8' })).toEqual({
      host: 'Name at most 200 hosts at a time.',
    });
    expect(check(command('builder enable').params, { host: 'a'.repeat(254) }).host).toMatch(/at most 253/);
    expect(check(params, { host: 'a,'.repeat(2000), capacity: '8' }).host).toMatch(/at most 3000 characters/);
  });

  it('a reason that is empty, only invisible, or too long', () => {
    const reason = (because: string) =>
      check(command('builder disable').params, { host: 'b', because }).because;
    expect(reason('')).toBe('Say it in a few words.');
    expect(reason('\u0000\u200b \n')).toBe('Say it in a few words.');
    expect(reason('x'.repeat(501))).toBe('Say it in at most 500 characters.');
    expect(reason('fine\u202e \ud83d')).toBeUndefined();
  });
});

it('a placeholder that was copied along is no value', () => {
  for (const because of ['<because>', '<reason>', ' <because> ', '…', '<…>']) {
    const { params, name, summary } = command('builder disable');
    const problems = check(params, { host: 'builder1', because });
    expect(problems).toEqual({ because: 'missing' });
    const form = formOf(name, summary, params, { host: 'builder1', because }, problems);
    expect(form.fields.map(({ value }) => value)).toEqual(['builder1', '']);
  }
  expect(read('builder capacity builder1 <capacity>').problems).toEqual({ capacity: 'missing' });
  expect(read('builder disable builder1 because=<b> is dead').problems).toEqual({});
});

describe('what was given', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const hosts = fc
    .array(label, { minLength: 1, maxLength: 4 })
    .chain((names) => fc.constantFrom(',', ' ', ', ').map((by) => names.join(by)));
  const number = fc.integer({ min: 2, max: 10_000 }).map(String);
  // One kind of quote at most: a line has no way to write a value wrapped in all three.
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .map((value) => value.replace(/["“”]/g, "'"))
    .filter((value) => plainText(value) !== '' && value.trim() === value && !/[…<]/u.test(value));

  it('comes back from the line that it makes, whatever it is', () => {
    const { name, params, summary } = command('builder capacity');
    fc.assert(
      fc.property(hosts, number, (host, capacity) => {
        const given = { host, capacity };
        const line = lineOf(name, params, given);
        expect(read(line)).toMatchObject({ given, problems: {} });
        const form = formOf(name, summary, params, given, {});
        expect(Object.fromEntries(form.fields.map((field) => [field.name, field.value]))).toEqual(given);
      }),
    );
  });

  it('is kept in the line that a form offers, with holes for the rest', () => {
    const usage = (name: string, given: Record<string, string>) => {
      const { params, summary } = command(name);
      return formOf(name, summary, params, given, check(params, given)).usage;
    };
    expect(usage('builder capacity', { host: 'builder2' })).toBe('builder capacity builder2 <capacity>');
    expect(usage('builder capacity', { host: 'builder2', capacity: 'x' })).toBe(
      'builder capacity builder2 <capacity>',
    );
    expect(usage('builder capacity', { host: '-x' })).toBe('builder capacity <host> <capacity>');
    expect(usage('builder disable', { host: 'b', because: '<because>' })).toBe(
      'builder disable b because=<because>',
    );
  });

  it('comes back when it is a text of people too', () => {
    const { name, params } = command('builder disable');
    fc.assert(
      fc.property(label, text, (host, because) => {
        const given = { host, because };
        expect(read(lineOf(name, params, given))).toMatchObject({ given, problems: {} });
      }),
    );
    const placed = command('builder comment');
    fc.assert(
      fc.property(
        label,
        text.filter((value) => !/^(host|text)\b/i.test(value)),
        (host, words) => {
          const given = { host, text: words };
          const again = read(lineOf(placed.name, placed.params, given));
          expect(again).toMatchObject({ given, problems: {} });
        },
      ),
    );
  });

  it('never makes the reader throw, and never passes a check unseen', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 80 });
    const start = fc.constantFrom(
      'builder capacity ',
      'builder disable ',
      'deny r1 ',
      'resolve ',
      'help ',
      '',
    );
    fc.assert(
      fc.property(start, anything, (begin, rest) => {
        const parsed = parse(begin + rest, registry);
        if (parsed.kind !== 'command') return;
        expect(parsed.command.params.safeParse(parsed.given).success).toBe(
          Object.keys(check(parsed.command.params, parsed.given)).length === 0,
        );
        for (const problem of Object.values(parsed.problems)) expect(problem).toBe(plainText(problem));
      }),
      { numRuns: 1000 },
    );
  });
});
