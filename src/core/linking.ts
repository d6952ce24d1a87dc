import { type Origin, reply } from './asking.ts';
import type { Said } from './desk.ts';
import { actor, type Person, type Role } from './person.ts';
import type { Ledger, LinkStore } from './store.ts';

/** How long a code can be used. */
const CODE_MS = 15 * 60_000;

/** Makes one person of somebody's account in the forum and the one in chat: who they are, never what they may do. */
export interface Linking {
  /** In the forum: gives a code. In chat: shows both accounts, and links them when that is confirmed. */
  link(from: Origin, code: string | undefined, confirmed: boolean): Promise<Said>;
  unlink(from: Origin): Promise<Said>;
}

/** `approving`: roles that may approve something. Their people are linked in the config only. */
export function createLinking(deps: {
  readonly links: LinkStore;
  readonly ledger: Ledger;
  readonly approving: () => ReadonlySet<Role>;
  readonly now: () => Date;
}): Linking {
  const { links, ledger, approving, now } = deps;

  async function offer(who: Person): Promise<Said> {
    const account = accountIn(who, 'discourse');
    if (account === null || who.id !== account)
      return no(
        `Your account here is linked already: I know you as ${who.name}.`,
        '`unlink` in chat ends that.',
      );
    const code = await links.offer(account, who.name, new Date(now().getTime() + CODE_MS));
    return {
      kind: 'reply',
      secret: true,
      reply: {
        tone: 'info',
        title: 'Your code to link this account with the one in chat',
        lines: [
          `In chat, within a quarter of an hour, say \`/koji link ${code}\`. I show you both accounts there and ask once more.`,
          'Give the code to nobody: whoever uses it is taken for you here, and asks in your name.',
          'If you did not ask for this, ignore it: nothing happens.',
        ],
      },
    };
  }

  async function use(from: Origin, code: string, confirmed: boolean): Promise<Said> {
    const { who } = from;
    if ([...who.roles].some((role) => approving().has(role)))
      return no(
        'You may approve requests, so your accounts are linked in the config and nowhere else.',
        `Whoever looks after Steward adds the number of your forum account to \`people\`, at \`discourse\`.`,
      );
    const found = await links.look(code);
    if (!found)
      return no(
        'I do not know that code: it may be used up, too old, or mistyped.',
        'Say `@steward link` in the forum for a new one.',
      );
    const mine = (await links.accountsOf(who.id)).find((one) => one.account !== found.account);
    if (mine)
      return no(`You are linked with ${mine.name} already.`, '`unlink` ends that; then use the code again.');
    if (!confirmed) {
      return {
        kind: 'reply',
        reply: {
          tone: 'warn',
          title: 'Are these two accounts both yours?',
          lines: [
            `In the forum: ${found.name} (${plain(found.account)}).`,
            `Here: ${who.name} (${plain(accountIn(who, from.place.kind) ?? who.id)}).`,
            'If the first is not yours, somebody wants to ask in your name: do nothing, and tell an admin.',
          ],
          next: [`link ${code} confirm`],
        },
      };
    }
    const taken = await links.take(code, who);
    if (!taken)
      return no('That code was used a moment ago.', 'Say `@steward link` in the forum for a new one.');
    await ledger.note('linked', actor(who), { account: taken.account, name: taken.name });
    return reply({
      tone: 'good',
      title: `${taken.name} in the forum and you are one person to me now.`,
      lines: ['What you ask there is asked by you. `unlink` ends it.'],
    });
  }

  return {
    async link(from, code, confirmed) {
      const inForum = from.place.kind === 'discourse';
      if (inForum && code !== undefined)
        return no(
          'A code is used in chat, not here: everybody reads along, and could use it.',
          'Say `@steward link` for a new one: I send it to you alone.',
        );
      if (inForum) return offer(from.who);
      if (code === undefined)
        return no(
          'Begin in the forum.',
          'Say `@steward link` in a topic there: I send you a code to use here.',
        );
      return use(from, code, confirmed);
    },
    async unlink({ who }) {
      const ended = await links.end(who.id);
      if (ended === 0)
        return no('Nothing of yours is linked by a code.', 'What the config links, an admin changes there.');
      await ledger.note('unlinked', actor(who), {});
      return reply({ tone: 'good', title: 'Your accounts are two persons to me again.', lines: [] });
    },
  };
}

/** The account as records name it: `discourse:forum.example.org/12`. */
function accountIn(who: Person, service: string): string | null {
  const account = who.accounts[service];
  return account === undefined ? null : `${service}:${account}`;
}

function plain(account: string): string {
  return account.replace(/^[a-z]+:/, '');
}

function no(title: string, line: string): Said {
  return reply({ tone: 'warn', title, lines: [line] });
}
