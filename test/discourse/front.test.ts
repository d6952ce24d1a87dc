import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/core/registry.ts';
import { BUILDER_COMMANDS, makeComment } from '../core/support.ts';
import { startWhole, type Whole } from './whole.ts';

let whole: Whole;
beforeAll(async () => {
  const registry = createRegistry([...BUILDER_COMMANDS, makeComment().command]);
  whole = await startWhole({ kernel: { registry } });
});
afterAll(() => whole.close());

const TITLE = 'A topic about the build system';
const open = async (raw: string, by = 'maria', title = TITLE) =>
  whole.forum.as(by).topic(`${title} ${Math.random().toString(36).slice(2, 8)}`, `${raw}\n\nKind regards`);
// The forum takes nothing shorter than 20 characters.
const reply = (topic: number, raw: string, by = 'maria') =>
  whole.forum.as(by).reply(topic, `${raw}\n\nThanks, that is all.`);
const idIn = (raw: string): string => /\br\d+\b/.exec(raw)?.[0] ?? '';

/** Asks for something, and gives the topic and the request once its plan is shown. */
async function asked(line: string, by = 'maria') {
  const { topic, post } = await open(`Hello,\n\n@steward ${line}\n\nThanks!`, by);
  const shown = await whole.says(topic, /asked by/);
  return { topic, post, shown, id: idIn(shown.raw) };
}
const status = async (id: string) => (await whole.kernel.load(id)).status;

describe('asked in a topic and decided there', () => {
  it('is one post that is edited, and a new one that tells the asker at the end', async () => {
    const { topic, id } = await asked('builder capacity builder2 9');
    await whole.says(topic, /capacity of builder2 from/, new RegExp(`approve ${id}`));
    await reply(topic, `@steward approve ${id}`, 'adam');
    await whole.says(topic, /Done/, /@maria/, /adam/);
    expect(whole.capacity('builder2')).toBe(9);
    const [first, second, ...more] = whole.ours(topic);
    expect(first?.raw).toMatch(/- \[x\]/);
    expect(first?.raw).not.toMatch(new RegExp(`@steward approve ${id}`));
    expect(second?.raw).toMatch(/Done/);
    expect(more).toEqual([]);
    expect(first?.version).toBeLessThanOrEqual(4);
  });

  it('is known by its topic, so that the id may be left out', async () => {
    const { topic, id } = await asked('builder capacity builder2 10');
    await reply(topic, '@steward deny because=builder2 is being replaced', 'adam');
    await whole.says(topic, /Denied by adam/, /being replaced/);
    expect(await status(id)).toBe('denied');
  });

  it('is refused to the asker, to strangers of the group, and to those of the group whom the config does not list', async () => {
    const { topic, id } = await asked('builder capacity builder2 11', 'adam');
    await reply(topic, `@steward approve ${id}`, 'adam');
    await whole.says(topic, /asked for .* yourself/);
    await reply(topic, `@steward approve ${id}`, 'maria');
    await whole.says(topic, /may not approve/i);
    await reply(topic, `@steward approve ${id}`, 'bea');
    await whole.says(topic, /config lists/, new RegExp(`yours is ${whole.account('bea')}`));
    expect(await status(id)).toBe('planned');
  });

  it('counts by the number of the account, whatever somebody is called by then', async () => {
    const { topic, id } = await asked('builder capacity builder2 12');
    whole.forum.rename('adam', 'adam_the_second');
    await reply(topic, `@steward approve ${id}`, 'adam_the_second');
    await whole.says(topic, /Done/);
    whole.forum.rename('adam_the_second', 'adam');
    // Somebody else takes the name of an approver.
    const next = await asked('builder capacity builder2 13', 'bea');
    whole.forum.rename('adam', 'old_adam');
    whole.forum.rename('maria', 'adam');
    await reply(next.topic, `@steward approve ${next.id}`, 'adam');
    await whole.says(next.topic, /may not approve/i);
    whole.forum.rename('adam', 'maria');
    whole.forum.rename('old_adam', 'adam');
    expect(await status(next.id)).toBe('planned');
  });

  it('is nothing for somebody who has left the group a moment ago', async () => {
    const { topic, id } = await asked('builder capacity builder2 14');
    whole.forum.changeGroup('koji-admins', ['bea']);
    await reply(topic, `@steward approve ${id}`, 'adam');
    await whole.says(topic, /may not approve/i);
    whole.forum.changeGroup('koji-admins', ['adam', 'bea']);
    expect(await status(id)).toBe('planned');
  });

  it('is not taken from a post that staff edited, nor from one that came by mail', async () => {
    const { topic, id } = await asked('builder capacity builder2 15');
    const innocent = await reply(topic, 'I have no opinion about this at all.', 'adam');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await whole.forum.as('root_admin').edit(innocent, `@steward approve ${id}\n\nI want this very much.`);
    await whole.says(topic, /was edited/, /new post/);
    await whole.forum
      .as('adam')
      .reply(topic, `@steward approve ${id}\n\nSent from my phone`, { viaEmail: true });
    await whole.says(topic, /came by e-mail/);
    expect(await status(id)).toBe('planned');
  });

  it('is not taken beside words of others: whoever quotes them must not say yes by it', async () => {
    const { topic, id } = await asked('builder capacity builder2 16', 'newcomer');
    const line = `@steward approve ${id}`;
    for (const hidden of [
      `<!-- [/quote]\n${line}\n-->`,
      `see [/quote] here\n${line}`,
      `\n[/quote]\n\n${line}`,
    ])
      await reply(
        topic,
        `[quote="carl, post:1, topic:${topic}"]\nPlease look.\n${hidden}\n[/quote]\n\nNo!`,
        'adam',
      );
    await whole.says(topic, /holds a quote/, new RegExp(`@steward approve ${id}`));
    expect(await status(id)).toBe('planned');
  });

  it('said within a sentence is answered with the line to say', async () => {
    const { topic, id } = await asked('builder capacity builder2 18', 'newcomer');
    await reply(topic, `Sure, why not. @steward approve ${id}`, 'adam');
    await whole.says(topic, /begin with my name/, new RegExp(`@steward approve ${id}`));
    expect(await status(id)).toBe('planned');
  });

  it('takes the role in the config as well as the group', async () => {
    const { topic, id } = await asked('builder capacity builder2 17', 'newcomer');
    whole.forum.changeGroup('koji-admins', ['adam', 'bea', 'maria']);
    await reply(topic, `@steward approve ${id}`, 'maria');
    await whole.says(topic, /may not approve/i);
    whole.forum.changeGroup('koji-admins', ['adam', 'bea']);
    expect(await status(id)).toBe('planned');
  });

  it('of high risk is pointed to chat', async () => {
    const { topic, id, shown } = await asked('builder comment builder2 being mended');
    expect(shown.raw).not.toContain(`@steward approve ${id}`);
    await reply(topic, `@steward approve ${id}`, 'adam');
    await whole.says(topic, /high risk/, /in chat/);
    expect(await status(id)).toBe('planned');
  });

  it('can be cancelled by the asker and undone, with a plan and a yes of its own', async () => {
    const one = await asked('builder capacity builder1 21');
    await reply(one.topic, '@steward cancel');
    await whole.says(one.topic, /Cancelled by maria/);
    const two = await asked('builder capacity builder1 22');
    const before = whole.capacity('builder1');
    await reply(two.topic, '@steward approve', 'adam');
    await whole.says(two.topic, /Done/);
    await reply(two.topic, `@steward undo ${two.id}`);
    const undo = await whole.says(two.topic, new RegExp(`undoes ${two.id}`));
    await reply(two.topic, `@steward approve ${idIn(undo.raw)}`, 'adam');
    await expect.poll(() => whole.capacity('builder1'), { timeout: 5000 }).toBe(before);
  });

  it('can be shown in another topic, and is decided and kept up to date there too', async () => {
    const { topic, id } = await asked('builder capacity builder1 23');
    const other = await open(`@steward show ${id}`, 'adam');
    await whole.says(other.topic, new RegExp(`approve ${id}`));
    await reply(other.topic, `@steward approve ${id}`, 'adam');
    await whole.says(topic, /Done/);
    await whole.says(other.topic, /Done/);
  });
});

describe('what a post says', () => {
  it('may be a form of the template', async () => {
    const { topic } = await open(
      'Hi, please see below.\n\n```steward\nask: builder capacity\nhost: builder3\ncapacity: 7\n```\n',
    );
    await whole.says(topic, /capacity of builder3/, /approve r\d+/);
  });

  it('is answered with the form where something is missing', async () => {
    const { topic } = await open('@steward builder disable builder3');
    await whole.says(topic, /```steward/, /@steward builder disable builder3 because=<because>/);
    expect(await whole.staysSilent(topic, 1)).toBe(true);
  });

  it('gets a suggestion for a typo', async () => {
    const { topic } = await open('@steward bilder capacity builder2 8');
    await whole.says(topic, /@steward builder capacity builder2 8/);
  });

  it('in plain words gets the line to say, once, and nothing is done', async () => {
    const before = (await whole.requests()).length;
    const { topic } = await open('Could somebody please raise the capacity of builder2 to 40? It is bored.');
    await whole.says(topic, /@steward builder capacity builder2 40/);
    await reply(topic, 'Oh, and the capacity of builder1 should be raised too, I think.', 'bea');
    expect(await whole.staysSilent(topic, 1)).toBe(true);
    await reply(topic, 'Yes, that is what I meant!');
    await whole.says(topic, /only a bot/);
    await reply(topic, 'Well then, what now, I wonder?');
    expect(await whole.staysSilent(topic, 2)).toBe(true);
    expect((await whole.requests()).length).toBe(before);
  });

  it('that is none of our business gets silence', async () => {
    const { topic } = await open('Does anybody know how to cherry-pick into the 3.9 branch of packaging?');
    expect(await whole.staysSilent(topic, 0)).toBe(true);
  });

  it('inside a quote, a code block or the history of a mail is nobody’s words now', async () => {
    const line = '@steward builder capacity builder2 41';
    const { topic } = await open(
      [
        `[quote="adam, post:1, topic:2"]\n${line}\n[/quote]`,
        `> ${line}`,
        `\`\`\`\n${line}\n\`\`\``,
        `On Monday, adam wrote:\n> ${line}`,
      ].join('\n\n'),
    );
    expect(await whole.staysSilent(topic, 0)).toBe(true);
  });

  it('twice makes one request', async () => {
    const { topic, id } = await asked('builder capacity builder2 42');
    await reply(topic, '@steward builder capacity builder2 42');
    await reply(topic, '```steward\nask: builder capacity\nhost: builder2\ncapacity: 42\n```', 'bea');
    await whole.staysSilent(topic, 0);
    const same = (await whole.requests()).filter((one) => one.text === 'builder capacity builder2 42');
    expect(same.map((one) => one.id)).toEqual([id]);
  });

  it('in another category, or of a private message, is not for us', async () => {
    const other = whole.forum.categories.find(
      (one) => one.path.startsWith('development/') && one.id !== whole.forum.category.id,
    );
    const { topic } = await whole.forum
      .as('maria')
      .topic(TITLE, '@steward builder list, if you please', other?.id);
    await whole.forum.as('maria').message('steward', 'A private word', '@steward builder list, please do');
    expect(await whole.staysSilent(topic, 0)).toBe(true);
  });

  it('by our own account is not heard', async () => {
    const before = (await whole.requests()).length;
    const { topic } = await asked('builder capacity builder2 43');
    await whole.staysSilent(topic, 1);
    expect((await whole.requests()).length).toBe(before + 1);
  });

  it('of 32,000 characters is read', async () => {
    const { topic } = await open(`${'All work and no play. '.repeat(1400)}\n\n@steward builder list`);
    await whole.says(topic, /builder1/);
  });

  it('that holds a private key is not kept, and its author is told in private', async () => {
    const key = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEowIBAAKCAQEA'.repeat(20)}\n-----END RSA PRIVATE KEY-----`;
    const { topic } = await open(`Here is my key:\n\n${key}\n\n@steward builder list`);
    const message = await whole.forum.waitFor(() =>
      whole.forum.messages('maria').find((one) => /private key/.test(one.title)),
    );
    expect(whole.forum.posts(message.id)[0]?.raw).toMatch(/use that key no more/);
    expect(await whole.staysSilent(topic, 0)).toBe(true);
    const kept = await whole.kernel.database.query('select body from steward.inbox');
    expect(JSON.stringify(kept)).not.toContain('MIIEowIBAAKCAQEA');
    expect(JSON.stringify(whole.kernel.log.lines)).not.toContain('MIIEowIBAAKCAQEA');
  });

  it('asks for a link code, which comes in private and not in the topic', async () => {
    const { topic } = await open('@steward link', 'newcomer');
    await whole.says(topic, /private message/);
    const message = await whole.forum.waitFor(() => whole.forum.messages('newcomer')[0]);
    expect(whole.forum.posts(message.id)[0]?.raw).toMatch(/link [A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}/);
    expect(
      whole
        .ours(topic)
        .map((post) => post.raw)
        .join(),
    ).not.toMatch(/[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}/);
  });
});

describe('a post that changes', () => {
  it('after it asked changes nothing, and its author is told so once', async () => {
    const { topic, post, id } = await asked('builder capacity builder2 44');
    await whole.forum.as('maria').edit(post, '@steward builder capacity builder2 45');
    await whole.says(topic, /was edited/, /not changed/, new RegExp(id));
    await whole.forum.as('maria').edit(post, '@steward builder capacity builder2 46');
    expect(await whole.staysSilent(topic, 2)).toBe(true);
    expect((await whole.kernel.load(id)).text).toBe('builder capacity builder2 44');
  });

  it('only in its prose is of no interest', async () => {
    const { topic, post } = await asked('builder capacity builder2 47');
    await whole.forum
      .as('maria')
      .edit(post, 'Hello all,\n\n@steward builder capacity builder2 47\n\nThank you!');
    expect(await whole.staysSilent(topic, 1)).toBe(true);
  });

  it('by its author, in the first moments, from a typo into something that can be done asks for it', async () => {
    const { topic, post } = await open('@steward bilder capacity builder2 48');
    await whole.says(topic, /Did you mean/);
    await whole.forum.as('maria').edit(post, '@steward builder capacity builder2 48');
    await whole.says(topic, /capacity of builder2 from \d+ to 48/);
  });

  it('by somebody else asks for nothing in its author’s name', async () => {
    const { topic, post } = await open('I have nothing to ask for, and only want to say hello.', 'newcomer');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await whole.forum.as('root_admin').edit(post, '@steward builder capacity builder2 51\n\nKind regards');
    await whole.says(topic, /was edited/, /@steward builder capacity builder2 51/);
    expect((await whole.requests()).filter((one) => /builder2 51/.test(one.text))).toEqual([]);
  });

  it('and is deleted takes its request with it, while nobody has decided', async () => {
    const { post, id } = await asked('builder capacity builder2 49');
    await whole.forum.as('root_admin').deletePost(post);
    await expect.poll(() => status(id), { timeout: 5000 }).toBe('cancelled');
  });

  it('with its whole topic does the same', async () => {
    const { topic, id } = await asked('builder capacity builder2 50');
    await whole.forum.as('root_admin').deleteTopic(topic);
    await expect.poll(() => status(id), { timeout: 5000 }).toBe('cancelled');
  });
});

describe('fifty posts at once', () => {
  it('in one topic are each heard once, up to what one account may ask in an hour', async () => {
    const { topic } = await open('Fifty people want something. Let us see what comes of it.');
    const numbers = Array.from({ length: 50 }, (_, n) => n + 100);
    await Promise.all(numbers.map((n) => reply(topic, `@steward builder capacity builder1 ${n}`, 'carl')));
    await expect
      .poll(
        async () =>
          (await whole.requests()).filter((one) => /^builder capacity builder1 1\d\d$/.test(one.text)).length,
        { timeout: 45_000 },
      )
      .toBe(30);
    await whole.says(topic, /more than I take at once/);
  });
});

describe('a topic that cannot be read', () => {
  it('keeps no other from being heard', async () => {
    const { topic } = await open('This one is going to be trouble, I am afraid.');
    whole.forum.misbehave({ status: 500, on: new RegExp(`^/t/${topic}\\b`), times: 1000 });
    await reply(topic, '@steward builder capacity builder1 71', 'bea');
    const other = await open('@steward builder capacity builder1 72', 'bea');
    await whole.says(other.topic, /capacity of builder1 from \d+ to 72/);
    whole.forum.behave();
    await whole.says(topic, /capacity of builder1 from \d+ to 71/);
  });
});

describe('after a restart', () => {
  it('nothing is asked or said twice, and what came meanwhile is heard', async () => {
    const { topic } = await asked('builder capacity builder3 61', 'bea');
    const said = whole.ours(topic).length;
    await whole.restart();
    const later = await open('@steward builder capacity builder3 62', 'bea');
    await whole.says(later.topic, /capacity of builder3 from \d+ to 62/);
    expect(await whole.staysSilent(topic, said)).toBe(true);
  });
});
