import { z } from 'zod';
import type { Finding } from '../core/finding.ts';
import type { SlackApi } from './api.ts';
import type { People } from './people.ts';

/** What the bot's token must be allowed, and what for. The same as in the manifest. */
export const SCOPES: Readonly<Record<string, string>> = {
  commands: 'the slash command and the shortcut on messages',
  'chat:write': 'everything it says',
  'files:write': 'giving the log of a job as a file',
  'app_mentions:read': 'being spoken to in threads',
  'im:history': 'being spoken to in direct messages',
  'im:write': 'direct messages where it is not in the channel',
  'users:read': 'telling members from guests, bots and strangers',
  'usergroups:read': 'roles from user groups',
  'channels:read': 'checking that it is in the approvers’ channel',
  'groups:read': 'the same for a private channel',
  'channels:history': 'finding its own message again after a lost answer',
  'groups:history': 'the same in a private channel',
};

const whoami = z.looseObject({
  team_id: z.string(),
  team: z.string().optional(),
  user_id: z.string(),
  user: z.string().optional(),
});
const channelInfo = z.looseObject({
  channel: z.looseObject({
    name: z.string().optional(),
    is_member: z.boolean().default(false),
    is_archived: z.boolean().default(false),
    is_ext_shared: z.boolean().default(false),
  }),
});

/** Looks at everything about Slack that can be wrong before the first request. Changes nothing. */
export async function examineSlack(deps: {
  readonly api: SlackApi;
  readonly people: People;
  readonly team: string;
  /** That it has to be in: the approvers', and those of audiences. */
  readonly channels: readonly string[];
  readonly groups: readonly string[];
  /** With Socket Mode: the app-level token's own API. */
  readonly appApi?: SlackApi;
}): Promise<readonly Finding[]> {
  const { api, people, team, channels, groups, appApi } = deps;
  const found: Finding[] = [];
  const called = await api.call('auth.test', {});
  if (called.kind !== 'ok') {
    const says = called.kind === 'error' ? `Slack says ${called.error}` : 'Slack does not answer';
    const todo =
      called.kind === 'error'
        ? 'Install the app to the workspace again, and put its Bot User OAuth Token (xoxb-…) where the config says.'
        : 'Check that this machine reaches slack.com over HTTPS, also through a proxy if there is one.';
    return [{ what: 'Slack bot token', state: 'bad', says, todo }];
  }
  const self = whoami.parse(called.data);
  found.push(
    self.team_id === team
      ? {
          what: 'Slack bot token',
          state: 'ok',
          says: `${self.user ?? self.user_id} in ${self.team ?? team} (${team})`,
        }
      : {
          what: 'Slack bot token',
          state: 'bad',
          says: `it belongs to ${self.team_id}, the config says ${team}`,
          todo: 'Put the right team id in the config, or the token of the right workspace.',
        },
    ...scopeFindings(called.scopes),
  );
  if (appApi) {
    const opened = await appApi.call('apps.connections.open', {});
    found.push(
      opened.kind === 'ok'
        ? { what: 'Slack app token', state: 'ok', says: 'it opens Socket Mode connections' }
        : {
            what: 'Slack app token',
            state: 'bad',
            says: opened.kind === 'error' ? `Slack says ${opened.error}` : 'Slack does not answer',
            todo: 'Make an app-level token (xapp-…) with the scope connections:write, and switch Socket Mode on.',
          },
    );
  }
  for (const channel of channels) found.push(await channelFinding(api, channel));
  for (const group of groups) {
    const size = await people.groupSize(group);
    const what = `Slack group ${group}`;
    if (size === null) {
      const todo = 'Use the handle without @, or the id (S…), of a group that exists and is not disabled.';
      found.push({
        what,
        state: 'bad',
        says: 'Slack does not say who is in it, so nobody has its role',
        todo,
      });
    } else if (size === 0) found.push({ what, state: 'warn', says: 'nobody is in it' });
    else found.push({ what, state: 'ok', says: size === 1 ? '1 member' : `${size} members` });
  }
  return found;
}

function scopeFindings(granted: readonly string[]): Finding[] {
  const what = 'Slack scopes';
  if (granted.length === 0)
    return [{ what, state: 'warn', says: 'Slack does not say which scopes the token has' }];
  const missing = Object.keys(SCOPES).filter((scope) => !granted.includes(scope));
  const more = granted.filter((scope) => !(scope in SCOPES));
  const rows: Finding[] = missing.map((scope) => ({
    what: `Slack scope ${scope}`,
    state: 'bad',
    says: `missing: needed for ${SCOPES[scope]}`,
    todo: 'Paste config/slack-manifest.yaml into the app’s manifest, and install the app again.',
  }));
  if (more.length > 0) {
    rows.push({
      what,
      state: 'warn',
      says: `more than is used: ${more.join(', ')}`,
      todo: 'Take them away: a stolen token could use them.',
    });
  }
  return rows.length > 0 ? rows : [{ what, state: 'ok', says: 'all that are needed, and no others' }];
}

async function channelFinding(api: SlackApi, channel: string): Promise<Finding> {
  const what = `Slack channel ${channel}`;
  const called = await api.call('conversations.info', { channel });
  if (called.kind !== 'ok') {
    const says = called.kind === 'error' ? `Slack says ${called.error}` : 'Slack does not answer';
    return {
      what,
      state: 'bad',
      says,
      todo: 'Use the channel’s id (C…); invite the bot if the channel is private.',
    };
  }
  const info = channelInfo.parse(called.data).channel;
  const name = info.name ? `#${info.name}` : channel;
  if (info.is_archived)
    return { what, state: 'bad', says: `${name} is archived`, todo: 'Name another channel.' };
  if (!info.is_member)
    return { what, state: 'bad', says: `the bot is not in ${name}`, todo: `/invite it in ${name}.` };
  if (info.is_ext_shared) {
    return {
      what,
      state: 'warn',
      says: `${name} is shared with another workspace: they read along`,
      todo: 'Use one of your own.',
    };
  }
  return { what, state: 'ok', says: `the bot is in ${name}` };
}
