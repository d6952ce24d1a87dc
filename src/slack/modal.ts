import type { InputBlock, KnownBlock, ModalView } from '@slack/types';
import { z } from 'zod';
import type { Form, FormField } from '../core/form.ts';
import { cut } from '../core/visible.ts';
import { context, LIMITS, plainText, section } from './blocks.ts';
import { inline, oneLine, visible } from './escape.ts';

/** What our modals' callback ids begin with; the rest says which, and for which command. */
export const FORM = 'steward:form:';
export const BECAUSE = 'steward:because';
export const LINE = 'steward:line';
/** A modal that only says something. */
export const SAID = 'steward:said';

/** Where a modal was opened from: ids only, it travels through Slack. */
export const modalOrigin = z.object({
  where: z.string().max(200),
  /** For a decision: the request, the number of the plan that was shown, the verb. */
  request: z.string().max(40).optional(),
  plan: z.number().int().nonnegative().optional(),
  verb: z.string().max(40).optional(),
});
export type ModalOrigin = z.output<typeof modalOrigin>;

const FIELD = 'field:';
const LONGEST = 3000;

/** A command's parameters to fill in. */
export function formModal(form: Form, origin: ModalOrigin): ModalView {
  const blocks: KnownBlock[] = [
    section(`${inline(form.summary, 600)}\n\`${inline(form.usage, 300).replace(/`/gu, '')}\``),
  ];
  for (const field of form.fields.slice(0, 45)) {
    // What was not given is an empty field that has to be filled in, which shows by itself.
    if (field.problem && field.problem !== 'missing')
      blocks.push(context(`⚠️ *${inline(field.title, 100)}*: ${inline(field.problem, 500)}`));
    blocks.push(input(field));
  }
  return modal(cut(`${FORM}${form.command}`, 255), form.command, 'Ask', blocks, origin);
}

/** Why not? Asked before a request is denied. */
export function becauseModal(request: string, title: string, origin: ModalOrigin): ModalView {
  const blocks: KnownBlock[] = [
    section(`*${inline(title, 600)}*`),
    input({
      name: 'because',
      title: 'Because',
      hint: 'The one who asked reads it.',
      kind: 'text',
      choices: [],
      optional: false,
      example: 'builder2 is being replaced next week',
      value: '',
      problem: null,
    }),
  ];
  return modal(BECAUSE, `Deny ${request}`, 'Deny', blocks, origin);
}

/** A line to be said, filled with somebody's message: the shortcut on a message. */
export function lineModal(text: string, origin: ModalOrigin): ModalView {
  const blocks: KnownBlock[] = [
    section(
      'Write it as you would type it after `/koji`. It is asked in your name, in the thread of this message.',
    ),
    input({
      name: 'line',
      title: 'What should Steward do?',
      hint: '`help` lists what you may ask for.',
      kind: 'line',
      choices: [],
      optional: false,
      example: 'builder capacity builder2 8',
      value: cut(oneLine(text), 500),
      problem: null,
    }),
  ];
  return modal(LINE, 'Ask Steward', 'Ask', blocks, origin);
}

/** Says something in place of a modal. */
export function saidModal(blocks: readonly KnownBlock[]): ModalView {
  return {
    type: 'modal',
    callback_id: SAID,
    title: plainText('Steward', 24),
    close: plainText('Close', 24),
    blocks: [...blocks].filter((block) => block.type !== 'table').slice(0, LIMITS.viewBlocks),
  };
}

function modal(
  callback: string,
  title: string,
  submit: string,
  blocks: KnownBlock[],
  origin: ModalOrigin,
): ModalView {
  return {
    type: 'modal',
    callback_id: callback,
    private_metadata: JSON.stringify(origin),
    title: plainText(title, 24),
    submit: plainText(submit, 24),
    close: plainText('Cancel', 24),
    blocks,
  };
}

function input(field: FormField): InputBlock {
  const options = field.choices.map((choice) => ({ text: plainText(choice, 75), value: choice }));
  // What a select could not give back exactly as it is meant is typed instead.
  const select =
    field.kind === 'choice' &&
    options.length > 0 &&
    options.length <= 100 &&
    field.choices.every((choice) => choice.length > 0 && choice.length <= 75 && choice === oneLine(choice));
  const chosen = options.find((option) => option.value === field.value);
  const hint = [field.hint, field.example && `For example: ${field.example}`].filter(Boolean).join(' ');
  return {
    type: 'input',
    block_id: `${FIELD}${field.name}`,
    label: plainText(field.title || field.name, 200),
    ...(hint ? { hint: plainText(hint, 500) } : {}),
    optional: field.optional,
    element: select
      ? {
          type: 'static_select',
          action_id: field.name,
          options,
          ...(chosen ? { initial_option: chosen } : {}),
        }
      : {
          type: 'plain_text_input',
          action_id: field.name,
          multiline: field.kind === 'text',
          max_length: LONGEST,
          ...(field.value ? { initial_value: cut(visible(field.value), LONGEST) } : {}),
        },
  };
}

/** What Slack sends back of a modal. */
export const submittedView = z.looseObject({
  id: z.string(),
  hash: z.string().default(''),
  root_view_id: z.string().nullish(),
  callback_id: z.string(),
  private_metadata: z.string().default(''),
  state: z
    .object({
      values: z.record(
        z.string(),
        z.record(
          z.string(),
          z.looseObject({
            value: z.string().nullish(),
            selected_option: z.looseObject({ value: z.string() }).nullish(),
          }),
        ),
      ),
    })
    .default({ values: {} }),
});

/** The filled fields of a modal; an empty one is left out. */
export function givenIn(view: z.output<typeof submittedView>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [block, elements] of Object.entries(view.state.values)) {
    if (!block.startsWith(FIELD)) continue;
    const name = block.slice(FIELD.length);
    const element = elements[name];
    const value = element?.selected_option?.value ?? element?.value ?? '';
    if (value !== '') given[name] = value;
  }
  return given;
}

/** What is wrong with each field, as Slack shows it under the fields; null when it belongs to none of them. */
export function errorsOf(form: Form, view: z.output<typeof submittedView>): Record<string, string> | null {
  const errors: Record<string, string> = {};
  for (const field of form.fields) {
    const block = `${FIELD}${field.name}`;
    if (field.problem && block in view.state.values)
      errors[block] = cut(oneLine(field.problem), 500) || 'not understood';
  }
  return Object.keys(errors).length > 0 ? errors : null;
}

/** The origin that a modal was opened with. */
export function originOf(view: z.output<typeof submittedView>): ModalOrigin | null {
  try {
    const read = modalOrigin.safeParse(JSON.parse(view.private_metadata));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
