import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NoticeStore } from '../../src/core/store.ts';
import { textOf } from '../slack/rig.ts';
import { pointsUpTo, thorough } from '../support/thorough.ts';
import { Dead, notice, startTelling, type Telling } from './rig.ts';

let rig: Telling;
beforeAll(async () => {
  rig = await startTelling();
});
afterAll(() => rig.close());
beforeEach(() => {
  rig.slack.behave();
  rig.forum.pretend.behave();
});

const put = (...all: Parameters<typeof notice>) => rig.store.notices.put(notice(...all));
/** Messages in Slack with this title. */
const inSlack = (channel: string, title: string) =>
  rig.slack.messages(channel).filter((one) => textOf(one.blocks).includes(title));
const topics = (title: string, category?: number) =>
  rig.forum.pretend.topics(category).filter((one) => one.title.includes(title) && !one.deleted);
const firstPost = (topic: number) => rig.forum.pretend.posts(topic)[0]?.raw ?? '';

describe('a message to an audience', () => {
  it('stands in the channel and as a topic of its own, once each', async () => {
    await put('r1:a', { title: 'The repository el7 is gone', next: ['builder capacity builder2'] });
    await rig.told();
    await rig.courier().tick();
    const [message, ...others] = inSlack('C0KOJI', 'The repository el7 is gone');
    expect(others).toEqual([]);
    expect(textOf(message?.blocks)).toMatch(/It was not used for a year[\s\S]*Second line/);
    const [topic] = topics('The repository el7 is gone');
    expect(topic).toMatchObject({ category: 24 });
    expect(firstPost(topic?.id ?? 0)).toMatch(
      /^It was not used for a year.*\nSecond line\.\n\nWhat may help next, as a reply here:\n- `@steward builder capacity builder2`\n\n<!-- steward:message:[0-9a-f]{32} -->$/,
    );
  });

  it('is read whole in both, paragraph by paragraph, however many lines it has', async () => {
    const lines = Array.from({ length: 38 }, (_, n) => `Builder ${n} has ended & is <gone> for good`);
    await put('r1:b', { title: 'All builders have ended', lines: [...lines, '', 'That is all.'] });
    await rig.told();
    const [message] = inSlack('C0KOJI', 'All builders have ended');
    expect(textOf(message?.blocks)).toMatch(
      /Builder 0 has ended[\s\S]*Builder 37 has ended[\s\S]*That is all\./,
    );
    const post = firstPost(topics('All builders have ended')[0]?.id ?? 0);
    expect(post).toMatch(/^Builder 0 has ended[\s\S]*\nBuilder 37 has ended .*\n\nThat is all\.\n/);
  });

  it('has in Slack a button for the first line, which opens its form and asks for nothing by itself', async () => {
    await put('r2:a', { title: 'Builders are slow today', next: ['builder capacity builder2 <capacity>'] });
    await rig.told();
    const [message] = inSlack('C0KOJI', 'Builders are slow today');
    const maria = rig.slack.as('U0MARIA');
    await maria.press('C0KOJI', message?.ts ?? '', 'Builder capacity…');
    const view = await rig.slack.waitFor(() => rig.slack.views('U0MARIA').at(-1));
    expect(textOf(view.body.blocks)).toContain('builder2');
    expect(view.body.private_metadata).toBe(JSON.stringify({ where: `C0KOJI/${message?.ts}` }));
    expect(rig.slackRig.heard).toEqual([]);
    await maria.submit(view.id, { host: 'builder2', capacity: '8' });
    await rig.slack.waitFor(() => rig.slackRig.heard.length === 1);
    expect(rig.slackRig.heard[0]).toMatchObject({ how: 'submit', who: 'maria' });
  });

  it('goes to the approvers where the config does not name the audience', async () => {
    await put('r3:a', { title: 'Nobody reads this', to: { kind: 'audience', name: 'nobody' } });
    await rig.told();
    expect(inSlack('C0ADMINS', 'Nobody reads this')).toHaveLength(1);
    expect(topics('Nobody reads this')).toEqual([]);
  });

  it('can be a topic in another category, or a reply in one topic', async () => {
    const { topic } = await rig.forum.pretend
      .as('maria')
      .topic('All about our builders', 'Everything about them.');
    await put('r4:a', { title: 'Read in support', to: { kind: 'audience', name: 'readers' } });
    await rig.told();
    expect(topics('Read in support', 7)).toHaveLength(1);
    await put('r4:b', { title: 'Read in a topic', to: { kind: 'audience', name: 'one' } });
    await rig.told(rig.courier({ audiences: { one: { forum: topic } } }));
    expect(rig.forum.raws(topic)).toEqual([expect.stringMatching(/^📣 \*\*Read in a topic\*\*\n\nIt was/)]);
  });

  it('has a topic of another title where the forum has one of this title already', async () => {
    await put('r5:a', { title: 'Certificates end within 14 days' });
    await rig.told();
    await put('r5:b', { title: 'Certificates end within 14 days' });
    await rig.told();
    expect(topics('Certificates end within 14 days').map((one) => one.title)).toEqual([
      'Certificates end within 14 days',
      expect.stringMatching(/^Certificates end within 14 days \(20\d\d-\d\d-\d\d\)$/),
    ]);
  });

  it('waits for a channel that the bot is not in, and stands there once it was invited', async () => {
    await put('r6:a', { title: 'To an empty room', to: { kind: 'audience', name: 'away' } });
    const courier = rig.courier();
    for (let round = 0; round < 3; round++) {
      await courier.tick();
      await courier.idle();
      rig.clock.forward(3_600_000);
    }
    expect((await rig.store.notices.waiting()).count).toBe(1);
    expect(rig.log.lines.join('\n')).toContain('not_in_channel');
    const members = rig.slack.channels.find((one) => one.id === 'C0RANDOM')?.members as string[];
    members.push('U0STEWARD');
    await rig.told(courier);
    expect(inSlack('C0RANDOM', 'To an empty room')).toHaveLength(1);
  });

  it('cannot call anybody, format anything or hide a link by its words', async () => {
    await put('r7:a', {
      title: 'Odd <!channel> *words*',
      lines: [
        '<!everyone> @here <https://evil.example|click> *bold* ```',
        '@maria [x](https://evil.example) # h',
      ],
    });
    await rig.told();
    const message = rig.slack.messages('C0KOJI').at(-1);
    // A header is never formatted.
    expect(message?.blocks?.[0]).toMatchObject({ type: 'header', text: { type: 'plain_text' } });
    expect(textOf(message?.blocks?.slice(1))).not.toMatch(/<!|<https|@here/);
    expect(rig.slack.pings('U0MARIA')).toEqual([]);
    const post = firstPost(topics('Odd').at(-1)?.id ?? 0);
    // What is left of a link is code, and no name is called: an unseen mark stands behind its @.
    expect(post).not.toMatch(/@maria|(?<!`)\[x\]\(/);
  });
});

describe('a message to a person', () => {
  const person = (key: string, who: string, title: string) =>
    put(key, {
      title,
      to: { kind: 'person', person: who, likeCommands: ['cert issue', 'cert renew'] },
      next: ['builder capacity builder2'],
    });

  it('stands in the thread where they last asked for something like it, and calls them', async () => {
    const old = await rig.asked('maria', 'cert issue', { kind: 'discourse', where: '1' });
    const id = await rig.asked('maria', 'cert issue', { kind: 'slack', where: 'C0KOJI' });
    await rig.asked('maria', 'builder list', { kind: 'slack', where: 'C0ADMINS' });
    expect(old).not.toBe(id);
    const ts = rig.slack.plant({
      channel: 'C0KOJI',
      user: 'U0STEWARD',
      text: 'Sign a certificate for maria',
    });
    await rig.store.places.shown(id, 'C0KOJI', { channel: 'C0KOJI', ts, thread: `C0KOJI/${ts}` }, 2);
    await person('p1', 'maria', 'Your certificate ends soon');
    await rig.told();
    const [, reply, ...more] = rig.slack.thread('C0KOJI', ts);
    expect(more).toEqual([]);
    expect(textOf(reply?.blocks)).toMatch(/Your certificate ends soon[\s\S]*<@U0MARIA>/);
    expect(rig.slack.pings('U0MARIA').some((ping) => ping.why === 'mention')).toBe(true);
  });

  it('stands in the topic where they last asked', async () => {
    const { topic } = await rig.forum.pretend
      .as('bea')
      .topic('My certificate, please', 'Somebody sign it, please.');
    await rig.asked('bea', 'cert renew', { kind: 'discourse', where: String(topic) });
    await person('p2', 'bea', 'Your certificate ends soon');
    await rig.told();
    expect(rig.forum.raws(topic)).toEqual([
      expect.stringMatching(
        /^📣 @bea \*\*Your certificate ends soon\*\*[\s\S]*`@steward builder capacity builder2`/,
      ),
    ]);
  });

  it('is a direct message where they never asked, or where their topic is closed', async () => {
    await person('p3', 'adam', 'Adam, your certificate ends');
    await rig.told();
    expect(inSlack('dm:U0ADAM', 'Adam, your certificate ends')).toHaveLength(1);

    const { topic } = await rig.forum.pretend
      .as('adam')
      .topic('A topic that is closed soon', 'Please sign this one.');
    await rig.asked('adam', 'cert issue', { kind: 'discourse', where: String(topic) });
    rig.forum.pretend.setTopic(topic, { closed: true });
    await person('p4', 'adam', 'Adam, it ends tomorrow');
    await rig.told();
    expect(inSlack('dm:U0ADAM', 'Adam, it ends tomorrow')).toHaveLength(1);
    expect(rig.forum.raws(topic)).toEqual([]);
  });

  it('is a private message in the forum for whom Slack has no account', async () => {
    await person('p5', 'carl', 'Carl, your certificate ends');
    await rig.told();
    expect(rig.forum.messages('carl')).toEqual([
      expect.stringMatching(
        /^Carl, your certificate ends\n[\s\S]*I do not read answers here\.[\s\S]*`@steward builder capacity builder2`, or in chat `\/koji builder capacity builder2`\./,
      ),
    ]);
  });

  it('goes to the approvers with the name of whoever has no place at all', async () => {
    await person('p6', 'dora', 'A certificate ends soon');
    await rig.told();
    const [message] = inSlack('C0ADMINS', 'A certificate ends soon');
    expect(textOf(message?.blocks)).toContain('This is for Dora, for whom I found no place of their own.');
  });
});

describe('told once, whatever happens', () => {
  // An answer that never comes is waited for for ten seconds.
  const kinds = ['429', '500', 'lose-answer', ...(thorough ? (['timeout'] as const) : [])] as const;
  it.each(kinds)('when Slack answers with %s', async (kind) => {
    const title = `In Slack, ${kind} comes first`;
    rig.slack.misbehave({ method: 'chat.postMessage', kind, times: 1, retryAfter: 1 });
    await put(`s:${kind}`, { title, to: { kind: 'approvers' } });
    await rig.told();
    expect(inSlack('C0ADMINS', title)).toHaveLength(1);
  });

  it.each([
    ['is down', { down: true, times: 4 }],
    ['answers 502', { status: 502, html: true, times: 4 }],
    ['loses its answers', { lostAnswer: true, method: 'POST', times: 2 }],
    ['hangs', { hang: true, method: 'POST', times: 1 }],
    ['wants a pause', { rateLimit: 1, method: 'POST', times: 1 }],
  ] as const)('when the forum %s', async (how, fault) => {
    const title = `In the forum, it ${how}`;
    rig.forum.pretend.misbehave(fault);
    await put(`f:${how}`, { title });
    await rig.told();
    expect(topics(title)).toHaveLength(1);
    expect(inSlack('C0KOJI', title)).toHaveLength(1);
  });

  it('when the forum is down for an hour: Slack has it at once, the forum when it is back', async () => {
    const courier = rig.courier();
    rig.forum.pretend.misbehave({ down: true, times: Number.POSITIVE_INFINITY });
    await put('f:hour', { title: 'An hour without the forum' });
    for (let minutes = 0; minutes < 60; minutes += 15) {
      await courier.tick();
      await courier.idle();
      rig.clock.forward(15 * 60_000);
    }
    expect(inSlack('C0KOJI', 'An hour without the forum')).toHaveLength(1);
    const asked = rig.forum.writes().length;
    rig.forum.pretend.behave();
    await rig.told(courier);
    expect(topics('An hour without the forum')).toHaveLength(1);
    expect(inSlack('C0KOJI', 'An hour without the forum')).toHaveLength(1);
    expect(rig.forum.writes().length).toBe(asked + 1);
  });

  it('when a process dies at any moment between storing, posting and noting', async () => {
    const step = { left: Number.POSITIVE_INFINITY, passed: 0 };
    const cross = (): void => {
      step.passed += 1;
      step.left -= 1;
      if (step.left <= 0) throw new Dead('dead');
    };
    const { notices } = rig.store;
    const writes = async <T>(go: () => Promise<T>): Promise<T> => {
      cross();
      const result = await go();
      cross();
      return result;
    };
    const mortal: NoticeStore = {
      ...notices,
      find: (key) => writes(() => notices.find(key)),
      keep: (key, way, state) => writes(() => notices.keep(key, way, state)),
      delivered: (key) => writes(() => notices.delivered(key)),
    };
    const dies = async (at: number, title: string): Promise<void> => {
      Object.assign(step, { left: at, passed: 0 });
      await put(`d:${at}`, { title });
      const dying = rig.courier({ notices: mortal });
      await dying.tick().catch(() => undefined);
      await dying.idle();
    };
    await dies(Number.POSITIVE_INFINITY, 'Nobody dies');
    const moments = step.passed;
    expect(moments).toBeGreaterThan(15);
    for (const at of pointsUpTo(moments, 7)) {
      const title = `Dies at moment ${at}`;
      await dies(at, title);
      expect(step.left).toBeLessThanOrEqual(0);
      await rig.lapse();
      rig.clock.forward(60_000);
      await rig.told();
      expect([at, inSlack('C0KOJI', title).length, topics(title).length]).toEqual([at, 1, 1]);
    }
  }, 60_000);

  it('by two web processes at once', async () => {
    const other = rig.forum.another();
    const outlets = [rig.slackRig.front().outlet, other.outlet];
    for (let n = 0; n < 4; n++) await put(`two:${n}`, { title: `Two processes, message ${n}` });
    await rig.told(rig.courier(), rig.courier({ outlets }), rig.courier());
    for (let n = 0; n < 4; n++) {
      const title = `Two processes, message ${n}`;
      expect([inSlack('C0KOJI', title).length, topics(title).length]).toEqual([1, 1]);
    }
    other.api.stop();
    await other.budget.stop();
  });

  it('when the clock jumps: a pause that was set by a clock far ahead is not waited for', async () => {
    rig.slack.misbehave({ method: 'chat.postMessage', kind: 'error', error: 'service_is_down', times: 1 });
    rig.clock.forward(400 * 86_400_000);
    await put('clock', { title: 'The clock was wrong', to: { kind: 'approvers' } });
    const courier = rig.courier();
    await courier.tick();
    await courier.idle();
    expect((await rig.store.notices.waiting()).count).toBe(1);
    rig.clock.forward(-400 * 86_400_000);
    await courier.tick();
    await courier.idle();
    expect(inSlack('C0ADMINS', 'The clock was wrong')).toHaveLength(1);
  });
});
