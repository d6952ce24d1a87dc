import { ApiError } from './api-error.ts';
import { flag, page, required } from './args.ts';
import { TIER_2, TIER_3, TIER_4, TIER_SPECIAL } from './limits.ts';
import { replace } from './messages.ts';
import { type Methods, method } from './methods.ts';
import type { Fields, Group, User } from './model.ts';
import { APP_ID, BOT_ID, BOT_USER } from './people.ts';

const USERS = ['users:read'];
const GROUPS = ['usergroups:read'];

export const peopleMethods: Methods = {
  'auth.test': method(TIER_SPECIAL, [], (_args, { state, baseUrl }) => ({
    url: baseUrl(),
    team: 'Koji',
    team_id: state.team,
    user: 'steward',
    user_id: BOT_USER,
    bot_id: BOT_ID,
    is_enterprise_install: false,
  })),
  'apps.connections.open': method(TIER_3, [], (_args, world) => ({ url: world.socketUrl() }), 'app'),
  'bots.info': method(TIER_3, USERS, (args) => {
    if (required(args, 'bot') !== BOT_ID) throw new ApiError('bot_not_found');
    return { bot: { id: BOT_ID, deleted: false, name: 'Koji Steward', user_id: BOT_USER, app_id: APP_ID } };
  }),
  'users.info': method(TIER_4, USERS, (args, { state }) => {
    const user = state.user(required(args, 'user', 'user_not_found'));
    if (user === undefined) throw new ApiError('user_not_found');
    return { user: wireUser(user) };
  }),
  'users.list': method(TIER_2, USERS, (args, { state }) => {
    const { items, response_metadata } = page(args, state.users, 1000);
    return { members: items.map(wireUser), response_metadata };
  }),
  'users.lookupByEmail': method(TIER_3, ['users:read.email'], (args, { state }) => {
    const email = required(args, 'email', 'users_not_found');
    const user = state.users.find((one) => one.email === email && one.team === state.team && !one.isBot);
    if (user === undefined) throw new ApiError('users_not_found');
    return { user: wireUser(user) };
  }),
  'usergroups.list': method(TIER_2, GROUPS, (args, { state }) => ({
    usergroups: state.groups.map((group) => wireGroup(group, state.team, flag(args, 'include_users'))),
  })),
  'usergroups.users.list': method(TIER_2, GROUPS, (args, { state }) => {
    const id = required(args, 'usergroup', 'no_such_subteam');
    const group = state.groups.find((one) => one.id === id);
    if (group === undefined) throw new ApiError('no_such_subteam');
    return { users: group.users };
  }),
  'reactions.add': method(TIER_3, ['reactions:write'], (args, { state }) => {
    const name = required(args, 'name', 'invalid_name');
    const channel = state.channel(required(args, 'channel', 'channel_not_found'));
    if (channel === undefined) throw new ApiError('channel_not_found');
    const message = state.message(channel.id, required(args, 'timestamp', 'bad_timestamp'));
    if (message === undefined) throw new ApiError('message_not_found');
    const there = message.reactions.find((reaction) => reaction.name === name);
    if (there?.users.includes(BOT_USER)) throw new ApiError('already_reacted');
    const others = message.reactions.filter((reaction) => reaction.name !== name);
    replace(state, {
      ...message,
      reactions: [...others, { name, users: [...(there?.users ?? []), BOT_USER] }],
    });
    return {};
  }),
};

function wireUser(user: User): Fields {
  return {
    id: user.id,
    team_id: user.team,
    name: user.name,
    real_name: user.realName,
    deleted: user.deleted,
    is_bot: user.isBot,
    is_app_user: user.isBot,
    is_restricted: user.isRestricted,
    is_ultra_restricted: user.isUltraRestricted,
    is_stranger: user.team.endsWith('OTHER'),
    is_admin: false,
    is_owner: false,
    tz: user.tz,
    profile: {
      real_name: user.realName,
      display_name: user.name,
      email: user.email,
      title: user.title,
      team: user.team,
    },
  };
}

function wireGroup(group: Group, team: string, withUsers: boolean): Fields {
  return {
    id: group.id,
    team_id: team,
    is_usergroup: true,
    name: group.name,
    handle: group.handle,
    user_count: group.users.length,
    date_delete: 0,
    ...(withUsers && { users: group.users }),
  };
}
