import { type Control, type Drawn, drawBlocks } from './drawing.ts';
import { emojiText } from './emoji.ts';
import type { Block, Ephemeral, Message } from './model.ts';
import { type Names, type Piece, readMrkdwn } from './mrkdwn.ts';
import { namesOf } from './names.ts';
import { BOT_USER } from './people.ts';
import type { SandboxSlack } from './slack.ts';

export interface TranscriptOptions {
  /** Only this thread. */
  readonly thread?: string;
  /** Whose screen it is: adds what only they see. */
  readonly as?: string;
  /** Only what came after this ts. */
  readonly after?: string;
}

/** A channel or one thread as plain text, as people would see it; threads stand under their first message. */
export function transcript(slack: SandboxSlack, channel: string, options: TranscriptOptions = {}): string {
  const names = namesOf(slack);
  const whispers = options.as === undefined ? [] : slack.ephemerals(options.as);
  const tops =
    options.thread === undefined
      ? slack.messages(channel)
      : slack.messages(channel).filter((one) => one.ts === options.thread);
  const id = channel.startsWith('dm:') ? slack.messages(channel)[0]?.channel : channel;
  const late = (ts: string) => options.after === undefined || Number(ts) > Number(options.after);
  const entries = [
    ...tops.flatMap((top) => {
      const replies = slack.thread(channel, top.ts).filter((one) => one.ts !== top.ts);
      const aside = whispers.filter((one) => one.channel === id && one.threadTs === top.ts);
      const under = [...replies, ...aside].filter((one) => late(one.ts)).sort(byTs);
      const first = late(top.ts) ? [entryText(top, names)] : [];
      return first.length + under.length === 0
        ? []
        : [
            {
              ts: top.ts,
              text: [...first, ...under.map((one) => indent(entryText(one, names), '    │ '))].join('\n'),
            },
          ];
    }),
    ...whispers
      .filter(
        (one) =>
          options.thread === undefined && one.channel === id && one.threadTs === undefined && late(one.ts),
      )
      .map((one) => ({ ts: one.ts, text: entryText(one, names) })),
  ].sort(byTs);
  return entries.map((entry) => entry.text).join('\n\n');
}

const byTs = (a: { readonly ts: string }, b: { readonly ts: string }) => Number(a.ts) - Number(b.ts);

/** One message: who said it, then what. */
export function entryText(message: Message | Ephemeral, names: Names): string {
  const whispered = 'to' in message;
  const author = whispered
    ? message.from === 'service'
      ? 'Slack'
      : (names.user(BOT_USER) ?? 'steward')
    : (names.user(message.user) ?? message.user);
  const marks = [
    ...(whispered ? [`only visible to ${names.user(message.to) ?? message.to}`] : []),
    ...(!whispered && message.edited ? ['edited'] : []),
  ];
  const reactions = whispered
    ? []
    : message.reactions.map((one) => `${emojiText(one.name)} ${one.users.length}`);
  const body =
    message.blocks.length > 0
      ? blocksText(message.blocks, names)
      : piecesText(readMrkdwn(message.text, names)).trim();
  return [
    `${author}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`,
    indent(body, '  '),
    ...('files' in message ? (message.files ?? []) : []).map((file) => `  📎 ${file.title}: ${file.name}`),
    ...reactions.map((one) => `  ${one}`),
  ].join('\n');
}

/** Blocks as plain text. */
export function blocksText(blocks: readonly Block[], names: Names): string {
  return drawBlocks(blocks, names)
    .map(drawnText)
    .filter((text) => text !== '')
    .join('\n');
}

function drawnText(drawn: Drawn): string {
  switch (drawn.kind) {
    case 'text': {
      const side = drawn.side === undefined ? '' : ` ${controlText(drawn.side)}`;
      return hang(`${edges(piecesText(drawn.pieces))}${side}`);
    }
    case 'fields':
      return drawn.fields
        .map((field) => piecesText(field).trim().replace(/\n+/g, ': ').replace(/::/g, ':'))
        .join('\n');
    case 'header':
      return `${drawn.text}\n${'='.repeat(Math.min(60, drawn.text.length))}`;
    case 'divider':
      return '─'.repeat(40);
    case 'context':
      return drawn.parts.map((part) => piecesText(part).trim()).join(' · ');
    case 'alert':
      return `! ${piecesText(drawn.pieces).trim()}`;
    case 'actions':
      return drawn.controls.map(controlText).join(' ');
    case 'list':
      return drawn.items
        .map(
          (item, index) =>
            `${'  '.repeat(drawn.indent)}${drawn.ordered ? `${index + 1}.` : '•'} ${piecesText(item).trim()}`,
        )
        .join('\n');
    case 'table':
      return tableText(
        drawn.rows.map((row) => row.map((cell) => piecesText(cell).trim())),
        drawn.align,
      );
    case 'plan':
      return [
        ...(drawn.title === '' ? [] : [drawn.title]),
        ...drawn.tasks.flatMap((task) => [
          `${{ pending: '○', in_progress: '⏳', complete: '✓', error: '✗' }[task.status]} ${task.title}`,
          ...task.details.map((part) => indent(drawnText(part), '    ')),
        ]),
      ].join('\n');
    case 'input':
      return `${drawn.label}${drawn.optional ? ' (optional)' : ''}: ${controlText(drawn.control)}${drawn.hint === '' ? '' : `\n  ${drawn.hint}`}`;
  }
}

function controlText(control: Control): string {
  if (control.type === 'button') return `[${control.text}]`;
  const chosen = control.options
    .filter((option) => control.chosen.includes(option.value))
    .map((option) => option.text);
  return `[${control.options.length > 0 ? `${chosen.join(', ') || control.placeholder || 'choose'} ▾` : control.value || control.placeholder || '…'}]`;
}

/** Without the empty lines around it; spaces at the start of the first line stay. */
function edges(text: string): string {
  return text.replace(/^\n+|\s+$/g, '');
}

/** Lines after a first one that begins with a mark stand beside the mark. */
function hang(text: string): string {
  const [first = '', ...rest] = text.split('\n');
  return /^[^\p{L}\p{N}\s]\uFE0F? /u.test(first)
    ? [first, ...rest.map((line) => `  ${line}`)].join('\n')
    : text;
}

/** How many columns a terminal gives it. */
function widthOf(text: string): number {
  const columns = (one: string) =>
    /\uFE0F|\p{Mn}/u.test(one) ? 0 : /\p{Emoji_Presentation}/u.test(one) ? 2 : 1;
  return [...text].reduce((sum, one) => sum + columns(one), 0);
}

const pad = (text: string, by: number, right: boolean) =>
  right ? ' '.repeat(by) + text : text + ' '.repeat(by);

/** Columns as wide as their widest cell; the first row is the head. */
function tableText(rows: readonly (readonly string[])[], align: readonly string[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => pad(cell, (widths[column] ?? 0) - widthOf(cell), align[column] === 'right'))
      .join('  ')
      .trimEnd();
  const [head = [], ...rest] = rows;
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rest.map(line)].join('\n');
}

function piecesText(pieces: readonly Piece[]): string {
  return pieces
    .map((piece): string => {
      switch (piece.kind) {
        case 'text':
        case 'mention':
          return piece.text;
        case 'code':
          return `\`${piece.text}\``;
        case 'fence':
          return `\n${indent(piece.text, '  ')}\n`;
        case 'link':
          return piece.text === piece.url ? piece.url : `${piece.text} (${piece.url})`;
        case 'emoji':
          return emojiText(piece.name);
        case 'break':
          return '\n';
        case 'quote':
          return `> ${piecesText(piece.pieces)}\n`;
        default:
          return piecesText(piece.pieces);
      }
    })
    .join('');
}

function indent(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => `${by}${line}`.trimEnd())
    .join('\n');
}
