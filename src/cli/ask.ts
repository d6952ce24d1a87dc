import { inQuotes } from '../core/quotes.ts';
import type { SaidAnswer, ShownCard } from './answers.ts';
import { readCredentials } from './credentials.ts';
import { complain, EXIT, type Io, Usage } from './io.ts';
import { Away, createTalk, NotTaken, type Talk } from './talk.ts';
import { cardText, formText, paragraph, replyText } from './text.ts';

/** How a line is said. */
export interface AskOptions {
  readonly json: boolean;
  readonly follow: boolean;
  /** The request that `approve` alone is about. */
  readonly here: string | undefined;
}

/** Says a line to the server, shows what came of it, and follows a request until it ends or waits for somebody. */
export async function ask(words: readonly string[], options: AskOptions, io: Io): Promise<number> {
  const line = lineOf(words);
  if (line === '') throw new Usage('Say what you want: `steward ask help` shows what there is.');
  const talk = createTalk({ ...(await readCredentials(io.env)), signal: io.signal });
  let going: string | null = null;
  try {
    const answer = await talk.say(line, options.here);
    const { said } = answer;
    const verb = words[0]?.toLowerCase() ?? '';
    const decision = said.kind === 'decided';
    const refused = said.kind === 'decided' && (said.reply.tone === 'warn' || said.reply.tone === 'bad');
    const follows = options.follow && answer.card !== null && verb !== 'show' && !refused;
    if (decision && !options.json) await io.out(`${replyText(said.reply, io.style)}\n`);
    if (said.kind === 'request' && said.says && !options.json)
      io.err(`${paragraph(said.says, 0, io.style).join('\n')}\n`);
    going = answer.card?.id ?? null;
    const card = follows && answer.card ? await follow(answer.card, talk, options, io) : answer.card;
    await show(answer, card, options, talk, io);
    return codeOf(answer, card, verb);
  } catch (error) {
    if (io.signal.aborted) {
      if (going) complain(io, `${going} goes on without you.`, `Look again with: steward ask show ${going}`);
      return EXIT.interrupted;
    }
    if (!(error instanceof Away || error instanceof NotTaken)) throw error;
    complain(
      io,
      error.message,
      going ? `${going} is kept. Look again with: steward ask show ${going}` : undefined,
    );
    return error instanceof Away ? EXIT.away : EXIT.usage;
  }
}

const ANOTHER = /\s[a-z][a-z-]*=[^=\s]/;

/** The words of a shell as one line: a word with spaces in it stays one. */
export function lineOf(words: readonly string[]): string {
  return words
    .map((word) => {
      if (!/\s/.test(word) || words.length === 1) return word;
      const name = /^[a-z][a-z-]*=/i.exec(word)?.[0];
      // What looks like another parameter in it is part of it, or the shell would have been given two words.
      if (name) return ANOTHER.test(word) ? `${name}${inQuotes(word.slice(name.length))}` : word;
      return word.includes('"') ? `'${word}'` : `"${word}"`;
    })
    .join(' ')
    .trim();
}

const GOES_ON: readonly string[] = ['asked', 'approved', 'running'];

async function follow(first: ShownCard, talk: Talk, options: AskOptions, io: Io): Promise<ShownCard> {
  const told = new Set<string>();
  const tell = (text: string): void => {
    if (options.json || told.has(text) || text === '') return;
    told.add(text);
    io.err(`${paragraph(text, 0, io.style).join('\n')}\n`);
  };
  let card = first;
  while (GOES_ON.includes(card.status)) {
    tell(`${card.id}: ${card.line}`);
    for (const step of card.steps) {
      if (step.state === 'done') tell(`✓ ${step.title}`);
      // How far it is, or what somebody has to do for it.
      if (step.state === 'started') tell(step.says ?? '');
    }
    card = await talk.wait(card.id, card.seq);
  }
  return card;
}

async function show(
  answer: SaidAnswer,
  card: ShownCard | null,
  options: AskOptions,
  talk: Talk,
  io: Io,
): Promise<void> {
  const { said } = answer;
  if (options.json) return io.out(`${JSON.stringify({ said, card })}\n`);
  if (said.kind === 'reply') return io.out(`${replyText(said.reply, io.style)}\n`);
  if (said.kind === 'form') return io.out(`${formText(said.form, io.style)}\n`);
  if (said.kind === 'request' && said.isNew && !said.queued)
    io.err('It is stored. The queue is down, so it runs when the queue is back.\n');
  if (card?.answer?.file) return printFile(card, card.answer.file, talk, io);
  if (card) await io.out(`${cardText(card, io.style)}\n`);
}

/** The text alone is what was asked for; what it is goes where it does not get into a file. */
async function printFile(
  card: ShownCard,
  { last, line }: { readonly last: string; readonly line: string },
  talk: Talk,
  io: Io,
): Promise<void> {
  io.err(`${cardText(card, io.style)}\n`);
  const text = await talk.file(card.id).catch((error: unknown) => {
    if (!(error instanceof NotTaken)) throw error;
    complain(io, `${error.message} This is only how it ends.`, `All of it: steward ask ${line}`);
    return last;
  });
  await io.out(text.endsWith('\n') ? text : `${text}\n`);
}

/** What a script reads: how it ended, or that it waits. */
export function codeOf({ said }: SaidAnswer, card: ShownCard | null, verb: string): number {
  if (said.kind === 'form') return EXIT.usage;
  if (said.kind === 'reply') {
    if (said.reply.tone === 'bad') return EXIT.away;
    // `freeze` warns of what it did.
    return said.reply.tone === 'warn' && verb !== 'freeze' ? EXIT.usage : EXIT.done;
  }
  if (said.kind === 'decided') {
    if (said.reply.tone === 'bad') return EXIT.away;
    if (said.reply.tone === 'warn') return EXIT.no;
    if (verb === 'deny' || verb === 'cancel') return EXIT.done;
  }
  if (verb === 'show' || card === null) return EXIT.done;
  if (card.status === 'succeeded' || card.status === 'answered') return EXIT.done;
  if (card.status === 'planned') return EXIT.waits;
  return GOES_ON.includes(card.status) ? EXIT.done : EXIT.no;
}
