import { z } from 'zod';
import { accessory, actionsElement, image, inputElement, plain, text } from './elements.ts';
import { LIMITS } from './limits.ts';
import type { Block } from './model.ts';
import { richText } from './rich-text.ts';

const named = { block_id: z.string().min(1).max(LIMITS.blockId).optional() };

const taskCard = z.strictObject({
  type: z.literal('task_card'),
  ...named,
  task_id: z.string().min(1),
  title: z.string().min(1),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
  details: richText.optional(),
  output: richText.optional(),
  sources: z.array(z.strictObject({ type: z.literal('url'), url: z.string(), text: z.string() })).optional(),
});

const cell = z.discriminatedUnion('type', [
  richText,
  z.strictObject({ type: z.literal('raw_text'), text: z.string() }),
  z.strictObject({ type: z.literal('raw_number'), value: z.number(), text: z.string().optional() }),
]);

const inMessages = [
  z
    .strictObject({
      type: z.literal('section'),
      ...named,
      text: text(LIMITS.sectionText).optional(),
      fields: z.array(text(LIMITS.fieldText)).min(1).max(LIMITS.sectionFields).optional(),
      accessory: accessory.optional(),
      expand: z.boolean().optional(),
    })
    .refine((section) => section.text !== undefined || section.fields !== undefined, {
      error: 'a section needs text or fields',
    }),
  z.strictObject({ type: z.literal('header'), ...named, text: plain(LIMITS.headerText) }),
  z.strictObject({ type: z.literal('divider'), ...named }),
  z.strictObject({
    type: z.literal('context'),
    ...named,
    elements: z
      .array(z.union([text(LIMITS.contextText), image]))
      .min(1)
      .max(LIMITS.contextElements),
  }),
  z.strictObject({
    type: z.literal('actions'),
    ...named,
    elements: z.array(actionsElement).min(1).max(LIMITS.actionsElements),
  }),
  image.extend({ ...named, title: plain(LIMITS.imageAlt).optional() }),
  richText,
  z.strictObject({ type: z.literal('markdown'), ...named, text: z.string().min(1).max(LIMITS.markdownText) }),
  z.strictObject({
    type: z.literal('table'),
    ...named,
    rows: z.array(z.array(cell).min(1).max(LIMITS.tableColumns)).min(1).max(LIMITS.tableRows),
    column_settings: z
      .array(
        z.strictObject({
          align: z.enum(['left', 'center', 'right']).optional(),
          is_wrapped: z.boolean().optional(),
        }),
      )
      .max(LIMITS.tableColumns)
      .optional(),
  }),
  taskCard,
  z.strictObject({
    type: z.literal('plan'),
    ...named,
    title: z.string().min(1),
    tasks: z.array(taskCard).optional(),
  }),
  z.strictObject({
    type: z.literal('alert'),
    ...named,
    text: text(LIMITS.sectionText),
    level: z.enum(['default', 'info', 'warning', 'error', 'success']).optional(),
  }),
] as const;

const input = z.strictObject({
  type: z.literal('input'),
  ...named,
  label: plain(LIMITS.inputLabel),
  element: inputElement,
  hint: plain(LIMITS.inputHint).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
});

const messageBlock = z.union(inMessages);
const viewBlock = z.union([input, ...inMessages]);

/** What is wrong with a message or view, as `response_metadata.messages` says it. */
export type Checked =
  | { readonly ok: true; readonly blocks: readonly Block[] }
  | {
      readonly ok: false;
      readonly error: 'invalid_blocks' | 'msg_blocks_too_long';
      readonly messages: readonly string[];
    };

/** Checks the blocks of a message, and gives each that has none a block id, as the service does. */
export function checkMessageBlocks(blocks: readonly unknown[]): Checked {
  const checked = check(blocks, messageBlock, LIMITS.messageBlocks);
  if (!checked.ok) return checked;
  const tables = checked.blocks.filter((block) => block.type === 'table');
  if (tables.length > 1) return wrong('only_one_table_allowed');
  if (sizeOf(tables, 0) > LIMITS.tableText) return wrong('the table holds too much text');
  if (sizeOf(checked.blocks, LIMITS.blockOverhead) > LIMITS.messageBlocksText)
    return { ok: false, error: 'msg_blocks_too_long', messages: [] };
  return checked;
}

/** Checks the blocks of a modal or a Home. */
export function checkViewBlocks(blocks: readonly unknown[]): Checked {
  return check(blocks, viewBlock, LIMITS.viewBlocks);
}

function check(blocks: readonly unknown[], schema: z.ZodType, most: number): Checked {
  if (blocks.length > most) return wrong(`no more than ${most} items allowed [json-pointer:/blocks]`);
  const messages = blocks.flatMap((block, index) => {
    const result = schema.safeParse(block);
    return result.success ? [] : [`${reasonOf(result.error)} [json-pointer:/blocks/${index}]`];
  });
  if (messages.length > 0) return { ok: false, error: 'invalid_blocks', messages };
  const whole = z.array(z.looseObject({ type: z.string(), block_id: z.string().optional() })).parse(blocks);
  const ids = whole.flatMap((block) => block.block_id ?? []);
  if (new Set(ids).size !== ids.length) return wrong('block_id already exists');
  const actions = whole.map((block) => actionIdsOf(block));
  if (actions.some((list) => new Set(list).size !== list.length))
    return wrong('action_id already exists in this block');
  return {
    ok: true,
    blocks: whole.map((block, index) => ({
      ...withActionIds(block, index),
      block_id: block.block_id ?? `b${index}`,
    })),
  };
}

const wrong = (message: string): Checked => ({ ok: false, error: 'invalid_blocks', messages: [message] });

/** The deepest issue of a union says the most. */
function reasonOf(error: z.ZodError): string {
  let issues = error.issues;
  for (;;) {
    const first = issues[0];
    if (first?.code !== 'invalid_union') return first?.message ?? 'invalid block';
    const branches = first.errors.filter(
      (branch) => !branch.some((issue) => issue.path.length === 1 && issue.path[0] === 'type'),
    );
    issues = branches[0] ?? first.errors[0] ?? [];
    if (branches[0] === undefined) return 'unsupported type, or not allowed here';
  }
}

const elementsIn = z.looseObject({
  elements: z.array(z.looseObject({ type: z.string(), action_id: z.string().optional() })).optional(),
  element: z.looseObject({ action_id: z.string().optional() }).optional(),
  accessory: z.looseObject({ type: z.string(), action_id: z.string().optional() }).optional(),
});

function actionIdsOf(block: Block): string[] {
  if (block.type !== 'actions') return [];
  return (elementsIn.parse(block).elements ?? []).flatMap((element) => element.action_id ?? []);
}

/** Elements without an action id get one, as the service does. */
function withActionIds(block: Block, index: number): Block {
  if (block.type !== 'actions' && block.type !== 'section' && block.type !== 'input') return block;
  const { elements, element, accessory: side } = elementsIn.parse(block);
  const name = (given: string | undefined, at: number) => given ?? `a${index}.${at}`;
  return {
    ...block,
    ...(elements && {
      elements: elements.map((one, at) => ({ ...one, action_id: name(one.action_id, at) })),
    }),
    ...(element && { element: { ...element, action_id: name(element.action_id, 0) } }),
    ...(side && side.type !== 'image' && { accessory: { ...side, action_id: name(side.action_id, 0) } }),
  };
}

/** Characters of every text in there, and `overhead` for each object that has a type. */
function sizeOf(value: unknown, overhead: number): number {
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + sizeOf(one, overhead), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [key, one]) => {
    if (typeof one === 'string')
      return sum + (key === 'text' || key === 'title' ? one.length : key === 'type' ? overhead : 0);
    return sum + sizeOf(one, overhead);
  }, 0);
}
