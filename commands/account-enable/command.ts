import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { accountName } from '../../src/core/fields.ts';
import type { Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import {
  ACCOUNT_NAME,
  assertNotBot,
  assertPerson,
  HUB_WORDS,
  LOCKS,
  OTHER_ACCOUNTS,
  pickAccount,
  standingOf,
} from '../accounts.ts';
import { ADMIN, accountAdmin, allPermissions } from '../permissions.ts';

export default defineCommand({
  name: 'account enable',
  summary: 'Take the logins of an account on the hub again; of an admin it takes the yes of two people',
  params: z.object({
    user: accountName({ title: 'User', hint: 'A Koji user name.', example: 'retired' }),
  }),
  risk: 'low',
  ask: ['admin'],
  hubPermission: ADMIN,
  examples: ['account enable retired'],
  recognise: {
    words: [
      HUB_WORDS,
      anyOf(`account, accounts, login, user`),
      anyOf(`enable, re-enable, reenable, reactivate, unlock, unblock`),
    ],
    unless: OTHER_ACCOUNTS,
    given: { user: ACCOUNT_NAME },
  },
  locks: () => LOCKS,
  async plan({ user }, view) {
    const account = await pickAccount(user, view);
    const { name } = account;
    assertPerson(account);
    if (!account.disabled) return { kind: 'plan', title: `${name} is enabled already`, steps: [] };
    const byHand = `koji enable-user ${name}`;
    assertNotBot(account, await accountAdmin(byHand, view), byHand);
    const permissions = await allPermissions(account, view);
    const step: Step = {
      key: `login:${name}`,
      title: `Enable ${name}`,
      kind: 'set',
      effect: { kind: 'hub', method: 'enableUser', args: [name] },
      changes: [{ what: `logins of ${name}`, before: 'refused', after: 'allowed' }],
      evidence: [{ label: name, value: standingOf(account, permissions) }],
      guards: [],
      inverse: {
        command: 'account disable',
        given: { user: name, because: 'it was disabled before' },
        restores: 'full',
      },
    };
    return {
      kind: 'plan',
      title: `Enable ${name}`,
      steps: [step],
      // As much as granting the permission.
      ...(permissions.includes(ADMIN) ? { risk: 'high' } : {}),
      notes:
        permissions.length > 0
          ? [`What it was granted before counts again: ${[...permissions].sort().join(', ')}.`]
          : [],
    };
  },
});
