import { X509Certificate } from 'node:crypto';
import type { Loaded } from '../config/load.ts';
import type { Finding } from './core/finding.ts';
import { messageOf } from './core/message-of.ts';
import type { HostScript } from './core/ports.ts';
import { Refused } from './core/refused.ts';
import { createDiscourseApi } from './discourse/api.ts';
import { examineForum } from './discourse/examine.ts';
import type { Looking, Row } from './doctor-row.ts';
import { createHosts } from './hosts/hosts.ts';
import { createHub } from './koji/hub.ts';
import { createSlackApi } from './slack/api.ts';
import { examineSlack } from './slack/examine.ts';
import { createPeople } from './slack/people.ts';

/** More hosts than this are not looked at together. */
const HOSTS_TOGETHER = 50;
const SLACK_MS = 5_000;
const FORUM_MS = 5_000;
const DAY_MS = 86_400_000;

/** The hub: does it answer, does it take the bot for whom it should, may the bot do what the commands do. */
export async function lookAtHub(
  own: NonNullable<Loaded['hub']>,
  { signal, log }: Looking,
): Promise<readonly Row[]> {
  const { url, ca, cert, key, user, permissions } = own;
  const rows: Row[] = [
    ...certificateRows('own certificate', cert),
    ...certificateRows('certificate authority', ca),
  ];
  const hub = createHub({ url, ca, cert, key, deadlineMs: 10_000, log });
  try {
    const version = await hub.version(signal);
    rows.push(
      row('answers', 'ok', `${url} runs Koji ${version ?? 'before 1.23, which does not say its version'}`),
    );
    const { name } = await hub.whoAmI(signal);
    const other = user !== undefined && user !== name;
    rows.push(
      other
        ? row(
            'login',
            'bad',
            `the hub takes the bot for ${name}, the config says ${user}`,
            'Put the right certificate at hub.cert, or the right name at hub.user.',
          )
        : row('login', 'ok', `as ${name}`),
    );
    rows.push(...permissionRows(name, await hub.permissions(signal), permissions));
  } catch (error) {
    const next = error instanceof Refused ? error.next : undefined;
    const check = rows.some((one) => one.check === 'answers') ? 'login' : 'answers';
    rows.push(
      row(check, 'bad', messageOf(error), next ?? 'Check hub.url, and that this machine reaches it.'),
    );
  } finally {
    await hub.close();
  }
  return rows;
}

function permissionRows(name: string, has: readonly string[], wanted: readonly string[]): readonly Row[] {
  const found = has.join(', ') || 'none';
  const isAdmin = has.includes('admin');
  if (isAdmin && !wanted.includes('admin'))
    return [
      row(
        'permissions',
        'warn',
        `${name} is admin: it could do much more than it has to`,
        `Take it away: koji revoke-permission admin ${name}. Or, for the account commands, name it in hub.permissions.`,
      ),
    ];
  // Admin covers the others.
  const lacks = wanted.filter((one) => !has.includes(one) && !(isAdmin && one !== 'admin'));
  if (lacks.length > 0)
    return [
      row(
        'permissions',
        'bad',
        `${name} has ${found}, and hub.permissions names ${lacks.join(', ')}`,
        `An admin of the hub says: ${lacks.map((one) => `koji grant-permission ${one} ${name}`).join('; ')}. Or take it out of hub.permissions.`,
      ),
    ];
  return [
    row('permissions', 'ok', isAdmin ? `${found}: everything on the hub, as hub.permissions says` : found),
  ];
}

function certificateRows(check: string, pem: string): readonly Row[] {
  const until = Date.parse(new X509Certificate(pem).validTo);
  const days = Math.floor((until - Date.now()) / DAY_MS);
  const day = new Date(until).toISOString().slice(0, 10);
  if (days < 0) return [row(check, 'bad', `expired on ${day}`, 'Renew it.')];
  if (days < 30) return [row(check, 'warn', `expires on ${day}, in ${days} days`, 'Renew it.')];
  return [row(check, 'ok', `good until ${day}`)];
}

/** The hosts: SSH, host key, sudo, and which version of each root script they have. */
export async function lookAtHosts(
  own: NonNullable<Loaded['hosts']>,
  scripts: readonly HostScript[],
  { signal, log }: Looking,
): Promise<readonly Row[]> {
  if (own.list.length === 0)
    return [{ area: 'hosts', check: 'list', ok: 'skipped', says: 'the config names no hosts' }];
  const { list, privateKey, knownHosts, scriptsDir } = own;
  const hosts = createHosts({ hosts: list, privateKey, knownHosts, scriptsDir, log });
  const rows: Row[] = [];
  try {
    for (let at = 0; at < list.length; at += HOSTS_TOGETHER) {
      const some = list.slice(at, at + HOSTS_TOGETHER);
      const found = await Promise.all(some.map(({ name }) => hosts.examine(name, scripts, signal)));
      rows.push(
        ...found.flat().map(({ host, what, state, says }) => ({ area: host, check: what, ok: state, says })),
      );
    }
    return rows;
  } finally {
    await hosts.close();
  }
}

/** Slack: token, scopes, channel, groups. */
export async function lookAtSlack(config: Loaded, { log }: Looking): Promise<readonly Row[]> {
  const { slack, people, roles, everybody, audiences } = config;
  if (slack === null) return [];
  const base = { ...(slack.apiUrl ? { apiUrl: slack.apiUrl } : {}), deadlineMs: SLACK_MS, log };
  const api = createSlackApi({ ...base, token: slack.botToken });
  const appApi = slack.appToken ? createSlackApi({ ...base, token: slack.appToken }) : null;
  try {
    const found = await examineSlack({
      api,
      people: createPeople({
        api,
        options: {
          people: people.map(({ id, name, slack: account, roles: own }) => ({
            ...{ id, name, roles: own },
            ...(account ? { slack: account } : {}),
          })),
          roles,
          everybody,
          team: slack.team,
        },
        log,
        now: () => new Date(),
      }),
      team: slack.team,
      channels: [
        ...new Set([slack.approversChannel, ...Object.values(audiences).map((one) => one.slack)]),
      ].flatMap((one) => one ?? []),
      groups: [...new Set(Object.values(roles).flatMap((role) => role.slackGroups))],
      ...(appApi ? { appApi } : {}),
    });
    return found.map((one) => rowOf('slack', { ...one, what: one.what.replace(/^Slack /, '') }));
  } finally {
    api.stop();
    appApi?.stop();
  }
}

/** The forum: address, key, scopes, category, groups, clock, webhook. */
export async function lookAtForum(config: Loaded, at: string, { log }: Looking): Promise<readonly Row[]> {
  const { discourse, people, roles } = config;
  if (discourse === null) return [];
  const { url, key, username, category, moderates, webhookSecret } = discourse;
  const api = createDiscourseApi({ url, key, username, deadlineMs: FORUM_MS, log });
  const deciding = Object.entries(roles).flatMap(([role, { discourseGroups }]) =>
    discourseGroups.map((name) => ({
      name,
      people: people.flatMap((one) => (one.discourse && one.roles.includes(role) ? [one.discourse] : [])),
    })),
  );
  try {
    const webhook = webhookSecret ? { secret: webhookSecret, instance: url, at } : null;
    const others = Object.values(config.audiences).flatMap(({ forum }) => forum ?? []);
    const found = await examineForum({
      ...{ api, username, category, moderates, groups: deciding, webhook },
      categories: others.flatMap((one) => (typeof one === 'object' ? one.category : [])),
      topics: others.flatMap((one) => (typeof one === 'number' ? one : [])),
    });
    return found.map((one) => rowOf('forum', one));
  } finally {
    api.stop();
  }
}

function rowOf(area: string, { what, state, says, todo }: Finding): Row {
  return { area, check: what, ok: state, says, ...(todo ? { todo } : {}) };
}

function row(check: string, ok: Row['ok'], says: string, todo?: string): Row {
  return { area: 'hub', check, ok, says, ...(todo ? { todo } : {}) };
}
