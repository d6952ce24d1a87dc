import { z } from 'zod';
import { createCache } from '../core/cache.ts';
import type { Person } from '../core/person.ts';
import type { Log } from '../core/ports.ts';
import type { SlackApi } from './api.ts';

/** What the config says about people. */
export interface PeopleOptions {
  readonly people: readonly {
    readonly id: string;
    readonly name: string;
    /** Slack user id: `U…` or `W…`. */
    readonly slack?: string;
    readonly roles: readonly string[];
    /** Accounts elsewhere, by service. */
    readonly elsewhere?: Readonly<Record<string, string>>;
  }[];
  /** Who has a role by being in a Slack user group, named by id (`S…`) or handle. */
  readonly roles: Readonly<Record<string, { readonly slackGroups: readonly string[] }>>;
  /** Roles of every full member of the workspace. */
  readonly everybody: readonly string[];
  /** The workspace's id: `T…`. */
  readonly team: string;
  /** Accounts elsewhere that somebody has linked themselves, by service. */
  readonly linked?: (person: string) => Promise<Readonly<Record<string, string>>>;
  /** Whom to turn to, for the refusals; `somebody with the role admin` unless told. */
  readonly help?: string;
}

/** Who somebody in Slack is to us, or why they are nobody. */
export type Known =
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'refused'; readonly says: string; readonly next: string }
  /** Slack could not say: nobody for now, to be asked again. */
  | { readonly kind: 'unclear'; readonly says: string; readonly next: string };

/** Slack accounts and the people they belong to. When Slack cannot say who somebody is, they are nobody. */
export interface People {
  /** `team` is the workspace that the delivery names for this user, where it names one. */
  who(user: string, team?: string | null): Promise<Known>;
  /** The Slack account of a person, for mentions and direct messages; null for one who has none. */
  accountOf(person: string): string | null;
  /** Slack accounts of those who have any of these roles by the config or a group. */
  accountsWith(roles: readonly string[]): Promise<readonly string[]>;
  /** Mentions of those who have one of these roles: their groups, or the people whom the config lists. */
  mentionOf(roles: readonly string[], except: string): Promise<string | null>;
  /** How many members a configured group has; null when Slack does not know it. For `doctor`. */
  groupSize(group: string): Promise<number | null>;
  /** Forgets what was learnt of groups: Slack says that they changed. */
  forget(): void;
}

const userInfo = z.looseObject({
  user: z.looseObject({
    id: z.string(),
    team_id: z.string().optional(),
    name: z.string().default(''),
    real_name: z.string().optional(),
    deleted: z.boolean().default(false),
    is_bot: z.boolean().default(false),
    is_restricted: z.boolean().default(false),
    is_ultra_restricted: z.boolean().default(false),
    is_stranger: z.boolean().default(false),
    enterprise_user: z.looseObject({ teams: z.array(z.string()).default([]) }).optional(),
  }),
});
const groupList = z.looseObject({
  usergroups: z.array(z.looseObject({ id: z.string(), handle: z.string().default('') })),
});
const groupUsers = z.looseObject({ users: z.array(z.string()) });

const FRESH_MS = 60_000;
/** More than this many names in one message is a shout. */
const MOST_MENTIONS = 8;
/** Not asked again at once when Slack could not say. */
const FAILED_MS = 3000;

export function createPeople(deps: {
  readonly api: SlackApi;
  readonly options: PeopleOptions;
  readonly log: Log;
  readonly now: () => Date;
}): People {
  const { api, options, log, now } = deps;
  const help = options.help ?? 'somebody with the role admin';
  const cached = { freshMs: FRESH_MS, failedMs: FAILED_MS, now };

  const infos = createCache(cached, async (user) => {
    const called = await api.call('users.info', { user });
    if (called.kind === 'ok') return userInfo.parse(called.data).user;
    if (called.kind === 'error' && called.error === 'user_not_found') return 'nobody' as const;
    log.warn('slack does not say who somebody is', { user, outcome: called });
    return null;
  });

  const handles = createCache(cached, async () => {
    const called = await api.call('usergroups.list', {});
    if (called.kind === 'ok') {
      const { usergroups } = groupList.parse(called.data);
      return new Map(usergroups.map((group) => [group.handle.toLowerCase(), group.id]));
    }
    log.warn('slack does not list its user groups', { outcome: called });
    return null;
  });

  const groups = createCache(cached, async (group) => {
    const id = await groupId(group);
    if (id === null) return null;
    const called = await api.call('usergroups.users.list', { usergroup: id });
    if (called.kind === 'ok') return new Set(groupUsers.parse(called.data).users);
    log.warn('slack does not say who is in a group, so nobody is', { group, outcome: called });
    return null;
  });

  async function groupId(group: string): Promise<string | null> {
    return /^S[A-Z0-9]{2,}$/u.test(group) ? group : idOf(group);
  }

  async function idOf(handle: string): Promise<string | null> {
    const known = await handles.get('');
    const id = known?.get(handle.replace(/^@/u, '').toLowerCase()) ?? null;
    if (known && id === null)
      log.warn('slack has no user group of this name, so nobody is in it', { group: handle });
    return id;
  }

  async function rolesOf(user: string): Promise<ReadonlySet<string>> {
    const listed = options.people.find((person) => person.slack === user);
    const roles = new Set([...options.everybody, ...(listed?.roles ?? [])]);
    await Promise.all(
      Object.entries(options.roles).flatMap(([role, { slackGroups }]) =>
        slackGroups.map(async (group) => {
          if ((await groups.get(group))?.has(user)) roles.add(role);
        }),
      ),
    );
    return roles;
  }

  function refused(says: string, next: string): Known {
    return { kind: 'refused', says, next };
  }

  const listedNames = new Set(
    ['steward', ...options.people.flatMap(({ id, name }) => [id, name])].map(bareName),
  );

  /** What somebody calls themselves in Slack, with their account where it could be taken for one of the listed people. */
  function ownName(name: string, user: string): string {
    const bare = bareName(name);
    // Letters of other alphabets look like ours; which ones nobody can list.
    return /^[a-z0-9]+$/u.test(bare) && !listedNames.has(bare) ? name : `${name} (${user})`.trim();
  }

  const stranger = () =>
    refused(
      'You are from another workspace, and Steward only works for members of this one.',
      `Ask ${help} of this workspace to ask for it.`,
    );

  return {
    async who(user, team) {
      if (team && team !== options.team && !team.startsWith('E')) return stranger();
      const info = await infos.get(user);
      if (info === null) {
        return {
          kind: 'unclear',
          says: 'Slack does not tell me who you are just now.',
          next: 'It works in the terminal meanwhile.',
        };
      }
      if (info === 'nobody') return stranger();
      if (info.is_bot)
        return refused('Bots and apps cannot ask Steward for anything.', `A person has to: ask ${help}.`);
      if (info.deleted) return refused('This account is deactivated.', `Ask ${help}.`);
      const teams = [info.team_id, ...(info.enterprise_user?.teams ?? [])];
      if (info.is_stranger || !teams.includes(options.team)) return stranger();
      if (info.is_restricted || info.is_ultra_restricted) {
        return refused(
          'You are a guest in this workspace, and guests cannot ask Steward for anything.',
          `Ask ${help} to ask for it, or a workspace owner to make you a full member.`,
        );
      }
      const listed = options.people.find((person) => person.slack === user);
      const account = `${options.team}/${user}`;
      const id = listed?.id ?? `slack:${account}`;
      return {
        kind: 'person',
        person: {
          id,
          name: listed?.name ?? ownName(info.real_name || info.name, user),
          roles: await rolesOf(user),
          accounts: { ...(await options.linked?.(id)), ...listed?.elsewhere, slack: account },
        },
      };
    },
    accountOf(person) {
      const listed = options.people.find((one) => one.id === person)?.slack;
      if (listed) return listed;
      const [, team, user] = /^slack:([^/]+)\/([UW][A-Z0-9]+)$/u.exec(person) ?? [];
      return team === options.team && user !== undefined ? user : null;
    },
    async accountsWith(roles) {
      const listed = options.people.filter((one) => one.roles.some((role) => roles.includes(role)));
      const named = roles.flatMap((role) => options.roles[role]?.slackGroups ?? []);
      const members = await Promise.all(named.map((group) => groups.get(group)));
      return [
        ...new Set([
          ...listed.flatMap((one) => one.slack ?? []),
          ...members.flatMap((set) => [...(set ?? [])]),
        ]),
      ];
    },
    async mentionOf(roles, except) {
      const named = roles.flatMap((role) => options.roles[role]?.slackGroups ?? []);
      const ids = (await Promise.all(named.map(groupId))).filter((id) => id !== null);
      if (ids.length > 0) return ids.map((id) => `<!subteam^${id}>`).join(' ');
      const listed = options.people.filter(
        (one) => one.id !== except && one.roles.some((role) => roles.includes(role)),
      );
      return (
        listed
          .flatMap((one) => (one.slack ? [`<@${one.slack}>`] : []))
          .slice(0, MOST_MENTIONS)
          .join(' ') || null
      );
    },
    groupSize: async (group) => (await groups.get(group))?.size ?? null,
    forget() {
      groups.clear();
      handles.clear();
    },
  };
}

/**
 * A name without what the eye passes over: case, accents, spaces, dots, marks that cannot be seen, and which of some letters
 * it is.
 */
function bareName(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replaceAll('0', 'o')
    .replace(/[1i]/gu, 'l')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}
