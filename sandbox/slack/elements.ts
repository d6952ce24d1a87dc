import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** The parts that blocks are made of. Every object is strict: the service refuses what it does not know. */
export const plain = (max: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(max),
    emoji: z.boolean().optional(),
  });

export const mrkdwn = (max: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(max),
    verbatim: z.boolean().optional(),
  });

export const text = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)]);

export const actionId = z.string().min(1).max(LIMITS.actionId);

export const confirm = z.strictObject({
  title: plain(LIMITS.confirmTitle).optional(),
  text: text(LIMITS.confirmText),
  confirm: plain(LIMITS.confirmButton).optional(),
  deny: plain(LIMITS.confirmButton).optional(),
  style: z.enum(['primary', 'danger']).optional(),
});

const option = z.strictObject({
  text: text(LIMITS.optionText),
  value: z.string().min(1).max(LIMITS.optionValue),
  description: text(LIMITS.optionText).optional(),
});

const plainOption = option.extend({
  text: plain(LIMITS.optionText),
  description: plain(LIMITS.optionText).optional(),
});

const optionGroup = z.strictObject({
  label: plain(LIMITS.optionText),
  options: z.array(plainOption).min(1).max(LIMITS.selectOptions),
});

const shared = {
  action_id: actionId.optional(),
  focus_on_load: z.boolean().optional(),
};
const asked = { ...shared, confirm: confirm.optional() };
const placeholder = plain(LIMITS.placeholder).optional();

export const button = z.strictObject({
  type: z.literal('button'),
  action_id: actionId.optional(),
  text: plain(LIMITS.buttonText),
  url: z.string().max(LIMITS.url).optional(),
  value: z.string().max(LIMITS.buttonValue).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  confirm: confirm.optional(),
  accessibility_label: z.string().max(LIMITS.buttonText).optional(),
});

const staticSelect = z
  .strictObject({
    type: z.literal('static_select'),
    ...asked,
    placeholder,
    options: z.array(plainOption).min(1).max(LIMITS.selectOptions).optional(),
    option_groups: z.array(optionGroup).min(1).max(LIMITS.selectOptions).optional(),
    initial_option: plainOption.optional(),
  })
  .refine((select) => (select.options === undefined) !== (select.option_groups === undefined), {
    error: 'needs options or option_groups, not both',
  })
  .refine(
    (select) =>
      select.initial_option === undefined ||
      [...(select.options ?? []), ...(select.option_groups ?? []).flatMap((group) => group.options)].some(
        (entry) => entry.value === select.initial_option?.value,
      ),
    { error: 'initial_option is not one of the options' },
  );

const multiStaticSelect = z.strictObject({
  type: z.literal('multi_static_select'),
  ...asked,
  placeholder,
  options: z.array(plainOption).min(1).max(LIMITS.selectOptions),
  initial_options: z.array(plainOption).min(1).optional(),
  max_selected_items: z.number().int().min(1).optional(),
});

const overflow = z.strictObject({
  type: z.literal('overflow'),
  action_id: actionId.optional(),
  options: z
    .array(plainOption.extend({ url: z.string().max(LIMITS.url).optional() }))
    .min(1)
    .max(LIMITS.overflowOptions),
  confirm: confirm.optional(),
});

const checkboxes = z.strictObject({
  type: z.literal('checkboxes'),
  ...asked,
  options: z.array(option).min(1).max(LIMITS.checkOptions),
  initial_options: z.array(option).min(1).optional(),
});

const radioButtons = z.strictObject({
  type: z.literal('radio_buttons'),
  ...asked,
  options: z.array(option).min(1).max(LIMITS.checkOptions),
  initial_option: option.optional(),
});

const usersSelect = z.strictObject({
  type: z.literal('users_select'),
  ...asked,
  placeholder,
  initial_user: z.string().optional(),
});

const datepicker = z.strictObject({
  type: z.literal('datepicker'),
  ...asked,
  placeholder,
  initial_date: z.iso.date().optional(),
});

export const image = z.strictObject({
  type: z.literal('image'),
  image_url: z.string().max(LIMITS.url),
  alt_text: z.string().min(1).max(LIMITS.imageAlt),
});

const dispatch = z
  .strictObject({
    trigger_actions_on: z
      .array(z.enum(['on_enter_pressed', 'on_character_entered']))
      .min(1)
      .optional(),
  })
  .optional();

const plainTextInput = z.strictObject({
  type: z.literal('plain_text_input'),
  ...shared,
  placeholder,
  initial_value: z.string().max(LIMITS.inputValue).optional(),
  multiline: z.boolean().optional(),
  min_length: z.number().int().min(0).max(LIMITS.inputValue).optional(),
  max_length: z.number().int().min(1).max(LIMITS.inputValue).optional(),
  dispatch_action_config: dispatch,
});

const numberInput = z.strictObject({
  type: z.literal('number_input'),
  ...shared,
  placeholder,
  is_decimal_allowed: z.boolean(),
  initial_value: z.string().optional(),
  min_value: z.string().optional(),
  max_value: z.string().optional(),
  dispatch_action_config: dispatch,
});

const typedText = (type: 'email_text_input' | 'url_text_input') =>
  z.strictObject({
    type: z.literal(type),
    ...shared,
    placeholder,
    initial_value: z.string().optional(),
    dispatch_action_config: dispatch,
  });

const fileInput = z.strictObject({
  type: z.literal('file_input'),
  action_id: actionId.optional(),
  filetypes: z.array(z.string()).optional(),
  max_files: z.number().int().min(1).max(10).optional(),
});

const pickers = [staticSelect, multiStaticSelect, checkboxes, radioButtons, usersSelect, datepicker] as const;

export const actionsElement = z.union([button, overflow, ...pickers]);
export const accessory = z.union([button, overflow, image, ...pickers]);
export const inputElement = z.union([
  plainTextInput,
  numberInput,
  typedText('email_text_input'),
  typedText('url_text_input'),
  fileInput,
  ...pickers,
]);
