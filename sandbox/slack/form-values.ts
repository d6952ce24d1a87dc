import { z } from 'zod';
import type { Block, Fields } from './model.ts';

/** What a person fills in: action id or block id to text, or to several values. */
export type Filled = Readonly<Record<string, string | readonly string[]>>;

const inputBlock = z.looseObject({
  type: z.literal('input'),
  block_id: z.string(),
  optional: z.boolean().optional(),
  element: z.looseObject({
    type: z.string(),
    action_id: z.string(),
    initial_value: z.string().optional(),
    min_length: z.number().optional(),
    max_length: z.number().optional(),
    options: z.array(z.looseObject({ value: z.string() })).optional(),
    option_groups: z.array(z.object({ options: z.array(z.looseObject({ value: z.string() })) })).optional(),
    initial_option: z.looseObject({ value: z.string() }).optional(),
    initial_options: z.array(z.looseObject({ value: z.string() })).optional(),
    initial_user: z.string().optional(),
    initial_date: z.string().optional(),
  }),
});

/**
 * The `state.values` of a submission, and what the form itself would not let through: an empty required
 * field, a text too short or too long. Those never reach the bot.
 */
export function fillIn(
  blocks: readonly Block[],
  filled: Filled,
): { readonly values: Fields; readonly errors: Readonly<Record<string, string>> } {
  const values: Record<string, Fields> = {};
  const errors: Record<string, string> = {};
  for (const block of blocks) {
    const parsed = inputBlock.safeParse(block);
    if (!parsed.success) continue;
    const { block_id: id, element, optional } = parsed.data;
    const given = filled[id] ?? filled[element.action_id];
    const options = [
      ...(element.options ?? []),
      ...(element.option_groups ?? []).flatMap((group) => group.options),
    ];
    const one = typeof given === 'string' ? given : given?.[0];
    const several = typeof given === 'string' ? [given] : given;
    const state: Record<string, unknown> = { type: element.type };
    let empty = false;
    if (element.type === 'static_select' || element.type === 'radio_buttons') {
      const picked =
        one === undefined ? element.initial_option : options.find((option) => option.value === one);
      state.selected_option = picked ?? null;
      empty = picked === undefined;
    } else if (element.type === 'checkboxes' || element.type === 'multi_static_select') {
      const picked =
        several === undefined
          ? (element.initial_options ?? [])
          : options.filter((option) => several.includes(option.value));
      state.selected_options = picked;
      empty = picked.length === 0;
    } else if (element.type === 'users_select') {
      state.selected_user = one ?? element.initial_user ?? null;
      empty = state.selected_user === null;
    } else if (element.type === 'datepicker') {
      state.selected_date = one ?? element.initial_date ?? null;
      empty = state.selected_date === null;
    } else {
      const value = one ?? element.initial_value ?? '';
      state.value = value === '' ? null : value;
      empty = value.trim() === '';
      if (!empty && value.length < (element.min_length ?? 0))
        errors[id] = `At least ${element.min_length} characters.`;
      if (value.length > (element.max_length ?? 3000))
        errors[id] = `At most ${element.max_length ?? 3000} characters.`;
    }
    if (empty && optional !== true) errors[id] = 'Please complete this required field.';
    values[id] = { [element.action_id]: state };
  }
  return { values, errors };
}
