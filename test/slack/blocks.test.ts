import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noticeTrouble } from '../../src/core/notice.ts';
import { replyMessage } from '../../src/slack/answer-blocks.ts';
import { LIMITS, sizeOf } from '../../src/slack/blocks.ts';
import { homeView } from '../../src/slack/home.ts';
import { becauseModal, formModal, lineModal } from '../../src/slack/modal.ts';
import { noticeMessage } from '../../src/slack/notice-message.ts';
import { requestMessage } from '../../src/slack/request-message.ts';
import { action, anyCard, anyForm, anyReply, cardOf, nastyText, stepOf } from '../support/cards.ts';

const SCHEMA = '../shared/contracts/slack/blockkit.schema.json';
const RUNS = { numRuns: 120 };

const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.flatMap(texts)
      : typeof value === 'object' && value !== null
        ? Object.values(value).flatMap(texts)
        : [];
const verbs = (blocks: readonly unknown[]) =>
  texts(blocks)
    .filter((text) => text.startsWith('steward:'))
    .map((text) => text.slice(8));

describe('a request as a message', () => {
  it('says in its first two blocks what will happen and what it waits for', () => {
    const { blocks, text } = requestMessage(cardOf());
    expect(blocks[0]).toMatchObject({
      type: 'header',
      text: { text: 'Raise the capacity of builder2 from 4 to 8' },
    });
    expect(texts(blocks[1]).join()).toContain('✋ Waits for a yes from an admin');
    expect(text).toBe(
      'r42: Raise the capacity of builder2 from 4 to 8 — Waits for a yes from an admin, since 2 minutes.',
    );
  });

  it('shows each step with its mark, its change and the exact call', () => {
    const all = texts(
      requestMessage(cardOf({ steps: [stepOf({ state: 'failed', says: 'no' })] })).blocks,
    ).join('\n');
    expect(all).toContain('✗ *Set the capacity of builder2 to 8*\ncapacity: 4 → 8\n↳ no');
    expect(all).toContain('```editHost("builder2", capacity=8.0)```');
    expect(all).toContain('can be undone');
  });

  it('gives buttons nothing but the request and the plan number', () => {
    const buttons = requestMessage(cardOf()).blocks.flatMap((block) =>
      block.type === 'actions' ? block.elements : [],
    );
    expect(buttons.map((one) => 'value' in one && one.value)).toEqual(['r42:2', 'r42:2', 'r42:2']);
  });

  it('calls those who decide by name, when it is told whom', () => {
    const { blocks } = requestMessage(cardOf(), { mention: '<!subteam^S0ADMINS>' });
    expect(texts(blocks).join()).toContain('<!subteam^S0ADMINS> this waits for one of you.');
  });

  it.each([
    ['more steps than a message holds', { steps: Array.from({ length: 190 }, () => stepOf()) }],
    ['a call that is very long', { steps: [stepOf({ call: 'x & y\n'.repeat(4000) })] }],
    ['a title that is cut', { title: 'a'.repeat(200) }],
    ['a note that is cut', { notes: ['a'.repeat(2000)] }],
    [
      'a guard that is cut',
      { steps: [stepOf({ guards: [{ text: 'g'.repeat(900), holds: true, saw: '' }] })] },
    ],
  ])('offers no Approve for %s, and says so', (_, rest) => {
    const { blocks } = requestMessage(cardOf(rest));
    expect(verbs(blocks)).toEqual(['deny', 'cancel']);
    expect(texts(blocks).join()).toContain('cannot be approved here');
  });

  it('says how many steps it left out, and how to see them', () => {
    const all = texts(
      requestMessage(cardOf({ steps: Array.from({ length: 190 }, () => stepOf()) })).blocks,
    ).join('\n');
    expect(all).toMatch(/… \(\d+ more, `show r42`\)/u);
  });

  it('shows fifty steps whole, each with its call, and offers Approve', () => {
    const steps = Array.from({ length: 50 }, (_, at) =>
      stepOf({ call: `editHost("builder${at}", capacity=8)` }),
    );
    const { blocks } = requestMessage(cardOf({ steps }));
    expect(verbs(blocks)).toContain('approve');
    for (const { call } of steps) expect(texts(blocks).join()).toContain(call);
  });

  it('of many steps with bytes in a call can be approved: they stand by their SHA-256', () => {
    const bytes = Buffer.alloc(900, 'x').toString('base64');
    const steps = Array.from({ length: 6 }, () => stepOf({ call: `ca: sign "${bytes}"` }));
    const message = requestMessage(cardOf({ steps }));
    expect(verbs(message.blocks)).toContain('approve');
    expect(texts(message.blocks).join()).toMatch(/"eHh4eHh4…" \(900 bytes, sha256 [0-9a-f]{16}…\)/);
  });

  it('says who may press what everybody sees, once', () => {
    const may = { roles: ['admin'], asker: 'too', says: 'maria <or> an admin' } as const;
    const ended = (next: string | null) =>
      texts(
        requestMessage(
          cardOf({ next, actions: [{ ...action('resume', 'primary'), may }, action('undo', 'plain')] }),
        ).blocks,
      ).join('\n');
    expect(ended(null)).toContain('Resume: maria &lt;or&gt; an admin · Undo: an admin');
    expect(ended('Then `resume r42` (maria).')).toMatch(/\nUndo: an admin\n/);
    expect(texts(requestMessage(cardOf()).blocks).join('\n')).toMatch(/\nCancel: an admin\n/);
  });

  it('says in words what people do by hand, and once they are asked to only below the step', () => {
    const step = stepOf({ call: 'by hand: Put the file (`ca file` shows it) there.' });
    const waits = { ...step, state: 'started', says: 'Put the file there. Then: `done r42 1`.' } as const;
    for (const many of [1, 6]) {
      const drawn = (one: typeof step): string =>
        texts(requestMessage(cardOf({ steps: Array.from({ length: many }, () => one) })).blocks).join('\n');
      expect(drawn(step)).toContain('by hand: Put the file (`ca file` shows it) there.');
      expect(drawn(waits)).toContain('↳ Put the file there. Then: `done r42 1`.');
      expect(drawn(waits)).not.toContain('by hand');
    }
  });

  it('leaves out what is to be copied where it was only decided', () => {
    const answer = {
      kind: 'answer',
      title: 'Certificate 09 of maria',
      verdict: 'ok',
      texts: [{ title: 'The certificate', text: 'MIIB' }],
    } as const;
    const card = cardOf({ status: 'succeeded', answer });
    expect(texts(requestMessage(card).blocks).join()).toContain('MIIB');
    const copy = texts(requestMessage(card, { withoutTexts: true }).blocks).join();
    expect(copy).not.toContain('MIIB');
    expect(copy).toContain('stands where it was asked for, `show r42`');
  });

  it('keeps a long call whole over several code blocks', () => {
    const call = `set(${'"a&b", '.repeat(600)})`;
    const { blocks } = requestMessage(cardOf({ steps: [stepOf({ call })] }));
    const shown = texts(blocks)
      .filter((text) => text.startsWith('```'))
      .map((text) => text.slice(3, -3))
      .join('');
    expect(shown).toBe(call.replaceAll('&', '&amp;'));
    expect(verbs(blocks)).toContain('approve');
  });

  it('shows what there is to copy as it stands, and leaves out whole what has no room', () => {
    const pem = [
      '-----BEGIN CERTIFICATE-----',
      ...Array(40).fill('a/b+'.repeat(16)),
      '-----END CERTIFICATE-----',
    ];
    const answer = (count: number) => ({
      kind: 'answer' as const,
      title: 'Certificate 1A',
      verdict: 'ok' as const,
      texts: Array.from({ length: count }, () => ({ title: 'The certificate', text: pem.join('\n') })),
    });
    const one = texts(requestMessage(cardOf({ status: 'succeeded', answer: answer(1) })).blocks);
    expect(one).toContain('*The certificate*');
    expect(one).toContain(`\`\`\`${pem.join('\n')}\`\`\``);
    const many = texts(requestMessage(cardOf({ status: 'succeeded', answer: answer(9) })).blocks).join('\n');
    expect(many.split(pem.join('\n')).length - 1).toBe(3);
    expect(many).toContain('… (6 texts to copy left out, `show r42`)');
  });

  it('fits every limit whatever it holds, and never offers Approve for a part of a plan', () => {
    fc.assert(
      fc.property(anyCard, fc.boolean(), (card, plainTables) => {
        const { blocks, text } = requestMessage(card, { plainTables });
        expect(blocks.length).toBeLessThanOrEqual(50);
        expect(sizeOf(blocks)).toBeLessThanOrEqual(LIMITS.messageText + 500);
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(4000);
        const all = texts(blocks).join('\n');
        if (verbs(blocks).includes('approve')) expect(all).not.toMatch(/more, `show/u);
      }),
      RUNS,
    );
  });
});

describe('what people wrote', () => {
  it('cannot mention anybody, make a link, close a code block, or hide', () => {
    fc.assert(
      fc.property(anyCard, (card) => {
        const shown = JSON.parse(JSON.stringify(requestMessage(card).blocks)) as unknown[];
        const walk = (value: unknown): void => {
          if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) walk(one);
          if (typeof value !== 'object' || value === null) return;
          if (
            'type' in value &&
            value.type === 'mrkdwn' &&
            'text' in value &&
            typeof value.text === 'string'
          ) {
            expect(value.text).not.toMatch(/[<>]/u);
            expect(value.text.replace(/&(?:amp|lt|gt);/gu, '')).not.toContain('&');
            expect(value.text.split('```').length % 2).toBe(1);
          }
        };
        walk(shown);
        const all = texts(shown).join('');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
        expect(all).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u0000-\u0008\p{Surrogate}]/u);
        expect(all).not.toMatch(/@(?:here|channel|everyone)\b/iu);
      }),
      RUNS,
    );
  });
});

describe.skipIf(!existsSync(SCHEMA))(
  'against the Block Kit schema (skipped where ../shared/contracts is absent)',
  () => {
    const schema: object = existsSync(SCHEMA) ? JSON.parse(readFileSync(SCHEMA, 'utf8')) : {};
    const ajv = new Ajv({ strict: false, allErrors: false });
    ajv.addSchema(schema, 'kit');
    const valid = (definition: string, value: unknown) => {
      const check = ajv.getSchema(`kit#/definitions/${definition}`);
      if (!check) throw new Error(`no ${definition}`);
      const ok = check(JSON.parse(JSON.stringify(value)));
      expect(check.errors ?? [], JSON.stringify(check.errors)?.slice(0, 500)).toEqual([]);
      expect(ok).toBe(true);
    };
    // AnyBlock also admits any block that has a type and an id only, so each is checked as what it says it is.
    const NAMES: Readonly<Record<string, string>> = {
      header: 'HeaderBlock',
      section: 'SectionBlock',
      context: 'ContextBlock',
      actions: 'ActionsBlock',
      divider: 'DividerBlock',
      table: 'TableBlock',
      input: 'InputBlock',
    };
    const validBlocks = (blocks: readonly { type: string }[]) => {
      for (const block of blocks) valid(NAMES[block.type] ?? 'none', block);
    };

    it('accepts every message of a request', () => {
      fc.assert(
        fc.property(anyCard, (card) => {
          const { blocks } = requestMessage(card);
          validBlocks(blocks);
          expect(blocks.filter((block) => block.type === 'table').length).toBeLessThanOrEqual(1);
        }),
        RUNS,
      );
    });

    it('accepts every reply', () => {
      fc.assert(
        fc.property(anyReply, fc.boolean(), (reply, plainTables) => {
          const { blocks } = replyMessage(reply, { plainTables });
          validBlocks(blocks);
          expect(blocks.length).toBeLessThanOrEqual(50);
          expect(sizeOf(blocks)).toBeLessThanOrEqual(LIMITS.messageText + 500);
        }),
        RUNS,
      );
    });

    it('accepts every message that belongs to no request', () => {
      fc.assert(
        fc.property(anyReply, nastyText, (reply, text) => {
          const { lines, next = [] } = reply;
          const told = { key: 'k', to: { kind: 'approvers' }, title: text, lines, next } as const;
          fc.pre(noticeTrouble(told) === null);
          const { blocks } = noticeMessage(told, {
            mention: '<@U0MARIA>',
            command: next[0] ? 'cert renew' : null,
          });
          validBlocks(blocks);
          expect(sizeOf(blocks)).toBeLessThanOrEqual(LIMITS.messageText + 500);
        }),
        RUNS,
      );
    });

    it('accepts every modal', () => {
      fc.assert(
        fc.property(anyForm, nastyText, (form, text) => {
          for (const view of [
            formModal(form, { where: 'C1/1.2' }),
            becauseModal('r42', text, { where: 'C1', request: 'r42', plan: 1, verb: 'deny' }),
            lineModal(text, { where: 'C1' }),
          ]) {
            valid('ModalView', view);
            validBlocks(view.blocks.map((block) => ({ ...block, type: block.type })));
            expect(view.blocks.length).toBeLessThanOrEqual(100);
          }
        }),
        RUNS,
      );
    });

    it('accepts every Home', () => {
      fc.assert(
        fc.property(fc.array(anyCard, { maxLength: 12 }), nastyText, (waiting, text) => {
          const view = homeView({
            who: { id: 'maria', name: text, roles: new Set([text]), accounts: {} },
            mine: Array.from({ length: 20 }, (_, n) => ({
              id: `r${n}`,
              seq: 1,
              updated: new Date(0),
              status: 'planned',
              command: 'x',
              text,
              asker: 'maria',
              title: text,
              due: null,
            })),
            waiting,
            menu: Array.from({ length: 30 }, () => ({ name: text, summary: text, example: text })),
          });
          valid('HomeView', view);
          validBlocks(view.blocks.map((block) => ({ ...block, type: block.type })));
        }),
        { numRuns: 40 },
      );
    });
  },
);
