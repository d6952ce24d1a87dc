import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { accountName } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { createStep } from '../account-steps.ts';
import {
  ACCOUNT_NAME,
  assertFree,
  assertPerson,
  findAccount,
  HUB_WORDS,
  LOCKS,
  OTHER_ACCOUNTS,
} from '../accounts.ts';
import { ADMIN, accountAdmin } from '../permissions.ts';

export default defineCommand({
  name: 'account create',
  summary: 'Make an account on the hub, without permissions',
  params: z.object({
    user: accountName({
      title: 'User',
      hint: 'The Koji user name; capital letters count.',
      example: 'toni',
    }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: ADMIN,
  examples: ['account create toni'],
  recognise: {
    words: [
      HUB_WORDS,
      anyOf(`account, accounts, login, user, username, add me`),
      anyOf(`create, make, add, set up, need, new, want, would like, get, give me, apply for, request,
          register`),
    ],
    unless: OTHER_ACCOUNTS,
    given: { user: ACCOUNT_NAME },
  },
  locks: () => LOCKS,
  async plan({ user: name }, view) {
    const account = await findAccount(name, view);
    if (account) {
      assertPerson(account);
      if (account.disabled)
        throw new Refused(`The hub has ${name} already, disabled.`, `\`account enable ${name}\``);
      return { kind: 'plan', title: `The hub has ${name} already`, steps: [] };
    }
    await assertFree(name, view);
    await accountAdmin(`koji add-user ${name}`, view);
    return {
      kind: 'plan',
      title: `Create the account ${name}`,
      steps: [createStep(name)],
      notes: [
        `A certificate whose common name is exactly ${name} logs in to it.`,
        `It may do what everybody may; \`account grant ${name} …\` asks for more.`,
      ],
    };
  },
});
