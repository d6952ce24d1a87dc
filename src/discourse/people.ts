import type { Person, Role } from '../core/person.ts';
import type { LinkStore, NotesStore } from '../core/store.ts';
import type { Forum } from './forum.ts';

/** What the config says about people, and about the forum. */
export interface PeopleOptions {
  /** What accounts of this forum are named by: `community.example.org`. */
  readonly site: string;
  readonly people: readonly {
    readonly id: string;
    readonly name: string;
    /** Number of the account. */
    readonly discourse?: number;
    readonly roles: readonly Role[];
    /** Accounts elsewhere, by service. */
    readonly elsewhere?: Readonly<Record<string, string>>;
  }[];
  /** Groups of which one has to be in any, to use the role here. */
  readonly roles: Readonly<Record<Role, { readonly discourseGroups: readonly string[] }>>;
  /** Roles of everybody from this trust level on. */
  readonly everybody: readonly Role[];
  readonly trustLevel: number;
  /** Roles that may approve something. Nobody has one here without being listed, and in its group. */
  readonly approving: ReadonlySet<Role>;
}

/** Who wrote a post, as the forum says at this moment. */
export interface Author {
  readonly userId: number;
  readonly username: string;
  readonly trustLevel: number | null;
}

/** Who somebody in the forum is to us, or why they are nobody. */
export type Known =
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'refused'; readonly says: string; readonly next: string }
  /** The forum could not say: nobody for now, to be asked again. */
  | { readonly kind: 'unclear'; readonly says: string };

/** Forum accounts and the people they belong to. Accounts are told apart by their number, never by a name. */
export interface People {
  /** `believed`: the words are surely the author's own; otherwise no role that approves is given. */
  who(author: Author, believed: boolean): Promise<Known>;
  /** Does the config name this account? */
  isListed(userId: number): boolean;
  /** Remembers what somebody is called now. */
  saw(author: Author): Promise<void>;
  /** What an account is called, as last seen; to be compared with the forum before it is written to. */
  usernameOf(userId: number): Promise<string | null>;
  /** The account of a person; null for one who has none. */
  accountOf(person: string): Promise<number | null>;
  /** Mentions of the groups whose people have one of these roles here; null when there are none. */
  mentionOf(roles: readonly Role[]): string | null;
}

const MENTIONS = 3;

export function createPeople(deps: {
  readonly options: PeopleOptions;
  readonly forum: Pick<Forum, 'account'>;
  readonly links: LinkStore;
  readonly notes: NotesStore;
}): People {
  const { options, forum, links, notes } = deps;
  const { site, people, roles, everybody, trustLevel, approving } = options;
  const names = new Map<number, string>();
  const prefix = `discourse:${site}/`;
  const account = (userId: number): string => `${prefix}${userId}`;
  const nameNote = (userId: number): string => `discourse:name:${userId}`;
  const groupsOf = (role: Role): readonly string[] => roles[role]?.discourseGroups ?? [];
  const grouped = Object.keys(roles).filter((role) => groupsOf(role).length > 0);

  /** Roles by group, read at this moment by the name of now, and only if the number is the same. */
  async function byGroup(author: Author, wanted: readonly Role[]): Promise<readonly Role[] | null> {
    const decides = wanted.some((role) => approving.has(role));
    const found = await forum.account(author.username, decides ? 'decision' : 'answer');
    if (found.kind === 'away') return null;
    if (found.kind === 'gone' || found.value.id !== author.userId) return [];
    const groups = new Set(found.value.groups.map((name) => name.toLowerCase()));
    return wanted.filter((role) => groupsOf(role).some((name) => groups.has(name.toLowerCase())));
  }

  return {
    async who(author, believed) {
      const listed = people.find((one) => one.discourse === author.userId);
      const link = listed ? null : await links.personOf(account(author.userId));
      const linked = link ? people.find((one) => one.id === link.person) : undefined;
      const open = (role: Role): boolean => !approving.has(role);
      const has = new Set((listed ?? linked)?.roles.filter(open));
      if ((author.trustLevel ?? 0) >= trustLevel) for (const role of everybody.filter(open)) has.add(role);
      // Who approves has the role by the config, and is linked there: otherwise one person could be two. The group alone
      // would make it the group owner's to say.
      const wanted = grouped.filter(
        (role) => open(role) || (believed && (listed?.roles ?? []).includes(role)),
      );
      const found = wanted.length > 0 ? await byGroup(author, wanted) : [];
      if (found === null)
        return { kind: 'unclear', says: 'The forum does not tell me who is in which group.' };
      for (const role of found) has.add(role);
      if (has.size === 0) return tooNew(trustLevel);
      return {
        kind: 'person',
        person: {
          id: listed?.id ?? link?.person ?? account(author.userId),
          name: listed?.name ?? link?.name ?? `${author.username} (forum)`,
          roles: has,
          accounts: { ...(listed ?? linked)?.elsewhere, discourse: `${site}/${author.userId}` },
        },
      };
    },
    isListed: (userId) => people.some((one) => one.discourse === userId),
    async saw({ userId, username }) {
      if (names.get(userId) === username) return;
      if (names.size > 5000) names.clear();
      names.set(userId, username);
      await notes.set(nameNote(userId), { username });
    },
    async usernameOf(userId) {
      const known = names.get(userId) ?? (await notes.get(nameNote(userId)))?.username;
      return typeof known === 'string' ? known : null;
    },
    async accountOf(person) {
      const listed = people.find((one) => one.id === person)?.discourse;
      if (listed !== undefined) return listed;
      const linked = (await links.accountsOf(person)).map((one) => one.account);
      const own = [person, ...linked].find((text) => text.startsWith(prefix));
      return own === undefined ? null : Number(own.slice(prefix.length));
    },
    mentionOf(wanted) {
      const groups = [...new Set(wanted.flatMap(groupsOf))].slice(0, MENTIONS);
      return groups.length > 0 ? groups.map((name) => `@${name}`).join(' ') : null;
    },
  };
}

function tooNew(trustLevel: number): Known {
  return {
    kind: 'refused',
    says: `Your account in the forum is new (below trust level ${trustLevel}), and I take nothing from accounts that are.`,
    next: 'Somebody who has been here for longer can ask for it, or an admin of the build system.',
  };
}
