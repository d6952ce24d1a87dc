import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cook } from '../../sandbox/discourse/cook.ts';
import type { Action, Card } from '../../src/core/card.ts';
import type { Form } from '../../src/core/form.ts';
import { cell, code, fence, fold, inline } from '../../src/discourse/escape.ts';
import { isMarked, marked, markerOf } from '../../src/discourse/marker.ts';
import { formPost, joinPosts, recognisedPost, replyPost } from '../../src/discourse/reply-post.ts';
import { endPost, parkedPost, requestPost, type Showing } from '../../src/discourse/request-post.ts';
import { forgedReply, unlistedLine } from '../../src/discourse/words.ts';
import { anyCard, anyForm, anyReply, cardOf, nastyText, stepOf } from '../support/cards.ts';
import { withoutCode } from './without-code.ts';

const RUNS = { numRuns: 150 };
const showing: Showing = { bot: 'steward', mayDecideHere: true };
const LONGEST = 30_000;
const KEEPER = '\u2060';

const act = (verb: Action['verb'], line: string): Action => ({
  verb,
  label: verb,
  style: 'plain',
  line,
  may: { roles: ['admin'], asker: 'as-any', says: 'an admin' },
});
const ACTIONS = [
  act('approve', 'approve r42'),
  act('deny', 'deny r42 because=…'),
  act('cancel', 'cancel r42'),
];
const planned = (rest: Partial<Card> = {}): Card => cardOf({ fields: [], actions: ACTIONS, ...rest });
const post = (rest: Partial<Card> = {}, how: Partial<Showing> = {}) =>
  requestPost(planned(rest), { ...showing, ...how });

describe('a request as a post', () => {
  it('begins with what will happen, what it waits for, and the lines that people can reply', () => {
    const lines = post().split('\n').filter(Boolean);
    expect(lines.slice(0, 6)).toEqual([
      '✋ **Raise the capacity of builder2 from 4 to 8**',
      'Waits for a yes from an admin, since 2 minutes.',
      'Reply here with one of these lines:',
      '- `@steward approve r42` to say yes (an admin)',
      '- `@steward deny r42 because=…` to say no, with the reason (an admin)',
      '- `@steward cancel r42, thank you` to take the request back (an admin)',
    ]);
  });

  it('shows the steps as a check list, what changes as a diff, and the exact call with its digest in a fold', () => {
    const raw = post({ steps: [stepOf({ state: 'done' }), stepOf({ title: 'Enable it', changes: [] })] });
    expect(raw).toContain('- [x] Set the capacity of builder2 to 8\n  ✓ enabled (yes)');
    expect(raw).toContain('- [ ] Enable it\n');
    expect(raw).toContain('```diff\n- capacity: 4\n+ capacity: 8\n```');
    expect(raw).toContain('[details="The exact calls"]\n\n```text\n1. editHost("builder2", capacity=8.0)\n');
    expect(raw).toContain(`digest ${'ab'.repeat(32)}`);
  });

  it('says which step a change belongs to where two change what is called the same', () => {
    const raw = post({ steps: [stepOf({ title: 'First' }), stepOf({ title: 'Second' })] });
    expect(raw).toContain('@@ First @@\n- capacity: 4\n+ capacity: 8\n@@ Second @@');
  });

  it('calls those who decide, and the asker at the end, by name when it is told whom', () => {
    expect(post({}, { mention: '@koji-admins' })).toContain('\n@koji-admins this waits for one of you.\n');
    expect(post({ status: 'refused', line: 'There is no builder9.' }, { mention: '@maria' })).toContain(
      '\n@maria There is no builder9.\n',
    );
  });

  it('offers no approval of what is of high risk, and says where it is decided', () => {
    const raw = post({ risk: 'high' });
    expect(raw).not.toContain('@steward approve');
    expect(raw).toContain('in chat, on the message of r42, or in a terminal with `steward approve r42`');
    expect(raw).toContain('`@steward deny r42 because=…`');
  });

  it('offers no approval either where nobody in the forum may decide', () => {
    const raw = post({}, { mayDecideHere: false });
    expect(raw).not.toContain('@steward approve');
    expect(raw).toContain('This is not decided in the forum.');
  });

  it('turns the lines that a text tells people to say into ones that they can copy', () => {
    const raw = post({
      status: 'expired',
      next: 'Ask again with `builder capacity builder2 8` if it is still wanted.',
      actions: [],
    });
    expect(raw).toContain('Ask again with `@steward builder capacity builder2 8` if it is still wanted.');
  });

  it.each([
    ['more steps than a post holds', { steps: Array.from({ length: 190 }, () => stepOf()) }],
    ['a call that is very long', { steps: [stepOf({ call: 'x & y\n'.repeat(6000) })] }],
    ['a title that is cut', { title: 'a'.repeat(900) }],
    ['a note that is cut', { notes: ['a'.repeat(2000)] }],
    [
      'a change that is cut',
      { steps: [stepOf({ changes: [{ what: 'w', before: '', after: 'a'.repeat(2000) }] })] },
    ],
    [
      'a guard that is cut',
      { steps: [stepOf({ guards: [{ text: 'g'.repeat(900), holds: true, saw: '' }] })] },
    ],
  ])('offers no approval for %s, and says how to see the rest', (_, rest) => {
    const raw = post(rest);
    expect(raw).not.toContain('@steward approve');
    expect(raw).toContain('cannot be approved here');
    expect(raw).toContain('`steward show r42`');
    expect(raw.length).toBeLessThan(LONGEST);
  });

  it('shows fifty steps whole, each with its call, and folds the long diff', () => {
    const steps = Array.from({ length: 50 }, (_, at) =>
      stepOf({
        title: `Set the capacity of builder${at}`,
        changes: [{ what: `capacity of builder${at}`, before: '4', after: '8' }],
        call: `editHost("builder${at}", capacity=8)`,
      }),
    );
    const raw = post({ steps });
    expect(raw).toContain('@steward approve r42');
    expect(raw).toContain('[details="What changes (100 lines)"]');
    for (const { call } of steps) expect(raw).toContain(call);
  });

  it('draws an answer with its table, folds a long one, and offers what would help next', () => {
    const table = (rows: number) => ({
      columns: ['Host', 'State'],
      rows: Array.from({ length: rows }, (_, at) => [`builder${at}`, 'a | b']),
    });
    const answer = { kind: 'answer', title: 'NFS trouble', verdict: 'bad', next: ['nfs check'] } as const;
    const of = (rows: number) =>
      post({
        status: 'answered',
        line: '',
        steps: [],
        actions: [],
        answer: { ...answer, table: table(rows) },
      });
    expect(of(2)).toContain('🔴 **NFS trouble**\n\n| Host | State |\n| --- | --- |\n| builder0 | a \\| b |');
    expect(of(2)).toContain('- `@steward nfs check, thank you`');
    expect(of(40)).toContain('[details="The table (40 rows)"]');
    expect(of(4000)).toMatch(/… and \d+ more rows\. Read all of it in a terminal with `steward show r42`/u);
  });

  it('tells of an end in few words, with what can be said next', () => {
    const card = planned({
      status: 'succeeded',
      line: 'Done.',
      notice: null,
      actions: [act('undo', 'undo r42')],
      decideRoles: [],
    });
    expect(
      endPost(card, { ...showing, mention: '@maria' })
        .split('\n')
        .filter(Boolean),
    ).toEqual([
      '✅ **Raise the capacity of builder2 from 4 to 8**',
      '@maria Done.',
      'Reply here with this line:',
      '- `@steward undo r42, thank you` to have it changed back (an admin)',
      '*r42 · asked by maria*',
    ]);
    // Nobody's first thought about what they were given is to have it taken back.
    const answer = { kind: 'answer', title: 'Certificate 09 of maria', verdict: 'ok' } as const;
    expect(endPost({ ...card, answer }, showing, true)).toContain(
      'Done.\n\nCertificate 09 of maria: it stands in my post above, with what to do next.\n\n*r42',
    );
    expect(endPost({ ...card, answer }, showing)).toContain('undo r42');
  });

  it('reminds of a decision with the lines to reply', () => {
    const text = 'Still waiting: Raise it (r42) waits for 1 admin.';
    const card = planned({ notice: { kind: 'decision', key: 'decision-1-again', text } });
    const raw = endPost(card, { ...showing, mention: '@koji-admins' });
    expect(raw).toMatch(/^✋ @koji-admins Still waiting: Raise it \(r42\) waits for 1 admin\.\n/u);
    expect(raw).toContain('`@steward approve r42`');
  });
});

describe('what a post that asks for something is answered', () => {
  const form = (problem: string | null): Form => ({
    command: 'builder capacity',
    summary: 'Set how much work a builder takes at once',
    usage: 'builder capacity <host> <capacity>',
    fields: [
      field('host', 'Builder', 'builder2', null),
      field('capacity', 'Capacity', problem === null ? '8' : '', problem),
    ],
  });
  const field = (name: string, title: string, value: string, problem: string | null) => ({
    ...{ name, title, value, problem, hint: 'A number.', kind: 'line' as const },
    ...{ choices: [], optional: false, example: '8' },
  });

  it('is what was understood, and the line that asks for it', () => {
    const raw = recognisedPost([{ form: form(null), line: 'builder capacity builder2 8' }], 'steward');
    expect(raw).toContain('It looks as if you want to set how much work a builder takes at once.');
    expect(raw).toContain('- Builder: `builder2`\n- Capacity: `8`');
    expect(raw).toContain('\n\n`@steward builder capacity builder2 8`\n\n');
    expect(raw).not.toContain('```steward');
  });

  it('is also what is missing, with a form that is copied whole', () => {
    const raw = recognisedPost(
      [{ form: form('missing'), line: 'builder capacity builder2 <capacity>' }],
      'steward',
    );
    expect(raw).toContain('Still missing:\n- **Capacity**: A number. For example `8`.');
    expect(raw).toContain('`@steward builder capacity builder2 <capacity>`');
    expect(raw).toContain('````text\n```steward\nask: builder capacity\n');
    expect(raw).toContain('\nhost: builder2\n');
  });

  it('is a choice of lines where it may mean several things', () => {
    const one = { form: form('missing'), line: 'builder capacity builder2 <capacity>' };
    const raw = recognisedPost([one, { ...one, line: 'nfs check' }], 'steward');
    expect(raw).toContain(': `@steward builder capacity builder2 <capacity>`\n- ');
    expect(raw).toContain('`@steward nfs check, thank you`');
  });

  it('is what is wrong with a form, beside the form as far as it is filled in', () => {
    const raw = formPost(form('Give a number above 1.'), 'steward');
    expect(raw).toContain('Missing or wrong:\n- **Capacity**: Give a number above 1.');
    expect(raw).toContain('Reply with a line like `@steward builder capacity <host> <capacity>`');
    expect(raw).toContain('```steward\nask: builder capacity');
  });

  it('repeats the line of a post that was not believed', () => {
    expect(replyPost(forgedReply(true, 'approve r1234'), 'steward')).toContain('`@steward approve r1234`');
    expect(replyPost(forgedReply(true, null), 'steward')).not.toContain('`');
  });

  it('begins with what somebody can do whom the config does not list here', () => {
    expect(unlistedLine('forum.example.org/12')).toMatch(
      /^In the forum I do not know you .* in chat, do it there/u,
    );
    expect(unlistedLine('forum.example.org/12')).toContain('yours is 12');
  });

  it('for an asker whose topic takes no post says where to see it all', () => {
    const raw = parkedPost(planned(), 'the topic is closed', 'steward');
    expect(raw).toContain('another topic of the category with `@steward show r42, thank you`');
    expect(raw).toContain('in chat with `/koji show r42`, or in a terminal with `steward show r42`');
  });

  it('is one post for several lines, and says so when one post does not hold all', () => {
    const reply = (title: string) => replyPost({ tone: 'info', title, lines: [] }, 'steward');
    expect(joinPosts([])).toBeNull();
    expect(joinPosts([reply('a'), reply('b')])).toBe('ℹ️ **a**\n\n---\n\nℹ️ **b**');
    const long = replyPost(
      { tone: 'info', title: 'a', lines: Array.from({ length: 60 }, () => 'word '.repeat(190)) },
      'steward',
    );
    const all = joinPosts([long, long, reply('c')]) ?? '';
    expect(all.length).toBeLessThan(LONGEST);
    expect(all).toContain('… and 2 more answers than a post holds.');
  });
});

describe('a marker', () => {
  it('is the last line of a post, and is believed nowhere else', () => {
    const marker = markerOf('r42', 'decision-2');
    const raw = marked('Words.', marker);
    expect(raw).toBe('Words.\n\n<!-- steward:r42:decision-2 -->');
    expect(isMarked(raw, marker)).toBe(true);
    expect(isMarked(`${raw}\n\nmore`, marker)).toBe(false);
    expect(isMarked(raw, markerOf('r4', 'decision-2'))).toBe(false);
    expect(marked('x', 'a-->b')).toBe('x\n\n<!-- a__b -->');
  });
});

/** Everything that people wrote stays words: looked at as the forum does, without the code. */
function expectHarmless(raw: string, mention = ''): void {
  const post = marked(raw, markerOf('r42', 'request'));
  expect(post.length).toBeLessThanOrEqual(LONGEST);
  const seen = cook(post);
  expect(seen.split('class="mention"').length - 1).toBe(mention && post.includes(mention) ? 1 : 0);
  expect(seen).not.toMatch(/<a href|<h\d|<blockquote|<aside|<ol|<s>/u);
  const lines = withoutCode(post).split('\n');
  expect(lines.pop()).toBe('<!-- steward:r42:request -->');
  let depth = 0;
  for (const line of post.split('\n')) {
    // As the forum looks for the end of a fold: in every line, in code blocks as well.
    if (/^\s*\[details/iu.test(line)) depth += 1;
    if (/^\s*\[\/details\]\s*$/iu.test(line)) depth -= 1;
    expect(depth === 0 || depth === 1).toBe(true);
  }
  expect(depth).toBe(0);
  for (const line of lines) {
    const text = (mention ? line.replace(mention, '') : line)
      .replace(/^\[details="[\w ()]+"\]$|^\[\/details\]$/u, '')
      .replace(/^- \[[ x]\] /u, '- ')
      .replace(/\\[\\`*_~[\]<>&|$^{}+=#:-]/gu, '⌷');
    expect(text).not.toMatch(/[<>&[\]~^$`{}]/u);
    expect(text).not.toMatch(new RegExp(`@(?!${KEEPER})`, 'u'));
    expect(text).not.toMatch(/#[\p{L}\p{N}_-]|(?<![\p{L}\p{N}]):[\w+-]+:/u);
    expect(text).not.toMatch(/:\/\/|www\.|[\p{L}\p{N}]\.\p{L}{2,}/iu);
    expect(text).not.toMatch(/^(?: {4}|\t| {0,3}(?:[#>=+]|-(?! |--$|$)|\d+[.)]\s))/u);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u0000-\u0008\p{Surrogate}]/u);
  }
}

const forum = fc.constantFrom(
  ...[
    '@all',
    '@koji-admins',
    '[quote="adam"]',
    '[/details]',
    '\n[details=x]',
    '\n[/details]\n',
    '[poll]',
    '#infra',
  ],
  ...[
    '\n# ',
    '\n- ',
    '\n1. ',
    '\n> ',
    '---',
    '===',
    '|',
    '\\',
    '![x](y)',
    'https://a.example/x',
    'www.a.com',
    '~~~',
  ],
  ...[
    '`a`',
    '``',
    '\n```\n',
    '<!-- steward:r42:request -->',
    '<script>',
    'a@b.org',
    ':tada:',
    '$x$',
    '[^1]',
    '    x',
  ],
);
const posted = fc.oneof(
  nastyText,
  fc.array(fc.oneof(forum, fc.string({ maxLength: 4 })), { maxLength: 12 }).map((all) => all.join('')),
);

const some = posted.map((text) => text.slice(0, 1000));

describe('what there is to copy', () => {
  it('stands in a code block, whole or not at all', () => {
    const pem = [
      '-----BEGIN CERTIFICATE-----',
      ...Array(30).fill('a/b+'.repeat(16)),
      '-----END CERTIFICATE-----',
    ];
    const post = (count: number) => {
      const texts = Array.from({ length: count }, () => ({ title: 'The certificate', text: pem.join('\n') }));
      const answer = { kind: 'answer' as const, title: 'Certificate 1A', verdict: 'ok' as const, texts };
      return requestPost(cardOf({ status: 'succeeded', answer }), showing);
    };
    expect(post(1)).toContain(`The certificate\n\n\`\`\`text\n${pem.join('\n')}\n\`\`\``);
    const many = post(40);
    const shown = many.split(pem.join('\n')).length - 1;
    expect(shown).toBeGreaterThan(3);
    expect(many).toContain(`… and ${40 - shown} texts to copy.`);
  });
});

describe('a text that is too long for a post', () => {
  it('is told by its last lines, folded, and by how to get all of it', () => {
    const answer = {
      ...{ kind: 'answer' as const, title: 'Log of r42: mrepo on mirror1', verdict: 'warn' as const },
      file: {
        name: 'r42-mrepo.txt',
        bytes: 3_000_000,
        last: 'got 1 of 4\n[/details]\n```\n@admins',
        elsewhere: 'on mirror1 in `/var/lib/steward-jobs/mrepo/runs/r42-ab/log`',
        line: 'log r42',
      },
    };
    const post = requestPost(cardOf({ status: 'answered', answer }), showing);
    expect(post).toContain('Its last 4 lines');
    expect(post).toContain('````text\ngot 1 of 4\n');
    expect(post).toContain(
      'All of it: `/koji log r42` in chat gives it as a file, `steward ask log r42` in a terminal prints it.',
    );
    expect(post).toContain('It is on mirror1 in `/var/lib/steward-jobs/mrepo/runs/r42-ab/log`.');
  });
});

describe('what people wrote', () => {
  it('mentions nobody, makes no link, ends no code block and no fold, and cannot hide', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        expectHarmless(`x **${inline(a) || '–'}** ${inline(b)}\n\n- ${inline(b)}\n\n${inline(a)}`);
        expectHarmless(
          `| ${cell(a)} | ${code(b)} |\n\n${fence(a, 'text')}\n\n${fold('x', fence(b, 'diff'))}`,
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps within its cell of a table', () => {
    fc.assert(
      fc.property(posted, (text) => {
        const row = `| ${cell(text)} | end |`;
        expect(row.replace(/\\./gu, '').split('|').length).toBe(4);
      }),
      { numRuns: 1500 },
    );
  });

  it('stays what it is in code, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '\\', '@'), minLength: 1 }), (text) => {
        const shown = text.trim() || ' ';
        const [, run = '', inner = ''] = /^(`+)(.*?)\1$/su.exec(code(text)) ?? [];
        expect(shown.split(/[^`]+/u)).not.toContain(run);
        expect(/^ .*\S.* $/su.test(inner) ? inner.slice(1, -1) : inner).toBe(shown);
      }),
      RUNS,
    );
  });

  it('does no harm in a request, whatever it holds, and a part of a plan is never offered for approval', () => {
    const nasty = fc
      .tuple(anyCard, fc.record({ title: posted, line: posted, next: posted, footer: posted }))
      .map(([card, rest]) => ({ ...card, ...rest }));
    fc.assert(
      fc.property(fc.oneof(anyCard, nasty), fc.boolean(), (card, mayDecideHere) => {
        const how = { ...showing, mayDecideHere, mention: '@koji-admins' };
        const raw = requestPost(card, how);
        expectHarmless(raw, '@koji-admins');
        expectHarmless(endPost(card, how), '@koji-admins');
        if (raw.includes('`@steward approve ')) {
          expect(raw).not.toMatch(/more steps|more notes/u);
          if (!CLOSED.test(card.status)) for (const step of card.steps) expect(raw).toContain(step.digest);
        }
      }),
      RUNS,
    );
  });

  it('does no harm in a reply or a form', () => {
    fc.assert(
      fc.property(anyReply, anyForm, posted, (reply, form, line) => {
        expectHarmless(replyPost(reply, 'steward'));
        expectHarmless(formPost(form, 'steward'));
        expectHarmless(recognisedPost([{ form, line }], 'steward'));
        expectHarmless(
          recognisedPost(
            [
              { form, line },
              { form, line },
            ],
            'steward',
          ),
        );
      }),
      RUNS,
    );
  });
});

const CLOSED = /^(?:succeeded|answered|refused|denied|cancelled|expired)$/u;
