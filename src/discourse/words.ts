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

/** For a decision in a post that need not be its author's own words. `line`: what it said. */
export function forgedReply(viaEmail: boolean, line?: string): Reply {
  return {
    tone: 'bad',
    title: viaEmail
      ? 'That came by e-mail, and a sender can be forged: I take no decision from it.'
      : 'That post was edited, and staff can edit posts of others: I take no decision from it.',
    lines: ['Say it in a new post in the forum itself, in chat, or in a terminal.'],
    ...(line === undefined ? {} : { next: [line] }),
  };
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
