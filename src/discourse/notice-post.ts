import type { Notice } from '../core/notice.ts';
import { cut, oneLine } from '../core/visible.ts';
import { answerParts } from './answer-parts.ts';
import { code, inline } from './escape.ts';
import { joined, LIMIT } from './parts.ts';
import { sayable, withSayable } from './say.ts';

const MORE = 'The rest is shown in chat';
/** A forum takes no shorter title of a topic. */
const SHORTEST_TITLE = 15;
const LONGEST_TITLE = 200;

/** A message that belongs to no request, below the title of its own topic or private message. */
export function noticePost(notice: Notice, bot: string): string {
  const { texts = [], next = [] } = notice;
  const lines = linesOf(notice, bot);
  return joined([lines, ...answerParts({ texts, next }, bot, LIMIT - lines.length, MORE)]);
}

/** The same as a reply in a topic about something else. */
export function noticeReply(notice: Notice, bot: string, mention: string | null): string {
  const title = `📣 ${mention === null ? '' : `${mention} `}**${inline(notice.title)}**`;
  return joined([title, noticePost(notice, bot)]);
}

/** The same in private, where nobody listens: what helps has to be said elsewhere. */
export function noticeMessage(notice: Notice, bot: string): string {
  const [first] = notice.next ?? [];
  const { next: _, ...rest } = notice;
  return joined([
    noticePost(rest, bot),
    first === undefined
      ? ''
      : `I do not read answers here. In a topic of the category say ${sayable(first, bot)}, or in chat ${code(cut(`/koji ${oneLine(first)}`, 1_000))}.`,
  ]);
}

/** All of them, none folded away: they were approved so, and are few. */
function linesOf({ lines }: Notice, bot: string): string {
  return lines.map((line) => inline(withSayable(line, bot), 1_000)).join('\n');
}

/** The title of a topic of its own. */
export function noticeTitle({ title }: Notice): string {
  const line = cut(oneLine(title), LONGEST_TITLE);
  return line.length < SHORTEST_TITLE ? `Build system: ${line}` : line;
}
