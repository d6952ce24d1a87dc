import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/core/registry.ts';
import { markerOf } from '../../src/discourse/marker.ts';
import { requestPost } from '../../src/discourse/request-post.ts';
import { BUILDER_COMMANDS, makeComment } from '../core/support.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { makeClock, startWriting, type Writing } from './writing.ts';

const { maria, adam } = PEOPLE;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const clock = makeClock();
let kernel: Kernel;
let rig: Writing;

beforeAll(async () => {
  kernel = await startKernel({
    now: clock.now,
    registry: createRegistry([...BUILDER_COMMANDS, makeComment().command]),
  });
});
/** Puts back what a test has taken apart. */
let mended = async () => {};

afterEach(async () => {
  await mended();
  await rig.close();
  // A new day: as many private messages as ever, and nobody is waited for.
  clock.forward(25 * HOUR);
  await kernel.lapse();
});
afterAll(() => kernel.close());

async function begin(options: Partial<Parameters<typeof startWriting>[0]> = {}) {
  rig = await startWriting({ kernel, clock, ...options });
}

/** No two requests of these tests are for the same. */
let wanted = 20;
const aCapacity = () => `builder capacity builder2 ${wanted++}`;
const announce = (id: string) => rig.ours().announcer.announce(id);
/** Said in a terminal, so that nothing is said in the topic. */
const say = async (who: typeof adam, text: string) => {
  const said = await kernel.say(who, text);
  if (said.kind !== 'decided' || said.reply.tone === 'bad') throw new Error(JSON.stringify(said));
};

/** Maria asks for a capacity; it is planned and shown. */
async function planned(text = aCapacity()) {
  const asked = await rig.ask(maria, text);
  await kernel.settle();
  await announce(asked.id);
  return asked;
}

/** Adam approves; it is still under way when two seconds are over. */
async function approved(id: string, plan = '') {
  await say(adam, `approve ${id}${plan}`);
  await announce(id);
  clock.forward(2_100);
  await announce(id);
}

async function carriedOut(id: string, plan = '') {
  await approved(id, plan);
  await kernel.settle();
  await announce(id);
}

const state = async (id: string) =>
  (await kernel.store.places.of(id)).find((one) => one.kind === 'discourse')?.state;
const seqs = async (id: string) => {
  const shown = (await kernel.store.places.of(id)).find((one) => one.kind === 'discourse')?.seq;
  return { shown, happened: (await kernel.load(id)).seq };
};
const edits = () => rig.writes().filter((one) => one.startsWith('PUT'));

describe('a request in a topic', () => {
  it('is one post when its plan is there, which calls those who may decide', async () => {
    await begin();
    const { id, topic } = await planned();
    await announce(id);
    const [raw, ...more] = rig.raws(topic);
    expect(more).toEqual([]);
    expect(raw).toContain('@koji-admins this waits for one of you.');
    expect(raw).toContain(`- \`@steward approve ${id}, thank you\` to say yes (an admin, not maria)`);
    expect(raw?.endsWith(`\n<!-- steward:${id}:request -->`)).toBe(true);
    expect(await seqs(id)).toMatchObject({ shown: (await kernel.load(id)).seq });
  });

  it('shows a decision and its end in the same post, and tells of the end in a new one', async () => {
    await begin();
    const { id, topic } = await planned();
    await approved(id);
    expect(rig.raws(topic)).toHaveLength(1);
    expect(rig.raws(topic)[0]).toContain('Approved by adam.');
    expect(rig.raws(topic)[0]).not.toContain('@steward approve');
    await kernel.settle();
    await announce(id);
    await announce(id);
    const [status, end, ...more] = rig.raws(topic);
    expect(more).toEqual([]);
    expect(status).toContain('- [x] Set the capacity of builder2');
    expect(end).toMatch(/^✅ \*\*.*\*\*\n\n@maria .*Approved by adam\./u);
    expect(end).toContain(`\`@steward undo ${id}, thank you\``);
    expect(edits()).toHaveLength(2);
  });

  it('says in one edit what ends within a moment of its approval', async () => {
    await begin();
    const { id, topic } = await planned();
    await say(adam, `approve ${id}`);
    await announce(id);
    await kernel.settle();
    await announce(id);
    expect(rig.raws(topic)[0]).toContain('- [x]');
    expect(rig.raws(topic)).toHaveLength(2);
    expect(edits()).toHaveLength(1);
  });

  it('waits ten seconds for a plan before it says that it works on it', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, aCapacity());
    await announce(id);
    clock.forward(9_000);
    await announce(id);
    expect(rig.raws(topic)).toEqual([]);
    clock.forward(1_500);
    await announce(id);
    expect(rig.raws(topic)[0]).toContain('Working out what it would do…');
    await kernel.settle();
    await announce(id);
    const [, plan] = rig.raws(topic);
    expect(plan).toContain('@koji-admins this waits for one of you.');
    await carriedOut(id);
    expect(rig.raws(topic)).toHaveLength(3);
    expect(rig.raws(topic)[1]).toContain('- [x]');
  });

  it('is one post, with the name of who asked, when the first that is said of it is the answer or a refusal', async () => {
    await begin();
    const answered = await planned('builder list');
    const refused = await planned('builder capacity builder77 8');
    expect(rig.raws(answered.topic)).toHaveLength(1);
    expect(rig.raws(answered.topic)[0]).toContain('@maria here is what I found.');
    expect(rig.raws(refused.topic)).toHaveLength(1);
    expect(rig.raws(refused.topic)[0]).toMatch(/\n@maria .*builder77/u);
    expect(edits()).toEqual([]);
  });

  it('is answered in a new post when the answer took longer', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, 'builder list');
    await announce(id);
    clock.forward(11_000);
    await announce(id);
    await kernel.settle();
    await announce(id);
    expect(rig.raws(topic)).toHaveLength(2);
    expect(rig.raws(topic)[1]).toContain('@maria here is what I found.');
    expect(edits()).toEqual([]);
  });

  it('calls who asked by the name of now', async () => {
    await begin();
    const { id, topic } = await planned();
    rig.pretend.rename('maria', 'maria_rossi');
    rig.names.set(101, 'maria_rossi');
    await carriedOut(id);
    expect(rig.raws(topic)[1]).toContain('@maria_rossi ');
  });

  it('asks again with the whole new plan in a new post, which is its status from then on', async () => {
    await begin();
    const { id, topic } = await planned(`builder capacity builder* ${wanted++}`);
    const builder = kernel.hub.world.hosts.find((host) => host.name === 'builder1');
    if (builder) builder.capacity = 3;
    await carriedOut(id);
    expect(await kernel.load(id)).toMatchObject({ status: 'planned', plan: { n: 2 } });
    const [, second, ...more] = rig.raws(topic);
    expect(more).toEqual([]);
    expect(second).toContain('@koji-admins this waits for one of you.');
    expect(second).toContain(`\`@steward approve ${id} plan=2\``);
    await carriedOut(id, ' plan=2');
    const all = rig.raws(topic);
    expect(all).toHaveLength(3);
    expect(all[1]).toContain('Approved by adam.');
    expect(all[1]).toContain('- [x]');
    expect(edits()).toHaveLength(3);
  });

  it('reminds once, in a post of its own, of a decision that is due', async () => {
    await begin();
    const { id, topic } = await planned();
    clock.forward(5 * HOUR);
    await kernel.sweep();
    await announce(id);
    await announce(id);
    const [, reminder, ...more] = rig.raws(topic);
    expect(more).toEqual([]);
    expect(reminder).toMatch(/^✋ @koji-admins Still waiting: /u);
  });

  it('neither calls anybody nor offers approval for what is not decided in the forum', async () => {
    await begin();
    const { id, topic } = await planned('builder comment builder2 being mended');
    expect(rig.raws(topic)[0]).not.toMatch(/@koji-admins|@steward approve/u);
    expect(rig.raws(topic)[0]).toContain(`in chat, on the message of ${id}, or in a terminal`);
    clock.forward(5 * HOUR);
    await kernel.sweep();
    await announce(id);
    expect(rig.raws(topic)).toHaveLength(1);
    expect(await seqs(id)).toMatchObject({ shown: (await kernel.load(id)).seq });
  });

  it('is edited three times at most, and the last time is kept for the end', async () => {
    await begin();
    const { id, topic } = await planned(`builder capacity builder* ${wanted++}`);
    for (const plan of ['', ' plan=2']) {
      const builder = kernel.hub.world.hosts.find((host) => host.name === 'builder1');
      if (builder) builder.capacity = wanted++;
      await carriedOut(id, plan);
    }
    expect(await kernel.load(id)).toMatchObject({ status: 'planned', plan: { n: 3 } });
    expect(edits()).toHaveLength(2);
    await approved(id, ' plan=3');
    expect(edits()).toHaveLength(2);
    await kernel.settle();
    for (let n = 0; n < 3; n++) await announce(id);
    expect(edits()).toHaveLength(3);
    expect(rig.raws(topic)[2]).toContain('- [x]');
    expect(rig.raws(topic)).toHaveLength(4);
    expect(await seqs(id)).toMatchObject({ shown: (await kernel.load(id)).seq });
  });

  it('shows what is neither a decision nor an end once a minute', async () => {
    await begin();
    const { id, topic } = await planned();
    await approved(id);
    kernel.work.notes.set('freeze', null);
    await say(adam, 'freeze because=the hub is being upgraded').catch(() => undefined);
    await kernel.settle();
    await announce(id);
    const before = edits().length;
    await announce(id);
    expect(edits()).toHaveLength(before);
    clock.forward(MINUTE);
    await announce(id);
    expect(rig.raws(topic)[0]).toContain('Waiting.');
    expect(edits()).toHaveLength(before + 1);
    await kernel.say(adam, 'thaw');
    await kernel.until(id, 'succeeded');
    await announce(id);
    expect(rig.raws(topic)[0]).toContain('- [x]');
    expect(edits()).toHaveLength(3);
  });
});

describe('a post', () => {
  it('is there once when the answer was lost, and so is the one at the end', async () => {
    await begin();
    rig.pretend.misbehave({ method: 'POST', lostAnswer: true });
    const { id, topic } = await planned();
    expect(rig.raws(topic)).toHaveLength(1);
    rig.pretend.misbehave({ method: 'POST', lostAnswer: true });
    await carriedOut(id);
    await announce(id);
    expect(rig.raws(topic)).toHaveLength(2);
  });

  it('is there once when the process died between the post and its record', async () => {
    await begin();
    const { places } = kernel.store;
    const shown = places.shown;
    mended = async () => {
      (places as { shown: typeof shown }).shown = shown;
    };
    const cut = (when: (state: Record<string, unknown>) => boolean) => {
      const mutable = places as { shown: typeof shown };
      mutable.shown = async (request, where, kept, seq) => {
        if (when(kept)) throw new Error('the process died');
        await shown(request, where, kept, seq);
      };
      return async () => {
        mutable.shown = shown;
        rig.again();
        await kernel.lapse();
      };
    };
    const asked = await rig.ask(maria, aCapacity());
    await kernel.settle();
    let restart = cut((kept) => kept.post !== undefined);
    await expect(announce(asked.id)).rejects.toThrow('the process died');
    await restart();
    await announce(asked.id);
    await announce(asked.id);
    expect(rig.raws(asked.topic)).toHaveLength(1);

    await say(adam, `approve ${asked.id}`);
    await kernel.until(asked.id, 'succeeded');
    restart = cut((kept) => kept.noticing === undefined && String(kept.noticed).startsWith('end-'));
    await expect(announce(asked.id)).rejects.toThrow('the process died');
    await restart();
    await announce(asked.id);
    await announce(asked.id);
    expect(rig.raws(asked.topic)).toHaveLength(2);
    expect(await seqs(asked.id)).toMatchObject({ shown: (await kernel.load(asked.id)).seq });
  });

  it('is there once when two processes come to post it in the same moment', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, aCapacity());
    await kernel.settle();
    const other = rig.another();
    await Promise.allSettled([announce(id), other.announcer.announce(id)]);
    await kernel.lapse();
    clock.forward(MINUTE);
    await announce(id);
    await other.announcer.announce(id);
    expect(rig.raws(topic)).toHaveLength(1);
  });

  it('comes when the forum is back, and is not tried every moment until then', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, aCapacity());
    await kernel.settle();
    rig.pretend.misbehave({ status: 502, html: true, times: Number.POSITIVE_INFINITY });
    await expect(announce(id)).rejects.toThrow('is not shown everywhere');
    const tried = rig.pretend.callLog().length;
    await announce(id);
    await announce(id);
    expect(rig.pretend.callLog()).toHaveLength(tried);
    rig.pretend.behave();
    clock.forward(MINUTE);
    await announce(id);
    expect(rig.raws(topic)).toHaveLength(1);
  });

  it('waits when the forum asks for it', async () => {
    await begin();
    rig.pretend.misbehave({ method: 'POST', rateLimit: 1 });
    const { topic } = await planned();
    expect(rig.raws(topic)).toHaveLength(1);
  });

  it('is edited again when somebody else edited it meanwhile', async () => {
    await begin();
    const { id, topic } = await planned();
    rig.pretend.misbehave({ method: 'PUT', status: 409 });
    await approved(id);
    expect(rig.raws(topic)[0]).toContain('Approved by adam.');
  });

  it('is posted once more when somebody deleted it, and not a third time', async () => {
    await begin();
    const { id, topic } = await planned();
    const [first] = rig.mine(topic);
    await rig.pretend.as('mod_mia').deletePost(first?.id ?? 0);
    await approved(id);
    const [second, ...more] = rig.mine(topic);
    expect(more).toEqual([]);
    expect(second?.raw).toContain('Approved by adam.');
    await rig.pretend.as('mod_mia').deletePost(second?.id ?? 0);
    await kernel.settle();
    await announce(id);
    expect(rig.raws(topic)).toEqual([]);
    expect(await state(id)).toMatchObject({ gone: 'missing' });
    expect(rig.messages('maria')).toHaveLength(1);
    expect(rig.messages('maria')[0]).toContain('is not there any more');
  });
});

describe('what the forum does not take', () => {
  const told = () => rig.messages('maria').join('\n====\n');

  it.each([
    ['closed', { closed: true }, 'the topic is closed or archived'],
    ['archived', { archived: true }, 'the topic is closed or archived'],
  ] as const)(
    'is put off while the topic is %s; the asker is told once, and how it ended',
    async (_, change, says) => {
      await begin();
      const { id, topic } = await rig.ask(maria, aCapacity());
      rig.pretend.setTopic(topic, change);
      await kernel.settle();
      await announce(id);
      await announce(id);
      expect(rig.raws(topic)).toEqual([]);
      expect(rig.messages('maria')).toHaveLength(1);
      expect(told()).toContain(`I cannot tell you about your request ${id} in its topic: ${says}.`);
      expect(told()).toContain(`in a terminal with \`steward show ${id}\``);
      expect(await state(id)).toMatchObject({ parked: 'parked', parkedWhy: 'closed', tries: 1 });
      expect(await kernel.store.places.stale('discourse', 50)).not.toContain(id);
      await say(adam, `approve ${id}`);
      await kernel.settle();
      expect((await kernel.load(id)).status).toBe('succeeded');
      const refused = rig.writes().filter((one) => one.endsWith('422'));
      await announce(id);
      expect(rig.writes().filter((one) => one.endsWith('422'))).toEqual(refused);
      expect(rig.messages('maria')).toHaveLength(2);
      expect(told()).toContain('Approved by adam.');
      expect(await rig.ours().announcer.due()).not.toContain(id);
      rig.pretend.setTopic(topic, { closed: false, archived: false });
      clock.forward(2 * HOUR);
      expect(await rig.ours().announcer.due()).toContain(id);
      await announce(id);
      expect(rig.raws(topic)).toHaveLength(1);
      expect(rig.raws(topic)[0]).toContain('- [x]');
      expect(await state(id)).not.toHaveProperty('parked');
    },
  );

  it('is tried again with longer and longer pauses', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, aCapacity());
    rig.pretend.setTopic(topic, { closed: true });
    await kernel.settle();
    await announce(id);
    for (const [hours, tries] of [
      [1, 2],
      [1, 2],
      [1, 3],
      [4, 4],
    ] as const) {
      clock.forward(hours * HOUR + 1000);
      await announce(id);
      expect(await state(id)).toMatchObject({ tries });
    }
    expect(rig.messages('maria')).toHaveLength(1);
  });

  it('is dropped for good when the topic is gone, and the asker hears how it ends', async () => {
    await begin();
    const { id, topic } = await planned();
    await rig.pretend.as('mod_mia').deleteTopic(topic);
    await say(adam, `approve ${id}`);
    await kernel.settle();
    await announce(id);
    expect(await state(id)).toMatchObject({ gone: 'missing' });
    expect(told()).toContain('the topic, or my post in it, is not there any more');
    const calls = rig.pretend.callLog().length;
    clock.forward(48 * HOUR);
    await announce(id);
    expect(rig.pretend.callLog()).toHaveLength(calls);
    expect((await kernel.load(id)).status).toBe('succeeded');
  });

  it('is put off while the bot may not write', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, aCapacity());
    await kernel.settle();
    rig.pretend.misbehave({ silenced: true, on: /posts/u });
    await announce(id);
    expect(await state(id)).toMatchObject({ parkedWhy: 'forbidden' });
    expect(told()).toContain('the forum does not let me write there');
    clock.forward(11 * MINUTE);
    await announce(id);
    expect(rig.raws(topic)).toHaveLength(1);
  });

  it('is not posted again while it waits for a moderator, and is found once it is through', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, aCapacity());
    await kernel.settle();
    rig.pretend.misbehave({ enqueue: true });
    await announce(id);
    expect(await state(id)).toMatchObject({ parkedWhy: 'held' });
    clock.forward(6 * MINUTE);
    await announce(id);
    expect(rig.writes().filter((one) => one.startsWith('POST /posts.json'))).toHaveLength(2);
    expect(told()).toContain('until a moderator has looked at it');
    rig.pretend.approveQueued();
    await approved(id);
    clock.forward(HOUR);
    await announce(id);
    clock.forward(11_000);
    expect(await rig.ours().announcer.due()).toContain(id);
    await announce(id);
    clock.forward(11_000);
    expect(await rig.ours().announcer.due()).not.toContain(id);
    expect(rig.raws(topic)).toHaveLength(1);
    expect(rig.raws(topic)[0]).toContain('Approved by adam.');
  });

  it('waits as long as slow mode says', async () => {
    await begin();
    const { id, topic } = await planned();
    rig.pretend.setTopic(topic, { slowModeSeconds: 3600 });
    await carriedOut(id);
    expect(rig.raws(topic)).toHaveLength(1);
    expect(await state(id)).toMatchObject({ parkedWhy: 'slow' });
    clock.forward(2 * HOUR);
    await announce(id);
    expect(rig.raws(topic)).toHaveLength(2);
    expect(rig.raws(topic)[1]).toContain('@maria ');
  });

  it.each(['similar', 'invalid'] as const)(
    'is not tried again at once when the forum finds it %s',
    async (why) => {
      await begin();
      const { id, topic } = await rig.ask(maria, aCapacity());
      await kernel.settle();
      if (why === 'similar') {
        // The very same stands elsewhere already.
        const card = await kernel.desk.card(id);
        if (!card) throw new Error(`no ${id}`);
        const raw = requestPost(card, { bot: 'steward', mayDecideHere: true, mention: '@koji-admins' });
        const elsewhere = { topic: await rig.topic(), replyTo: null, raw, marker: markerOf(id, 'request') };
        await rig.ours().writer.post({ ...elsewhere, urgency: 'answer' });
      } else rig.pretend.misbehave({ method: 'POST', status: 422 });
      await announce(id);
      await announce(id);
      expect(rig.raws(topic)).toEqual([]);
      expect(await state(id)).toMatchObject({ parkedWhy: why, tries: 1 });
      expect(rig.messages('maria')).toHaveLength(1);
      clock.forward(HOUR);
      await announce(id);
      expect(rig.raws(topic)).toHaveLength(1);
    },
  );

  it('fails nothing when nobody can be told either', async () => {
    await begin();
    const { id, topic } = await rig.ask(maria, aCapacity());
    rig.pretend.setTopic(topic, { closed: true });
    rig.names.delete(101);
    await kernel.settle();
    await announce(id);
    expect(rig.log.lines.join('\n')).toContain('an asker was not told');
  });

  it('is shown by an edit and told in private where a fourth post in a row would be refused', async () => {
    await begin({ moderates: false });
    const { id, topic } = await planned();
    for (let n = 0; n < 2; n++)
      await rig.ours().writer.post({
        topic,
        replyTo: null,
        raw: `Something else of ours, number ${n}.`,
        marker: `steward:x:${n}`,
        urgency: 'answer',
      });
    await carriedOut(id);
    await announce(id);
    expect(rig.raws(topic)).toHaveLength(3);
    expect(rig.raws(topic)[0]).toContain('- [x]');
    expect(rig.messages('maria')).toHaveLength(1);
    expect(told()).toContain('Approved by adam.');
    expect(rig.pretend.callLog().filter((call) => call.status === 422)).toEqual([]);
    expect(await seqs(id)).toMatchObject({ shown: (await kernel.load(id)).seq });
  });

  it('comes when somebody else has written, where not even the first post could be', async () => {
    await begin({ moderates: false });
    const topic = await rig.topic();
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push((await rig.ask(maria, aCapacity(), topic)).id);
    await kernel.settle();
    for (const id of ids) await announce(id);
    expect(rig.raws(topic)).toHaveLength(3);
    const last = ids[3] ?? '';
    expect(await state(last)).toMatchObject({ parkedWhy: 'consecutive' });
    await rig.pretend.as('adam').reply(topic, 'I look at all of these now.');
    rig.ours().runs.heard(topic, 5, false);
    clock.forward(3 * MINUTE);
    await announce(last);
    expect(rig.raws(topic)).toHaveLength(4);
    expect(rig.pretend.callLog().filter((call) => call.status === 422)).toEqual([]);
  });
});
