import type { Card, Reply } from '../core/card.ts';

/** What is said in the forum and nowhere else. */

export function tooManyReply(): Reply {
  return {
    tone: 'warn',
    title: 'That is more than I take at once, so some of it was left alone.',
    lines: [
      'I take 10 lines or forms a post, and 30 an hour from somebody whom my config does not list. Ask again later for the rest.',
    ],
  };
}

/** For what may not be its author's own words. `line`: what was said; null: a form. */
export function forgedReply(viaEmail: boolean, line: string | null): Reply {
  return {
    tone: 'bad',
    title: viaEmail
      ? 'That came by e-mail, and a sender can be forged: I do nothing by it.'
      : 'That post was edited, and staff can edit posts of others: I do nothing by it.',
    lines: ['Say it in a new post in the forum itself, in chat, or in a terminal.'],
    ...again(line),
  };
}

/** For somebody who answers the bot as one answers a person. */
export function againReply(): Reply {
  return {
    tone: 'info',
    title: 'I am only a bot, and read no more than lines that begin with my name.',
    lines: [
      'Say the line of my post above in a post of your own, with what is missing filled in. I do nothing before.',
    ],
  };
}

/** For somebody who spoke to us within a sentence, or in code. */
export function nearlyReply(line: string): Reply {
  return {
    tone: 'info',
    title: 'Did you mean that for me? I act only on lines that begin with my name.',
    lines: ['Nothing was done. Say it in a line of its own, without backticks.'],
    next: [line.slice(0, 300)],
  };
}

/** For what was pasted below no line to us. */
export function pastedAloneReply(lines: readonly string[]): Reply {
  return {
    tone: 'info',
    title: 'Is that for me? I act only on what stands behind a line that begins with my name.',
    lines: ['Nothing was done. Post it once more, whole, behind one of these lines.'],
    next: lines,
  };
}

/** For a decision beside words of others. */
export function quotedReply(line: string): Reply {
  return {
    tone: 'bad',
    title: 'Your post holds a quote, code or a comment, and words of others must not decide in your name.',
    lines: ['Nothing was decided. Say it in a post of its own, without a quote.'],
    ...again(line),
  };
}

/** For a decision that is read long after it was written. */
export function oldReply(line: string): Reply {
  return {
    tone: 'warn',
    title:
      'I read that more than an hour after it was written, so I did not act on it: things may have changed.',
    lines: ['If you still mean it, say it again.'],
    ...again(line),
  };
}

function again(line: string | null): Pick<Reply, 'next'> {
  return line === null ? {} : { next: [line.slice(0, 300)] };
}

export function unlistedLine(account: string): string {
  const number = account.split('/').at(-1) ?? '';
  return `In the forum I do not know you as somebody who decides. If you may decide in chat, do it there: the request's message has the buttons. Here those decide whom the config lists with the number of their account (yours is ${number}) and who are in the group for it; whoever looks after Steward can add you.`;
}

export function helpReply(): Reply {
  return {
    tone: 'info',
    title: 'I did not find in that what I could do.',
    lines: ['Begin a line with my name and say what you need; `help` shows all that you can ask for.'],
    next: ['help'],
  };
}

export function notSentReply(sent: 'sent' | 'nobody' | 'not-now'): Reply {
  return sent === 'sent'
    ? { tone: 'info', title: 'I have sent you a private message about that.', lines: [] }
    : {
        tone: 'warn',
        title: 'I wanted to send you that in private, and the forum did not let me.',
        lines: [
          'Do you take private messages? Allow them in your preferences and ask again, or ask in chat.',
        ],
      };
}

/** The asking post was edited after it was read. */
export function editedReply(cards: readonly Card[]): Reply {
  const ids = cards.map((card) => card.id).join(', ');
  return {
    tone: 'warn',
    title: `The post that ${ids} came from was edited. ${cards.length > 1 ? 'They are' : 'It is'} not changed by that.`,
    lines: cards.map((card) => `${card.id} is still: ${card.title}.`),
    next: cards.flatMap((card) =>
      card.actions.some((one) => one.verb === 'cancel') ? [`cancel ${card.id}`] : [],
    ),
  };
}
