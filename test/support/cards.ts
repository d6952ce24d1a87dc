import fc from 'fast-check';
import type { Action, Card, CardStep, Reply } from '../../src/core/card.ts';
import type { Form } from '../../src/core/form.ts';
import { STATUSES } from '../../src/core/request.ts';

/** A card as one would like to see it: one step, waiting. */
export function cardOf(rest: Partial<Card> = {}): Card {
  return {
    id: 'r42',
    seq: 2,
    risk: 'low',
    title: 'Raise the capacity of builder2 from 4 to 8',
    status: 'planned',
    tone: 'info',
    line: 'Waits for a yes from an admin, since 2 minutes.',
    next: null,
    fields: [{ label: 'Asked', value: 'builder capacity builder2 8' }],
    steps: [stepOf()],
    notes: [],
    answer: null,
    links: [],
    actions: [action('approve', 'primary'), action('deny', 'danger'), action('cancel', 'plain')],
    footer: 'r42 · asked by maria',
    plan: 2,
    decideRoles: ['admin'],
    asker: 'maria',
    notice: { kind: 'decision', key: 'decision-2', text: 'r42 waits for an admin' },
    ...rest,
  };
}

export function stepOf(rest: Partial<CardStep> = {}): CardStep {
  return {
    title: 'Set the capacity of builder2 to 8',
    state: 'todo',
    changes: [{ what: 'capacity', before: '4', after: '8' }],
    evidence: [{ label: 'load', value: '3.1' }],
    guards: [{ text: 'enabled', holds: true, saw: 'yes' }],
    undo: 'full',
    call: 'editHost("builder2", capacity=8.0)',
    digest: 'ab'.repeat(32),
    says: null,
    ...rest,
  };
}

export function action(verb: Action['verb'], style: Action['style']): Action {
  return {
    verb,
    label: verb[0]?.toUpperCase() + verb.slice(1),
    style,
    line: `${verb} r42`,
    confirm: `Really ${verb}?`,
    may: { roles: ['admin'], asker: 'as-any', says: 'an admin' },
  };
}

const nasty = fc.constantFrom(
  '<!channel>',
  '<!here|x>',
  '<@U0ADAM>',
  '@here now',
  '```',
  '`',
  '*bold*',
  '_x_',
  '~s~',
  ':tada:',
  '&amp;',
  '&',
  '<',
  '>',
  '\u202egnp.exe',
  '\u200b\u200b',
  '\u0000',
  '\ud800',
  '\r\n',
  '\n\n',
  '\t',
  '<http://a.example|b>',
  '😀',
  '🇨🇭',
  '',
  ' ',
);

/** Text as nobody wants it: markup, marks, huge. */
export const nastyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 40, unit: 'binary' }) },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.oneof(nasty, fc.string({ maxLength: 8 })), { maxLength: 12 })
      .map((all) => all.join('')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(nasty, fc.integer({ min: 0, max: 5000 }))
      .map(([text, times]) => text.repeat(times).slice(0, 20_000)),
  },
);

const list = <T>(one: fc.Arbitrary<T>, maxLength: number) => fc.array(one, { maxLength });
const table = fc.record({
  columns: list(nastyText, 30),
  rows: fc.oneof(
    list(list(nastyText, 4), 5),
    fc
      .integer({ min: 0, max: 300 })
      .map((n) => Array.from({ length: n }, (_, i) => [`builder${i}`, 'ok & <fine>', '`x`'])),
  ),
});

const step: fc.Arbitrary<CardStep> = fc.record({
  title: nastyText,
  state: fc.constantFrom('todo', 'started', 'done', 'failed', 'unknown'),
  changes: list(fc.record({ what: nastyText, before: nastyText, after: nastyText }), 4),
  evidence: list(fc.record({ label: nastyText, value: nastyText }), 4),
  guards: list(fc.record({ text: nastyText, holds: fc.boolean(), saw: nastyText }), 4),
  undo: fc.constantFrom('full', 'partial', 'none'),
  call: nastyText,
  digest: fc.constant('ab'.repeat(32)),
  says: fc.option(nastyText),
});

export const anyCard: fc.Arbitrary<Card> = fc.record({
  id: fc.constantFrom('r1', 'r42', 'r987654'),
  seq: fc.integer({ min: 1, max: 99 }),
  risk: fc.constantFrom('read', 'low', 'high'),
  title: nastyText,
  status: fc.constantFrom(...STATUSES),
  tone: fc.constantFrom('info', 'good', 'warn', 'bad'),
  line: nastyText,
  next: fc.option(nastyText),
  fields: list(fc.record({ label: nastyText, value: nastyText }), 14),
  steps: fc.oneof(list(step, 3), list(step, 60)),
  notes: list(nastyText, 12),
  links: fc.constant([]),
  answer: fc.option(
    fc.record({
      kind: fc.constant('answer' as const),
      title: nastyText,
      verdict: fc.constantFrom('ok' as const, 'warn' as const, 'bad' as const),
      lines: list(nastyText, 60),
      table,
      texts: list(fc.record({ title: nastyText, text: nastyText }), 4),
      file: fc.record({
        name: fc.constant('r42-mrepo.txt'),
        bytes: fc.constant(5),
        last: nastyText,
        elsewhere: nastyText,
        line: nastyText,
      }),
      next: list(nastyText, 9),
    }),
  ),
  actions: fc.constantFrom(
    [],
    [action('approve', 'primary'), action('deny', 'danger')],
    [action('undo', 'plain')],
  ),
  footer: nastyText,
  plan: fc.integer({ min: 0, max: 9 }),
  decideRoles: fc.constant(['admin']),
  asker: fc.constant('maria'),
  notice: fc.constant(null),
});

export const anyReply: fc.Arbitrary<Reply> = fc.record({
  tone: fc.constantFrom('info', 'good', 'warn', 'bad'),
  title: nastyText,
  lines: list(nastyText, 80),
  table,
  next: list(nastyText, 9),
});

export const anyForm: fc.Arbitrary<Form> = fc.record({
  command: fc.constantFrom('builder capacity', 'x'.repeat(200)),
  summary: nastyText,
  usage: nastyText,
  fields: fc.uniqueArray(
    fc.record({
      name: fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', 'z'), minLength: 1, maxLength: 20 }),
      title: nastyText,
      hint: nastyText,
      kind: fc.constantFrom('line' as const, 'text' as const, 'choice' as const),
      choices: fc.uniqueArray(nastyText, { maxLength: 130 }),
      optional: fc.boolean(),
      example: nastyText,
      value: nastyText,
      problem: fc.option(nastyText),
    }),
    { maxLength: 60, selector: (field) => field.name },
  ),
});
