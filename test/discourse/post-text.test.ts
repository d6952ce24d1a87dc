import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Form } from '../../src/core/form.ts';
import { readPost } from '../../src/discourse/post-text.ts';
import { formPost } from '../../src/discourse/reply-post.ts';
import { cpuMs } from '../support/cpu.ts';

const read = (raw: string) => readPost(raw, 'steward');
const LINE = '@steward approve r42';

describe('a line to us', () => {
  it.each([
    '@steward builder list',
    '  @Steward   builder list',
    '@STEWARD, builder list',
    '@steward: builder list',
    '@steward – builder list!',
    '- @steward builder list',
    '* @steward builder list',
    '1. @steward builder list',
    '- [ ] @steward builder list.',
    '**@steward** builder list',
    '**@steward builder list**',
    '_@steward_ builder list',
    '@steward **builder list**',
    '@steward `builder list`',
    '@steward builder `list`',
    '@\u200bsteward\u00a0builder\u2009list\u200b',
    '\u2060@\u2060steward\u2060 builder list',
    '\ufeff@steward builder list\r',
    'Hello!\r\n\r\n@steward builder list\r\nThanks\r\n',
    'Hello\n@steward builder list',
    '[details="More"]\n@steward builder list\n[/details]',
  ])('is %j', (raw) => {
    expect(read(raw)).toMatchObject({ lines: ['builder list'], forms: [], tooMany: false });
  });

  it.each([
    '@stewardess builder list',
    '@steward-bot builder list',
    '@steward.bot builder list',
    '@steward_2 builder list',
    '@steward2 builder list',
    'foo@steward.org builder list',
    '@steward.org builder list',
    '@steward@example.org builder list',
    'https://forum.example.org/u/@steward builder list',
    '\\@steward builder list',
    'steward builder list',
  ])('is not %j, which does not name us', (raw) => {
    expect(read(raw)).toMatchObject({
      lines: [],
      mentioned: false,
      rest: expect.stringContaining('builder list'),
    });
  });

  it.each([
    'Hi @steward, builder list',
    'Thanks (@steward) builder list',
    '"@steward builder list"',
    '@steward',
    '**@steward**!',
    '@steward’s builder list',
  ])('is not %j, which only speaks of us', (raw) => {
    expect(read(raw)).toMatchObject({ lines: [], mentioned: true });
  });

  it('ends where the line ends, and keeps its reason', () => {
    expect(
      read(
        '@steward builder disable builder2 because=its disk is “failing”, and\nwe wait\n@steward builder list',
      ).lines,
    ).toEqual(['builder disable builder2 because=its disk is “failing”, and', 'builder list']);
  });

  it('is read as it is shown: links by their text, backslashes and names of characters gone', () => {
    for (const [raw, line] of [
      [
        '@steward builder enable [builder2.example.org](http://builder2.example.org)',
        'builder enable builder2.example.org',
      ],
      ['@steward builder capacity builder\\* 10\\', 'builder capacity builder* 10'],
      ['@steward&nbsp;builder&nbsp;list', 'builder list'],
      ['@steward deny r1 because=a &lt; b &amp;amp; c', 'deny r1 because=a < b &amp; c'],
      ['@steward builder capacity builder* 10', 'builder capacity builder* 10'],
    ] as const)
      expect(read(raw).lines).toEqual([line]);
  });

  it('is one of ten at most, with the forms', () => {
    const form = '```steward\nask: builder enable\nhost: builder3\n```\n';
    expect(read(`${LINE}\n`.repeat(10))).toMatchObject({ tooMany: false });
    const { lines, forms, tooMany } = read(`${LINE}\n`.repeat(6) + form.repeat(6));
    expect([lines.length, forms.length, tooMany]).toEqual([6, 4, true]);
  });
});

describe('what is not the author’s own words now is not read', () => {
  const hidden: readonly (readonly [string, string])[] = [
    ['a quote', `[quote="adam, post:1, topic:2"]\n${LINE}\n[/quote]`],
    ['a quote on one line', `[quote]${LINE}[/quote]`],
    ['a quote in a quote', `[quote="a"]\n[quote="b"]\nx\n[/quote]\n${LINE}\n[/quote]`],
    ['a quote without an end', `[quote="a"]\n\n${LINE}`],
    ['a quote in capital letters', `[QUOTE=a]\n${LINE}\n[/QUOTE]`],
    ['a quote that begins within a line', `so [quote="a"]\n${LINE}\n[/quote]`],
    ['a quoted block', `> ${LINE}\n>> ${LINE}`],
    ['the lines of a quoted block that have no mark', `> he said\n${LINE}`],
    ['a quoted block in a list', `- > ${LINE}`],
    ['a fence', `\`\`\`\n${LINE}\n\`\`\``],
    ['a fence of tildes', `~~~ sh\n${LINE}\n~~~`],
    ['a long fence with a shorter one in it', `\`\`\`\`\n\`\`\`\n${LINE}\n\`\`\`\n${LINE}\n\`\`\`\``],
    ['a fence within a paragraph', `see\n\`\`\`\n${LINE}\n\`\`\``],
    ['a fence without an end', `\`\`\`\n${LINE}\n\n${LINE}\n\`\`\` x`],
    ['a fence in a list', `- \`\`\`\n  ${LINE}\n  \`\`\``],
    ['an indented fence', `   \`\`\`text\n${LINE}\n   \`\`\``],
    ['indented code', `So:\n\n    ${LINE}\n\n\t${LINE}`],
    ['indented code at the beginning', `    ${LINE}`],
    ['code within a line', `\`${LINE}\` is how`],
    ['code over two lines', `like \`so\n${LINE}\` is how`],
    ['code with two marks', `\`\`${LINE} \` \`\``],
    ['a comment', `<!-- ${LINE} -->`],
    ['a comment over lines', `<!--\n\n${LINE}\n\n-->`],
    ['a comment without an end', `<!--\n${LINE}`],
    ['[code]', `[code]\n${LINE}\n[/code]`],
    ['<pre>', `<pre>\n${LINE}\n\n${LINE}\n</pre>`],
    ['<PRE class>', `<PRE class="x">\n${LINE}\n</PRE>`],
    ['<code>', `<code>${LINE}</code>`],
    ['<blockquote>', `<blockquote>\n<blockquote>\n</blockquote>\n${LINE}\n</blockquote>`],
    ['what Gmail adds', `On Tue, 3 Mar 2026 at 10:12, Adam <adam@example.org> wrote:\n\n${LINE}`],
    [
      'what Gmail adds, broken in two',
      `On Tue, 3 Mar 2026 at 10:12, Adam via Forum <\nadam@example.org> wrote:\n> x\n> ${LINE}`,
    ],
    ['what Outlook adds', `-----Original Message-----\nFrom: Adam\n\n${LINE}`],
    [
      'what Outlook adds in bold',
      `**From:** Adam <a@example.org>\n**Sent:** Tuesday 10:12\n**To:** x\n\n${LINE}`,
    ],
    ['what a German Outlook adds', `Von: Adam\nGesendet: Dienstag, 3. März\nAn: x\nBetreff: y\n\n${LINE}`],
    ['what a German Thunderbird adds', `Am 03.03.26 um 10:12 schrieb Adam:\n\n${LINE}`],
    ['what a French Gmail adds', `Le mar. 3 mars 2026 à 10:12, Adam <a@b.org> a écrit :\n\n${LINE}`],
    ['what a Spanish Gmail adds', `El mar, 3 mar 2026 a las 10:12, Adam (<a@b.org>) escribió:\n\n${LINE}`],
    ['what a Czech Gmail adds', `út 3. 3. 2026 v 10:12 odesílatel Adam <a@b.org> napsal:\n\n${LINE}`],
    ['what a Polish Gmail adds', `wt., 3 mar 2026 o 10:12 Adam <a@b.org> napisał(a):\n\n${LINE}`],
    ['what a Japanese Gmail adds', `2026年3月3日(火) 10:12 Adam <a@b.org>:\n\n${LINE}`],
    ['what a forwarded mail begins with', `---------- Forwarded message ---------\nFrom: A\n\n${LINE}`],
    ['a signature', `Thanks\n-- \n${LINE}`],
    ['a signature whose space is lost', `Thanks\n\n--\n${LINE}`],
  ];
  it.each(hidden)('%s', (_, raw) => {
    expect(read(raw)).toMatchObject({ lines: [], forms: [], mentioned: false });
    expect(read(raw.replaceAll('\n', '\r\n'))).toMatchObject({ lines: [], forms: [], mentioned: false });
    expect(read(raw).rest).not.toContain('approve');
  });

  it.each(hidden.filter(([what]) => !/without an end|adds|mail|signature/.test(what)))(
    '%s: what follows it is read',
    (_, raw) => {
      expect(read(`${raw}\n\n@steward builder list`).lines).toEqual(['builder list']);
    },
  );

  it.each([
    'The builder said:\n--\n@steward builder list',
    '--- Notes ---\n@steward builder list',
    'Change it:\nFrom: 4\nTo: 8\n\n@steward builder list',
    'As Adam wrote in post 3:\n\n@steward builder list',
    'On Monday it hung, as I wrote:\n\n@steward builder list',
    'On Tue, 3 Mar 2026, Adam wrote:\n> please\n\n@steward builder list',
    'a ` b\n@steward builder list',
    '`` a ` b\n@steward builder list',
    '\\` a\n@steward builder list\n\\`',
    '```code``` and so on\n@steward builder list',
    'use `[quote]` for that\n@steward builder list',
    'if a <b and c> d\n@steward builder list',
    'one\n    @steward builder list',
    '> quoted\n\n@steward builder list',
    '> quoted\n- @steward builder list',
  ])('but %j is', (raw) => {
    expect(read(raw).lines).toEqual(['builder list']);
  });
});

describe('the author’s own words', () => {
  it('are what is left', () => {
    const raw = [
      'Hi all,',
      '> is `builder1` up?',
      '',
      'builder1 hangs, see `builder1.example.org` and `ls -l /mnt/koji`.',
      '```\nlog of builder2\n```',
      'Can @steward help?',
      '-- ',
      'Maria',
    ].join('\n');
    expect(read(raw)).toEqual({
      lines: [],
      forms: [],
      rest: 'Hi all,\n\nbuilder1 hangs, see builder1.example.org and  .\n\nCan @steward help?',
      mentioned: true,
      nearly: 'help?',
      leftOut: true,
      tooMany: false,
    });
  });
});

describe('a form', () => {
  const form = 'ask: builder capacity\nhost: builder3\ncapacity: 7';
  it.each([
    `Please:\n\n\`\`\`steward\n${form}\n\`\`\`\nThanks`,
    `~~~Steward\n${form}\n~~~`,
    `\`\`\`\` steward\r\n${form.replaceAll('\n', '\r\n')}\r\n\`\`\`\``,
    `- \`\`\`steward\n  ${form.replaceAll('\n', '\n  ')}\n  \`\`\``,
    `\`\`\`steward\n${form}`,
  ])('is a fence of ours: %j', (raw) => {
    expect(read(raw)).toMatchObject({ lines: [], forms: [form], mentioned: false });
  });

  it.each([
    `\`\`\`\n${form}\n\`\`\``,
    `\`\`\`yaml\n${form}\n\`\`\``,
    `\`\`\`stewardess\n${form}\n\`\`\``,
    `\`\`\`\`text\n\`\`\`steward\n${form}\n\`\`\`\n\`\`\`\``,
    `[quote="adam"]\n\`\`\`steward\n${form}\n\`\`\`\n[/quote]`,
    `> \`\`\`steward\n> ${form.replaceAll('\n', '\n> ')}\n> \`\`\``,
    `So:\n\n    \`\`\`steward\n    ${form.replaceAll('\n', '\n    ')}\n    \`\`\``,
    `<!--\n\`\`\`steward\n${form}\n\`\`\`\n-->`,
    form,
    '```steward\n```',
    '```steward\n# Builder\nask: builder capacity\nhost:\ncapacity:  \n```',
  ])('is not %j', (raw) => {
    expect(read(raw).forms).toEqual([]);
  });

  it('that the bot offers can be copied, filled in and posted, whatever is in it already', () => {
    const offered: Form = {
      command: 'builder capacity',
      summary: 'Set how much work a builder takes at once',
      usage: 'builder capacity <host> <capacity>',
      fields: ['host', 'capacity'].map((name) => ({
        name,
        title: name,
        hint: 'A hint.',
        kind: 'text',
        choices: [],
        optional: false,
        example: 'x',
        value: name === 'host' ? 'a\n```\nask: b\n# c' : '',
        problem: name === 'host' ? null : 'missing',
      })),
    };
    const copied = /\n(`{4,})text\n([\s\S]*?)\n\1(?:\n|$)/.exec(formPost(offered, 'steward'))?.[2] ?? '';
    const { forms } = read(copied.replace('\ncapacity:', '\ncapacity: 7'));
    expect(forms).toHaveLength(1);
    expect(forms[0]).toContain('host: a\n  ```\n  ask: b\n  # c\n');
    expect(forms[0]).toContain('capacity: 7');
  });

  it('is one of several in a fence, and empty ones beside it do not count', () => {
    const empty = 'ask: builder enable\n# Builder: the builder.\nhost:\n\n';
    const raw = `\`\`\`steward\n${empty}${form}\n\n${empty}ask: nfs check\nhosts: builder1\n\`\`\``;
    expect(read(raw).forms.map((one) => one.trim())).toEqual([form, 'ask: nfs check\nhosts: builder1']);
    expect(read(`\`\`\`steward\n${empty.repeat(30)}${form}\n\`\`\``)).toMatchObject({ tooMany: false });
  });
});

describe('a post that is long, or made to be hard to read', () => {
  const many = (piece: string) => piece.repeat(Math.ceil(32_000 / piece.length)).slice(0, 32_000);
  it.each([
    ['words', many('Could somebody look at the builders? ')],
    ['one word', many('a')],
    ['spaces', many(' ')],
    ['bullets', many('- ')],
    ['backticks', '`'.repeat(10_000)],
    ['backticks apart', many('` ')],
    ['backticks of growing number', Array.from({ length: 250 }, (_, n) => '`'.repeat(n)).join(' ')],
    ['backslashes and backticks', `${many('\\').slice(0, 31_990)}\``],
    ['fences', many('```\n')],
    ['fences that are too short', `${'`'.repeat(100)}\n${many('```\n')}`],
    ['quotes', many('[quote]\n')],
    ['quotes on one line', many('[quote]')],
    ['quotes within quotes', '[quote]\n'.repeat(10_000) + '[/quote]\n'.repeat(10_000)],
    ['quoted lines', many('> ')],
    ['comments', many('<!--')],
    ['comments with ends', many('<!-- -->')],
    ['blockquotes', many('<blockquote>')],
    ['brackets', many('[')],
    ['links', many('[a](http://')],
    ['links without an end', many('[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')],
    ['mentions', many('@steward ')],
    ['mentions on lines', many('@steward x\n')],
    ['stars', many('*')],
    ['stars on a line to us', `@steward ${many('**')}`],
    ['spaces in a line to us', `@steward a${many(' ')}b`],
    ['code full of marks', `\` ${many('`').slice(0, 31_000)} \``],
    ['ampersands', many('&')],
    ['headers', many('From: a\n')],
    ['mail', many('On 3 a\n')],
    ['dashes', many('-')],
    ['forms', `\`\`\`steward\n${many('ask: builder list\n')}`],
    ['colons', `\`\`\`steward\nask: x\n${many('a:')}`],
    ['a key and spaces', `\`\`\`steward\nask: x\na${many(' ')}`],
    ['what cannot be seen', many('\u200b\u200e')],
    ['carriage returns', many('\r')],
  ])('%s: is read in a moment', (_, raw) => {
    expect(cpuMs(() => read(raw))).toBeLessThan(50);
  });

  it('never throws, and never gives more than ten things of one line each', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '@steward ',
        '\n',
        '```',
        '```steward\n',
        '`',
        '> ',
        '[quote]',
        '[/quote]',
        '<!--',
        '-->',
        '    ',
        '- ',
        'ask: ',
        'On 3 a wrote:\n',
        '-- \n',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { lines, forms } = read(pieces.join(''));
        expect(lines.length + forms.length).toBeLessThanOrEqual(10);
        for (const line of lines) expect(line).toMatch(/^\S[^\n\r]*$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('words of others', () => {
  const line = '@steward approve r1';
  it.each([
    ['an end within a line', `[quote="a"]\nfoo [/quote] bar\n${line}\n[/quote]`],
    ['an end in code', `[quote="a"]\n\`[/quote]\`\n${line}\n[/quote]`],
    ['an end in a comment', `[quote="a"]\n<!-- [/quote]\n${line}\n-->\n[/quote]`],
    ['something like an end', `[quote="a"]\n[/quote me\n${line}\n[/quote]`],
    ['an end of code that stands far in', `\`\`\`\n    \`\`\`\n${line}\n\`\`\``],
  ])('are not ended by %s', (_what, raw) => {
    expect(read(raw)).toMatchObject({ lines: [], leftOut: true });
  });

  it('are known to be there also where they end', () => {
    expect(read(`[quote="a"]\nx\n[/quote]\n\n${line}`)).toMatchObject({
      lines: ['approve r1'],
      leftOut: true,
    });
    expect(read(`[quote="a"]x[/quote]\n\n${line}`)).toMatchObject({ lines: ['approve r1'], leftOut: true });
    for (const other of ['> x', '```\nx\n```', '<!-- x -->', '<details>x</details>', '[code]x[/code]'])
      expect(read(`${other}\n\n${line}`).leftOut).toBe(true);
    expect(read(`Fine with me.\n\n${line}`).leftOut).toBe(false);
    expect(read('```steward\nask: builder capacity\nhost: builder2\ncapacity: 8\n```').leftOut).toBe(false);
  });
});

describe('what is nearly said to us', () => {
  it.each([
    ['Sure, why not. @steward approve r5', 'approve r5'],
    ['`@steward approve r5`', 'approve r5'],
    ['Thanks @steward', null],
    ['I ran `@steward approve r5` yesterday', null],
    ['Fine with me.', null],
  ])('%j', (raw, nearly) => {
    expect(read(raw)).toMatchObject({ lines: [], nearly });
  });
});

describe('what is pasted below a line to us', () => {
  const pem = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB+/x=\n-----END CERTIFICATE REQUEST-----';

  it.each([
    ['behind it', `@steward cert issue csr=${pem}\n\nThanks!`, `cert issue csr=${pem}`],
    ['on the next line', `@steward cert issue csr=\n${pem}`, `cert issue csr=\n${pem}`],
    ['with a blank line between', `@steward cert issue\n\n${pem}\nThanks!`, `cert issue\n${pem}`],
    ['as code', `@steward cert issue\n\n\`\`\`\n${pem}\n\`\`\`\nThanks!`, `cert issue\n${pem}`],
    [
      'with dashes of a word processor',
      `@steward cert issue\n${pem.replaceAll('-----', '—–')}`,
      `cert issue\n${pem.replaceAll('-----', '—–')}`,
    ],
  ])('belongs to it: %s', (_, raw, line) => {
    expect(read(raw)).toMatchObject({ lines: [line], leftOut: false });
    expect(read(raw).rest).toMatch(/^(Thanks!)?$/);
  });

  it.each([
    ['other code', `@steward builder list\n\`\`\`\n@steward approve r1\n\`\`\``, 'builder list'],
    ['what stands behind other words', `@steward builder list\nand this:\n${pem}`, 'builder list'],
    ['what is quoted', `@steward cert issue\n\n> ${pem.replaceAll('\n', '\n> ')}`, 'cert issue'],
  ])('does not: %s', (_, raw, line) => {
    expect(read(raw).lines).toEqual([line]);
  });

  it('does not swallow the next line to us', () => {
    expect(read(`@steward cert issue csr=${pem.slice(0, 40)}\n@steward builder list`).lines).toEqual([
      `cert issue csr=${pem.slice(0, 40)}`,
      'builder list',
    ]);
  });
});
