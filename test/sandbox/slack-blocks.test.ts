import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkMessageBlocks } from '../../sandbox/slack/blocks.ts';
import { approve, section } from './slack-rig.ts';

const plainText = (text: string) => ({ type: 'plain_text', text });
const rich = (text: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
});

/** Blocks that the service takes, and blocks that it does not. */
const GOOD: readonly (readonly unknown[])[] = [
  [section('x'.repeat(3000))],
  [{ type: 'section', fields: Array.from({ length: 10 }, () => ({ type: 'mrkdwn', text: 'f' })) }],
  [{ type: 'header', text: plainText('h'.repeat(150)) }, { type: 'divider' }, approve],
  [{ type: 'context', elements: [{ type: 'mrkdwn', text: 'r42' }] }],
  [rich('hello')],
  [
    {
      type: 'table',
      rows: [[{ type: 'raw_text', text: 'host' }, rich('b')]],
      column_settings: [{ align: 'right' }],
    },
  ],
  [
    {
      type: 'plan',
      title: 'Steps',
      tasks: [{ type: 'task_card', task_id: '1', title: 'one', status: 'complete', details: rich('d') }],
    },
  ],
  Array.from({ length: 50 }, () => ({ type: 'divider' })),
];
const BAD: readonly (readonly unknown[])[] = [
  [section('x'.repeat(3001))],
  [section('')],
  [{ type: 'section' }],
  [{ type: 'header', text: plainText('h'.repeat(151)) }],
  [{ type: 'header', text: { type: 'mrkdwn', text: 'h' } }],
  [{ type: 'actions', elements: [] }],
  [
    {
      type: 'actions',
      elements: Array.from({ length: 26 }, (_, n) => ({ type: 'button', text: plainText(`b${n}`) })),
    },
  ],
  [{ type: 'actions', elements: [{ type: 'button', text: plainText('b'.repeat(76)) }] }],
  [{ type: 'context', elements: Array.from({ length: 11 }, () => ({ type: 'mrkdwn', text: 'c' })) }],
  [
    {
      type: 'plan',
      title: 'Steps',
      tasks: [{ type: 'task_card', task_id: '1', title: 'one', status: 'completed' }],
    },
  ],
  [{ type: 'table', rows: Array.from({ length: 101 }, () => [{ type: 'raw_text', text: 'x' }]) }],
  [{ ...approve, surprise: true }],
  [{ type: 'sections', text: plainText('x') }],
  Array.from({ length: 51 }, () => ({ type: 'divider' })),
];

describe('the check of blocks', () => {
  it('takes what the service takes and refuses what it refuses', () => {
    for (const blocks of GOOD) expect(checkMessageBlocks(blocks)).toMatchObject({ ok: true });
    for (const blocks of BAD) expect(checkMessageBlocks(blocks)).toMatchObject({ ok: false });
    expect(checkMessageBlocks([section('x'), { type: 'input' }])).toMatchObject({
      messages: [expect.stringContaining('[json-pointer:/blocks/1]')],
    });
    const table = { type: 'table', rows: [[{ type: 'raw_text', text: 'x' }]] };
    expect(checkMessageBlocks([table, table])).toMatchObject({ messages: ['only_one_table_allowed'] });
    expect(checkMessageBlocks(Array.from({ length: 5 }, () => section('x'.repeat(2900))))).toMatchObject({
      error: 'msg_blocks_too_long',
    });
  });

  const schemaPath = '../shared/contracts/slack/blockkit.schema.json';
  it.skipIf(!existsSync(schemaPath))(
    'agrees with the contract schema (skipped where ../shared/contracts is absent)',
    () => {
      const schema = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(schemaPath, 'utf8')));
      const ajv = new Ajv({ strict: false });
      ajv.addSchema(schema, 'kit');
      const message = ajv.compile({
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: { $ref: 'kit#/definitions/KnownBlock' },
      });
      for (const blocks of GOOD) expect([blocks, message(blocks)]).toEqual([blocks, true]);
      for (const blocks of BAD) expect([blocks, message(blocks)]).toEqual([blocks, false]);
    },
  );
});
