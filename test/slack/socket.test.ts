import { afterEach, describe, expect, it } from 'vitest';
import { createSlackSocket } from '../../src/slack/socket.ts';
import { type Rig, startRig, textOf } from './rig.ts';

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function begin(): Promise<Rig> {
  rig = await startRig({ front: { mode: 'socket' } });
  const { slack } = rig;
  await expect.poll(() => slack.sockets(), { timeout: 5000 }).toBe(2);
  return rig;
}

describe('Socket Mode', () => {
  it('opens two connections, and takes commands, events, buttons and forms over them', async () => {
    const { slack } = await begin();
    await slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0KOJI');
    const [shown] = await slack.waitFor(
      () => slack.messages('C0ADMINS').length > 0 && slack.messages('C0ADMINS'),
    );
    await slack.as('U0ADAM').press('C0ADMINS', shown?.ts ?? '', 'Deny…');
    const view = await slack.waitFor(() => slack.views('U0ADAM')[0]);
    expect(await slack.as('U0ADAM').submit(view.id, { because: 'no' })).toEqual({ ok: true, errors: {} });
    await slack.waitFor(() => textOf(slack.messages('C0KOJI')).includes('Denied by Adam: no'));
    await slack.as('U0MARIA').say('help', 'dm');
    await slack.waitFor(() => textOf(slack.messages('dm:U0MARIA')).includes('This is what you can ask for.'));
  });

  it('loses nothing while Slack renews its connections', async () => {
    const { slack, heard } = await begin();
    slack.refreshSockets('refresh_requested', 1000);
    for (let n = 0; n < 10; n++) {
      await slack.as('U0MARIA').slash(`help ${n}`, 'C0KOJI');
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await expect.poll(() => new Set(heard.map((one) => one.text)).size, { timeout: 8000 }).toBe(10);
    await expect.poll(() => slack.sockets(), { timeout: 5000 }).toBe(2);
  });

  it('says that nothing was stored when the database is down', async () => {
    const { slack, state } = await begin();
    state.down = true;
    await slack.as('U0MARIA').slash('help', 'C0KOJI');
    await slack.waitFor(() => textOf(slack.ephemerals('U0MARIA')).includes('Nothing was stored'));
  });

  it('survives a token that is revoked, and comes back when it works again', async () => {
    const { slack } = await begin();
    slack.misbehave({ method: 'apps.connections.open', kind: 'error', error: 'invalid_auth', times: 3 });
    slack.refreshSockets('refresh_requested', 10);
    await expect.poll(() => slack.sockets(), { timeout: 10_000 }).toBe(2);
  });

  it('calls out when it hears nothing for too long', async () => {
    const { slack } = await begin();
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const deaf = new Promise<Error>((resolve) => {
      const socket = createSlackSocket({
        appToken: slack.appToken,
        apiUrl: 'http://127.0.0.1:9/api/',
        intake: { take: async () => ({ kind: 'ack' }), disowned: () => false, waiting: () => 0 },
        log,
        now: () => new Date(),
        onDeaf: (error) => void socket.stop().then(() => resolve(error)),
        deafMs: 150,
        helloMs: 100,
      });
      socket.start().catch(() => undefined);
    });
    expect((await deaf).message).toContain('nothing was heard from Slack');
  });
});
