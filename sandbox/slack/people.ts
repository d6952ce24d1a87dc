import type { Channel, Group, User } from './model.ts';

/** The bot's own account. */
export const BOT_USER = 'U0STEWARD';
export const BOT_ID = 'B0STEWARD';
export const APP_ID = 'A0STEWARD';
/** Another workspace, connected through a shared channel. */
export const OTHER_TEAM = 'T0OTHER';

/** Everybody in the story. `team` is the workspace's id. */
export function makeUsers(team: string): User[] {
  const person = (
    id: string,
    name: string,
    realName: string,
    title: string,
    rest: Partial<User> = {},
  ): User => ({
    id,
    team,
    name,
    realName,
    title,
    email: `${name}@koji.example`,
    tz: 'Europe/Zurich',
    isBot: false,
    isRestricted: false,
    isUltraRestricted: false,
    deleted: false,
    ...rest,
  });
  return [
    person('U0MARIA', 'maria', 'Maria Rossi', 'packager'),
    person('U0ADAM', 'adam', 'Adam Novak', 'admin'),
    person('U0BEA', 'bea', 'Bea Lindt', 'second admin'),
    person('U0CARL', 'carl', 'Carl Osei', 'third admin'),
    person('U0GUEST', 'guest', 'Gus Guest', 'guest', { isRestricted: true }),
    person('U0STRANGER', 'stranger', 'Sam Stranger', 'from another workspace', {
      team: OTHER_TEAM,
      email: 'sam@other.example',
    }),
    person(BOT_USER, 'steward', 'Koji Steward', 'app', { isBot: true }),
  ];
}

export function makeChannels(): Channel[] {
  const everybody = ['U0MARIA', 'U0ADAM', 'U0BEA', 'U0CARL', 'U0GUEST', 'U0STRANGER'];
  return [
    {
      id: 'C0KOJI',
      name: 'koji',
      kind: 'channel',
      topic: 'Ask Steward for what the build system needs',
      isShared: true,
      members: [...everybody, BOT_USER],
    },
    {
      id: 'C0ADMINS',
      name: 'koji-admins',
      kind: 'channel',
      topic: 'What waits for a decision',
      isShared: false,
      members: ['U0ADAM', 'U0BEA', 'U0CARL', BOT_USER],
    },
    {
      id: 'C0RANDOM',
      name: 'random',
      kind: 'channel',
      topic: 'Everything else; Steward is not in here',
      isShared: false,
      members: ['U0MARIA', 'U0ADAM', 'U0BEA', 'U0CARL'],
    },
  ];
}

export function makeGroups(): Group[] {
  return [
    { id: 'S0ADMINS', handle: 'koji-admins', name: 'Koji admins', users: ['U0ADAM', 'U0BEA', 'U0CARL'] },
  ];
}

/** The id of the direct message between a person and the bot. */
export function directMessageOf(user: string): string {
  return `D0${user.replace(/^[UW]0?/, '')}`;
}
