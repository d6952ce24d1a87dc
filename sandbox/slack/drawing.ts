import type { z } from 'zod';
import { control, inline, richPart, shape, type TextObject, task, textObject } from './drawing-shapes.ts';
import type { Block } from './model.ts';
import { type Names, type Piece, readMrkdwn } from './mrkdwn.ts';

/** A block with all markup read, ready to be drawn by a page or a terminal. */
export type Drawn =
  | { readonly kind: 'text'; readonly pieces: readonly Piece[]; readonly side?: Control }
  | { readonly kind: 'fields'; readonly fields: readonly (readonly Piece[])[] }
  | { readonly kind: 'header'; readonly text: string }
  | { readonly kind: 'divider' }
  | { readonly kind: 'context'; readonly parts: readonly (readonly Piece[])[] }
  | { readonly kind: 'alert'; readonly level: string; readonly pieces: readonly Piece[] }
  | { readonly kind: 'actions'; readonly controls: readonly Control[] }
  | {
      readonly kind: 'list';
      readonly ordered: boolean;
      readonly items: readonly (readonly Piece[])[];
      readonly indent: number;
    }
  | {
      readonly kind: 'table';
      readonly rows: readonly (readonly (readonly Piece[])[])[];
      readonly align: readonly string[];
    }
  | { readonly kind: 'plan'; readonly title: string; readonly tasks: readonly Task[] }
  | {
      readonly kind: 'input';
      readonly id: string;
      readonly label: string;
      readonly hint: string;
      readonly optional: boolean;
      readonly control: Control;
    };

/** A step of a plan. */
export interface Task {
  readonly title: string;
  readonly status: 'pending' | 'in_progress' | 'complete' | 'error';
  readonly details: readonly Drawn[];
  readonly links: readonly { readonly url: string; readonly text: string }[];
}

/** Something to press, pick or fill in. */
export interface Control {
  readonly type: string;
  readonly id: string;
  readonly text: string;
  readonly style: string;
  readonly url: string;
  readonly placeholder: string;
  readonly value: string;
  readonly chosen: readonly string[];
  readonly multiline: boolean;
  readonly maxLength: number;
  readonly options: readonly {
    readonly value: string;
    readonly text: string;
    readonly description: string;
  }[];
  readonly confirm: {
    readonly title: string;
    readonly pieces: readonly Piece[];
    readonly yes: string;
    readonly no: string;
    readonly style: string;
  } | null;
}

/** Draws checked blocks. Images are left out. */
export function drawBlocks(blocks: readonly Block[], names: Names): Drawn[] {
  return blocks.flatMap((block) => drawBlock(shape.parse(block), block, names));
}

function drawBlock(block: z.output<typeof shape>, raw: Block, names: Names): Drawn[] {
  const read = (text: TextObject | undefined): Piece[] =>
    text === undefined ? [] : text.type === 'mrkdwn' ? readMrkdwn(text.text, names) : plainPieces(text.text);
  const text = typeof block.text === 'string' ? { type: 'mrkdwn', text: block.text } : block.text;
  switch (block.type) {
    case 'section': {
      const side =
        block.accessory !== undefined && block.accessory.type !== 'image'
          ? { side: drawControl(block.accessory, names) }
          : {};
      return [
        ...(text === undefined && !('side' in side)
          ? []
          : [{ kind: 'text' as const, pieces: read(text), ...side }]),
        ...(block.fields === undefined ? [] : [{ kind: 'fields' as const, fields: block.fields.map(read) }]),
      ];
    }
    case 'markdown':
      return [
        { kind: 'text', pieces: readMrkdwn((text?.text ?? '').replace(/\*\*(.+?)\*\*/g, '*$1*'), names) },
      ];
    case 'header':
      return [{ kind: 'header', text: text?.text ?? '' }];
    case 'divider':
      return [{ kind: 'divider' }];
    case 'context':
      return [
        {
          kind: 'context',
          parts: (block.elements ?? []).flatMap((one) => {
            const parsed = textObject.safeParse(one).data;
            return parsed === undefined ? [] : [read(parsed)];
          }),
        },
      ];
    case 'alert':
      return [{ kind: 'alert', level: block.level ?? 'default', pieces: read(text) }];
    case 'actions':
      return [
        {
          kind: 'actions',
          controls: (block.elements ?? []).map((one) => drawControl(control.parse(one), names)),
        },
      ];
    case 'rich_text':
      return (block.elements ?? []).flatMap((part) => drawRich(richPart.parse(part), names));
    case 'table':
      return [
        {
          kind: 'table',
          align: (block.column_settings ?? []).map((column) => column.align ?? 'left'),
          rows: (block.rows ?? []).map((row) =>
            row.map((cell) =>
              cell.type === 'rich_text'
                ? drawBlocks([cell], names).flatMap((part) => ('pieces' in part ? [...part.pieces] : []))
                : plainPieces(cell.text ?? String(cell.value ?? '')),
            ),
          ),
        },
      ];
    case 'plan':
      return [
        {
          kind: 'plan',
          title: String(block.title ?? ''),
          tasks: (block.tasks ?? []).map((one) => drawTask(one, names)),
        },
      ];
    case 'task_card':
      return [{ kind: 'plan', title: '', tasks: [drawTask(task.parse(raw), names)] }];
    case 'input':
      return block.element === undefined
        ? []
        : [
            {
              kind: 'input',
              id: block.block_id ?? '',
              label: block.label?.text ?? '',
              hint: block.hint?.text ?? '',
              optional: block.optional === true,
              control: drawControl(block.element, names),
            },
          ];
    default:
      return [];
  }
}

/** `plain_text` knows emoji and line breaks, nothing else. */
export function plainPieces(text: string): Piece[] {
  return text
    .split('\n')
    .flatMap((line, index): Piece[] => [
      ...(index > 0 ? [{ kind: 'break' as const }] : []),
      ...line
        .split(/:([a-z0-9_+-]+):/)
        .flatMap((part, at): Piece[] =>
          at % 2 === 1 ? [{ kind: 'emoji', name: part }] : part === '' ? [] : [{ kind: 'text', text: part }],
        ),
    ]);
}

function drawTask(given: z.output<typeof task>, names: Names): Task {
  const inside = [given.details, given.output].flatMap((one) =>
    one === undefined ? [] : drawBlocks([one], names),
  );
  return {
    title: given.title,
    status: given.status,
    details: inside,
    links: (given.sources ?? []).map(({ url, text }) => ({ url, text })),
  };
}

function drawControl(given: z.output<typeof control>, names: Names): Control {
  const options = [
    ...(given.options ?? []),
    ...(given.option_groups ?? []).flatMap((group) => group.options),
  ];
  const { confirm } = given;
  return {
    type: given.type,
    id: given.action_id ?? '',
    text: given.text?.text ?? '',
    style: given.style ?? '',
    url: given.url ?? '',
    placeholder: given.placeholder?.text ?? '',
    value: given.initial_value ?? given.initial_date ?? given.initial_user ?? '',
    chosen: [
      ...(given.initial_option === undefined ? [] : [given.initial_option]),
      ...(given.initial_options ?? []),
    ].map((one) => one.value),
    multiline: given.multiline === true,
    maxLength: given.max_length ?? 3000,
    options: options.map((one) => ({
      value: one.value,
      text: one.text.text,
      description: one.description?.text ?? '',
    })),
    confirm:
      confirm === undefined
        ? null
        : {
            title: confirm.title?.text ?? 'Are you sure?',
            pieces:
              confirm.text.type === 'mrkdwn'
                ? readMrkdwn(confirm.text.text, names)
                : plainPieces(confirm.text.text),
            yes: confirm.confirm?.text ?? 'Yes',
            no: confirm.deny?.text ?? 'No',
            style: confirm.style ?? 'primary',
          },
  };
}

function drawRich(part: z.output<typeof richPart>, names: Names): Drawn[] {
  if (part.type === 'rich_text_list')
    return [
      {
        kind: 'list',
        ordered: part.style === 'ordered',
        indent: part.indent ?? 0,
        items: part.elements.map((item) => (item.elements ?? []).map((one) => drawInline(one, names))),
      },
    ];
  const pieces = part.elements.map((one) => drawInline(inline.parse(one), names));
  if (part.type === 'rich_text_preformatted')
    return [
      {
        kind: 'text',
        pieces: [{ kind: 'fence', text: part.elements.map((one) => inline.parse(one).text ?? '').join('') }],
      },
    ];
  if (part.type === 'rich_text_quote') return [{ kind: 'text', pieces: [{ kind: 'quote', pieces }] }];
  return [{ kind: 'text', pieces: pieces.flatMap(breakLines) }];
}

function breakLines(piece: Piece): Piece[] {
  if (piece.kind !== 'text') return [piece];
  return piece.text
    .split('\n')
    .flatMap((line, index): Piece[] => [
      ...(index > 0 ? [{ kind: 'break' as const }] : []),
      ...(line === '' ? [] : [{ kind: 'text' as const, text: line }]),
    ]);
}

function drawInline(one: z.output<typeof inline>, names: Names): Piece {
  const mention = (id: string, sign: string, name: string | undefined): Piece => ({
    kind: 'mention',
    id,
    text: `${sign}${name ?? id}`,
  });
  if (one.type === 'user' && one.user_id !== undefined)
    return mention(one.user_id, '@', names.user(one.user_id));
  if (one.type === 'usergroup' && one.usergroup_id !== undefined)
    return mention(one.usergroup_id, '@', names.group(one.usergroup_id));
  if (one.type === 'channel' && one.channel_id !== undefined)
    return mention(one.channel_id, '#', names.channel(one.channel_id));
  if (one.type === 'broadcast') return mention(one.range ?? '', '@', one.range);
  if (one.type === 'emoji') return { kind: 'emoji', name: one.name ?? '' };
  if (one.type === 'link') return { kind: 'link', url: one.url ?? '', text: one.text ?? one.url ?? '' };
  const text = one.text ?? '';
  if (one.style?.code === true) return { kind: 'code', text };
  let piece: Piece = { kind: 'text', text };
  if (one.style?.strike === true) piece = { kind: 'strike', pieces: [piece] };
  if (one.style?.italic === true) piece = { kind: 'italic', pieces: [piece] };
  if (one.style?.bold === true) piece = { kind: 'bold', pieces: [piece] };
  return piece;
}
