import { describe, expect, it } from 'vitest';
import { createContract, whyNot } from './contract.ts';
import { startRig } from './rig.ts';

const WORDS = 'Could somebody please look at what the build system is doing?';

// The rig holds every request of the other tests to it too.
describe.skipIf(whyNot !== '')(`the description of Discourse's API${whyNot}`, () => {
  const contract = createContract();

  it('knows every request that we make, but for a short list of its own gaps', async () => {
    const rig = await startRig();
    const { forum, sandbox } = rig;
    const { topic, post } = await sandbox.as('maria').topic('A question about builders', WORDS);
    await forum.topics(0, 'look');
    await forum.topics(3, 'look');
    await forum.postsFrom(topic, 1, 'look');
    await forum.postsFrom(topic, 7, 'look');
    await forum.postsById(topic, [post, 4], 'look');
    await forum.latest(null, 'look');
    await forum.latest(1000, 'look');
    await forum.topic(topic, 'look');
    await forum.account('maria', 'look');
    await forum.isGroup('koji-admins', 'look');
    await forum.scopes();
    const written = await forum.reply({ topic, replyTo: 1 }, `${WORDS} Yes.`, 'answer');
    await forum.reply({ topic, replyTo: null }, `${WORDS} No.`, 'answer');
    if (written.kind === 'ok') await forum.edit(written.post, `${WORDS} Done.`, 'it has ended', 'answer');
    await forum.message('maria', 'A message', `${WORDS} Here.`, 'answer');
    const calls = sandbox.callLog();
    expect(calls.map(({ status }) => status)).toEqual(Array(calls.length).fill(200));
    expect(calls).toHaveLength(15);
    expect(calls.flatMap(contract)).toEqual([]);
    await rig.close();
  });

  it('finds what nobody would take', () => {
    const told = [
      { method: 'GET', path: '/nowhere.json' },
      { method: 'GET', path: '/t/5/posts.json?page=2' },
      { method: 'DELETE', path: '/posts.json' },
      { method: 'POST', path: '/posts.json', body: { raw: 5 } },
      { method: 'POST', path: '/posts.json', body: { raw: 'x', whisper: true } },
      { method: 'PUT', path: '/posts/5.json', body: { post: { edit_reason: 'x' } } },
    ].map((one) => contract(one).length);
    expect(told).toEqual([1, 1, 1, 1, 1, 1]);
  });
});
