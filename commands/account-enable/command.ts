import { z } from 'zod';
import { defineCommand, type Step } from '../../src/core/command.ts';
import { accountName } from '../../src/core/fields.ts';
import { assertNotBot, assertPerson, LOCKS, pickAccount, standingOf } from '../accounts.ts';
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
