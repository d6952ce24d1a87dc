import { afterEach, describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/slack/examine.ts';
import { type Rig, type RigOptions, startRig, textOf } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());
const states = async (options: RigOptions) => {
  rig = await startRig(options);
  return (await rig.front().examine()).map(({ what, state }) => `${state} ${what}`);
};

describe('what the doctor says about Slack', () => {
  it('is that all is well, when it is', async () => {
    expect(await states({ slack: { scopes: Object.keys(SCOPES) } })).toEqual([
      'ok Slack bot token',
      'ok Slack scopes',
      'ok Slack channel C0ADMINS',
      'ok Slack group koji-admins',
    ]);
  });

  it('names scopes that are missing and those that are too much', async () => {
    const scopes = [...Object.keys(SCOPES).filter((scope) => scope !== 'im:write'), 'users:read.email'];
    const said = await states({ slack: { scopes } });
    expect(said).toContain('bad Slack scope im:write');
    expect(said).toContain('warn Slack scopes');
  });

  it('finds a channel without the bot, a group that does not exist, and another workspace', async () => {
    const said = await states({
      front: {
        approversChannel: 'C0RANDOM',
        people: {
          people: [],
          roles: { admin: { slackGroups: ['nobody-here'] } },
          everybody: [],
          team: 'T0ELSE',
        },
      },
    });
    expect(said).toEqual(
      expect.arrayContaining([
        'bad Slack bot token',
        'bad Slack channel C0RANDOM',
        'bad Slack group nobody-here',
      ]),
    );
  });

  it('finds a token that Slack refuses', async () => {
    expect(await states({ front: { botToken: 'xoxb-wrong' } })).toEqual(['bad Slack bot token']);
  });
});

describe('approvers who are told directly', () => {
  it('get the request with its buttons, which go when somebody else decided', async () => {
    rig = await startRig({ front: { approversChannel: null, directMessageRoles: ['admin'] } });
    const { slack } = rig;
    await slack.as('U0MARIA').slash('builder capacity builder2 8', 'C0KOJI');
    const [shown] = await slack.waitFor(
      () => slack.messages('dm:U0BEA').length > 0 && slack.messages('dm:U0BEA'),
    );
    await slack.waitFor(() => slack.messages('dm:U0ADAM').length > 0);
    expect(textOf(shown?.blocks)).toContain('steward:approve');
    await slack.as('U0BEA').press('dm', shown?.ts ?? '', 'Approve');
    await slack.waitFor(() => textOf(slack.messages('dm:U0ADAM')).includes('Approved by'));
    expect(textOf(slack.messages('dm:U0ADAM'))).not.toContain('steward:approve');
  });
});
