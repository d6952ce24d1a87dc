import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Said } from '../../src/core/desk.ts';
import type { Person } from '../../src/core/person.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { HOUR, makeClock } from './support.ts';

const FORUM = 'forum.example.org';
const inForum = forumPerson(12, 'maria_f');
const inChat = chatPerson('U0MARIA', 'Maria');

let kernel: Kernel;
const clock = makeClock();
beforeAll(async () => {
  kernel = await startKernel({ now: clock.now });
});
afterAll(() => kernel.close());

let said = 0;
function say(who: Person, text: string): Promise<Said> {
  const kind = who.accounts.discourse && !who.accounts.slack ? 'discourse' : 'slack';
  return kernel.desk.say({
    who,
    text,
    place: { kind, where: '7', purpose: 'origin' },
    origin: `link:${said++}`,
  });
}

async function codeFor(who: Person): Promise<string> {
  const given = await say(who, 'link');
  expect(given).toMatchObject({ kind: 'reply', secret: true });
  return /link ([A-Z0-9-]+)`/.exec(textOf(given))?.[1] ?? '';
}

describe('linking the accounts of one person', () => {
  it('takes a code from the forum, shows both accounts in chat, and asks once more', async () => {
    const code = await codeFor(inForum);
    const shown = textOf(await say(inChat, `link ${code}`));
    expect(shown).toContain('maria_f (forum) (forum.example.org/12)');
    expect(shown).toContain('Maria (T0/U0MARIA)');
    expect(await kernel.store.links.personOf(`discourse:${FORUM}/12`)).toBeNull();
    expect(textOf(await say(inChat, `link ${code.toLowerCase()} confirm`))).toMatch(/one person to me now/);
    expect(await kernel.store.links.personOf(`discourse:${FORUM}/12`)).toEqual({
      person: 'slack:T0/U0MARIA',
      name: 'Maria',
    });
  });

  it('uses a code once, and not after a quarter of an hour', async () => {
    const code = await codeFor(forumPerson(13, 'bert'));
    const bert = chatPerson('U0BERT', 'Bert');
    await say(bert, `link ${code} confirm`);
    expect(textOf(await say(chatPerson('U0EVE', 'Eve'), `link ${code} confirm`))).toMatch(
      /do not know that code/,
    );
    const late = await codeFor(forumPerson(14, 'late'));
    clock.forward(HOUR / 3);
    expect(textOf(await say(chatPerson('U0LATE', 'Late'), `link ${late} confirm`))).toMatch(
      /do not know that code/,
    );
  });

  it('gives each of two who use the same code in the same moment their own answer, and links one', async () => {
    const code = await codeFor(forumPerson(15, 'zoe'));
    const answers = await Promise.all(
      ['U0A', 'U0B'].map(async (id) => textOf(await say(chatPerson(id, id), `link ${code} confirm`))),
    );
    expect(answers.filter((text) => /one person to me now/.test(text))).toHaveLength(1);
  });

  it('is for nobody who may approve: the config links them', async () => {
    const code = await codeFor(forumPerson(16, 'adam_f'));
    expect(
      textOf(await say({ ...PEOPLE.adam, accounts: { slack: 'T0/U0ADAM' } }, `link ${code} confirm`)),
    ).toMatch(/linked in the config/);
  });

  it('does not take a code in the forum, where everybody reads it', async () => {
    const code = await codeFor(forumPerson(17, 'open'));
    expect(textOf(await say(forumPerson(17, 'open'), `link ${code}`))).toMatch(/used in chat, not here/);
  });

  it('is not confused by other words', async () => {
    expect(await say(forumPerson(18, 'kind'), 'link please')).toMatchObject({ secret: true });
    expect(textOf(await say(inChat, 'link please'))).toMatch(/Begin in the forum/);
  });

  it('keeps somebody from approving through the one account what they asked for through the other', async () => {
    const asked = await say(inForum, 'builder capacity builder2 8');
    expect(asked).toMatchObject({ kind: 'request', isNew: true });
    if (asked.kind !== 'request') return;
    await kernel.settle();
    const approver: Person = {
      ...inChat,
      roles: new Set(['admin']),
      accounts: { slack: 'T0/U0MARIA', discourse: `${FORUM}/12` },
    };
    expect(textOf(await say(approver, `approve ${asked.id}`))).toMatch(/asked for .* yourself/);
  });

  it('can be taken back', async () => {
    expect(textOf(await say(inChat, 'unlink'))).toMatch(/two persons/);
    expect(await kernel.store.links.personOf(`discourse:${FORUM}/12`)).toBeNull();
    expect(textOf(await say(inChat, 'unlink'))).toMatch(/Nothing of yours/);
  });

  it('leaves no code in the record, and writes who linked what into it', async () => {
    const code = await codeFor(forumPerson(18, 'quiet'));
    const rows = JSON.stringify(await kernel.store.ledger.rows(0, 1000));
    expect(rows).not.toContain(code);
    expect(rows).toContain('"linked"');
    expect(JSON.stringify(kernel.log.lines)).not.toContain(code);
  });
});

function forumPerson(id: number, username: string): Person {
  return {
    id: `discourse:${FORUM}/${id}`,
    name: `${username} (forum)`,
    roles: new Set(['packager']),
    accounts: { discourse: `${FORUM}/${id}` },
  };
}

function chatPerson(user: string, name: string): Person {
  return { id: `slack:T0/${user}`, name, roles: new Set(['packager']), accounts: { slack: `T0/${user}` } };
}

function textOf(one: Said): string {
  return 'reply' in one ? [one.reply.title, ...one.reply.lines, ...(one.reply.next ?? [])].join(' ') : '';
}
