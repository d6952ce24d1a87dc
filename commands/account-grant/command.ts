import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { accountName, identifiers } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { grantStep } from '../account-steps.ts';
import {
  ACCOUNT_NAME,
  assertNotBot,
  assertPerson,
  HUB_WORDS,
  LOCKS,
  OTHER_ACCOUNTS,
  pickAccount,
} from '../accounts.ts';
import {
  ADMIN,
  accountAdmin,
  assertKnown,
  knownPermissions,
  ownPermissions,
  PERMISSION,
} from '../permissions.ts';

export default defineCommand({
  name: 'account grant',
  summary: 'Give permissions to an account on the hub; admin takes the yes of two people',
  params: z.object({
    user: accountName({ title: 'User', hint: 'A Koji user name.', example: 'robin' }),
    permissions: identifiers({
      title: 'Permissions',
      hint: 'One permission of the hub, or several with commas.',
      example: 'image,tag',
    }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: ADMIN,
  examples: ['account grant robin repo', 'account grant robin image,tag', 'account grant sasha admin'],
  recognise: {
    words: [
      HUB_WORDS,
      anyOf(`permission, permissions, right, rights, access, allowed`),
      anyOf(`give, grant, need, add, get, would like, want, missing, lack, request`),
    ],
    unless: OTHER_ACCOUNTS,
    given: { user: ACCOUNT_NAME, permissions: PERMISSION },
  },
  locks: () => LOCKS,
  async plan({ user, permissions }, view) {
    const [account, known] = await Promise.all([pickAccount(user, view), knownPermissions(view)]);
    assertPerson(account);
    assertKnown(permissions, known);
    const has = await ownPermissions(account, view);
    const missing = permissions.filter((one) => !has.includes(one));
    const list = missing.join(', ');
    if (missing.length === 0)
      return { kind: 'plan', title: `${account.name} has ${permissions.join(', ')} already`, steps: [] };
    const byHand = missing.map((one) => `koji grant-permission ${one} ${account.name}`).join('; ');
    assertNotBot(account, await accountAdmin(byHand, view), byHand);
    const isAdmin = missing.includes(ADMIN);
    return {
      kind: 'plan',
      title: `Grant ${list} to ${account.name}`,
      steps: missing.map((one) => grantStep(account.name, account, has, one, known.get(one) ?? '')),
      ...(isAdmin ? { risk: 'high' } : {}),
      notes: [
        ...(isAdmin ? ['admin may do everything on the hub, also make others admin.'] : []),
        ...(account.disabled
          ? [`${account.name} is disabled, so this has no effect until it is enabled.`]
          : []),
      ],
    };
  },
});
