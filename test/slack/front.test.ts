import { afterEach, describe, expect, it } from 'vitest';
import { QUICK, type Rig, type RigOptions, startRig, textOf } from './rig.ts';

let rig: Rig;
async function begin(options?: RigOptions): Promise<Rig> {
  rig = await startRig(options);
  return rig;
}
afterEach(() => rig.close());

const last = <T>(list: readonly T[]): T | undefined => list[list.length - 1];
const buttons = (value: unknown) => (textOf(value).match(/steward:(?:approve|deny)/gu) ?? []).length;

/** Maria asks for a capacity in #koji; waits until both copies show. */
async function asked(): Promise<{ inKoji: string; inAdmins: string }> {
  await rig.slack.as('U0MARIA').slash('/koji builder capacity builder2 8', 'C0KOJI');
  const koji = await rig.slack.waitFor(() => last(rig.slack.messages('C0KOJI')));
  const admins = await rig.slack.waitFor(() => last(rig.slack.messages('C0ADMINS')));
  return { inKoji: koji.ts, inAdmins: admins.ts };
}
const message = (channel: string, ts: string) => rig.slack.messages(channel).find((one) => one.ts === ts);

describe('a request in Slack', () => {
  it('is shown where it was asked and to the approvers, with buttons in both', async () => {
    await begin();
    const { inKoji, inAdmins } = await asked();
    expect(textOf(message('C0KOJI', inKoji))).toContain('Waits for the yes of an admin.');
    expect(buttons(message('C0KOJI', inKoji)?.blocks)).toBe(2);
    expect(buttons(message('C0ADMINS', inAdmins)?.blocks)).toBe(2);
    expect(rig.heard[0]).toMatchObject({
      who: 'maria',
      place: { kind: 'slack', where: 'C0KOJI', purpose: 'origin' },
    });
  });

  it('loses its buttons everywhere at once when somebody decides', async () => {
    await begin();
    const { inKoji, inAdmins } = await asked();
    await rig.slack.as('U0ADAM').press('C0ADMINS', inAdmins, 'Approve');
    await rig.slack.waitFor(() => textOf(message('C0KOJI', inKoji)).includes('Approved by Adam.'));
    await rig.slack.waitFor(() => textOf(message('C0ADMINS', inAdmins)).includes('Approved by Adam.'));
    expect(buttons(rig.slack.messages('C0KOJI'))).toBe(0);
    expect(buttons(rig.slack.messages('C0ADMINS'))).toBe(0);
    await rig.slack.waitFor(() => textOf(rig.slack.ephemerals('U0ADAM')).includes('approve taken'));
  });

  it('calls the admins by name in their channel, so that a phone rings', async () => {
    await begin();
    await asked();
    await rig.slack.waitFor(() => rig.slack.pings('U0ADAM').some((ping) => ping.channel === 'C0ADMINS'));
    expect(rig.slack.pings('U0MARIA')).toEqual([]);
  });

  it('keeps its buttons when the press was not allowed, and tells the one who pressed', async () => {
    await begin();
    const { inKoji } = await asked();
    await rig.slack.as('U0MARIA').press('C0KOJI', inKoji, 'Approve');
    await rig.slack.waitFor(() => textOf(rig.slack.ephemerals('U0MARIA')).includes('it takes an admin'));
    await rig.front().idle();
    await rig.slack.waitFor(() => buttons(message('C0KOJI', inKoji)?.blocks) === 2);
  });

  it('asks for the reason before it is denied, and passes it on', async () => {
    await begin();
    const { inAdmins, inKoji } = await asked();
    await rig.slack.as('U0ADAM').press('C0ADMINS', inAdmins, 'Deny…');
    const view = await rig.slack.waitFor(() => last(rig.slack.views('U0ADAM')));
    expect(view.body.private_metadata).toBe(
      JSON.stringify({ where: `C0ADMINS/${inAdmins}`, request: 'r1', plan: 1, verb: 'deny' }),
    );
    await rig.slack.as('U0ADAM').submit(view.id, { because: 'it is being replaced' });
    await rig.slack.waitFor(() =>
      textOf(message('C0KOJI', inKoji)).includes('Denied by Adam: it is being replaced'),
    );
    expect(rig.slack.views('U0ADAM')).toEqual([]);
  });

  it('mentions the asker in the thread once when it ends, however often it is announced', async () => {
    await begin();
    const { inKoji, inAdmins } = await asked();
    rig.move('r1', 'running', 'Running.');
    await rig.front().announce('r1');
    expect(rig.slack.thread('C0KOJI', inKoji).length).toBe(1);
    rig.move('r1', 'succeeded', 'Done.');
    await Promise.all([rig.front().announce('r1'), rig.front().announce('r1')]);
    await rig.front().announce('r1');
    await rig.crash();
    await rig.front().announce('r1');
    const [, ...replies] = rig.slack.thread('C0KOJI', inKoji);
    expect(replies.map((one) => one.text)).toEqual(['<@U0MARIA> builder capacity builder2 8 (r1): Done.']);
    expect(rig.slack.pings('U0MARIA').some((ping) => ping.why === 'mention')).toBe(true);
    expect(rig.slack.thread('C0ADMINS', inAdmins).length).toBe(1);
    expect(rig.slack.messages('C0KOJI').length).toBe(1);
  });

  it('tells its end after a stop that came while the news waited for its turn', async () => {
    // The second post in a channel waits longer than any test.
    await begin({ front: { limits: { ...QUICK, postGapMs: 3_600_000 } } });
    const { inKoji } = await asked();
    rig.move('r1', 'succeeded', 'Done.');
    const handed = rig.front().announce('r1');
    await rig.slack.waitFor(() => textOf(message('C0KOJI', inKoji)).includes('Done.'));
    await rig.front().stop();
    await handed;
    expect(rig.slack.thread('C0KOJI', inKoji).length).toBe(1);
    await rig.crash();
    await rig.front().announce('r1');
    const [, ...replies] = rig.slack.thread('C0KOJI', inKoji);
    expect(replies.map((one) => one.text)).toEqual(['<@U0MARIA> builder capacity builder2 8 (r1): Done.']);
    expect(await rig.places.stale('slack', 10)).toEqual([]);
  });

  it('is posted once when the answer to the post was lost', async () => {
    await begin();
    rig.slack.misbehave({ method: 'chat.postMessage', kind: 'lose-answer', times: 2 });
    await asked();
    await rig.front().idle();
    await rig.slack.waitFor(
      () => buttons(message('C0KOJI', last(rig.slack.messages('C0KOJI'))?.ts ?? '')) === 2,
    );
    expect(rig.slack.messages('C0KOJI').length).toBe(1);
    expect(rig.slack.messages('C0ADMINS').length).toBe(1);
    rig.move('r1', 'succeeded', 'Done.');
    rig.slack.misbehave({ method: 'chat.postMessage', kind: 'lose-answer' });
    await rig.front().announce('r1');
    await rig.front().announce('r1');
    const [first] = rig.slack.messages('C0KOJI');
    expect(textOf(first)).toContain('Done.');
    expect(rig.slack.thread('C0KOJI', first?.ts ?? '').length).toBe(2);
  });

  it('is posted once when the process died between the post and its record', async () => {
    await begin();
    const forget = rig.places.shown;
    let dead = false;
    rig.places.shown = async (request, where, state, seq) => {
      if (state.ts !== undefined) dead = true;
      if (!dead) await forget(request, where, state, seq);
    };
    await rig.slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0KOJI');
    await rig.slack.waitFor(() => rig.slack.messages('C0KOJI').length === 1);
    await rig.front().idle();
    rig.places.shown = forget;
    await rig.crash();
    await rig.front().announce('r1');
    expect(rig.slack.messages('C0KOJI').length).toBe(1);
    expect(rig.slack.messages('C0ADMINS').length).toBe(1);
    const shown = await rig.places.of('r1');
    expect(shown.every((place) => place.state.ts !== undefined)).toBe(true);
  });

  it('gets a new message when somebody deleted the old one', async () => {
    await begin();
    const { inKoji } = await asked();
    await fetch(`${rig.slack.apiUrl}chat.delete`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.slack.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: 'C0KOJI', ts: inKoji }),
    });
    rig.move('r1', 'succeeded', 'Done.');
    await rig.front().announce('r1');
    expect(textOf(rig.slack.messages('C0KOJI'))).toContain('Done.');
  });

  it('goes to the asker directly, and says so, where the bot is not in the channel', async () => {
    await begin();
    await rig.slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0RANDOM');
    const there = await rig.slack.waitFor(() => last(rig.slack.messages('dm:U0MARIA')));
    expect(textOf(there)).toContain('I am not in the channel where you asked');
    rig.move('r1', 'succeeded', 'Done.');
    await rig.front().announce('r1');
    expect(textOf(rig.slack.messages('dm:U0MARIA'))).toContain('Done.');
  });

  it('is drawn with a plain table where Slack refuses the table block', async () => {
    await begin();
    await asked();
    const card = rig.desk.card;
    rig.desk.card = async (id) => {
      const drawn = await card(id);
      return (
        drawn && {
          ...drawn,
          seq: 9,
          answer: {
            kind: 'answer',
            title: 'Two',
            verdict: 'ok',
            table: { columns: ['host'], rows: [['b1']] },
          },
        }
      );
    };
    rig.slack.misbehave({ method: 'chat.update', kind: 'error', error: 'invalid_blocks', times: 2 });
    await rig.front().announce('r1');
    expect(textOf(rig.slack.messages('C0KOJI'))).toContain('```host\nb1```');
  });
});

describe('speaking to the bot', () => {
  it('answers a mention in its thread, and knows which request the thread is about', async () => {
    await begin();
    const { inAdmins } = await asked();
    await rig.slack.as('U0ADAM').say('@steward approve', 'C0ADMINS', inAdmins);
    await rig.slack.waitFor(() => textOf(rig.slack.messages('C0ADMINS')).includes('Approved by Adam.'));
    expect(last(rig.heard)).toMatchObject({
      text: 'approve',
      here: 'r1',
      place: { where: `C0ADMINS/${inAdmins}` },
    });
  });

  it('takes no yes that is quoted, or hangs on something that is said before it', async () => {
    await begin();
    const { inAdmins } = await asked();
    const adam = rig.slack.as('U0ADAM');
    for (const text of [
      '> @steward approve r1',
      'do not say @steward approve',
      'if bea agrees, @steward approve r1',
    ]) {
      const count = rig.heard.length;
      await adam.say(text, 'C0ADMINS', inAdmins);
      await rig.slack.waitFor(() => rig.heard.length > count);
    }
    expect(rig.heard.slice(-3).map(({ lead }) => lead)).toEqual(['&gt; ', 'do not say ', 'if bea agrees, ']);
  });

  it('shows a request that was asked by mention in the thread where it was asked', async () => {
    await begin();
    const ts = await rig.slack.as('U0MARIA').say('please @steward builder capacity builder2 8', 'C0KOJI');
    await rig.slack.waitFor(() => rig.slack.thread('C0KOJI', ts).length === 2);
    expect(rig.slack.messages('C0KOJI').length).toBe(1);
  });

  it('talks in a direct message without being mentioned', async () => {
    await begin();
    await rig.slack.as('U0MARIA').say('koji help', 'dm');
    await rig.slack.waitFor(() =>
      textOf(rig.slack.messages('dm:U0MARIA')).includes('This is what you can ask for.'),
    );
    expect(last(rig.heard)?.text).toBe('help');
  });

  it('opens a form for what is missing, shows what is wrong in it, and takes it when it is right', async () => {
    await begin();
    const maria = rig.slack.as('U0MARIA');
    await maria.slash('builder capacity builder2', 'C0KOJI');
    const view = await rig.slack.waitFor(() => last(rig.slack.views('U0MARIA')));
    const wrong = await maria.submit(view.id, { host: 'builder2', capacity: '0' });
    expect(wrong).toEqual({ ok: false, errors: { 'field:capacity': 'must be above 1' } });
    expect(await maria.submit(view.id, { host: 'builder2', capacity: '8' })).toEqual({
      ok: true,
      errors: {},
    });
    await rig.slack.waitFor(() => rig.slack.messages('C0KOJI').length === 1);
  });

  it('answers an unknown word with what to try', async () => {
    await begin();
    await rig.slack.as('U0MARIA').slash('bilder', 'C0RANDOM');
    await rig.slack.waitFor(() =>
      textOf(rig.slack.ephemerals('U0MARIA')).includes('I do not know “bilder”.'),
    );
  });

  it('shows a request again without buttons, with a link to where they are', async () => {
    await begin();
    await asked();
    await rig.slack.as('U0MARIA').slash('show r1', 'C0KOJI');
    const shown = await rig.slack.waitFor(() => last(rig.slack.ephemerals('U0MARIA')));
    expect(textOf(shown)).toMatch(/\|r1 is decided on here>/u);
    expect(buttons(shown)).toBe(0);
  });

  it('says to who asks for what is asked for already that it is, and shows that one', async () => {
    await begin();
    await asked();
    const { say } = rig.desk;
    const says = 'You asked for this already, as r1: it waits for the yes of 1 admin.';
    rig.desk.say = async (said) => ({ ...(await say({ ...said, text: 'show r1' })), says });
    await rig.slack.as('U0MARIA').slash('/koji builder capacity builder2 8', 'C0KOJI');
    await rig.slack.waitFor(() => textOf(rig.slack.ephemerals('U0MARIA')).includes(says));
    expect(buttons(rig.slack.ephemerals('U0MARIA'))).toBe(0);
    expect(rig.slack.messages('C0KOJI').length).toBe(1);
    // Where it was not seen yet it is shown, and that is said beside it.
    await rig.slack.as('U0MARIA').say('builder capacity builder2 8', 'dm');
    await rig.slack.waitFor(() => textOf(rig.slack.messages('dm:U0MARIA')).includes(says));
    expect(buttons(rig.slack.messages('dm:U0MARIA'))).toBe(2);
  });

  it('turns a message into a request through the shortcut', async () => {
    await begin();
    const ts = rig.slack.plant({ channel: 'C0KOJI', user: 'U0ADAM', text: 'builder capacity builder3 4' });
    await rig.slack.as('U0MARIA').shortcut('steward_ask', { channel: 'C0KOJI', ts });
    const view = await rig.slack.waitFor(() => last(rig.slack.views('U0MARIA')));
    await rig.slack.as('U0MARIA').submit(view.id, {});
    await rig.slack.waitFor(() => rig.slack.thread('C0KOJI', ts).length === 2);
    expect(last(rig.heard)).toMatchObject({ text: 'builder capacity builder3 4', who: 'maria' });
  });

  it('fills the App Home', async () => {
    await begin();
    await rig.slack.as('U0MARIA').openHome();
    const home = await rig.slack.waitFor(() => rig.slack.home('U0MARIA'));
    expect(textOf(home.blocks)).toContain('builder capacity builder2 8');
  });

  it.each([
    ['U0GUEST', 'You are a guest'],
    ['U0STRANGER', 'You are from another workspace'],
  ])('refuses %s with the reason', async (user, reason) => {
    await begin();
    await rig.slack.as(user).slash('builder capacity builder2 8', 'C0KOJI');
    await rig.slack.waitFor(() => textOf(rig.slack.ephemerals(user)).includes(reason));
    expect(rig.heard).toEqual([]);
  });

  it('gives nobody a role while Slack does not say who is in the group', async () => {
    await begin();
    const { inAdmins } = await asked();
    rig.slack.misbehave({ method: 'usergroups.users.list', kind: 'error', error: 'fatal_error', times: 5 });
    rig.slack.misbehave({ method: 'usergroups.list', kind: '500', times: 5 });
    await rig.crash();
    await rig.slack.as('U0ADAM').press('C0ADMINS', inAdmins, 'Approve');
    await rig.slack.waitFor(() => textOf(rig.slack.ephemerals('U0ADAM')).includes('it takes an admin'));
  });
});

describe('bad days', () => {
  it('tells the person who sent a private key that it is burnt, and keeps nothing of it', async () => {
    await begin();
    const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----';
    await rig.slack.as('U0MARIA').slash(`certificate issue ${pem}`, 'C0KOJI');
    await rig.slack.as('U0MARIA').say(pem, 'dm');
    await rig.slack.waitFor(
      () => rig.slack.messages('dm:U0MARIA').length + rig.slack.ephemerals('U0MARIA').length >= 3,
    );
    expect(textOf(rig.slack.ephemerals('U0MARIA'))).toContain('use that key no more');
    expect(rig.rows.size).toBe(0);
    expect(JSON.stringify(rig.logged)).not.toContain('MIIEow');
  });

  it('says within two seconds that nothing was stored when the database is down', async () => {
    await begin();
    rig.state.down = true;
    const before = performance.now();
    const taken = await rig.slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0KOJI');
    expect(performance.now() - before).toBeLessThan(2000);
    expect(taken).toMatchObject({ kind: 'ok' });
    await rig.slack.waitFor(() => textOf(rig.slack.ephemerals('U0MARIA')).includes('Nothing was stored'));
    expect(rig.heard).toEqual([]);
  });

  it('does not do later what it said was not stored', async () => {
    await begin();
    rig.state.slowMs = 500;
    await rig.slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0KOJI');
    await rig.slack.waitFor(() => textOf(rig.slack.ephemerals('U0MARIA')).includes('Nothing was stored'));
    await expect.poll(() => [...rig.rows.values()].map((row) => row.done)).toEqual([true]);
    expect(rig.heard).toEqual([]);
  });

  it('lets Slack send an event again while the database is down, and handles it once', async () => {
    await begin({ slack: { retryMs: [50, 50, 50] } });
    rig.state.down = true;
    setTimeout(() => {
      rig.state.down = false;
    }, 60);
    await rig.slack.as('U0MARIA').say('help', 'dm');
    await rig.slack.waitFor(() => rig.slack.messages('dm:U0MARIA').length === 2);
    expect(rig.heard.length).toBe(1);
  });

  it('recognises the same delivery a second time', async () => {
    await begin();
    await asked();
    const [sent] = rig.slack.deliver.sent();
    if (!sent) throw new Error('nothing was sent');
    expect((await rig.slack.deliver.again(sent)).status).toBe(200);
    await rig.front().idle();
    expect(rig.heard.length).toBe(1);
    expect(rig.counts.get('seen')).toBe(1);
  });

  it('carries on after a crash with what was stored and not finished', async () => {
    await begin();
    rig.broken.times = 1;
    await rig.slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0KOJI');
    await rig.slack.waitFor(() =>
      textOf(rig.slack.ephemerals('U0MARIA')).includes('Something in Steward broke'),
    );
    expect(rig.slack.messages('C0KOJI')).toEqual([]);
    await rig.crash();
    expect(await rig.front().drain(0)).toBe(1);
    await rig.slack.waitFor(() => rig.slack.messages('C0KOJI').length === 1);
    await rig.front().idle();
    expect(await rig.front().drain(0)).toBe(0);
  });

  it('keeps what somebody asked while Slack cannot say who they are, and does it later', async () => {
    await begin();
    rig.slack.misbehave({ method: 'users.info', kind: '500' });
    await rig.slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0KOJI');
    await rig.slack.waitFor(() =>
      textOf(rig.slack.ephemerals('U0MARIA')).includes('will be tried again by itself'),
    );
    await rig.front().idle();
    await rig.crash();
    expect(await rig.front().drain(0)).toBe(1);
    await rig.slack.waitFor(() => rig.slack.messages('C0KOJI').length === 1);
  });

  it('answers a button at once while edits have to wait for Slack', async () => {
    await begin();
    const { inAdmins } = await asked();
    rig.slack.misbehave({ method: 'chat.update', kind: '429', retryAfter: 30 });
    rig.move('r1', 'planned', 'Still waits.');
    await rig.front().announce('r1');
    await rig.slack.as('U0ADAM').press('C0ADMINS', inAdmins, 'Deny…');
    await rig.slack.waitFor(() => last(rig.slack.views('U0ADAM')), 2000);
  });
});
