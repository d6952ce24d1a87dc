import type { Button, KnownBlock } from '@slack/types';
import { NOTICE_LIMITS, type Notice } from '../core/notice.ts';
import { fallback, lineBlocks, nextBlock } from './answer-blocks.ts';
import { actions, fences, header, LIMITS, type Message, plainText, section } from './blocks.ts';
import { inline } from './escape.ts';
import { BUTTON } from './request-message.ts';

/** What the action id of a button says that opens a form. */
export const FORM_VERB = 'form';
const ROOM = 10_000;
const WIDTH = 2_500;
/** The longest line that a button carries. */
const LONGEST_VALUE = 2000;

/** A message that belongs to no request. `command`: what its first line asks for, where that has a form. */
export function noticeMessage(
  notice: Notice,
  { mention, command }: { readonly mention: string | null; readonly command: string | null },
): Message {
  const { title, lines, texts = [], next = [] } = notice;
  const [first] = next;
  const blocks: KnownBlock[] = [
    header(title),
    ...(mention === null ? [] : [section(mention)]),
    // Whole, also where each character is written out: it was approved so.
    ...lineBlocks(lines, '', ROOM, NOTICE_LIMITS.lines, WIDTH),
    ...texts.flatMap((one) => [section(`*${inline(one.title, 300)}*`), ...fences(one.text)]),
    ...(command !== null && first !== undefined && first.length <= LONGEST_VALUE
      ? [actions([formButton(command, first)])]
      : []),
    ...(next.length > 0 ? [nextBlock(next)] : []),
  ];
  const text = fallback([title, ...lines].join('\n'));
  return {
    text: mention === null ? text : `${mention} ${text}`,
    blocks: blocks.slice(0, LIMITS.messageBlocks),
  };
}

/** Opens the command's form, filled as far as the line goes. It asks for nothing by itself. */
function formButton(command: string, line: string): Button {
  return {
    type: 'button',
    action_id: `${BUTTON}${FORM_VERB}`,
    text: plainText(`${command.slice(0, 1).toUpperCase()}${command.slice(1)}…`, 75),
    value: line,
    style: 'primary',
  };
}
