import { createHmac, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Call, Called, DiscourseApi } from './api.ts';

/** One line of what `steward doctor` says about the forum. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warn' | 'bad' | 'skipped';
  readonly says: string;
  /** What to do about it. */
  readonly todo?: string;
}

/** What the key must be allowed, and what for. The same as in docs/running.md. */
export const SCOPES: Readonly<Record<string, string>> = {
  'topics:read_lists': 'seeing which topics have something new',
  'topics:read': 'reading posts',
  'topics:write': 'answering, and private messages',
  'posts:edit': 'keeping a request’s post up to date',
  'users:show': 'telling who somebody is, and in which group',
};
/** Nice to have: catching up with many topics at once. */
const OPTIONAL = ['posts:list'];

/** More than this, and codes and expiry times mean something else to people than to us. */
const CLOCK_MS = 60_000;

const scopes = z.looseObject({
  scopes: z.array(
    z.looseObject({
      resource: z.string().optional(),
      action: z.string().optional(),
      key: z.string().optional(),
      name: z.string().optional(),
    }),
  ),
});
const account = z.looseObject({
  user: z.looseObject({
    id: z.number(),
    username: z.string(),
    admin: z.boolean().default(false),
    moderator: z.boolean().default(false),
    trust_level: z.number(),
    groups: z.array(z.looseObject({ name: z.string(), automatic: z.boolean().default(false) })).default([]),
  }),
});
const members = z.looseObject({ members: z.array(z.looseObject({ id: z.number(), username: z.string() })) });

/** Looks at everything about the forum that can be wrong before the first topic. Changes nothing there. */
export async function examineForum(deps: {
  readonly api: DiscourseApi;
  readonly username: string;
  readonly category: string;
  readonly moderates: boolean;
  /** Other categories that messages are for. */
  readonly categories?: readonly string[];
  /** Topics that messages are for. */
  readonly topics?: readonly number[];
  /** Groups whose members decide, and the numbers of the listed people who are to be in them. */
  readonly groups: readonly { readonly name: string; readonly people: readonly number[] }[];
  readonly webhook: {
    readonly secret: string;
    readonly instance: string;
    /** Where this program listens. */
    readonly at: string;
  } | null;
}): Promise<readonly Finding[]> {
  const { api, username, category, moderates, groups, webhook } = deps;
  const key = await api.call({ method: 'GET', path: ['session', 'scopes.json'] });
  if (key.kind !== 'ok') return [keyFinding(key)];
  const found: Finding[] = [
    { what: 'key', state: 'ok', says: `the forum takes it for ${username}` },
    ...scopeFindings(key.data),
    clockFinding(api.clockAheadMs()),
    await categoryFinding(api, category),
    ...(await accountFindings(api, username, moderates)),
  ];
  for (const one of deps.categories ?? []) found.push(await categoryFinding(api, one, `category ${one}`));
  for (const one of deps.topics ?? []) found.push(await topicFinding(api, one));
  for (const group of groups) found.push(...(await groupFindings(api, group)));
  if (groups.length === 0)
    found.push({
      what: 'deciding',
      state: 'warn',
      says: 'no role names a group of the forum, so nobody decides there',
      todo: 'Name one at roles.<role>.discourseGroups, or leave it: decisions then come from chat and terminals.',
    });
  found.push(await webhookFinding(webhook));
  return found;
}

function keyFinding(called: Called): Finding {
  if (called.kind === 'error' && (called.status === 403 || called.status === 401))
    return {
      what: 'key',
      state: 'bad',
      says: 'the forum does not know this key, or it is another user’s',
      todo: 'Make a key for a single user, the bot, with its scopes, and put it where the config says.',
    };
  if (called.kind === 'error' && called.status === 404)
    return {
      what: 'address',
      state: 'bad',
      says: 'there is no Discourse at discourse.url, or one too old to say what a key may do',
      todo: 'Use the address of the forum’s front page.',
    };
  const says = called.kind === 'away' || called.kind === 'lost' ? called.says : 'it asks to wait';
  return {
    what: 'address',
    state: 'bad',
    says: `the forum does not answer: ${says}`,
    todo: 'Check discourse.url, and that this machine reaches it over HTTPS, without a redirect.',
  };
}

function scopeFindings(data: unknown): readonly Finding[] {
  const read = scopes.safeParse(data);
  if (!read.success)
    return [{ what: 'scopes', state: 'warn', says: 'the forum does not say which the key has' }];
  const has = read.data.scopes.map((one) => `${one.resource}:${one.key}`);
  if (has.length === 0 || has.includes('global:*'))
    return [
      {
        what: 'scopes',
        state: 'bad',
        says: 'the key may do everything that the bot may do, also read its private messages',
        todo: `Make a granular key: ${Object.keys(SCOPES).join(', ')}.`,
      },
    ];
  const missing = Object.entries(SCOPES).filter(([scope]) => !has.includes(scope));
  const more = has.filter((scope) => !(scope in SCOPES) && !OPTIONAL.includes(scope));
  const rows: Finding[] = missing.map(([scope, what]) => ({
    what: `scope ${scope}`,
    state: 'bad',
    says: `missing: needed for ${what}`,
    todo: 'Scopes cannot be changed later: make a new key with all of them.',
  }));
  if (more.length > 0)
    rows.push({
      what: 'scopes',
      state: 'warn',
      says: `more than is used: ${more.join(', ')}`,
      todo: 'Make a key without them: a stolen one could use them.',
    });
  return rows.length > 0
    ? rows
    : [{ what: 'scopes', state: 'ok', says: 'all that are needed, and no others' }];
}

function clockFinding(aheadMs: number | null): Finding {
  const what = 'clock';
  if (aheadMs === null) return { what, state: 'skipped', says: 'the forum does not say what time it is' };
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds * 1000 <= CLOCK_MS) return { what, state: 'ok', says: `within ${seconds} s of the forum’s` };
  const which = aheadMs > 0 ? 'behind' : 'ahead of';
  return {
    what,
    state: 'warn',
    says: `this machine is ${seconds} s ${which} the forum`,
    todo: 'Let both keep time by NTP.',
  };
}

async function categoryFinding(api: DiscourseApi, category: string, what = 'category'): Promise<Finding> {
  const called = await api.call({ method: 'GET', path: ['c', ...category.split('/'), 'l', 'latest.json'] });
  if (called.kind === 'ok') return { what, state: 'ok', says: `${category} can be read` };
  const status = called.kind === 'error' ? called.status : 0;
  const moved = status >= 300 && status < 400;
  return {
    what,
    state: 'bad',
    says: moved
      ? `${category} has another address now`
      : status === 403
        ? 'the key may not list it'
        : `${category} is not there, or not for the bot`,
    todo:
      status === 403
        ? 'The scope topics:read_lists needs this category’s number, and the bot has to be able to see it.'
        : 'Copy what its address has after /c/ into discourse.category.',
  };
}

const topic = z.looseObject({
  closed: z.boolean().nullish(),
  archived: z.boolean().nullish(),
  deleted_at: z.string().nullish(),
});

/** A topic that an audience reads. */
async function topicFinding(api: DiscourseApi, id: number): Promise<Finding> {
  const what = `topic ${id}`;
  const called = await api.call({ method: 'GET', path: ['t', `${id}.json`] });
  const read = called.kind === 'ok' ? topic.safeParse(called.data).data : undefined;
  const why = !read || read.deleted_at ? 'is not there, or not for the bot' : 'is closed';
  return read && !read.deleted_at && !read.closed && !read.archived
    ? { what, state: 'ok', says: 'can be replied to' }
    : { what, state: 'bad', says: `it ${why}`, todo: 'Name another one in the config, at `audiences`.' };
}

async function accountFindings(
  api: DiscourseApi,
  username: string,
  moderates: boolean,
): Promise<readonly Finding[]> {
  const what = 'account';
  const called = await api.call({ method: 'GET', path: ['u', `${username}.json`] });
  const read = called.kind === 'ok' ? account.safeParse(called.data) : null;
  if (!read?.success)
    return [
      {
        what,
        state: 'bad',
        says: `there is no @${username} that the key may see`,
        todo: 'Check discourse.username.',
      },
    ];
  const { user } = read.data;
  const groups = user.groups.filter((group) => !group.automatic).map((group) => group.name);
  const rows: Finding[] = [];
  if (user.admin || user.moderator)
    rows.push({
      what,
      state: 'warn',
      says: `@${user.username} is ${user.admin ? 'an admin' : 'a moderator'} of the whole forum`,
      todo: 'Make it an ordinary account in the group that moderates the category: a stolen key could do much less.',
    });
  else if (user.trust_level < 2)
    rows.push({
      what,
      state: 'bad',
      says: `@${user.username} has trust level ${user.trust_level}: its replies would be limited and held`,
      todo: 'Give it trust level 4, and lock it.',
    });
  else
    rows.push({
      what,
      state: 'ok',
      says: `@${user.username} (number ${user.id}), trust level ${user.trust_level}`,
    });
  if (moderates && groups.length === 0)
    rows.push({
      what: 'moderating',
      state: 'warn',
      says: 'the bot is in no group, so it cannot be one that moderates the category',
      todo: 'Put it in the category’s moderation group, or set discourse.moderates to false: it then never posts four times in a row.',
    });
  else
    rows.push({ what: 'moderating', state: 'ok', says: moderates ? `in ${groups.join(', ')}` : 'not used' });
  return rows;
}

async function groupFindings(
  api: DiscourseApi,
  group: { readonly name: string; readonly people: readonly number[] },
): Promise<readonly Finding[]> {
  const what = `group ${group.name}`;
  const call: Call = {
    method: 'GET',
    path: ['groups', group.name, 'members.json'],
    query: { limit: 200 },
    anonymous: true,
  };
  const called = await api.call(call);
  const read = called.kind === 'ok' ? members.safeParse(called.data) : null;
  if (!read?.success)
    return [
      {
        what,
        state: 'warn',
        says: 'it is not there, or its members are not public: whether people are in it cannot be told from here',
        todo: 'The bot has to see the group on people’s profiles. Check its visibility, and the name.',
      },
    ];
  const inside = new Set(read.data.members.map((one) => one.id));
  const outside = group.people.filter((id) => !inside.has(id));
  const unlisted = read.data.members
    .filter((one) => !group.people.includes(one.id))
    .map((one) => one.username);
  const rows: Finding[] = [{ what, state: 'ok', says: `${inside.size} members` }];
  if (outside.length > 0)
    rows.push({
      what,
      state: 'warn',
      says: `listed in the config and not in it: account ${outside.join(', ')}`,
      todo: 'They decide nothing in the forum until they are.',
    });
  if (unlisted.length > 0)
    rows.push({
      what,
      state: 'warn',
      says: `in it and not listed in the config with their number: ${unlisted.slice(0, 10).join(', ')}`,
      todo: 'They decide nothing in the forum until they are.',
    });
  return rows;
}

/** Knocks at our own door as the forum would. */
async function webhookFinding(
  webhook: { readonly secret: string; readonly instance: string; readonly at: string } | null,
): Promise<Finding> {
  const what = 'webhook';
  if (webhook === null)
    return {
      what,
      state: 'ok',
      says: 'not used: new posts are found by looking (discourse.webhookSecret makes it quicker)',
    };
  const body = JSON.stringify({ ping: 'OK' });
  try {
    const answer = await fetch(`${webhook.at}/discourse/webhook`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-discourse-instance': webhook.instance,
        'x-discourse-event': 'ping',
        'x-discourse-event-type': 'ping',
        'x-discourse-event-id': randomUUID(),
        'x-discourse-event-signature': `sha256=${createHmac('sha256', webhook.secret).update(body).digest('hex')}`,
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(3_000),
    });
    if (answer.ok) return { what, state: 'ok', says: 'Steward takes what is signed with the secret' };
    return {
      what,
      state: 'bad',
      says: `Steward, as it runs, refuses the secret (${answer.status})`,
      todo: 'Restart it after a change of the secret, and set the same one in the forum’s webhook.',
    };
  } catch {
    return { what, state: 'skipped', says: 'Steward does not run here, so the secret cannot be tried' };
  }
}
