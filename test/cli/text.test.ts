import { describe, expect, it } from 'vitest';
import { answerText, cardText, formText, replyText, tableText } from '../../src/cli/text.ts';
import { widthOf, wrap } from '../../src/cli/width.ts';
import type { Card } from '../../src/core/card.ts';
import { action, cardOf, stepOf } from '../support/cards.ts';

const plain = { columns: 80, colour: false };

const OWN = { roles: ['admin'], asker: 'too', says: 'maria or an admin' } as const;
const card = cardOf({
  line: 'Waits for the yes of 1 admin (not maria).',
  fields: [{ label: 'Can be undone', value: 'yes' }],
  steps: [
    stepOf({
      changes: [{ what: 'capacity of builder2', before: '4.0', after: '8' }],
      evidence: [{ label: 'builder2', value: 'enabled, load 1.2' }],
      guards: [{ text: 'free space of at least 40 GB', holds: false, saw: '12 GB free' }],
      call: 'editHost("builder2", capacity=8)',
    }),
  ],
  notes: ['It builds 2 packages now.'],
  actions: [
    action('approve', 'primary'),
    { ...action('deny', 'danger'), label: 'Deny…', line: 'deny r42 because=…' },
    { ...action('cancel', 'plain'), may: OWN },
  ],
  footer: 'r42 · asked by Maria',
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not be there
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('a card in a terminal', () => {
  it('shows the plan, what it rests on, the exact call and what can be said', () => {
    expect(cardText(card, plain)).toBe(
      [
        '● Raise the capacity of builder2 from 4 to 8',
        '  Waits for the yes of 1 admin (not maria).',
        '  Can be undone: yes',
        '  ○ 1. Set the capacity of builder2 to 8',
        '       capacity of builder2: 4.0 → 8',
        '       builder2: enabled, load 1.2',
        '       DOES NOT HOLD: free space of at least 40 GB (saw 12 GB free)',
        '       calls editHost("builder2", capacity=8)',
        '  • It builds 2 packages now.',
        '  For an admin: approve r42 · deny r42 because=…',
        '  For maria or an admin: cancel r42',
        '  r42 · asked by Maria',
      ].join('\n'),
    );
  });

  it('fits every line into a narrow terminal', () => {
    for (const columns of [20, 30, 41, 79]) {
      for (const line of cardText(card, { columns, colour: false }).split('\n'))
        expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  it('shows no escape sequence, line break or direction mark of anybody', () => {
    const evil = '\u001b]0;owned\u0007\u001b[31mred\r\nnew\u202eline\u009b2J\u0000';
    const [step] = card.steps;
    if (!step) throw new Error('no step');
    const spoilt: Card = {
      ...card,
      title: evil,
      line: evil,
      next: evil,
      fields: [{ label: evil, value: evil }],
      notes: [evil],
      footer: evil,
      steps: [
        {
          ...step,
          title: evil,
          call: evil,
          says: evil,
          changes: [{ what: evil, before: evil, after: evil }],
        },
      ],
      answer: {
        kind: 'answer',
        title: evil,
        verdict: 'ok',
        lines: [evil],
        table: { columns: [evil], rows: [[evil]] },
      },
    };
    expect(cardText(spoilt, plain)).not.toMatch(CONTROL);
    expect(replyText({ tone: 'bad', title: evil, lines: [evil], next: [evil] }, plain)).not.toMatch(CONTROL);
    expect(tableText({ columns: [evil], rows: [[evil]] }, { columns: 20, colour: false })).not.toMatch(
      CONTROL,
    );
  });

  it('has colours only where they are wanted', () => {
    expect(cardText(card, { columns: 80, colour: true })).toContain('\u001b[36m●\u001b[0m');
    expect(cardText(card, plain)).not.toContain('\u001b');
  });

  it('keeps a done step short once all is done', () => {
    const done = cardText(
      {
        ...card,
        status: 'succeeded',
        steps: card.steps.map((step) => ({ ...step, state: 'done' as const })),
      },
      plain,
    );
    expect(done).toContain('✓ 1. Set the capacity of builder2 to 8');
    expect(done).not.toContain('calls ');
  });
});

describe('a table in a terminal', () => {
  const table = {
    columns: ['Host', 'Mount', 'Verdict'],
    rows: [
      ['builder1', '/mnt/koji', 'hangs: no answer within 5 s, and the server does not answer either'],
      ['建造者二', '/mnt/tmp/external-repos', 'ok'],
    ],
  };

  it('stands in columns, wide characters counted', () => {
    const lines = tableText(table, { columns: 120, colour: false }).split('\n');
    expect(lines[0]).toBe('Host      Mount                    Verdict');
    expect(lines[2]).toBe('建造者二  /mnt/tmp/external-repos  ok');
  });

  it('breaks the widest cells where it is narrow', () => {
    const lines = tableText(table, { columns: 60, colour: false }).split('\n');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(60);
    expect(lines[1]).toMatch(/^builder1 {2}\/mnt\/koji +hangs/);
    expect(lines[2]).toMatch(/^ {30,}\S/);
  });

  it('becomes a block for each row where columns would be too narrow', () => {
    const text = tableText(table, { columns: 22, colour: false });
    expect(text.split('\n')[0]).toBe('Host: builder1');
    expect(text).toContain('\n\nHost: 建造者二\nMount:');
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(22);
  });
});

describe('other texts in a terminal', () => {
  it('an answer has its verdict, its table and what to try', () => {
    const text = answerText(
      {
        kind: 'answer',
        title: '4 builders',
        verdict: 'warn',
        lines: ['One is full.'],
        table: { columns: ['A'], rows: [['1']] },
        next: ['builder capacity builder2 8'],
      },
      plain,
    );
    expect(text).toBe('● 4 builders\n  One is full.\n  A\n  1\n  Try: builder capacity builder2 8');
  });

  it('what is to be copied stands at the left edge, each line as it is', () => {
    const long = 'x'.repeat(120);
    const text = answerText(
      {
        kind: 'answer',
        title: 'Certificate 1A',
        verdict: 'ok',
        texts: [{ title: 'Into ~/.koji.crt', text: `BEGIN\n${long}\n\u001b[2J  END\n` }],
      },
      plain,
    );
    expect(text).toBe(`● Certificate 1A\n\n  Into ~/.koji.crt:\nBEGIN\n${long}\n [2J  END`);
  });

  it('a form says what is missing, what is wrong, and how it is said', () => {
    const field = { title: '', kind: 'line' as const, choices: [], optional: false };
    const text = formText(
      {
        command: 'builder capacity',
        summary: 'Set how much work a builder takes at once',
        usage: 'builder capacity <host> <capacity>',
        fields: [
          {
            ...field,
            name: 'host',
            hint: 'One builder.',
            example: 'builder2',
            value: 'builder3',
            problem: null,
          },
          {
            ...field,
            name: 'capacity',
            hint: 'A number above 1.',
            example: '8',
            value: '',
            problem: 'missing',
          },
        ],
      },
      plain,
    );
    expect(text).toContain('capacity is missing. A number above 1.');
    expect(text).toContain('Say it like this: builder capacity <host> <capacity>');
    expect(text).toContain('For example: builder capacity builder3 8');
  });

  it('wrap breaks at spaces, inside words that are too long, and never loses anything', () => {
    expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrap('', 5)).toEqual(['']);
    expect(wrap('世界世界', 3)).toEqual(['世', '界', '世', '界']);
    expect(wrap('👍👍', 1)).toEqual(['👍', '👍']);
  });
});
