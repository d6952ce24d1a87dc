import type { Reply } from '../core/card.ts';
import type { Recognised } from '../core/desk.ts';
import type { Form, FormField } from '../core/form.ts';
import { writeForm } from '../core/form-text.ts';
import { cut, oneLine } from '../core/visible.ts';
import { answerParts } from './answer-parts.ts';
import { code, fence, fold, inline } from './escape.ts';
import { joined, LIMIT } from './parts.ts';
import { sayable, withSayable } from './say.ts';

const PROBLEMS = 10;

const TONE = { info: 'ℹ️', good: '✅', warn: '⚠️', bad: '🚫' } as const;

const MORE = 'The rest is shown in chat, or in a terminal with `steward`';
/** A form that is longer than this is left out: the line says the same. */
const FORM = 6_000;

/** Help, a list, a refusal. */
export function replyPost(reply: Reply, bot: string): string {
  const title = `${TONE[reply.tone]} **${inline(withSayable(reply.title, bot), 1000) || '–'}**`;
  return joined([title, ...answerParts(reply, bot, LIMIT - title.length - 200, MORE)]);
}

/** Several replies to one post; null when there is nothing to say. What does not fit is left out, and that is said. */
export function joinPosts(posts: readonly string[]): string | null {
  const [first, ...rest] = posts;
  if (first === undefined) return null;
  const line = '\n\n---\n\n';
  const kept = [first];
  let size = first.length;
  for (const post of rest) {
    size += post.length + line.length;
    if (size > LIMIT - 200) break;
    kept.push(post);
  }
  const left = posts.length - kept.length;
  const more = left > 0 ? [`… and ${left} more answers than a post holds. Ask for those once more.`] : [];
  return [...kept, ...more].join(line);
}

/** What is missing or wrong, and how to say it: as a line, or with a form. */
export function formPost(form: Form, bot: string): string {
  const fence = formFence(form);
  const orForm = fence ? ', or with this form: copy it, fill it in, and post it as it is.' : '.';
  return joined([
    `✍️ **To ${summaryOf(form)}, I have to know a little more.**`,
    problemList(form),
    `Reply with a line like ${sayable(form.usage, bot)}${orForm}`,
    fence,
  ]);
}

/** What a post seems to ask for. Nothing is done before somebody says so. */
export function recognisedPost(list: readonly Recognised[], bot: string): string {
  const [only] = list;
  const hello = '👋 I am a bot, and look after requests to the people who run the build system.';
  const leave = 'If I got that wrong, leave it: I do nothing before somebody says one of these lines.';
  if (list.length !== 1 || !only)
    return joined([
      `${hello} It looks as if you want one of these. Reply with the line that you mean:`,
      list.map((one) => `- ${inline(one.form.summary)}: ${sayable(one.line, bot)}`).join('\n'),
      leave,
    ]);
  const { form, line } = only;
  const missing = form.fields.some((field) => field.problem !== null);
  const formBlock = missing ? formFence(form) : '';
  return joined([
    `${hello} It looks as if you want to ${summaryOf(form)}.`,
    knownList(form),
    missing ? problemList(form) : '',
    `Reply with this line${missing ? ', and with what is missing in it' : ' if that is right'}:`,
    sayable(line, bot),
    // The line says the same, and who can say it has read enough.
    formBlock && fold('Or copy this form and fill it in', formBlock),
    leave,
  ]);
}

/** `set how much work a builder takes at once`: without what a colon or semicolon adds. */
function summaryOf({ summary }: Form): string {
  const [wanted = summary] = summary.split(/[:;] /u);
  return inline(`${wanted.slice(0, 1).toLowerCase()}${wanted.slice(1)}`);
}

function knownList(form: Form): string {
  const known = form.fields
    .filter((field) => field.value !== '' && field.problem === null)
    .slice(0, PROBLEMS);
  return known.map((field) => `- ${inline(field.title, 100)}: ${shown(field.value)}`).join('\n');
}

function problemList(form: Form): string {
  const wrong = form.fields.filter((field) => field.problem !== null);
  const isMissing = wrong.every((field) => field.problem === 'missing');
  const lines = wrong.map(problemLine);
  const shown = lines.slice(0, PROBLEMS);
  const left = lines.length - shown.length;
  return joined([
    shown.length > 0 ? `${isMissing ? 'Still missing' : 'Missing or wrong'}:\n${shown.join('\n')}` : '',
    left > 0 ? `… and ${left} more.` : '',
  ]);
}

function problemLine(field: FormField): string {
  const example = field.example ? ` For example ${code(cut(oneLine(field.example), 100))}.` : '';
  const says =
    field.problem === 'missing' || field.problem === null
      ? `${inline(field.hint, 300) || 'It has to be given.'}${example}`
      : inline(field.problem, 500);
  return `- **${inline(field.title, 100) || '–'}**: ${says}`;
}

function shown(value: string): string {
  return code(cut(oneLine(value), 300));
}

/** The form within a block of its own, so that what is copied has the marks around it that make it a form. */
function formFence(form: Form): string {
  const fields = form.fields.map((field) => ({
    ...field,
    title: oneLine(field.title),
    hint: oneLine(field.hint),
    example: oneLine(field.example),
  }));
  const block = fence(fence(writeForm({ ...form, fields }), 'steward'), 'text');
  return block.length > FORM ? '' : block;
}
