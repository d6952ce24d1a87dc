import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { accountName } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import {
  ACCOUNT_NAME,
  type Account,
  HUB_WORDS,
  lastTasks,
  OTHER_ACCOUNTS,
  openTasks,
  pickAccount,
} from '../accounts.ts';
import { allPermissions, ownPermissions } from '../permissions.ts';

const TYPES = {
  person: 'a user',
  builder: 'a builder’s own account',
  group: 'a group of users',
} as const;

export default defineCommand({
  name: 'account show',
  summary: 'Show an account on the hub: may it log in, what may it do, what did it do last',
  params: z.object({
    user: accountName({ title: 'User', hint: 'A Koji user name.', example: 'pat' }),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  examples: ['account show pat'],
  recognise: {
    words: [
      HUB_WORDS,
      anyOf(`account, accounts, permission, permissions, rights`),
      anyOf(`which permissions, which rights, what permissions, what rights, check, show, look up,
          do i have, does it have, still active, still have, can i still`),
    ],
    unless: OTHER_ACCOUNTS,
    given: { user: ACCOUNT_NAME },
  },
  async plan({ user }, view): Promise<Answer> {
    const account = await pickAccount(user, view);
    const { name, disabled, kind, principals } = account;
    const [own, all, open, last] = await Promise.all([
      ownPermissions(account, view),
      allPermissions(account, view),
      openTasks(account, view),
      lastTasks(account, view),
    ]);
    const lent = all.filter((one) => !own.includes(one));
    return {
      kind: 'answer',
      title: `${name}: ${disabled ? 'disabled' : 'enabled'}, ${TYPES[kind]}`,
      verdict: disabled ? 'warn' : 'ok',
      lines: disabled ? ['The hub refuses its logins. Its permissions count again once it is enabled.'] : [],
      table: {
        columns: ['What', 'As the hub has it'],
        rows: [
          ['Status', disabled ? 'blocked' : 'normal'],
          ['Type', TYPES[kind]],
          ['Permissions', [...own].sort().join(', ') || 'none'],
          ...(lent.length > 0 ? [['By way of a group', [...lent].sort().join(', ')]] : []),
          ['Kerberos principals', principals.join(', ') || 'none'],
          ['Open tasks', open],
          ['Last tasks', last],
        ],
      },
      next: nextOf(account),
    };
  },
});

function nextOf({ name, kind, disabled }: Account): readonly string[] {
  if (kind === 'builder') return [`builder list ${name}`];
  if (kind === 'group') return [];
  return disabled ? [`account enable ${name}`] : ['help account grant'];
}
