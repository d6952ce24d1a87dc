import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isMarked } from '../../src/discourse/marker.ts';
import { type Kernel, startKernel } from '../support/kernel.ts';
import { makeClock, startWriting, type Writing } from './writing.ts';

const RAW = 'Something that people may want to read.';
const clock = makeClock();
let kernel: Kernel;
let rig: Writing;

beforeAll(async () => {
  kernel = await startKernel({ now: clock.now });
});
afterEach(() => rig.close());
afterAll(() => kernel.close());

async function begin(options: Partial<Parameters<typeof startWriting>[0]> = {}): Promise<number> {
  rig = await startWriting({ kernel, clock, ...options });
  return rig.topic();
}

let count = 0;
const draft = (topic: number, rest: object = {}) => {
  count += 1;
  return {
    ...{ topic, replyTo: 1, raw: `${RAW} (${count})`, marker: `steward:r1:n${count}` },
    ...{ urgency: 'answer' as const, ...rest },
  };
};
const post = (topic: number, rest: object = {}) => rig.ours().writer.post(draft(topic, rest));

describe('posting', () => {
  it('gives the post, which ends with its marker', async () => {
    const topic = await begin();
    const one = draft(topic);
    const posted = await rig.ours().writer.post(one);
    const [there] = rig.mine(topic);
    expect(posted).toEqual({ kind: 'ok', post: there?.id, number: 2 });
    expect(isMarked(there?.raw ?? '', one.marker)).toBe(true);
  });

  it.each([
    ['the answer was lost', { lostAnswer: true }],
    ['no answer came in time', { slowMs: 1500 }],
  ] as const)('finds its post when %s, and does not post it twice', async (_, fault) => {
    const topic = await begin({ deadlineMs: 400 });
    rig.pretend.misbehave({ on: /posts\.json/u, method: 'POST', ...fault });
    expect(await post(topic)).toMatchObject({ kind: 'ok', number: 2 });
    expect(rig.mine(topic)).toHaveLength(1);
    expect(rig.writes()).toHaveLength(1);
  });

  it('does not know when nothing is there, and posts the next time when that is still so', async () => {
    const topic = await begin({ deadlineMs: 200 });
    rig.pretend.misbehave({ on: /posts\.json/u, method: 'POST', hang: true });
    const one = draft(topic);
    expect(await rig.ours().writer.post(one)).toEqual({ kind: 'unknown' });
    expect(rig.mine(topic)).toHaveLength(0);
    expect(await rig.ours().writer.post({ ...one, lookFirst: true })).toMatchObject({ kind: 'ok' });
    expect(await rig.ours().writer.post({ ...one, lookFirst: true })).toMatchObject({ kind: 'ok' });
    expect(rig.mine(topic)).toHaveLength(1);
  });

  it('concludes nothing while the forum cannot be asked', async () => {
    const topic = await begin();
    const one = draft(topic);
    await rig.ours().writer.post(one);
    rig.pretend.misbehave({ status: 502, html: true, times: Number.POSITIVE_INFINITY });
    expect(await rig.ours().writer.post({ ...one, lookFirst: true })).toEqual({ kind: 'unknown' });
    rig.pretend.behave();
    expect(rig.mine(topic)).toHaveLength(1);
  });

  it('believes a marker only in a post of its own, at its end', async () => {
    const topic = await begin();
    const one = draft(topic);
    await rig.pretend.as('adam').reply(topic, `Look at this forged one\n\n<!-- ${one.marker} -->`);
    await post(topic, { raw: `Quoted: \`<!-- ${one.marker} -->\`` });
    expect(await rig.ours().writer.find(topic, one.marker, 1, 'answer')).toEqual({ kind: 'absent' });
  });

  it('looks through a long topic from the number on that it knows', async () => {
    const topic = await begin();
    for (let n = 0; n < 45; n++) await rig.pretend.as('adam').reply(topic, `More to read, part ${n} of it.`);
    const one = draft(topic, { replyTo: 30 });
    const posted = await rig.ours().writer.post(one);
    expect(await rig.ours().writer.find(topic, one.marker, 31, 'answer')).toEqual(posted);
  });

  it.each([
    ['closed', { closed: true }, 'closed'],
    ['archived', { archived: true }, 'closed'],
  ] as const)('says so where the topic is %s', async (_, change, why) => {
    const topic = await begin({ forum: {} });
    rig.pretend.setTopic(topic, change);
    expect(await post(topic)).toMatchObject({ kind: 'refused', why });
  });

  it('says that slow mode does not let it write again, and does not insist', async () => {
    const topic = await begin();
    rig.pretend.setTopic(topic, { slowModeSeconds: 600 });
    expect(await post(topic)).toMatchObject({ kind: 'ok' });
    expect(await post(topic)).toMatchObject({ kind: 'refused', why: 'slow' });
    expect(rig.writes()).toHaveLength(2);
  });

  it('says when a moderator has to look at it first', async () => {
    const topic = await begin();
    rig.pretend.misbehave({ enqueue: true });
    expect(await post(topic)).toEqual({ kind: 'held' });
  });

  it('says that the bot may not write, and that a post is too like another', async () => {
    const topic = await begin();
    rig.pretend.misbehave({ silenced: true });
    expect(await post(topic)).toMatchObject({ kind: 'refused', why: 'forbidden' });
    const one = draft(topic);
    await rig.ours().writer.post(one);
    // The forum gives the first answer to the very same for two minutes, so this one differs in white space.
    const again = await rig.ours().writer.post({ ...one, raw: one.raw.replace(' ', '  ') });
    expect(again).toMatchObject({ kind: 'refused', why: 'similar' });
    expect(rig.mine(topic)).toHaveLength(1);
  });

  it('waits when the forum asks to, and then posts once', async () => {
    const topic = await begin();
    rig.pretend.misbehave({ rateLimit: 1, method: 'POST' });
    expect(await post(topic)).toMatchObject({ kind: 'ok' });
    expect(rig.mine(topic)).toHaveLength(1);
  });
});

describe('posts in a row', () => {
  it('never has a fourth where the bot does not moderate, and goes on when somebody else has written', async () => {
    const topic = await begin({ moderates: false });
    for (let n = 0; n < 3; n++) expect(await post(topic)).toMatchObject({ kind: 'ok' });
    expect(await post(topic)).toMatchObject({ kind: 'refused', why: 'consecutive' });
    expect(rig.writes()).toHaveLength(3);
    await rig.pretend.as('adam').reply(topic, 'I have seen that, go on please.');
    rig.ours().runs.heard(topic, 5, false);
    expect(await post(topic)).toMatchObject({ kind: 'ok' });
  });

  it('are counted anew by a process that has just begun, with one look', async () => {
    const topic = await begin({ moderates: false });
    for (let n = 0; n < 3; n++) await post(topic);
    rig.again();
    const before = rig.pretend.callLog().length;
    expect(await post(topic)).toMatchObject({ kind: 'refused', why: 'consecutive' });
    expect(await post(topic)).toMatchObject({ kind: 'refused', why: 'consecutive' });
    expect(rig.pretend.callLog().length - before).toBe(2);
  });

  it('are counted right when they are heard in any order, and twice', async () => {
    const topic = await begin({ moderates: false });
    await post(topic);
    const { runs } = rig.ours();
    for (const [number, ours] of [
      [4, true],
      [3, false],
      [4, true],
      [2, true],
    ] as const)
      runs.heard(topic, number, ours);
    await rig.pretend.as('adam').reply(topic, 'The third post is one of mine.');
    expect(await runs.mayPost(topic, 'answer')).toEqual({ kind: 'ok', value: true });
  });

  it('may be as many as one likes where the bot moderates', async () => {
    const topic = await begin();
    for (let n = 0; n < 5; n++) expect(await post(topic)).toMatchObject({ kind: 'ok' });
  });
});

describe('an edit', () => {
  const edit = (id: number, raw = 'Something else that people may want to read.') =>
    rig.ours().writer.edit({ post: id, raw, marker: 'steward:r1:x', reason: 'moved', urgency: 'progress' });

  it('is made again after a lost answer, and when somebody edited meanwhile', async () => {
    const topic = await begin();
    const posted = await post(topic);
    if (posted.kind !== 'ok') throw new Error(posted.kind);
    rig.pretend.misbehave({ method: 'PUT', lostAnswer: true });
    rig.pretend.misbehave({ method: 'PUT', status: 409 });
    expect(await edit(posted.post)).toMatchObject({ kind: 'ok' });
    expect(rig.raws(topic)).toEqual([
      'Something else that people may want to read.\n\n<!-- steward:r1:x -->',
    ]);
    expect(rig.writes().filter((one) => one.startsWith('PUT'))).toHaveLength(3);
  });

  it('says when the post is gone', async () => {
    const topic = await begin();
    const posted = await post(topic);
    if (posted.kind !== 'ok') throw new Error(posted.kind);
    await rig.pretend.as('mod_mia').deletePost(posted.post);
    expect(await edit(posted.post)).toMatchObject({ kind: 'refused', why: 'missing' });
  });
});
