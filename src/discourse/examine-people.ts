import { z } from 'zod';
import type { Finding } from '../core/finding.ts';
import type { Call, DiscourseApi } from './api.ts';

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

/** The bot's own account. */
export async function accountFindings(
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

/** A group whose members decide. */
export async function groupFindings(
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
