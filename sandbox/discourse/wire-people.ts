import type { Guardian } from './guardian.ts';
import type { Fields, Group, User } from './model.ts';
import type { State } from './state.ts';

/** How the forum shows people and groups to one reader. */
export interface PeopleWire {
  user(user: User): Fields;
  group(group: Group): Fields;
  /** Beside something that they wrote. */
  brief(user: User | undefined): Fields;
}

export function createPeopleWire(state: State, guardian: Guardian, reader: User | null): PeopleWire {
  const brief = (user: User | undefined): Fields => ({
    id: user?.id ?? -1,
    username: user?.username ?? 'system',
    name: user?.name ?? null,
    avatar_template: `/letter_avatar_proxy/v4/letter/${(user?.username ?? 's')[0]}/48db5f/{size}.png`,
  });
  const people: PeopleWire = {
    brief,
    user(user) {
      const groups = [...state.groups.all()].filter(
        (group) => group.members.includes(user.id) && guardian.seesGroup(reader, group),
      );
      return {
        ...brief(user),
        last_posted_at: null,
        last_seen_at: null,
        created_at: '2019-01-01T00:00:00.000Z',
        ignored: false,
        muted: false,
        can_send_private_messages: true,
        can_send_private_message_to_user: reader !== null && reader.id !== user.id,
        trust_level: user.trustLevel,
        moderator: user.moderator,
        admin: user.admin,
        title: null,
        badge_count: 0,
        staged: false,
        can_edit: reader?.id === user.id,
        groups: [
          // The forum's own groups are among them.
          ...Array.from({ length: user.trustLevel + 1 }, (_, level) => ({
            id: 10 + level,
            automatic: true,
            name: `trust_level_${level}`,
            display_name: `trust_level_${level}`,
          })),
          ...groups.map((group) => people.group(group)),
        ],
      };
    },
    group: (group) => ({
      id: group.id,
      automatic: false,
      name: group.name,
      display_name: group.name,
      user_count: group.members.length,
      mentionable_level: 0,
      messageable_level: group.messageable ? 99 : 0,
      visibility_level: group.public ? 0 : 2,
      primary_group: false,
      title: null,
      has_messages: group.messageable,
      full_name: null,
      members_visibility_level: 0,
      can_see_members: true,
    }),
  };
  return people;
}
