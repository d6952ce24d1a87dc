import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSlack } from '../../sandbox/slack/slack.ts';
import { client, failure, section, start, startBolt } from './slack-rig.ts';

const modal = {
  type: 'modal' as const,
  title: { type: 'plain_text' as const, text: 'Capacity' },
  submit: { type: 'plain_text' as const, text: 'Ask' },
  blocks: [
    {
      type: 'input',
      block_id: 'host',
      label: { type: 'plain_text' as const, text: 'Builder' },
      element: { type: 'plain_text_input' as const, action_id: 'host' },
    },
  ],
};
describe('the pretend Web API', () => {
  it('posts, edits and deletes as the real client calls it', async () => {
    const { slack, web } = await start();
    const posted = await web.chat.postMessage({
      channel: 'C0KOJI',
      text: 'r1',
      blocks: [section('*r1*')],
      metadata: { event_type: 'r', event_payload: { id: 'r1' } },
    });
    const ts = posted.ts ?? '';
    await web.chat.postMessage({ channel: 'C0KOJI', thread_ts: ts, text: 'done' });
    expect(slack.thread('C0KOJI', ts).map((message) => message.text)).toEqual(['r1', 'done']);
    await web.chat.update({ channel: 'C0KOJI', ts, text: 'plain now' });
    expect(slack.messages('C0KOJI')[0]).toMatchObject({
      text: 'plain now',
      blocks: [],
      edited: true,
      metadata: { event_type: 'r' },
    });
    const replies = await web.conversations.replies({ channel: 'C0KOJI', ts, include_all_metadata: true });
    expect(replies.messages?.[0]).toMatchObject({
      reply_count: 1,
      metadata: { event_payload: { id: 'r1' } },
    });
    await web.chat.delete({ channel: 'C0KOJI', ts });
    expect(slack.messages('C0KOJI')).toEqual([]);
  });

  it('says no with HTTP 200 and an error code', async () => {
    const { slack, web } = await start();
    expect(await failure(web.chat.postMessage({ channel: 'C0RANDOM', text: 'x' }))).toBe('not_in_channel');
    expect(await failure(web.chat.postMessage({ channel: 'C0NOPE', text: 'x' }))).toBe('channel_not_found');
    expect(await failure(web.chat.postMessage({ channel: 'C0KOJI', text: '' }))).toBe('no_text');
    expect(await failure(web.chat.update({ channel: 'C0KOJI', ts: '1.2', text: 'x' }))).toBe(
      'message_not_found',
    );
    const theirs = slack.plant({ channel: 'C0KOJI', user: 'U0MARIA', text: 'mine' });
    expect(await failure(web.chat.update({ channel: 'C0KOJI', ts: theirs, text: 'x' }))).toBe(
      'cant_update_message',
    );
    const own = await web.chat.postMessage({ channel: 'C0KOJI', text: 'x' });
    expect(
      await failure(web.chat.update({ channel: 'C0KOJI', ts: own.ts ?? '', text: 'x'.repeat(4001) })),
    ).toBe('msg_too_long');
    expect(await failure(web.conversations.join({ channel: 'C0RANDOM' }))).toBe('missing_scope');
    expect(await failure(client(slack, 'xoxb-wrong').auth.test())).toBe('invalid_auth');
    expect(await failure(client(slack, slack.appToken).auth.test())).toBe('not_allowed_token_type');
    expect(await failure(web.apiCall('no.such'))).toBe('unknown_method');
    const shown = await web.chat.postEphemeral({ channel: 'C0KOJI', user: 'U0MARIA', text: 'only you' });
    expect(await failure(web.chat.update({ channel: 'C0KOJI', ts: shown.message_ts ?? '', text: 'x' }))).toBe(
      'message_not_found',
    );
    expect(await failure(web.chat.postEphemeral({ channel: 'C0ADMINS', user: 'U0MARIA', text: 'x' }))).toBe(
      'user_not_in_channel',
    );
  });

  it('says who is a guest, a bot or from another workspace, and who is in a group', async () => {
    const { web } = await start();
    expect((await web.users.info({ user: 'U0GUEST' })).user?.is_restricted).toBe(true);
    expect((await web.users.info({ user: 'U0STRANGER' })).user?.team_id).toBe('T0OTHER');
    expect((await web.users.info({ user: 'U0STEWARD' })).user?.is_bot).toBe(true);
    expect((await web.usergroups.users.list({ usergroup: 'S0ADMINS' })).users).toEqual([
      'U0ADAM',
      'U0BEA',
      'U0CARL',
    ]);
  });

  it('answers 429 with Retry-After once a tier is used up, per method', async () => {
    const { slack, web } = await start({ rateScale: 0.1 });
    await web.usergroups.users.list({ usergroup: 'S0ADMINS' });
    await web.usergroups.users.list({ usergroup: 'S0ADMINS' });
    const answer = await fetch(`${slack.apiUrl}usergroups.users.list?usergroup=S0ADMINS`, {
      headers: { authorization: `Bearer ${slack.botToken}` },
    });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(20);
    expect((await web.usergroups.list()).ok).toBe(true);
  });

  it('lets a channel have one new message a second after a short burst', async () => {
    let now = Date.now();
    const { web } = await start({ rateScale: 1, now: () => now });
    for (let n = 0; n < 4; n++) await web.chat.postMessage({ channel: 'C0KOJI', text: `${n}` });
    await expect(web.chat.postMessage({ channel: 'C0KOJI', text: 'x' })).rejects.toMatchObject({
      retryAfter: 1,
    });
    await web.chat.postMessage({ channel: 'C0ADMINS', text: 'elsewhere' });
    now += 1000;
    await web.chat.postMessage({ channel: 'C0KOJI', text: 'again' });
  });

  it('tells people of new messages that mention them, and never of edits', async () => {
    const { slack, web } = await start();
    const posted = await web.chat.postMessage({ channel: 'C0KOJI', text: 'a request' });
    await web.chat.update({ channel: 'C0KOJI', ts: posted.ts ?? '', text: 'done, <@U0MARIA>' });
    await web.chat.postMessage({ channel: 'C0KOJI', text: 'for <@U0ADAM>', blocks: [section('no mention')] });
    expect(slack.pings('U0MARIA')).toEqual([]);
    expect(slack.pings('U0ADAM')).toEqual([]);
    await web.chat.postMessage({ channel: 'C0ADMINS', text: '<!subteam^S0ADMINS> please' });
    expect(slack.pings('U0BEA')).toMatchObject([{ why: 'group', channel: 'C0ADMINS' }]);
    await web.chat.postMessage({ channel: 'C0KOJI', thread_ts: posted.ts ?? '', text: 'done, <@U0MARIA>' });
    expect(slack.pings('U0MARIA')).toMatchObject([{ why: 'mention' }]);
  });

  it('misbehaves when told to: does it and loses the answer', async () => {
    const { slack, web } = await start();
    slack.misbehave({ method: 'chat.postMessage', kind: 'lose-answer' });
    await expect(web.chat.postMessage({ channel: 'C0KOJI', text: 'once' })).rejects.toThrow();
    expect(slack.messages('C0KOJI')).toHaveLength(1);
    slack.misbehave({ method: '*', kind: '500' });
    await expect(web.auth.test()).rejects.toThrow();
    slack.misbehave({ method: 'auth.test', kind: '429', retryAfter: 7 });
    await expect(web.auth.test()).rejects.toMatchObject({ retryAfter: 7 });
    expect((await web.auth.test()).user_id).toBe('U0STEWARD');
  });

  it('remembers messages over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slack-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const statePath = join(folder, 'deep', 'slack.json');
    const first = await startSlack({ statePath });
    await client(first).chat.postMessage({
      channel: 'U0MARIA',
      text: 'still here',
      blocks: [section('still here')],
    });
    await first.close();
    const { slack, web } = await start({ statePath });
    expect(slack.messages('dm:U0MARIA')).toMatchObject([
      { text: 'still here', blocks: [{ type: 'section' }] },
    ]);
    expect(slack.botToken).toBe(first.botToken);
    expect(Number((await web.chat.postMessage({ channel: 'C0KOJI', text: 'x' })).ts)).toBeGreaterThan(
      Number(slack.messages('dm:U0MARIA')[0]?.ts),
    );
  });
});

describe('modals', () => {
  it('open once, within three seconds of the press', async () => {
    let now = Date.now();
    const { slack, web } = await start({ now: () => now });
    const triggers: string[] = [];
    await startBolt(slack, (app) => {
      app.command(/.*/, async ({ ack, command }) => {
        triggers.push(command.trigger_id);
        await ack();
      });
    });
    await slack.as('U0MARIA').slash('/koji builder capacity', 'C0KOJI');
    await slack.as('U0MARIA').slash('/koji builder capacity', 'C0KOJI');
    const [first = '', second = ''] = triggers;
    await web.views.open({ trigger_id: first, view: modal });
    expect(await failure(web.views.open({ trigger_id: first, view: modal }))).toBe('exchanged_trigger_id');
    expect(await failure(web.views.open({ trigger_id: 'x', view: modal }))).toBe('invalid_trigger_id');
    now += 3001;
    expect(await failure(web.views.open({ trigger_id: second, view: modal }))).toBe('expired_trigger_id');
    expect(slack.views('U0MARIA')).toHaveLength(1);
  });

  it('show the errors of a submission and close when it is taken', async () => {
    const { slack } = await start();
    await startBolt(slack, (app) => {
      app.command('/koji', async ({ ack, client: web, command }) => {
        await ack();
        await web.views.open({ trigger_id: command.trigger_id, view: { ...modal, callback_id: 'ask' } });
      });
      app.view('ask', async ({ ack, view }) => {
        const host = view.state.values.host?.host?.value ?? '';
        await (host === 'builder2'
          ? ack()
          : ack({ response_action: 'errors', errors: { host: 'No such builder.' } }));
      });
    });
    const maria = slack.as('U0MARIA');
    await maria.slash('builder capacity', 'C0KOJI');
    const view = await slack.waitFor(() => slack.views('U0MARIA')[0]);
    expect((await maria.submit(view.id, {})).errors).toEqual({
      host: 'Please complete this required field.',
    });
    expect((await maria.submit(view.id, { host: 'bilder' })).errors).toEqual({ host: 'No such builder.' });
    expect(await maria.submit(view.id, { host: 'builder2' })).toEqual({ ok: true, errors: {} });
    expect(slack.views('U0MARIA')).toEqual([]);
  });
});

describe('views', () => {
  it('stack three deep, keep a hash, and a Home is published for one person', async () => {
    const { slack, web } = await start();
    const triggers: string[] = [];
    await startBolt(slack, (app) => {
      app.shortcut('ask', async ({ ack, shortcut }) => {
        triggers.push(shortcut.trigger_id);
        await ack();
      });
      app.event('app_home_opened', async ({ event, client: home }) => {
        await home.views.publish({
          user_id: event.user,
          view: {
            type: 'home',
            blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'Nothing waits.' } }],
          },
        });
      });
    });
    const maria = slack.as('U0MARIA');
    for (let n = 0; n < 4; n++) await maria.shortcut('ask');
    const [first = '', second = '', third = '', fourth = ''] = triggers;
    const opened = await web.views.open({ trigger_id: first, view: modal });
    await web.views.push({ trigger_id: second, view: modal });
    await web.views.push({ trigger_id: third, view: modal });
    expect(await failure(web.views.push({ trigger_id: fourth, view: modal }))).toBe('push_limit_reached');
    const at = { view_id: opened.view?.id ?? '', view: { ...modal, callback_id: 'new' } };
    expect(await failure(web.views.update({ ...at, hash: '1.nope' }))).toBe('hash_conflict');
    await web.views.update({ ...at, hash: opened.view?.hash ?? '' });
    expect(await failure(web.views.update({ view_id: 'V0NOPE', view: modal }))).toBe('not_found');
    expect(slack.views('U0MARIA').map((view) => view.body.callback_id)).toEqual([
      'new',
      undefined,
      undefined,
    ]);
    await maria.openHome();
    await slack.waitFor(() => slack.home('U0MARIA'));
    expect(slack.home('U0ADAM')).toBeNull();
  });
});
