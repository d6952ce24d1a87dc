import type { Loaded } from '../config/load.ts';
import { kojiUserOf } from '../config/who.ts';
import { type Courier, createCourier, type Outlet } from './core/courier.ts';
import type { Desk } from './core/desk.ts';
import { approvingRoles } from './core/planner.ts';
import type { Log } from './core/ports.ts';
import { createRoutes } from './core/routes.ts';
import type { Store } from './core/store.ts';
import { createDiscourseFront, type DiscourseFront } from './discourse/front.ts';
import { createSlackFront, type SlackFront } from './slack/front.ts';

/** What a front end needs of the rest. */
interface FrontDeps {
  readonly desk: Desk;
  readonly store: Store;
  readonly log: Log;
  readonly now: () => Date;
  readonly count: (what: string) => void;
}

/** Slack, with what the config says of it. */
export function openSlack(
  config: Loaded,
  deps: FrontDeps & { readonly onFatal: (error: Error) => void },
): SlackFront {
  const slack = config.slack;
  if (!slack) throw new Error('no Slack in the config');
  const { desk, store, log, now, count, onFatal } = deps;
  return createSlackFront({
    mode: slack.mode,
    ...(slack.apiUrl ? { apiUrl: slack.apiUrl } : {}),
    botToken: slack.botToken,
    ...(slack.appToken ? { appToken: slack.appToken } : {}),
    ...(slack.signingSecret ? { signingSecret: slack.signingSecret } : {}),
    approversChannel: slack.approversChannel ?? null,
    ...(slack.directMessageApprovers ? { directMessageRoles: [...approvingRoles(config.site, [])] } : {}),
    people: {
      people: config.people.map((person) => ({
        id: person.id,
        name: person.name,
        roles: person.roles,
        elsewhere: forumAccount(config, person),
        ...(person.slack ? { slack: person.slack } : {}),
      })),
      roles: config.roles,
      everybody: config.everybody,
      team: slack.team,
      linked: (person) => linkedAccounts(store, person),
    },
    inbox: store.inbox,
    places: store.places,
    files: store.files,
    locks: store.locks,
    desk,
    requests: store.requests,
    log,
    now,
    count,
    onDeaf: onFatal,
  });
}

/** The forum, with what the config says of it. */
export function openForum(config: Loaded, deps: FrontDeps): DiscourseFront {
  const forum = config.discourse;
  if (!forum) throw new Error('no forum in the config');
  const { webhookSecret, pollSeconds, callsPerMinute, everybody, trustLevel, ...rest } = forum;
  const { inbox, places, locks, notes, links, requests } = deps.store;
  return createDiscourseFront({
    ...rest,
    ...(webhookSecret ? { webhookSecret } : {}),
    pollMs: pollSeconds * 1000,
    perMinute: callsPerMinute,
    people: {
      site: new URL(forum.url).host,
      people: config.people.map((person) => ({
        id: person.id,
        name: person.name,
        roles: person.roles,
        elsewhere: chatAccount(config, person),
        ...(person.discourse ? { discourse: person.discourse } : {}),
      })),
      roles: config.roles,
      everybody,
      trustLevel,
      approving: approvingRoles(config.site, config.operators),
    },
    ...{ inbox, places, locks, notes, links, requests },
    ...deps,
  });
}

/** What brings messages that belong to no request to people, to where the config says. */
export function openCourier(
  config: Loaded,
  deps: Pick<FrontDeps, 'store' | 'log' | 'now'> & { readonly outlets: readonly Outlet[] },
): Courier {
  const { store, log, now, outlets } = deps;
  const { slack, discourse, audiences, people } = config;
  const { notices, locks, requests, places } = store;
  return createCourier({
    ...{ notices, locks, outlets, log, now },
    routes: createRoutes({
      options: {
        slack: slack ? { approversChannel: slack.approversChannel ?? null } : null,
        forum: discourse !== null,
        audiences,
      },
      requests,
      places,
    }),
    nameOf: (id) => people.find((person) => person.id === id)?.name ?? id,
  });
}

type Listed = Loaded['people'][number];

/** Somebody's account in the forum, as records name it. */
export function forumAccount({ given }: Loaded, { discourse }: Listed): Readonly<Record<string, string>> {
  return discourse && given.discourse
    ? { discourse: `${new URL(given.discourse.url).host}/${discourse}` }
    : {};
}

/** Somebody's account in chat, as records name it. */
export function chatAccount({ given }: Loaded, { slack }: Listed): Readonly<Record<string, string>> {
  return slack && given.slack ? { slack: `${given.slack.team}/${slack}` } : {};
}

/** The person with this Koji user name, if there is any account in which they can be told something. */
export async function ownerOf(config: Loaded, store: Store, kojiUser: string): Promise<string | null> {
  const person = config.people.find((one) => kojiUserOf(one) === kojiUser);
  if (!person) return null;
  const accounts = { ...chatAccount(config, person), ...forumAccount(config, person) };
  if (Object.keys(accounts).length > 0) return person.id;
  return (await store.links.accountsOf(person.id)).length > 0 ? person.id : null;
}

/** What somebody has linked by a code. */
async function linkedAccounts(store: Store, person: string): Promise<Readonly<Record<string, string>>> {
  const accounts = (await store.links.accountsOf(person)).map((one) => one.account.split(/:(.*)/s));
  return Object.fromEntries(accounts.map(([service = '', account = '']) => [service, account]));
}
