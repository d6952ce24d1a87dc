import type { Category, Group, User } from './model.ts';

/** The bot's own account. */
export const BOT_USER = 50;
/** The group that moderates the category. */
export const MODERATORS = 'infra-moderators';

/** Everybody in the story. */
export function makeUsers(): User[] {
  const person = (id: number, username: string, name: string, trustLevel: number): User => ({
    id,
    username,
    name,
    trustLevel,
    admin: false,
    moderator: false,
  });
  return [
    { ...person(1, 'root_admin', 'Root Admin', 4), admin: true },
    { ...person(2, 'mod_mia', 'Mia Moder', 4), moderator: true },
    person(BOT_USER, 'steward', 'Koji Steward', 4),
    person(101, 'maria', 'Maria Rossi', 2),
    person(102, 'adam', 'Adam Novak', 3),
    person(103, 'bea', 'Bea Lindt', 3),
    person(104, 'carl', 'Carl Osei', 2),
    person(105, 'newcomer', 'New Comer', 0),
    person(106, 'toni', 'Toni Weber', 1),
  ];
}

export function makeGroups(botModerates: boolean): Group[] {
  return [
    { id: 41, name: 'koji-admins', members: [102, 103], messageable: true, public: true },
    { id: 42, name: MODERATORS, members: botModerates ? [BOT_USER] : [], messageable: false, public: true },
    { id: 43, name: 'security', members: [1, 103], messageable: true, public: false },
  ];
}

export const CATEGORIES: readonly Category[] = [
  category(3, 'Staff', 'staff', null, { staffOnly: true }),
  category(5, 'Development', 'development', null),
  category(7, 'Support', 'support', null),
  category(24, 'Infra SIG', 'infra', 'development', { parent: 5, moderators: MODERATORS }),
];

export const INFRA = 24;

function category(
  id: number,
  name: string,
  slug: string,
  above: string | null,
  rest: Partial<Category> = {},
): Category {
  const path = `${above === null ? '' : `${above}/`}${slug}/${id}`;
  return { id, name, slug, path, parent: null, staffOnly: false, moderators: null, ...rest };
}
