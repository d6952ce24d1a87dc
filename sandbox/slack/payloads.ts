import { randomUUID } from 'node:crypto';
import type { Fields, Message, User } from './model.ts';
import { APP_ID, BOT_USER } from './people.ts';
import type { State } from './state.ts';

/** Parts that all payloads share. The `token` is a relic that no app should check. */
const RELIC = 'relic-verification-token';

export function teamOf(state: State): Fields {
  return { id: state.team, domain: 'koji' };
}

export function userOf(user: User): Fields {
  return { id: user.id, username: user.name, name: user.name, team_id: user.team };
}

export function interactive(state: State, user: User, type: string, rest: Fields): Fields {
  return {
    type,
    token: RELIC,
    api_app_id: APP_ID,
    team: teamOf(state),
    user: userOf(user),
    enterprise: null,
    is_enterprise_install: false,
    ...rest,
  };
}

export function slashCommand(
  state: State,
  user: User,
  what: { readonly channel: string; readonly command: string; readonly text: string },
  links: { readonly response_url: string; readonly trigger_id: string },
): Fields {
  const channel = state.channel(what.channel);
  return {
    token: RELIC,
    team_id: user.team,
    team_domain: user.team === state.team ? 'koji' : 'other',
    channel_id: what.channel,
    channel_name: channel?.kind === 'im' ? 'directmessage' : (channel?.name ?? ''),
    user_id: user.id,
    user_name: user.name,
    command: what.command,
    text: what.text,
    api_app_id: APP_ID,
    is_enterprise_install: 'false',
    ...links,
  };
}

export function eventCallback(state: State, now: number, event: Fields): Fields {
  return {
    token: RELIC,
    team_id: state.team,
    context_team_id: state.team,
    api_app_id: APP_ID,
    event,
    type: 'event_callback',
    event_id: `Ev0${randomUUID().replace(/-/g, '').slice(0, 9).toUpperCase()}`,
    event_time: Math.floor(now / 1000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: state.team,
        user_id: BOT_USER,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: state.channel(String(event.channel))?.isShared === true,
  };
}

/** A person's message as an event. */
export function messageEvent(state: State, message: Message, type: 'app_mention' | 'message'): Fields {
  const channel = state.channel(message.channel);
  return {
    type,
    user: message.user,
    user_team: state.user(message.user)?.team,
    text: message.text,
    ts: message.ts,
    channel: message.channel,
    event_ts: message.ts,
    team: state.user(message.user)?.team,
    client_msg_id: randomUUID(),
    ...(message.threadTs !== undefined && { thread_ts: message.threadTs }),
    ...(type === 'message' && { channel_type: channel?.kind === 'im' ? 'im' : 'channel' }),
  };
}
