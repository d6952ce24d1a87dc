import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import type { Card } from '../../src/core/card.ts';
import type { Desk } from '../../src/core/desk.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { cardOf } from '../support/cards.ts';
import { keepLog } from '../support/log.ts';
import { QUICK, type Rig, type RigOptions, startRig, textOf } from './rig.ts';
import { smallDesk } from './small-desk.ts';

const SCOPES = ['commands', 'chat:write', 'im:write', 'users:read', 'usergroups:read', 'channels:history'];

let rig: Rig;
afterEach(() => rig.close());

function answered(bytes: number): Card {
  return cardOf({
    id: 'r43',
    title: 'Log of r42: mrepo on mirror1',
    status: 'answered',
    steps: [],
    actions: [],
    notice: null,
    decideRoles: [],
    answer: {
      kind: 'answer',
      title: 'Log of r42: mrepo on mirror1',
      verdict: 'warn',
      file: {
        name: 'r42-mrepo.txt',
        bytes,
        last: 'rsync error: timeout',
        elsewhere: 'on mirror1 in /var/lib/steward-jobs/mrepo/runs/r42-ab/log',
        line: 'log r42',
      },
    },
  });
}

/** Slack, and a desk that answers whatever is said with this text as a file; null: it is kept no longer. */
async function begin(text: string | null, options: RigOptions = {}): Promise<void> {
  const card = answered(text?.length ?? 5);
  const desk: Desk = {
    ...smallDesk().desk,
    say: async () => ({ kind: 'request', id: card.id, isNew: true, queued: true }),
    card: async () => card,
  };
  const files = { get: async () => (text === null ? null : gzipSync(text)) };
  rig = await startRig({ ...options, front: { desk, files, ...options.front } });
}

const ask = (channel = 'C0KOJI') => rig.slack.as('U0MARIA').slash('/koji log r42', channel);
const thread = (channel = 'C0KOJI') => {
  const [first] = rig.slack.messages(channel);
  return first ? rig.slack.thread(channel, first.ts) : [];
};
const shared = (channel?: string) => thread(channel).flatMap((message) => message.files ?? []);
const calls = (method: string) => rig.slack.callLog().filter((call) => call.method === method).length;

it('gives the text of an answer as a file in the thread of its message, once', async () => {
  await begin('line\n'.repeat(1000));
  await ask();
  await rig.slack.waitFor(() => shared().length > 0);
  await rig.front().idle();
  for (let again = 0; again < 3; again++) await rig.front().announce('r43');
  const [file, another] = shared();
  expect(another).toBeUndefined();
  expect(file).toMatchObject({
    name: 'r42-mrepo.txt',
    title: 'Log of r42: mrepo on mirror1 (r43)',
    size: 5000,
    mimetype: 'text/plain',
  });
  expect(rig.slack.file(file?.id ?? '')?.bytes.toString()).toBe('line\n'.repeat(1000));
  expect(textOf(thread()[0]?.blocks)).toContain('rsync error: timeout');
});

it('gives a long text compressed', async () => {
  const text = 'a line of a log\n'.repeat(100_000);
  await begin(text);
  await ask();
  const [file] = await rig.slack.waitFor(() => shared().length > 0 && shared());
  expect(file).toMatchObject({ name: 'r42-mrepo.txt.gz', mimetype: 'application/octet-stream' });
  expect(gunzipSync(rig.slack.file(file?.id ?? '')?.bytes ?? '').toString()).toBe(text);
});

it('gives it in a direct message where it is not in the channel', async () => {
  await begin('text\n');
  await ask('C0RANDOM');
  await rig.slack.waitFor(() => shared('dm:U0MARIA').length > 0);
  expect(shared('C0RANDOM')).toEqual([]);
});

/** One reply says why, and where the text is; however often it is announced. */
async function saysWhy(why: string): Promise<void> {
  await ask();
  const said = await rig.slack.waitFor(() => thread()[1]);
  expect(said.text).toContain(why);
  expect(said.text).toContain('on mirror1 in /var/lib/steward-jobs/mrepo/runs/r42-ab/log');
  expect(said.text).toContain('`steward ask log r42` prints it');
  await rig.front().idle();
  await rig.front().announce('r43');
  expect(thread()).toHaveLength(2);
}

it('says where the text is where the app lacks the scope', async () => {
  await begin('text\n', { slack: { scopes: SCOPES } });
  await saysWhy('its scope files:write is missing');
});

it.each(['files.getUploadURLExternal', 'files.completeUploadExternal'])(
  'says where the text is where Slack refuses %s',
  async (method) => {
    await begin('text\n');
    rig.slack.misbehave({ method, kind: 'error', error: 'file_uploads_disabled' });
    await saysWhy('Slack says file_uploads_disabled');
  },
);

it('gives up when it does not get through for ten minutes', async () => {
  const clock = { at: Date.now() };
  await begin('text\n', { front: { now: () => new Date(clock.at) } });
  rig.slack.misbehave({ method: 'upload', kind: '500', times: 2 });
  await ask();
  await expect.poll(() => rig.logged.some((one) => String(one.about?.error).includes('500'))).toBe(true);
  clock.at += 11 * 60_000;
  await rig.front().announce('r43');
  expect(thread()[1]?.text).toContain('it does not get through to Slack');
});

it('says so where the text is kept no longer', async () => {
  await begin(null);
  await ask();
  const said = await rig.slack.waitFor(() => thread()[1]);
  expect(said.text).toContain('it was kept for a day, and that is over');
});

it('says so after a stop that came while that waited for its turn', async () => {
  await begin(null, { front: { limits: { ...QUICK, postGapMs: 3_600_000 } } });
  await ask();
  await rig.slack.waitFor(() => thread()[0]);
  await rig.front().stop();
  expect(thread()[1]).toBeUndefined();
  await rig.crash();
  await rig.front().announce('r43');
  expect(thread()[1]?.text).toContain('it was kept for a day');
});

it('does not give it a second time when Slack’s answer was lost', async () => {
  await begin('text\n');
  rig.slack.misbehave({ method: 'files.completeUploadExternal', kind: 'lose-answer' });
  await ask();
  await rig.slack.waitFor(() => shared().length > 0);
  await rig.front().idle();
  await rig.crash();
  await rig.front().announce('r43');
  expect(shared()).toHaveLength(1);
  expect(calls('files.completeUploadExternal')).toBe(1);
});

it('gives it once where two web processes come to it in the same moment', async () => {
  const database = await openDatabase({ dir: ':memory:', log: keepLog() });
  await begin('text\n', { front: { locks: createStore(database).locks } });
  const one = rig.front();
  await rig.crash();
  const two = rig.front();
  await rig.places.add('r43', { kind: 'slack', where: 'C0KOJI', purpose: 'origin' });
  // Its message is there, and the file is not.
  rig.slack.misbehave({ method: 'upload', kind: '500' });
  await one.announce('r43').catch(() => undefined);
  for (let again = 0; again < 3; again++)
    await Promise.allSettled([one.announce('r43'), two.announce('r43')]);
  await one.stop();
  await database.close();
  expect(rig.slack.messages('C0KOJI')).toHaveLength(1);
  expect(shared()).toHaveLength(1);
});

it('tries again when the bytes did not get through', async () => {
  await begin('text\n');
  rig.slack.misbehave({ method: 'upload', kind: '500' });
  await ask();
  await expect.poll(() => rig.logged.some((one) => String(one.about?.error).includes('500'))).toBe(true);
  expect(shared()).toEqual([]);
  await rig.front().announce('r43');
  expect(shared()).toHaveLength(1);
});
