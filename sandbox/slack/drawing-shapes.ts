import { z } from 'zod';

/** The parts of blocks that matter for drawing them; everything else is let through unread. */
export const textObject = z.looseObject({ type: z.string(), text: z.string() });
export type TextObject = z.output<typeof textObject>;
const option = z.looseObject({ value: z.string(), text: textObject, description: textObject.optional() });
export const control = z.looseObject({
  type: z.string(),
  action_id: z.string().optional(),
  text: textObject.optional(),
  style: z.string().optional(),
  url: z.string().optional(),
  placeholder: textObject.optional(),
  initial_value: z.string().optional(),
  initial_date: z.string().optional(),
  initial_user: z.string().optional(),
  initial_option: option.optional(),
  initial_options: z.array(option).optional(),
  multiline: z.boolean().optional(),
  max_length: z.number().optional(),
  options: z.array(option).optional(),
  option_groups: z.array(z.looseObject({ options: z.array(option) })).optional(),
  confirm: z
    .looseObject({
      title: textObject.optional(),
      text: textObject,
      confirm: textObject.optional(),
      deny: textObject.optional(),
      style: z.string().optional(),
    })
    .optional(),
});
export const inline = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  url: z.string().optional(),
  name: z.string().optional(),
  user_id: z.string().optional(),
  usergroup_id: z.string().optional(),
  channel_id: z.string().optional(),
  range: z.string().optional(),
  style: z
    .looseObject({
      bold: z.boolean().optional(),
      italic: z.boolean().optional(),
      strike: z.boolean().optional(),
      code: z.boolean().optional(),
    })
    .optional(),
});
export const richPart = z.looseObject({
  type: z.string(),
  style: z.string().optional(),
  indent: z.number().optional(),
  elements: z.array(z.looseObject({ type: z.string(), elements: z.array(inline).optional() })),
});
export const task = z.looseObject({
  title: z.string(),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
  details: z.looseObject({ type: z.string() }).optional(),
  output: z.looseObject({ type: z.string() }).optional(),
  sources: z.array(z.looseObject({ url: z.string(), text: z.string() })).optional(),
});
/** Every block that is drawn, by the parts that matter for that. */
export const shape = z.looseObject({
  type: z.string(),
  block_id: z.string().optional(),
  text: z.union([textObject, z.string()]).optional(),
  fields: z.array(textObject).optional(),
  elements: z.array(z.unknown()).optional(),
  accessory: control.optional(),
  element: control.optional(),
  label: textObject.optional(),
  hint: textObject.optional(),
  optional: z.boolean().optional(),
  level: z.string().optional(),
  title: z.unknown().optional(),
  tasks: z.array(task).optional(),
  rows: z
    .array(
      z.array(z.looseObject({ type: z.string(), text: z.string().optional(), value: z.number().optional() })),
    )
    .optional(),
  column_settings: z.array(z.looseObject({ align: z.string().optional() })).optional(),
});
